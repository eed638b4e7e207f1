"""What stands in for a picture that is not on this machine: the silhouette of a flower.

One grey for ground and petals, both translucent: legible on a light and on a dark page. It must not
be kept: the picture may come.
"""

from __future__ import annotations

from starlette.responses import Response

from app.routes.replies import NEVER, reply
from hypuml.gallery.thumbs import COLUMNS, SIDE

_PETALS = "".join(
    f'<ellipse cx="48" cy="35.5" rx="6.2" ry="8.5" transform="rotate({turn} 48 48)"/>'
    for turn in range(0, 360, 60)
)
_FLOWER = (
    '<rect width="96" height="96" fill="#7d8c94" fill-opacity=".14"/>'
    f'<g fill="#7d8c94" fill-opacity=".32">{_PETALS}</g>'
    '<circle cx="48" cy="48" r="3.6" fill="#7d8c94" fill-opacity=".6"/>'
)
_SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="{side}" height="{side}" viewBox="{box}">'
_ONE = f"{_SVG.format(side=384, box='0 0 96 96')}{_FLOWER}</svg>".encode()
_WHOLE = COLUMNS * SIDE
_TILE = (
    f"{_SVG.format(side=_WHOLE, box=f'0 0 {_WHOLE} {_WHOLE}')}"
    f'<pattern id="f" width="{SIDE}" height="{SIDE}" patternUnits="userSpaceOnUse">{_FLOWER}'
    f'</pattern><rect width="{_WHOLE}" height="{_WHOLE}" fill="url(#f)"/></svg>'
).encode()


def one() -> Response:
    """In place of one picture of any size."""
    return reply(_ONE, "image/svg+xml", NEVER)


def tile() -> Response:
    """In place of a tile of thumbnails: each cell has its flower."""
    return reply(_TILE, "image/svg+xml", NEVER)
