"""The query-centred picture: everyone's true distance to one query is their radius.

The n-dimensional ball is translated so that the query is its origin, and drawn by the convention of
:mod:`hypuml.layout`: at distance d from the query, a point lies at screen distance ``unit * d``
from the centre, with one unit that puts the 99th percentile of d at 0.95 of the rim. So the circle
through the k-th nearest neighbour is exact, and what is inside it is exactly the answer.

Directions are the picture's: those of the points once the gallery's disk is moved so that the query
is in the middle. Seen from a query near the rim all others lie in one narrow beam; so directions
are spread around the circle, in the order they have.

In two dimensions the picture is the space. There the unit stays ``sqrt(c)``, directions are true,
and this view is the gallery's disk moved as a whole.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from hypuml.geometry import dist, project_check, translate
from hypuml.layout.screen import F64, QUANTILE, RIM

# Points are widened to float64 in blocks, so that a large gallery is never copied whole.
_BLOCK = 16_384
# Largest radius drawn: positions travel as float32, which has no number between 1 - 6e-8 and the
# rim. A screen distance of 14.5 is the first to feel it.
MOST = 1.0 - 1e-6
# A stored position may have been rounded onto the rim, where nothing can be moved; in float64 there
# is room this close to it.
_INSIDE = 1.0 - 1e-9
_TURN = 2.0 * np.pi
_ROOM = 0.97  # of the circle is used: the first and the last are no neighbours


def around(points: ArrayLike, query: ArrayLike, c: float) -> tuple[F64, float]:
    """True distances of all points to one query, and the unit in which they are drawn.

    Args:
        points: ``[N, n]`` in the ball, ``N >= 1``.
        query: ``[1, n]`` or ``[n]`` in the ball.
        c: curvature parameter, > 0.

    Returns:
        ``[N]`` hyperbolic distances (difference form), and screen distance per true distance, > 0:
        ``sqrt(c)`` for points of at most two dimensions, or where all lie at the query.

    Raises:
        ValueError: no points, more than one query, a query of another width than the points, not
            finite, or outside the ball.
    """
    p = np.asarray(points)
    q = project_check(np.atleast_2d(np.asarray(query)), c, name="queries")
    if p.ndim != 2 or not len(p) or q.shape != (1, p.shape[1]):
        raise ValueError(
            f"got points {p.shape} and a query {np.shape(query)}, expected [N, n] with N >= 1 "
            "and [1, n]"
        )
    blocks = [dist(p[start : start + _BLOCK], q, c) for start in range(0, len(p), _BLOCK)]
    distances = np.concatenate(blocks)
    unit = float(np.sqrt(c))
    far = float(np.percentile(unit * distances, QUANTILE))
    if p.shape[1] > 2 and far > 0.0:
        unit *= 2.0 * float(np.arctanh(RIM)) / far
    return distances, unit


def around_xy(
    xy: ArrayLike, centre: ArrayLike, distances: ArrayLike, unit: float, exact: bool
) -> F64:
    """Where the query-centred picture puts the points (twin of the disk's ``js/around.js``).

    Args:
        xy: ``[N, 2]`` in the unit disk, the gallery's picture.
        centre: ``[2]`` in the unit disk, the query's place on it.
        distances: ``[N]`` true distances to the query, >= 0.
        unit: screen distance per true distance.
        exact: whether the picture's directions are true, as in two dimensions.

    Returns:
        ``[N, 2]`` in the unit disk. A point drawn where the query is, but truly away from it, has
        no direction of its own and goes to the right.
    """
    moved = translate(_inside(xy), _inside(centre), 1.0)
    away = (moved != 0.0).any(axis=1)
    theta = np.where(away, np.arctan2(moved[:, 1], moved[:, 0]), 0.0)
    if not exact:
        theta[away] = spread(theta[away])
    rho = np.minimum(np.tanh(unit * np.asarray(distances, dtype=np.float64) / 2.0), MOST)
    return rho[:, None] * np.column_stack([np.cos(theta), np.sin(theta)])


def spread(theta: F64) -> F64:
    """Angles spread around the circle, in the order they have.

    The circle is cut open at the largest gap; each angle goes half-way between where stretching
    puts it and where it would be if all were evenly spaced.

    Args:
        theta: ``[N]`` in radians, within one turn.

    Returns:
        ``[N]``; fewer than two different angles stay as they are.
    """
    if len(theta) < 2:
        return theta
    order = np.argsort(theta, kind="stable")
    gaps = np.diff(theta[order], prepend=theta[order[-1]] - _TURN)
    first = int(np.argmax(gaps))
    span = _TURN - gaps[first]
    if not span > 0.0:
        return theta
    order = np.roll(order, -first)
    along = theta[order] - theta[order[0]]
    along = np.where(np.arange(len(theta)) < len(theta) - first, along, along + _TURN)
    share = (along / span + np.arange(len(theta)) / (len(theta) - 1)) / 2.0
    result = np.empty_like(theta)
    room = max(_ROOM * _TURN, span)
    result[order] = theta[order[0]] + span / 2.0 + (share - 0.5) * room
    return result


def _inside(z: ArrayLike) -> F64:
    """``[..., 2]`` with whatever lies on the rim pulled back into the disk."""
    z = np.asarray(z, dtype=np.float64)
    return z / np.maximum(np.hypot(z[..., 0], z[..., 1]) / _INSIDE, 1.0)[..., None]
