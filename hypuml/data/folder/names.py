"""Names of files and classes: printable, in natural order, equal where they look equal."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

NaturalKey = tuple[tuple[int, int, str], ...]

# Lists of WordNet ids and their names, as ImageNet and its relatives bring them.
MAPPINGS = (
    "LOC_synset_mapping.txt",
    "synset_words.txt",
    "words.txt",
    "map_clsloc.txt",
    "imagenet_class_index.json",
    "Labels.json",
)
_WORDNET_ID = re.compile(r"n\d{8}")
_MOST_BYTES = 20 * 2**20
_DIGITS = re.compile(r"([0-9]+)")


@lru_cache(maxsize=4096)
def natural(name: str) -> NaturalKey:
    """Sort key in which numbers count as numbers; ties are decided by the exact name."""
    pieces = _DIGITS.split(name)
    # Python refuses to read numbers of thousands of digits.
    key = tuple(
        (0, int(p[:300]), "") if i % 2 else (1, 0, p.casefold()) for i, p in enumerate(pieces)
    )
    return (*key, (1, 0, name))


def printable(name: str) -> str:
    r"""The name as valid UTF-8: a byte that is none (Python's ``\udcff``) is spelt out."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


@lru_cache(maxsize=4096)
def class_name(name: str) -> str:
    """The name as it is shown: printable, composed (NFC) and trimmed, unless nothing were left."""
    shown = printable(name)
    return unicodedata.normalize("NFC", shown).strip() or shown


def quoted(names: Iterable[str]) -> str:
    """``'a', 'b' and 'c'``; long lists are cut."""
    shown = [repr(printable(name)) for name in names]
    if len(shown) > 5:
        shown = [*shown[:4], f"{len(shown) - 4} others"]
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def is_wordnet_id(name: str) -> bool:
    """Whether a class is called like ``n01440764``."""
    return _WORDNET_ID.fullmatch(name) is not None


def wordnet_names(files: Iterable[Path], wanted: set[str]) -> dict[str, str]:
    """Names of WordNet ids.

    Args:
        files: lists to look at, best first; those that cannot be read are passed over.
        wanted: ids.

    Returns:
        Id to name, for the ids that a list names; the first of several synonyms, with the id behind
        it where two ids have the same.
    """
    for file in files:
        try:
            if file.stat().st_size > _MOST_BYTES:
                continue
            text = file.read_text(encoding="utf-8", errors="replace")
            pairs = _from_json(text) if file.suffix == ".json" else _from_lines(text)
            found = {key: name for key, name in pairs if key in wanted and name}
        except (OSError, ValueError, TypeError, RecursionError):
            continue
        if found:
            often = Counter(found.values())
            return {k: n if often[n] == 1 else f"{n} ({k})" for k, n in found.items()}
    return {}


def _from_lines(text: str) -> Iterable[tuple[str, str]]:
    """``n01440764 tench, Tinca tinca``; ``n02119789 1 kit_fox``."""
    for line in text.splitlines():
        key, _, rest = line.strip().replace("\t", " ").partition(" ")
        number, _, name = rest.strip().partition(" ")
        yield key, _first(name if number.isdigit() and name else rest)


def _from_json(text: str) -> Iterable[tuple[str, str]]:
    """``{"0": ["n01440764", "tench"]}``; ``{"n01440764": "tench, Tinca tinca"}``."""
    for key, value in dict(json.loads(text)).items():
        if isinstance(value, list) and len(value) == 2:
            yield str(value[0]), _first(str(value[1]))
        elif isinstance(value, str):
            yield key, _first(value)


def _first(names: str) -> str:
    return class_name(names.split(",")[0].replace("_", " "))
