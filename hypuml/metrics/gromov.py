"""Gromov's delta: how tree-like a set of points is (convention: :mod:`hypuml.metrics`).

``(x|y)_w = (d(x,w) + d(y,w) - d(x,y)) / 2`` and
``delta_w = max_{x,y,z} min((x|y)_w, (y|z)_w) - (x|z)_w``; 0 for a tree. The relative value
``2 delta / diameter`` lies in [0, 1] (Fournier et al. 2015; Khrulkov et al. 2020).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hypuml.geometry import pairwise_dist, project_check

F64 = NDArray[np.float64]
_BLOCK = 64  # middle points handled at a time: the working set stays in cache


def gromov_delta(d: ArrayLike, base: int) -> float:
    """Exact ``delta_w`` of a distance matrix for the base point ``w = base``.

    The max-min product over all triples, row by row, leaving out what cannot raise the maximum
    found so far: ``min((x|y), (y|z)) <= (x|y)``, so with the middle points ``y`` in falling order
    of ``(x|y)`` a pair ``(x, z)`` is settled once the next ``(x|y)`` is no more than
    ``max(best so far at z, (x|z) + delta found)``. Memory ``O(N^2)``.

    Args:
        d: ``[N, N]`` symmetric distances, ``N >= 1``.
        base: row of the base point.

    Returns:
        ``delta_w >= 0`` in the units of ``d``.

    >>> square = np.array([[0, 1, 2, 1], [1, 0, 1, 2], [2, 1, 0, 1], [1, 2, 1, 0]])  # a 4-cycle
    >>> gromov_delta(square, 0)
    1.0
    """
    d = np.asarray(d, dtype=np.float64)
    a = 0.5 * (d[:, base][:, None] + d[base][None, :] - d)
    # Rows far from the base have the largest products: starting there finds a large delta early,
    # and the order lets row i look only at later columns (the product is symmetric).
    order = np.argsort(-a.diagonal(), kind="stable")
    a = np.ascontiguousarray(a[np.ix_(order, order)])
    cap = a.diagonal().copy()
    delta = 0.0
    for i in range(len(a) - 1):
        tail = a[i, i + 1 :]
        best = np.full(len(tail), -np.inf)
        middle = np.argsort(-a[i], kind="stable")
        for start in range(0, len(middle), _BLOCK):
            rows = middle[start : start + _BLOCK]
            bound = np.minimum(a[i, rows[0]], cap[i + 1 :])
            unsettled = np.flatnonzero(bound > np.maximum(best, tail + delta))
            if not unsettled.size:
                break
            # Whole rows are copied much faster than single columns are picked.
            few = unsettled.size < 0.1 * tail.size
            reach = a[rows[:, None], unsettled + i + 1] if few else a[rows, i + 1 :]
            reach = np.minimum(reach, a[i, rows][:, None], out=reach).max(axis=0)
            where = unsettled if few else slice(None)
            best[where] = np.maximum(best[where], reach)
            delta = max(delta, float((best - tail).max()))
    return delta


def delta_rel(
    points: ArrayLike, c: float, sample: int = 2000, bases: int = 5, seed: int = 0
) -> float | None:
    """Relative Gromov delta ``2 delta / diameter`` of points in the ball, in float64.

    Args:
        points: ``[N, n]`` points of the ball.
        c: curvature parameter, > 0.
        sample: use at most this many points, drawn without replacement.
        bases: average over this many random base points.
        seed: of both draws.

    Returns:
        A value in [0, 1], 0 = a tree; None for fewer than 4 points or when all coincide.

    >>> delta_rel([[-0.9], [-0.2], [0.3], [0.8]], 1.0) < 1e-12  # a line is a tree
    True
    """
    x = project_check(points, c)
    rng = np.random.default_rng(seed)
    if len(x) > sample:
        x = x[np.sort(rng.choice(len(x), sample, replace=False))]
    if len(x) < 4:
        return None
    d: F64 = pairwise_dist(x, x, c)
    diameter = float(d.max())
    if diameter == 0.0:
        return None
    chosen = rng.choice(len(x), min(bases, len(x)), replace=False)
    return float(np.mean([2.0 * gromov_delta(d, int(base)) / diameter for base in chosen]))
