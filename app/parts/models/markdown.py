"""A model card's Markdown as inert HTML.

A card is data from a folder that may be anybody's, and Streamlit's own Markdown would fetch foreign
pictures and follow foreign links. So only what cards are made of is understood (headings,
paragraphs, lists, tables, code, bold, italics, comments, front matter); everything else, HTML
included, is shown letter by letter, pictures by their description and links by their text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from app.parts.text import esc

_FRONT = re.compile(r"\A---\r?\n.*?\n---\r?\n", re.DOTALL)
_RULE = re.compile(r"\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*")
_ITEM = re.compile(r"\s*(?:[-*+]|\d+[.)])\s+(.*)")
_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*\s*")
# Of one line: code is taken out first, so that nothing inside it is read as anything else.
_CODE = re.compile(r"`([^`\n]+)`")
_PICTURE = re.compile(r"!\[([^\[\]]*)\]\([^()\s]*(?:\s[^()]*)?\)")
_LINK = re.compile(r"\[([^\[\]]+)\]\([^()\s]*(?:\s[^()]*)?\)")
# Bounded: without an end to be found, every start would look through the whole line.
_BOLD = re.compile(r"\*\*(?=\S)(.{1,400}?)(?<=\S)\*\*")
_ITALIC = re.compile(r"(?<![\w*])[*_](?=\S)([^*_]+?)(?<=\S)[*_](?![\w*])")


def card_html(text: str) -> str:
    """A card as HTML without attributes, addresses or scripts.

    Args:
        text: Markdown, whatever it contains.
    """
    body = _FRONT.sub("", text.replace("\r\n", "\n"), count=1)
    return "".join(_blocks(_without_comments(body).split("\n")))


def _without_comments(text: str) -> str:
    kept, at = [], 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start)) >= 0:
        kept.append(text[at:start])
        at = end + 3
    return "".join([*kept, text[at:]])


def _blocks(lines: list[str]) -> Iterator[str]:
    at = 0
    while at < len(lines):
        line = lines[at]
        if line.lstrip().startswith("```"):
            end = next(
                (i for i in range(at + 1, len(lines)) if lines[i].lstrip().startswith("```")),
                len(lines),
            )
            yield f"<pre>{esc(chr(10).join(lines[at + 1 : end]))}</pre>"
            at = end + 1
        elif not line.strip():
            at += 1
        elif heading := _HEADING.fullmatch(line):
            # The page has its own first heading; a card's come below it.
            level = min(len(heading[1]) + 2, 6)
            yield f"<h{level}>{_inline(heading[2])}</h{level}>"
            at += 1
        elif _starts_table(lines, at):
            end = _until(lines, at, lambda one: "|" in one)
            yield _table(lines[at:end])
            at = end
        elif _ITEM.fullmatch(line):
            end = _until(lines, at, lambda one: bool(one.strip()))
            yield _list(lines[at:end])
            at = end
        else:
            end = at + 1
            while end < len(lines) and lines[end].strip() and not _starts(lines, end):
                end += 1
            yield f"<p>{_inline(' '.join(one.strip() for one in lines[at:end]))}</p>"
            at = end


def _until(lines: list[str], start: int, belongs: Callable[[str], bool]) -> int:
    """Number of the first line from ``start`` on that does not belong."""
    return next((i for i in range(start, len(lines)) if not belongs(lines[i])), len(lines))


def _starts(lines: list[str], at: int) -> bool:
    """Whether something other than a paragraph starts here."""
    line = lines[at]
    special = _HEADING.fullmatch(line) or _ITEM.fullmatch(line)
    return bool(special) or line.lstrip().startswith("```") or _starts_table(lines, at)


def _starts_table(lines: list[str], at: int) -> bool:
    return (
        "|" in lines[at] and at + 1 < len(lines) and "|" in lines[at + 1]
        and _RULE.fullmatch(lines[at + 1]) is not None
    )  # fmt: skip


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split("|")]


def _table(lines: list[str]) -> str:
    head = _cells(lines[0])
    rows = [_cells(line) for line in lines[2:]]
    top = "".join(f"<th>{_inline(cell)}</th>" for cell in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{_inline(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def _list(lines: list[str]) -> str:
    """Items of one level; a line that starts none continues the one before."""
    items: list[str] = []
    for line in lines:
        if item := _ITEM.fullmatch(line):
            items.append(item[1])
        else:
            items[-1] += " " + line.strip()
    return "<ul>" + "".join(f"<li>{_inline(item)}</li>" for item in items) + "</ul>"


def _inline(text: str) -> str:
    """One run of text: code, pictures' descriptions, links' texts, bold and italics."""
    parts = _CODE.split(text)  # every second one is code
    return "".join(
        f"<code>{esc(part)}</code>" if i % 2 else _words(part) for i, part in enumerate(parts)
    )


def _words(text: str) -> str:
    said = _LINK.sub(r"\1", _PICTURE.sub(r"[picture: \1]", text))
    return _ITALIC.sub(r"<em>\1</em>", _BOLD.sub(r"<strong>\1</strong>", esc(said)))
