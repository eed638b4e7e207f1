"""How every room begins: which gallery, the top line, and what stands there when there is none."""

from __future__ import annotations

from typing import NamedTuple

from app import state
from app.parts import problems
from app.parts.header import header
from app.resources import Entry
from hypuml.gallery import Gallery


class Entrance(NamedTuple):
    """What a room draws.

    Attributes:
        entry: the gallery's place on the shelf.
        gallery: the opened gallery; it has images.
        notices: what has to be said about the choice.
        read: whether the page address is still to be read.
    """

    entry: Entry
    gallery: Gallery
    notices: list[str]
    read: bool


def entrance() -> Entrance | None:
    """Choose the gallery, draw the top line; None where there is nothing to show, and said so."""
    entry, notices, read = state.choose_entry()
    header(entry)
    if entry is None:
        problems.no_gallery()
        return None
    if entry.gallery is None or not len(entry.gallery):
        problems.cannot_open(entry)
        return None
    return Entrance(entry, entry.gallery, notices, read)
