"""Degraded queries: a copy of the query, blurred, covered, cropped, noisy or dark.

Level 0 is the picture as it is. At any other level a picture of the gallery is taken anew from its
original, in the size in which the model saw it when the gallery was made, so that nothing changes
but the degradation. The same patch, window and grain are used for every picture and level: what
differs between two queries is the pictures.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from PIL import Image

from app import models, resources
from app.queries import Query, gallery_query
from app.resources import Entry
from app.uploads import KEPT, SHOWN, as_data_url, reduced
from app.view_state import ViewState
from hypuml.data.degraded_pictures import degrade_picture

_NO_MODEL = (
    "The model that made this gallery is not on this machine, so a changed picture cannot be "
    "looked at."
)
_NO_ORIGINAL = (
    "The original of this picture is not on this machine, and its thumbnail is too small to go by."
)


class Original(NamedTuple):
    """One picture twice: as the model gets it, and as the page shows it."""

    seen: Image.Image
    shown: Image.Image


def obstacle(entry: Entry, row: int | None) -> str:
    """Why the query cannot be degraded, as one sentence; empty when it can.

    Called on every run, so it is quick: a damaged file is noticed only when it is used.

    Args:
        entry: the gallery.
        row: the query's row; None for an upload, whose picture is at hand.
    """
    if entry.gallery is None or not entry.has_model:
        return _NO_MODEL
    return "" if row is None or entry.gallery.has_original(row) else _NO_ORIGINAL


def untouched(entry: Entry, view: ViewState) -> Query:
    """The query as it is: the upload, or else an image of the gallery."""
    return view.query if isinstance(view.query, Query) else gallery_query(entry, view.query)


def degraded(entry: Entry, view: ViewState) -> Query:
    """The query after ``view.degradation`` has been done to its picture at ``view.level`` > 0.

    Raises:
        ValueError: the original or the model cannot be used; one sentence for the user.
    """
    if reason := obstacle(entry, view.row):
        raise ValueError(reason)
    before = untouched(entry, view)
    if before.picture is not None:
        original = Original(before.picture, before.picture)
    else:
        assert before.row is not None  # only an upload has no row
        original = _original(entry.version, before.row)
    seen = degrade_picture(original.seen, view.degradation, view.level)
    same = original.shown is original.seen
    shown = seen if same else degrade_picture(original.shown, view.degradation, view.level)
    return replace(
        models.place(entry, seen),
        row=before.row,
        name=before.name,
        data_url=as_data_url(shown),
        before=before,
    )


@lru_cache(maxsize=8)
def _original(version: str, row: int) -> Original:
    """A gallery's picture; moving the level does not decode or draw it again.

    Raises:
        ValueError: it is not there, or damaged.
    """
    entry = resources.galleries.by_version(version)
    assert entry is not None  # it is registered, or it would not be shown
    gallery = entry.opened
    size = int(gallery.manifest["preprocessing"]["size"])
    seen = gallery.original(row, size)
    if seen is None:
        raise ValueError(_NO_ORIGINAL)
    if gallery.drawn:
        return Original(seen, gallery.original(row, SHOWN) or seen)
    small = reduced(seen, max(KEPT, size))
    return Original(small, small)
