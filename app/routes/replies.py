"""How routes answer: with a kind, a time to keep it, and never a guess at what it might be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from app import resources
from app.resources import Entry

if TYPE_CHECKING:
    from hypuml.gallery import Gallery

# What a gallery's hash stands for never changes.
FOREVER = "public, max-age=31536000, immutable"
# What may change, or is one visitor's own: an hour, and only in this browser.
FOR_NOW = "private, max-age=3600"
NEVER = "no-store"


def reply(body: bytes, kind: str, keep: str, status: int = 200) -> Response:
    """An answer.

    Args:
        body: its content.
        kind: content type; a browser must not try another.
        keep: value of Cache-Control.
        status: HTTP status.
    """
    headers = {"Cache-Control": keep, "X-Content-Type-Options": "nosniff"}
    return Response(body, status_code=status, media_type=kind, headers=headers)


def missing(what: str) -> Response:
    """404 with a short text. Not to be kept: a gallery may be opened, a query made again."""
    return reply(what.encode(), "text/plain", NEVER, status=404)


def gallery_of(request: Request) -> tuple[Entry, Gallery] | None:
    """The open gallery that the address names, or None."""
    entry = resources.shelf.by_version(request.path_params["version"])
    return None if entry is None or entry.gallery is None else (entry, entry.gallery)


def number_of(request: Request, name: str, below: int) -> int | None:
    """A whole number in the address, from 0 to ``below - 1``; None for everything else."""
    text = request.path_params[name]
    # Without the bound a number of ten thousand digits would be an error instead of an answer.
    if len(text) > 9 or not (text.isascii() and text.isdigit()):
        return None
    value = int(text)
    return value if value < below else None
