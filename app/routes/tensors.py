"""Numbers of all images at once, as safetensors files."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from app import asked
from app.routes import cloud
from app.routes.replies import FOR_NOW, FOREVER, gallery_of, missing, reply

_BYTES = "application/octet-stream"


def points(request: Request) -> Response:
    """Where all images lie, how unsure the model is of each, and what they are."""
    if (found := gallery_of(request)) is None:
        return missing("no such gallery")
    return reply(cloud.points_file(found[1]), _BYTES, FOREVER)


def umap(request: Request) -> Response:
    """The free UMAP's positions."""
    if (found := gallery_of(request)) is None:
        return missing("no such gallery")
    file = cloud.umap_file(found[1])
    return missing("no UMAP here") if file is None else reply(file, _BYTES, FOREVER)


def around(request: Request) -> Response:
    """How far all images are from a query."""
    if (found := gallery_of(request)) is None:
        return missing("no such gallery")
    entry, gallery = found
    query = request.path_params["query"]
    point = asked.point_of(entry.version, query)
    if point is None:
        return missing("no such query")
    keep = FOR_NOW if asked.row_of(query) is None else FOREVER
    return reply(cloud.around_file(gallery, tuple(point[0].tolist())), _BYTES, keep)
