"""Queries by name, so that the browser can fetch the distances of all images to one.

An image of the gallery is named ``r`` and its row number. An upload or a degraded copy has no row
of its own: its point is kept here, for all sessions of this process, under a token, the hash of the
gallery and of the point. A token reveals nothing, is the same for the same point, and is dropped
when `MOST` others came after it.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict

import numpy as np

from app import resources
from app.queries import Query
from hypuml.types import FloatArray

MOST = 256

_points: OrderedDict[str, tuple[str, FloatArray]] = OrderedDict()  # token: gallery and point
_lock = threading.Lock()


def row_name(row: int) -> str:
    """The name of an image of the gallery: ``r17``."""
    return f"r{row}"


def row_of(name: str) -> int | None:
    """The row number in ``r17``, any whole number; None for everything else."""
    digits = name[1:]
    # Without the bound a name of ten thousand digits would be an error instead of an answer.
    if name[:1] != "r" or len(digits) > 9 or not (digits.isascii() and digits.isdigit()):
        return None
    return int(digits) if str(int(digits)) == digits else None  # one name per row


def name_of(query: Query) -> str:
    """The name of a query: its row's, or a token under which its point is kept from now on."""
    if query.row is not None and query.before is None:
        return row_name(query.row)
    return remember(query)


def remember(query: Query) -> str:
    """Keep a query's point.

    Returns:
        Its token, 16 hex digits.
    """
    point = np.array(query.point)  # the caller's may change
    point.flags.writeable = False
    values = np.ascontiguousarray(point, dtype="<f8").tobytes()
    token = hashlib.sha256(query.version.encode() + b"\0" + values).hexdigest()[:16]
    with _lock:
        _points[token] = query.version, point
        _points.move_to_end(token)
        while len(_points) > MOST:
            _points.popitem(last=False)
    return token


def point_of(version: str, name: str) -> FloatArray | None:
    """Where a query lies.

    Args:
        version: the gallery.
        name: a token of this gallery, or ``r`` and a row number.

    Returns:
        ``[1, n]`` in the gallery's ball; None when there is no such gallery, row or token, or the
        token has been dropped.
    """
    row = row_of(name)
    if row is None:
        with _lock:
            version_of, point = _points.get(name, ("", None))
        return point if version_of == version else None
    entry = resources.galleries.by_version(version)
    if entry is None or entry.gallery is None or row >= len(entry.gallery):
        return None
    return entry.gallery.points[row : row + 1]
