"""Maps, translations and distances of the Poincaré ball (convention: :mod:`hypuml.geometry`)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

F64 = NDArray[np.float64]

FLAT = 1e-6
"""A curvature so small that the ball is flat where the points are: ``d(x, y) = 2 ||x - y||`` up to
a relative error of about ``FLAT * max(||x||, ||y||)^2``. The Euclidean twin of a model lives there,
and everything written for the ball works on it unchanged."""

# Largest sqrt(c)*||x|| handed out. tanh rounds to exactly 1.0 from about 19 on, which would be *on*
# the rim, where distances are infinite; four units in the last place keep c*||x||^2 < 1 after
# rounding and still allow sqrt(c)*d0 = 35.
_RIM = 1.0 - 4.0 * float(np.finfo(np.float64).eps)
_TILE = 2**15  # differences formed at a time, so that they stay in the cache


def check_curvature(c: float) -> float:
    """Return ``c`` as a float.

    Raises:
        ValueError: ``c`` is not a positive finite number.
    """
    value = float(c)
    if not (math.isfinite(value) and value > 0.0):
        raise ValueError(
            f"got curvature c = {value}, expected a finite c > 0 (the space has curvature -c)"
        )
    return value


def ball_curvature(geometry: str, c: float) -> float:
    """C > 0 of the ball of curvature -c that a model's points lie in.

    The flat twins' points lie in a ball so large that its distances are Euclidean, so that search,
    metrics and galleries need no special case for them. (Nearest by chord is nearest by angle on
    the sphere.)

    Args:
        geometry: ``"hyperbolic"``, or one of the flat twins.
        c: curvature parameter of the hyperbolic geometry, > 0.
    """
    return c if geometry == "hyperbolic" else FLAT


def as_f64(x: ArrayLike) -> F64:
    """Widen to float64 without copying what already is."""
    return np.asarray(x, dtype=np.float64)


def squared_norm(x: F64) -> F64:
    """``||x||^2`` along the last axis, ``[..., n] -> [...]``."""
    return np.einsum("...i,...i->...", x, x)


def gap(x: F64, c: float) -> F64:
    """``1 - c ||x||^2``, shape ``[...]``; 1 at the origin, towards 0 at the rim."""
    return 1.0 - c * squared_norm(x)


def _keep_inside(x: F64, c: float) -> F64:
    """Scale back whatever rounding has put on or over the rim; leaves every inner point alone."""
    norm = np.sqrt(c * squared_norm(x))
    scale = np.where(norm > _RIM, _RIM / np.maximum(norm, _RIM), 1.0)
    return x * scale[..., None]


def in_ball(x: ArrayLike, c: float) -> NDArray[np.bool_]:
    """Tell which points are finite and strictly inside the ball, decided in float64.

    Args:
        x: ``[..., n]`` coordinates.
        c: curvature parameter, > 0.

    Returns:
        ``[...]`` booleans.
    """
    c = check_curvature(c)
    x = as_f64(x)
    return gap(x, c) > 0.0  # false for NaN and for infinity


def project_check(x: ArrayLike, c: float, name: str = "points") -> F64:
    """Return ``x`` as float64 after checking that it is ``[N, n]``, finite and inside the ball.

    Args:
        x: ``[N, n]`` coordinates.
        c: curvature parameter, > 0.
        name: what to call the array in an error.

    Raises:
        ValueError: wrong number of dimensions, no columns, a value that is not finite, or a point
            with ``c * ||x||^2 >= 1``.
    """
    c = check_curvature(c)
    x = as_f64(x)
    if x.ndim != 2 or x.shape[1] < 1:
        raise ValueError(f"got {name} of shape {x.shape}, expected [N, n] with n >= 1")
    if (gap(x, c) > 0.0).all():  # false for NaN as well; a search query takes only this path
        return x
    bad = np.flatnonzero(~np.isfinite(x).all(axis=1))
    if bad.size:
        raise ValueError(
            f"got {bad.size} of {len(x)} {name} with values that are not finite "
            f"(first: row {bad[0]}), expected finite numbers; drop or recompute these rows"
        )
    bad = np.flatnonzero(gap(x, c) <= 0.0)
    norm = np.sqrt(c * squared_norm(x[bad[0]]))
    raise ValueError(
        f"got {bad.size} of {len(x)} {name} outside the ball (first: row {bad[0]}, "
        f"sqrt(c)*norm = {norm:.9g}), expected sqrt(c)*norm < 1 for c = {c:g}; "
        "check that points and curvature belong together"
    )


def expmap0(v: ArrayLike, c: float) -> F64:
    """Exponential map at the origin, ``tanh(s) * v / s`` with ``s = sqrt(c) * ||v||``.

    Args:
        v: ``[..., n]`` tangent vectors at the origin.
        c: curvature parameter, > 0.

    Returns:
        ``[..., n]`` points of the ball, at distance ``2 * ||v||`` from the origin.
    """
    c = check_curvature(c)
    v = as_f64(v)
    s = np.sqrt(c * squared_norm(v))
    safe = np.where(s > 0.0, s, 1.0)  # tanh(s)/s -> 1; the value below replaces the quotient 0/0
    return _keep_inside(np.where(s > 0.0, np.tanh(s) / safe, 1.0)[..., None] * v, c)


def logmap0(x: ArrayLike, c: float) -> F64:
    """Logarithmic map at the origin, the inverse of :func:`expmap0`: ``artanh(s) * x / s``.

    Args:
        x: ``[..., n]`` points of the ball.
        c: curvature parameter, > 0.

    Returns:
        ``[..., n]`` tangent vectors with ``2 * ||v|| = d0(x)``.
    """
    c = check_curvature(c)
    x = as_f64(x)
    s = np.minimum(
        np.sqrt(c * squared_norm(x)), _RIM
    )  # the root may round up to 1 for the outermost points
    safe = np.where(s > 0.0, s, 1.0)
    return np.where(s > 0.0, np.arctanh(s) / safe, 1.0)[..., None] * x


def mobius_add(x: ArrayLike, y: ArrayLike, c: float) -> F64:
    """Möbius addition ``x (+) y``, broadcasting over the leading axes.

    Evaluated as ``(g_x s + c ||s||^2 x) / (g_x g_y + c ||s||^2)`` with ``s = x + y`` and
    ``g = 1 - c ||.||^2``. That is the textbook quotient rewritten so that numerator and denominator
    vanish without cancellation where ``y`` is close to ``-x`` at the rim.

    Args:
        x: ``[..., n]`` points of the ball.
        y: ``[..., n]`` points of the ball.
        c: curvature parameter, > 0.

    Returns:
        ``[..., n]`` points of the ball.
    """
    c = check_curvature(c)
    x, y = as_f64(x), as_f64(y)
    s = x + y
    gx, gy, cs2 = gap(x, c), gap(y, c), c * squared_norm(s)
    num = gx[..., None] * s + cs2[..., None] * x
    return _keep_inside(num / (gx * gy + cs2)[..., None], c)


def translate(x: ArrayLike, to_origin: ArrayLike, c: float) -> F64:
    """Move the whole ball isometrically so that ``to_origin`` lands on the origin: ``(-p) (+) x``.

    Args:
        x: ``[..., n]`` points to move.
        to_origin: ``[n]`` or ``[..., n]``, the point ``p`` that becomes the origin.
        c: curvature parameter, > 0.

    Returns:
        ``[..., n]`` moved points.
    """
    return mobius_add(-as_f64(to_origin), x, c)


def dist(x: ArrayLike, y: ArrayLike, c: float) -> F64:
    """Hyperbolic distance of matching points (difference form, see the module's note).

    Args:
        x: ``[..., n]`` points of the ball.
        y: ``[..., n]`` points of the ball, broadcast against ``x``.
        c: curvature parameter, > 0.

    Returns:
        ``[...]`` distances, >= 0.
    """
    c = check_curvature(c)
    x, y = as_f64(x), as_f64(y)
    return difference_form(squared_norm(x - y), gap(x, c) * gap(y, c), c)


def difference_form(sq: F64, gaps: F64, c: float) -> F64:
    """Distance from ``||x - y||^2`` and ``g_x g_y``, shapes ``[...]``: the one formula in use."""
    return (2.0 / math.sqrt(c)) * np.arcsinh(np.sqrt(c * sq / gaps))


def dist0(x: ArrayLike, c: float) -> F64:
    """Distance from the origin, ``(2/sqrt(c)) * artanh(sqrt(c) ||x||)``; ``[..., n] -> [...]``."""
    c = check_curvature(c)
    x = as_f64(x)
    return (2.0 / np.sqrt(c)) * np.arctanh(np.minimum(np.sqrt(c * squared_norm(x)), _RIM))


def pairwise_dist(x: ArrayLike, y: ArrayLike, c: float) -> F64:
    """All distances between two sets (difference form, no ``[N, M, n]`` tensor is built).

    Args:
        x: ``[N, n]`` points of the ball.
        y: ``[M, n]`` points of the ball.
        c: curvature parameter, > 0.

    Returns:
        ``[N, M]`` distances; exactly 0 for equal points. Costs ``8 * N * M`` bytes: call it on
        slices of ``x`` when the matrix would be large.
    """
    c = check_curvature(c)
    x, y = as_f64(x), as_f64(y)
    return difference_form(squared_distances(x, y), np.outer(gap(x, c), gap(y, c)), c)


def squared_distances(x: F64, y: F64) -> F64:
    """All squared Euclidean distances, from differences: ``[N, n], [M, n] -> [N, M]``."""
    # As scipy's cdist, without scipy (143 MB), which the app would need for nothing else.
    squared = np.empty((len(x), len(y)))
    width = max(1, min(len(y), _TILE // max(1, x.shape[1])))
    height = max(1, _TILE // (width * max(1, x.shape[1])))
    for i in range(0, len(x), height):
        for j in range(0, len(y), width):
            d = x[i : i + height, None] - y[None, j : j + width]
            np.einsum("ijk,ijk->ij", d, d, out=squared[i : i + height, j : j + width])
    return squared


def lorentz_lift(x: ArrayLike, c: float) -> F64:
    """Lift to the hyperboloid ``<X, X>_L = -1/c``: time coordinate first.

    ``X_0 = (1/sqrt(c)) (1 + c||x||^2) / (1 - c||x||^2)``, ``X_s = 2x / (1 - c||x||^2)``. Then
    ``cosh(sqrt(c) d(x, y)) = -c <X, Y>_L`` with ``<X, Y>_L = -X_0 Y_0 + X_s . Y_s``.

    Args:
        x: ``[..., n]`` points of the ball.
        c: curvature parameter, > 0.

    Returns:
        ``[..., n + 1]``.
    """
    c = check_curvature(c)
    x = as_f64(x)
    g = gap(x, c)[..., None]
    return np.concatenate([(2.0 - g) / (np.sqrt(c) * g), 2.0 * x / g], axis=-1)
