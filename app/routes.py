"""Pictures over HTTP, read-only: one thumbnail or original of a *registered* gallery per request.

A gallery is named by the hash of its manifest, a picture by its row number; no path ever comes
from the URL. Because the hash is part of the address, an answer can be cached for good.

    /gallery/<hash>/thumb/<row>.webp       the stored thumbnail
    /gallery/<hash>/picture/<row>.webp     the original, short side at most 384 px
    /gallery/<hash>/large/<row>.webp       the original, short side at most 768 px
"""

from __future__ import annotations

import io
from functools import lru_cache

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import resources
from hypuml.data.images import fit_short_side

SIZES = {"picture": 384, "large": 768}
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
# Originals may be replaced on disk while the gallery stays: an hour, and only in this browser.
_FOR_NOW = {"Cache-Control": "private, max-age=3600"}


def base_path() -> str:
    """Streamlit's configured base path with a leading and no trailing slash, or nothing."""
    from streamlit import config

    base = str(config.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}" if base else ""


def picture_url(version: str, row: int, kind: str = "thumb") -> str:
    """Address of one picture.

    Args:
        version: the gallery's manifest hash (`resources.Entry.version`).
        row: row number in the gallery.
        kind: ``"thumb"``, ``"picture"`` or ``"large"``.
    """
    return f"{base_path()}/gallery/{version}/{kind}/{row}.webp"


def picture(request: Request) -> Response:
    """Answer one picture request (runs in the server's thread pool: decoding is not free)."""
    entry = resources.shelf.by_version(request.path_params["version"])
    row = request.path_params["row"]
    kind = request.path_params["kind"]
    if entry is None or entry.gallery is None or row >= len(entry.gallery):
        return Response("no such picture", status_code=404, media_type="text/plain")
    if kind == "thumb":
        return Response(entry.gallery.thumbnail(row), media_type="image/webp", headers=_FOREVER)
    if kind not in SIZES:
        return Response("no such size", status_code=404, media_type="text/plain")
    return Response(
        _original(entry.version, row, SIZES[kind]), media_type="image/webp", headers=_FOR_NOW
    )


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


def routes() -> list[Route]:
    """The routes the app adds to Streamlit's own."""
    path = f"{base_path()}/gallery/{{version:str}}/{{kind:str}}/{{row:int}}.webp"
    return [Route(path, picture, methods=["GET"])]
