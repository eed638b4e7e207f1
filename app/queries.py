"""What is asked and shown: a picture, where the model puts it, and how the room looks at it.

Plain data without Streamlit or torch; `app.state`, `app.models` and `app.whatif` make it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.disk.shapes import Layout
from hypuml.types import FloatArray

if TYPE_CHECKING:
    from PIL import Image

    from hypuml.gallery import Gallery


@dataclass(frozen=True, eq=False)
class Placed:
    """A picture as the model of a gallery sees it.

    Attributes:
        point: ``[1, n]`` in the gallery's ball.
        uncertainty: in [0, 1].
        radius: hyperbolic distance from the origin.
        xy: ``[2]`` on the gallery's disk.
        outside: whether it is unlike anything that the model was fitted on; False where the model
            cannot tell.
    """

    point: FloatArray
    uncertainty: float
    radius: float
    xy: FloatArray
    outside: bool = False


@dataclass(frozen=True, eq=False)
class Upload:
    """A picture from outside.

    Attributes:
        name: the file's name; data, never markup.
        picture: reduced to a short side of at most `app.uploads.KEPT`, for trying things with it.
        data_url: the same for the page, as ``data:image/webp;base64,…``.
        placed: where the model of one gallery puts it.
        version: that gallery.
    """

    name: str
    picture: Image.Image
    data_url: str
    placed: Placed
    version: str


@dataclass(frozen=True)
class View:
    """What to show, after every value has been checked against the gallery.

    Attributes:
        row: query image; None while an upload is the query.
        upload: uploaded query, or None.
        k: wanted answers, between 1 and what the gallery can give.
        threshold: largest uncertainty that is kept.
        colour: ``"uncertainty"``, ``"label"`` or a taxonomy level.
        hide: whether rejected images are left out of the answers.
        kind: what is done to the query's picture, one of ``KINDS``.
        level: how much of it, in [0, 1]; 0 leaves the picture as it is.
        layout: where the disk's points lie, ``"origin"``, ``"query"`` or ``"umap"``.
        at: how the disk has been moved and zoomed, six numbers; None for the start.
        highlight: display name of the taxonomy branch that stands out; empty for none.
        selection: selected rows.
        panel: what the right column shows, ``"answers"`` or ``"selection"``.
    """

    row: int | None
    upload: Upload | None
    k: int
    threshold: float
    colour: str
    hide: bool
    kind: str
    level: float
    layout: Layout = "origin"
    at: tuple[float, ...] | None = None
    highlight: str = ""
    selection: tuple[int, ...] = ()
    panel: str = "answers"


@dataclass(frozen=True, eq=False)
class Asked:
    """The query as it is put to the gallery.

    Attributes:
        row: its row in the gallery, which is not an answer; None for an upload.
        placed: the picture that asks.
        before: the untouched picture; None while that is the one that asks.
        data_url: the picture that asks, where it is not in the gallery as it is; else empty.
    """

    row: int | None
    placed: Placed
    before: Placed | None = None
    data_url: str = ""


def untouched(gallery: Gallery, view: View) -> Asked:
    """The query as it is: the upload, or else a picture of the gallery."""
    if view.upload is not None:
        return Asked(None, view.upload.placed, data_url=view.upload.data_url)
    row = view.row
    assert row is not None  # `state.settle` has chosen one
    placed = Placed(
        gallery.points[row : row + 1],
        float(gallery.uncertainty[row]),
        float(gallery.radius[row]),
        gallery.xy[row],
        gallery.outside is not None and bool(gallery.outside[row]),
    )
    return Asked(row, placed)
