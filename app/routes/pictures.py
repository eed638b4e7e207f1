"""Pictures: thumbnails and originals by row, and the stored tiles of thumbnails by number."""

from __future__ import annotations

import io
from functools import lru_cache

from starlette.requests import Request
from starlette.responses import Response

from app import resources
from app.routes.replies import FOR_NOW, FOREVER, gallery_of, missing, number_of, reply
from hypuml.data.images import fit_short_side

SIZES = {"picture": 384, "large": 768}
_WEBP = "image/webp"
_CHANGED = "the gallery was changed since it was opened"


def picture(request: Request) -> Response:
    """Answer one picture request (runs in the server's thread pool: decoding is not free)."""
    if (found := gallery_of(request)) is None:
        return missing("no such gallery")
    entry, gallery = found
    kind, row = request.path_params["kind"], number_of(request, "row", len(gallery))
    if row is None:
        return missing("no such picture")
    if kind != "thumb" and kind not in SIZES:
        return missing("no such size")
    try:
        if kind == "thumb":
            return reply(gallery.thumbnail(row), _WEBP, FOREVER)
        # The original may be replaced on disk while the gallery stays.
        return reply(_original(entry.version, row, SIZES[kind]), _WEBP, FOR_NOW)
    except ValueError:  # its message names a file of this machine
        return missing(_CHANGED)


@lru_cache(maxsize=256)
def _original(version: str, row: int, size: int) -> bytes:
    """The original as WebP of short side at most ``size``; the thumbnail where there is none."""
    entry = resources.shelf.by_version(version)
    if entry is None or entry.gallery is None:
        raise ValueError(f"gallery {version} is not registered")
    image = entry.gallery.original(row, size=size)
    if image is None:
        return entry.gallery.thumbnail(row)
    out = io.BytesIO()
    fit_short_side(image, min(size, *image.size)).save(out, "WEBP", quality=88, method=2)
    return out.getvalue()


def tile(request: Request) -> Response:
    """A stored tile: many thumbnails with one request, and nothing is decoded here."""
    if (found := gallery_of(request)) is None:
        return missing("no such gallery")
    gallery = found[1]
    number = number_of(request, "number", len(gallery))
    if number is None:
        return missing("no such tile")
    try:
        return reply(gallery.tile(number), _WEBP, FOREVER)
    except IndexError:
        return missing("no such tile")
    except ValueError:
        return missing(_CHANGED)
