"""Queries from outside by name, so that the browser can ask how far everything is from them.

An uploaded or changed picture has no row number. What the app placed is remembered here, for all
sessions of this process, and the page names it by a token: the hash of where it lies and of the
gallery. A token reveals nothing, is the same for the same point, and is forgotten when 256 others
came after it. An image of the gallery needs no token: its name is ``r`` and its row number.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict

import numpy as np

from app import resources
from app.queries import Placed
from hypuml.types import FloatArray

MOST = 256

_points: OrderedDict[str, tuple[str, FloatArray]] = OrderedDict()  # token: gallery and point
_lock = threading.Lock()


def row_name(row: int) -> str:
    """The name of an image of the gallery: ``r17``."""
    return f"r{row}"


def row_of(who: str) -> int | None:
    """The row number in ``r17``, any whole number; None for everything else."""
    digits = who[1:]
    # Without the bound a name of ten thousand digits would be an error instead of an answer.
    if who[:1] != "r" or len(digits) > 9 or not (digits.isascii() and digits.isdigit()):
        return None
    return int(digits) if str(int(digits)) == digits else None  # one name per row


def remember(version: str, placed: Placed) -> str:
    """Keep a query from outside.

    Args:
        version: the gallery it was placed in (`resources.Entry.version`).
        placed: where its model puts it.

    Returns:
        Its token, 16 hex digits.
    """
    point = np.array(placed.point)  # the caller's may change
    point.flags.writeable = False
    values = np.ascontiguousarray(point, dtype="<f8").tobytes()
    token = hashlib.sha256(version.encode() + b"\0" + values).hexdigest()[:16]
    with _lock:
        _points[token] = version, point
        _points.move_to_end(token)
        while len(_points) > MOST:
            _points.popitem(last=False)
    return token


def point_of(version: str, who: str) -> FloatArray | None:
    """Where a query lies.

    Args:
        version: the gallery.
        who: a token of this gallery, or ``r`` and a row number.

    Returns:
        ``[1, n]`` in the gallery's ball; None when there is no such gallery, row or token, or the
        token has been forgotten.
    """
    row = row_of(who)
    if row is None:
        with _lock:
            of, point = _points.get(who, ("", None))
        return point if of == version else None
    entry = resources.shelf.by_version(version)
    if entry is None or entry.gallery is None or row >= len(entry.gallery):
        return None
    return entry.gallery.points[row : row + 1]
