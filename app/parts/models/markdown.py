"""A model card's Markdown as inert HTML.

A card is data from a folder that may be anybody's, and Streamlit's own Markdown would fetch foreign
pictures and follow foreign links. So HTML, links and pictures are not parsed: HTML is shown letter
by letter, a picture as its description, a link as its text, and no element has an attribute.
"""

from __future__ import annotations

import re

from markdown_it import MarkdownIt

_FRONT = re.compile(r"\A---\r?\n.*?\n---\r?\n", re.DOTALL)
_PICTURE = re.compile(r"!\[([^\[\]]*)\]\([^()\s]*(?:\s[^()]*)?\)")
_LINK = re.compile(r"\[([^\[\]]+)\]\([^()\s]*(?:\s[^()]*)?\)")
_OFF = ("link", "image", "autolink", "reference")
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table").disable(_OFF)


def card_html(text: str) -> str:
    """A card as HTML without attributes, addresses or scripts.

    Args:
        text: Markdown (CommonMark and tables), whatever it contains.
    """
    tokens = _MARKDOWN.parse(_without_comments(_FRONT.sub("", text, count=1)))
    for token in tokens:
        token.attrs, token.info = {}, ""
        if token.type in ("heading_open", "heading_close"):
            # The page has its own first headings; a card's come below them.
            token.tag = f"h{min(int(token.tag[1]) + 2, 6)}"
        for part in token.children or ():
            if part.type == "text":
                part.content = _LINK.sub(r"\1", _PICTURE.sub(r"[picture: \1]", part.content))
    return str(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))


def _without_comments(text: str) -> str:
    kept, at = [], 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start)) >= 0:
        kept.append(text[at:start])
        at = end + 3
    return "".join([*kept, text[at:]])
