"""The query: one picture to search with.

Plain data without Streamlit or torch; `app.models`, `app.uploads` and `app.degrade` make it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hypuml.types import FloatArray

if TYPE_CHECKING:
    from PIL import Image

    from app.resources import Entry


@dataclass(frozen=True, eq=False)
class Query:
    """A picture to search with: an image of a gallery, an upload, or a degraded copy of either.

    Attributes:
        version: the gallery (`resources.Entry.version`) whose model gave the numbers below.
        point: ``[1, n]`` in the gallery's ball.
        uncertainty: in [0, 1].
        radius: hyperbolic distance from the origin.
        xy: ``[2]`` on the gallery's disk.
        outside: whether it is unlike anything that the model was fitted on; False where the model
            cannot tell.
        row: the gallery image that it is, or is a degraded copy of, and which is not an answer;
            None for an upload.
        name: an upload's file name; data, never markup.
        picture: an upload, reduced to a short side of at most `app.uploads.KEPT`; else None.
        data_url: the picture for the page, ``data:image/webp;base64,…``; empty for an image of the
            gallery, which has an address.
        before: the untouched query that this one is a degraded copy of; else None.
    """

    version: str
    point: FloatArray
    uncertainty: float
    radius: float
    xy: FloatArray
    outside: bool = False
    row: int | None = None
    name: str = ""
    picture: Image.Image | None = None
    data_url: str = ""
    before: Query | None = None


def gallery_query(entry: Entry, row: int) -> Query:
    """The gallery's image ``row`` as a query."""
    gallery = entry.opened
    return Query(
        entry.version,
        gallery.points[row : row + 1],
        float(gallery.uncertainty[row]),
        float(gallery.radius[row]),
        gallery.xy[row],
        gallery.outside is not None and bool(gallery.outside[row]),
        row,
    )
