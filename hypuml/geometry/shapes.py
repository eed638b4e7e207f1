"""Geodesics, means, circles and neighbour selection (convention: :mod:`hypuml.geometry`)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hypuml.geometry.ball import (
    F64,
    as_f64,
    check_curvature,
    dist0,
    expmap0,
    logmap0,
    mobius_add,
    project_check,
    squared_norm,
    translate,
)


def geodesic(x: ArrayLike, y: ArrayLike, t: ArrayLike, c: float) -> F64:
    """Points on the geodesic from ``x`` (``t = 0``) to ``y`` (``t = 1``), at constant speed.

    ``gamma(t) = x (+) exp0(t log0((-x) (+) y))``; values of ``t`` outside [0, 1] continue the line.

    Args:
        x: ``[..., n]`` start.
        y: ``[..., n]`` end.
        t: ``[...]`` positions, broadcast against the leading axes: ``x [n], y [n], t [T]`` gives
            ``[T, n]``.
        c: curvature parameter, > 0.

    Returns:
        ``[..., n]`` points with ``d(x, gamma(t)) = |t| d(x, y)``.
    """
    x = as_f64(x)
    v = logmap0(translate(y, x, c), c)
    return mobius_add(x, expmap0(as_f64(t)[..., None] * v, c), c)


def frechet_mean(x: ArrayLike, c: float, weights: ArrayLike | None = None) -> F64:
    """The point that minimises ``sum_i w_i d(m, x_i)^2`` (unique: the space is negatively curved).

    Majorise-minimise: ``d^2`` is concave in ``cosh(sqrt(c) d)``, so its tangent at the current
    estimate bounds it from above, and the minimiser of that bound is a weighted Lorentz centroid
    with weights ``w_i d_i / sinh(d_i)`` (Lou et al. 2020 use the same step). Every step descends,
    no step size is needed. Each is taken with the estimate moved to the origin, where the centroid
    is well conditioned whatever its radius.

    Args:
        x: ``[N, n]`` points of the ball, ``N >= 1``.
        c: curvature parameter, > 0.
        weights: ``[N]`` non-negative, not all 0; equal when omitted.

    Returns:
        ``[n]``.

    Raises:
        ValueError: no points, or unusable weights.
    """
    c = check_curvature(c)
    x = project_check(x, c)
    w = np.ones(len(x)) if weights is None else as_f64(weights)
    if not len(x) or w.shape != (len(x),) or not (np.isfinite(w).all() and (w >= 0).all()):
        raise ValueError(
            f"got {len(x)} points and weights of shape {w.shape}, expected at least one point and "
            "one finite weight >= 0 for each"
        )
    if not w.sum() > 0.0:
        raise ValueError("got weights that sum to 0, expected at least one positive weight")
    w = w / w.sum()
    mean = np.zeros(x.shape[1])
    for _ in range(2000):  # linear convergence, a rate of about 1 / (spread of the points)
        y = translate(x, mean, c)
        d = np.sqrt(c) * dist0(y, c)
        pull = 2.0 * np.sqrt(c) * (w @ logmap0(y, c))  # sum of w_i d_i * direction
        size = float(np.linalg.norm(pull))
        if size < 1e-15:
            break
        bend = w @ np.divide(d, np.tanh(d), out=np.ones_like(d), where=d > 0.0)
        # The centroid of the lifts lies artanh(space / time) = artanh(size / bend) away.
        step = np.arctanh(min(size / bend, 1.0 - 1e-15))
        mean = mobius_add(mean, expmap0(step / (2.0 * np.sqrt(c)) * pull / size, c), c)
        if step < 1e-14:
            break
    return mean


def ball_circle(center: ArrayLike, radius: ArrayLike, c: float) -> tuple[F64, F64]:
    """Euclidean centre and radius of a hyperbolic sphere (in two dimensions: a circle).

    With ``t = tanh(sqrt(c) R / 2)`` and ``a^2 = c ||p||^2`` the centre is
    ``p (1 - t^2) / (1 - a^2 t^2)`` and the radius ``t (1 - a^2) / (sqrt(c) (1 - a^2 t^2))``.

    Args:
        center: ``[..., n]`` hyperbolic centre ``p``.
        radius: ``[...]`` hyperbolic radius ``R >= 0``.
        c: curvature parameter, > 0.

    Returns:
        Euclidean centre ``[..., n]`` and Euclidean radius ``[...]``.
    """
    c = check_curvature(c)
    p = as_f64(center)
    t: Any = np.tanh(np.sqrt(c) * as_f64(radius) / 2.0)
    a2 = c * squared_norm(p)
    scale = 1.0 / (1.0 - a2 * t * t)
    return p * ((1.0 - t * t) * scale)[..., None], t * (1.0 - a2) * scale / np.sqrt(c)


def nearest(distances: ArrayLike, k: int) -> NDArray[np.int64]:
    """Columns of the ``k`` smallest entries of each row, ordered by (distance, column number).

    Args:
        distances: ``[Q, M]``, without NaN; ``inf`` sorts last.
        k: how many, ``1 <= k <= M``.

    Returns:
        ``[Q, k]`` int64 columns. Ties, also those across the k-th place, go to the lower column.
    """
    d = as_f64(distances)
    ids = np.argpartition(d, k - 1, axis=1)[:, :k]
    kth = np.take_along_axis(d, ids, axis=1).max(axis=1, initial=-np.inf)
    # Partitioning takes any of the columns tied at the k-th place; redo those rows in full.
    for row in np.flatnonzero((d <= kth[:, None]).sum(axis=1) > k):
        pool = np.flatnonzero(d[row] <= kth[row])
        ids[row] = pool[np.argsort(d[row, pool], kind="stable")[:k]]
    order = np.lexsort((ids, np.take_along_axis(d, ids, axis=1)), axis=1)
    return np.take_along_axis(ids, order, axis=1).astype(np.int64, copy=False)
