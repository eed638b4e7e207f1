"""Pictures: thumbnails and originals by row, and tiles of thumbnails by number."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from app import resources
from app.routes import placeholder
from app.routes.replies import FOR_NOW, FOREVER, gallery_of, missing, number_of, reply
from hypuml.data.images import fit_short_side

if TYPE_CHECKING:
    from hypuml.gallery import Gallery

SIZES = {"picture": 384, "large": 768}
_WEBP = "image/webp"
_CHANGED = "the gallery was changed since it was opened"


class _NotHereError(Exception):
    """An original is not there. Raised past the cache, because it may come."""


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
            body, keep = gallery.thumbnail(row), FOREVER
        else:
            # The original may be replaced on disk while the gallery stays.
            body, keep = _best(entry.version, gallery, row, SIZES[kind]), FOR_NOW
    except ValueError:  # its message names a file of this machine
        return missing(_CHANGED)
    return placeholder.one() if body is None else reply(body, _WEBP, keep)


def _best(version: str, gallery: Gallery, row: int, size: int) -> bytes | None:
    """The original; the thumbnail where there is none, and None where there is neither."""
    try:
        return _original(version, row, size)
    except _NotHereError:
        return gallery.thumbnail(row)


@lru_cache(maxsize=256)
def _original(version: str, row: int, size: int) -> bytes:
    """The original as WebP of short side at most ``size``.

    Raises:
        _NotHereError: there is none.
    """
    entry = resources.galleries.by_version(version)
    if entry is None or entry.gallery is None:
        raise ValueError(f"gallery {version} is not registered")
    image = entry.gallery.original(row, size=size)
    if image is None:
        raise _NotHereError
    out = io.BytesIO()
    fit_short_side(image, min(size, *image.size)).save(out, "WEBP", quality=88, method=2)
    return out.getvalue()


def tile(request: Request) -> Response:
    """A tile: many thumbnails with one request, and where it is stored nothing is decoded here."""
    if (found := gallery_of(request)) is None:
        return missing("no such gallery")
    gallery = found[1]
    number = number_of(request, "number", len(gallery))
    if number is None:
        return missing("no such tile")
    try:
        whole = gallery.tile(number)
    except IndexError:
        return missing("no such tile")
    except ValueError:
        return missing(_CHANGED)
    if whole is None:
        return placeholder.tile()
    # One made of originals may lack some that are still to come.
    return reply(whole, _WEBP, FOREVER if gallery.stores_thumbnails else FOR_NOW)
