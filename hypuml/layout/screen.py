"""Distances on the screen: polar coordinates ``(R, theta)`` of the disk of curvature -1."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hypuml.geometry import dist0

F64 = NDArray[np.float64]

RIM = 0.95
QUANTILE = 99.0


def dilation_of(points: ArrayLike, c: float) -> float:
    """Factor that puts the 99th percentile of d0 at 0.95 of the rim; 1 if all are at the origin."""
    far = float(np.percentile(np.sqrt(c) * dist0(points, c), QUANTILE))
    return 2.0 * float(np.arctanh(RIM)) / far if far > 0.0 else 1.0


def screen_distance(points: ArrayLike, c: float, dilation: float) -> F64:
    """``R = dilation * sqrt(c) * d0`` of points ``[N, n]``: ``[N]``."""
    return dilation * np.sqrt(c) * dist0(points, c)


# From a screen distance of about 37 on a far outlier would round onto the rim, which is no point of
# the disk. The cap begins at 28 and moves nothing that a picture or a test could see.
INSIDE = 1.0 - 1e-12


def to_xy(screen: F64, theta: F64) -> F64:
    """Disk points ``[N, 2]`` of polar coordinates ``[N]``, ``[N]``, always inside the rim."""
    return np.minimum(np.tanh(screen / 2.0), INSIDE)[:, None] * np.column_stack(
        [np.cos(theta), np.sin(theta)]
    )


def chord(ra: F64, rb: F64, delta: F64) -> F64:
    """``4 sinh^2(d / 2)`` for the distance d of two points at ``ra``, ``rb`` with angle ``delta``.

    Grows with d and equals ``d^2`` for small d, but needs no arcosh; by the hyperbolic law of
    cosines it is ``4 sinh^2((ra - rb) / 2) + 4 sinh(ra) sinh(rb) sin^2(delta / 2)``.
    """
    across = 4.0 * np.sinh(ra) * np.sinh(rb) * np.sin(delta / 2.0) ** 2
    return 4.0 * np.sinh((ra - rb) / 2.0) ** 2 + across


def spacing(screen: F64) -> float:
    """Typical distance between neighbours if points of these radii were spread evenly.

    The root of the area per point in the ring that holds 98 % of them; for points of one radius,
    the length of their circle per point.
    """
    inner, outer = np.percentile(screen, [1.0, QUANTILE])
    area = 2.0 * np.pi * (np.cosh(outer) - np.cosh(inner))
    around = 2.0 * np.pi * np.sinh(outer) / len(screen)
    return float(max(np.sqrt(area / len(screen)), around))
