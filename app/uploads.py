"""From an uploaded file to a query."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from typing import TYPE_CHECKING

from app import models
from app.queries import Query
from hypuml.data.images import fit_short_side, load_image

if TYPE_CHECKING:
    from PIL import Image

    from app.resources import Entry

MAX_BYTES = 30 * 2**20
SHOWN = 384  # pixels of the short side on the page
KEPT = 512  # and of what stays in the session: 3 MB at most, and quick to blur


def embed_upload(entry: Entry, name: str, data: bytes) -> Query:
    """Read a picture, embed it with the gallery's model and place it on the gallery's disk.

    Args:
        entry: the gallery to search.
        name: the file's name, for display only.
        data: the file's bytes.

    Raises:
        ValueError: not a picture, or the model cannot be used; one sentence for the user.
    """
    if len(data) > MAX_BYTES:
        raise ValueError(
            f"the file has {len(data) / 2**20:.0f} MB, at most "
            f"{MAX_BYTES / 2**20:.0f} MB are read: choose a smaller picture"
        )
    image = load_image(data)
    query = models.place(entry, image)
    return replace(query, name=name, picture=reduced(image, KEPT), data_url=as_data_url(image))


def reduced(image: Image.Image, side: int) -> Image.Image:
    """A copy whose short side has at most ``side`` pixels; small pictures are not enlarged."""
    return fit_short_side(image, min(side, *image.size))


def as_data_url(image: Image.Image) -> str:
    """A picture for the page as ``data:image/webp;base64,…``, short side at most `SHOWN`."""
    out = io.BytesIO()
    reduced(image, SHOWN).save(out, "WEBP", quality=85, method=2)
    return "data:image/webp;base64," + base64.b64encode(out.getvalue()).decode("ascii")
