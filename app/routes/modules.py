"""The disk's own modules, under the hash of them all."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from app.disk import modules
from app.routes.replies import FOREVER, missing, reply


def module(request: Request) -> Response:
    """One file, whose name may have folders in it. Another hash has nothing: it would not fit."""
    found = modules.get(request.path_params["name"])
    if found is None or request.path_params["version"] != modules.VERSION:
        return missing("no such file")
    return reply(found, "text/javascript", FOREVER)
