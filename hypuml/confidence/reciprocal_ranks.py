"""How near a query is as its hits see it: the other half of being neighbours.

An image that lies off everything has nearest images too, but is no neighbour of theirs. Whether
neighbours are so mutually has long been used to order answers again (k-reciprocal nearest
neighbours: Qin, Gammeter, Bossard, Quack and Van Gool, CVPR 2011); here it measures how far to
trust the first.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from hypuml.types import FloatArray, Hits, IntArray

# Hits that rank the query, and how far they count.
RANKED, DEEPEST = 20, 20
_BLOCK = 1024  # queries at a time: 1024 * 20 * 21 distances are 3 MB

# Nearest other images of gallery rows ``[M]`` at points ``[M, n]``: ``search(points, k, rows)``.
Search = Callable[[FloatArray, int, IntArray], Hits]


def reciprocal_ranks(search: Search, points: FloatArray, hits: Hits, own: ArrayLike) -> IntArray:
    """How many gallery images lie nearer to a query's hit than the query does.

    Neither the hit nor the query itself is counted, so that a gallery image gets the ranks it would
    get if it came from outside.

    Args:
        search: finds the ``k`` nearest gallery images of points, leaving out one row for each.
        points: ``[N, n]`` gallery points.
        hits: nearest images of Q queries, best first, ``[Q, K]``.
        own: ``[Q]`` each query's own row in the gallery, -1 for a query from outside.

    Returns:
        ``[Q, min(RANKED, K)]`` ranks of the query from 0, :data:`DEEPEST` for that and more.

    Raises:
        ValueError: not one row per query.
    """
    ids, distances = hits.ids[:, :RANKED], hits.distances[:, :RANKED]
    query = np.asarray(own)
    if query.shape != ids.shape[:1]:
        raise ValueError(f"got {query.shape} rows of {len(ids)} queries, expected one for each")
    found = np.zeros(ids.shape, dtype=np.int64)
    if not ids.size:
        return found
    rows, place = np.unique(ids, return_inverse=True)
    place = place.reshape(ids.shape)
    # One more than counts, because the query may be among them.
    around = search(points[rows], DEEPEST + 1, rows)
    for start in range(0, len(ids), _BLOCK):
        part = slice(start, start + _BLOCK)
        nearer = around.distances[place[part]] < distances[part, :, None]
        nearer &= around.ids[place[part]] != query[part, None, None]
        found[part] = np.minimum(nearer.sum(axis=2), DEEPEST)
    return found
