"""Facts in words and numbers, as JSON: one image's card, and the colours of classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from app import asked
from app.resources import Entry
from app.routes import cloud
from app.routes.replies import FOR_NOW, NEVER, gallery_of, missing, number_of, reply
from hypuml.geometry import dist
from hypuml.types import has_class

if TYPE_CHECKING:
    from hypuml.gallery import Gallery

_JSON = "application/json"


def card(request: Request) -> Response:
    """The facts of one image, shown when it is pointed at."""
    if (found := gallery_of(request)) is None:
        return missing("no such gallery")
    entry, gallery = found
    row = number_of(request, "row", len(gallery))
    if row is None:
        return missing("no such picture")
    query = request.query_params.get("to", "")
    distance = _distance(entry, gallery, row, query)
    # In the whole gallery, whatever the threshold hides.
    answer = gallery.ask(gallery.points[row], gallery.uncertainty[row], 1, row)
    path = gallery.paths[row]
    facts = {
        "id": gallery.ids[row],
        "path": path if has_class(path) else (),
        "u": float(gallery.uncertainty[row]),
        "d0": float(gallery.radius[row]),
        "distance": distance,
        "confidence": answer.probability,
        "reason": answer.reason,
    }
    # A query that is unknown now may be remembered later.
    keep = NEVER if query and distance is None else FOR_NOW
    return reply(cloud.as_json(facts), _JSON, keep)


def _distance(entry: Entry, gallery: Gallery, row: int, query: str) -> float | None:
    """True distance of an image to a query; None for an unknown query."""
    point = asked.point_of(entry.version, query)
    return None if point is None else float(dist(gallery.points[row], point[0], gallery.curvature))


def colours(request: Request) -> Response:
    """One colour per class, or per group of classes at a level of the taxonomy."""
    if (found := gallery_of(request)) is None:
        return missing("no such gallery")
    level, theme = request.path_params["level"], request.path_params["theme"]
    try:
        body = cloud.colouring(found[1], level, theme)
    except ValueError:
        return missing("no such level or theme")
    return reply(body, _JSON, FOR_NOW)
