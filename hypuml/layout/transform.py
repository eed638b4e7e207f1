"""Putting a new query on a gallery's picture without fitting anything again."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from hypuml.geometry import project_check
from hypuml.layout.screen import F64, chord, screen_distance, spacing, to_xy
from hypuml.search import Index

_ROUNDS = 20


def place(
    queries: ArrayLike,
    points: ArrayLike,
    xy: ArrayLike,
    c: float,
    dilation: float,
    index: Index | None = None,
    k: int = 8,
) -> F64:
    """Disk points of queries: their own true radius, the direction of their nearest neighbours.

    The direction is a weighted circular mean of the neighbours' directions, with weights
    ``w = 1 / d^2``. Neighbours may lie in two places of the picture, and a plain mean would fall
    between them; so, as in the layout's own objective, each counts less the farther it is on the
    picture: ``w_j / (1 + v_j / s^2)``, iterated from the best neighbour's direction to a fixed
    point of ``min sum_j w_j log(1 + v_j / s^2)``. A query that equals a gallery point lands on it.

    Args:
        queries: ``[Q, n]`` in the ball.
        points: ``[N, n]`` the gallery's points.
        xy: ``[N, 2]`` where they are drawn.
        c: curvature parameter, > 0.
        dilation: of the gallery's layout.
        index: of ``points``, to save building one.
        k: neighbours to go by.

    Returns:
        ``[Q, 2]`` in the unit disk.

    Raises:
        ValueError: queries of the wrong width, not finite, or outside the ball.
    """
    queries = project_check(queries, c, name="queries")
    hits = (index or Index(points, c)).search(queries, k)
    if queries.shape[1] <= 2:  # the disk is the model's own space
        flat = np.zeros((len(queries), 2))
        flat[:, : queries.shape[1]] = np.sqrt(c) * queries
        return flat
    xy = np.asarray(xy, dtype=np.float64)
    rho = np.hypot(*xy.T)
    all_screen = 2.0 * np.arctanh(np.minimum(rho, 1.0 - 1e-12))
    screen = screen_distance(queries, c, dilation)
    near = all_screen[hits.ids]
    angle = np.arctan2(xy[hits.ids, 1], xy[hits.ids, 0])
    # Relative to the nearest, bounded: an exact match outweighs the others by 1e24, not by inf.
    floor = 1e-12 * np.maximum(hits.distances[:, -1:], 1e-300)
    weight = (np.maximum(hits.distances[:, :1], floor) / np.maximum(hits.distances, floor)) ** 2
    weight = weight * (near > 0.0)  # a point at the centre has no direction
    s2 = max(spacing(all_screen), 1e-6) ** 2

    def stretch(theta: F64) -> F64:
        """``1 + v / s^2`` between each query, turned to ``theta [Q, T]``, and its neighbours."""
        delta = theta[:, :, None] - angle[:, None, :]
        return 1.0 + chord(screen[:, None, None], near[:, None, :], delta) / s2

    cost = (weight[:, None, :] * np.log(stretch(angle))).sum(axis=2)
    theta = np.take_along_axis(angle, cost.argmin(axis=1)[:, None], axis=1)
    pulls = weight * np.sinh(near)
    for _ in range(_ROUNDS):
        pull = pulls / stretch(theta)[:, 0, :]
        east, north = (pull * np.cos(angle)).sum(axis=1), (pull * np.sin(angle)).sum(axis=1)
        theta = np.where(np.hypot(east, north) > 0.0, np.arctan2(north, east), theta[:, 0])[:, None]
    return to_xy(screen, theta[:, 0])
