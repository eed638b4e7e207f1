"""The Poincaré ball in torch: the differentiable twin of :mod:`hypuml.geometry`, on geoopt.

Convention as there: curvature ``-c``, ``c > 0``, ball radius ``1 / sqrt(c)``, ``d0 = 2 ||v||``.

* Every function runs in float32 or wider, also under autocast: half precision inputs are widened
  and autocast is switched off inside. The result keeps that width.
* geoopt's functions are called with the curvature as it is. (``PoincareBall(c)`` would keep it
  through an inverse softplus, which in float32 turns 0.1 into 0.10000004957.)
* Gradients are finite everywhere in the ball: at the origin, at coincident points, at the rim.
* ``c`` may be a float or a scalar tensor (a learnable curvature).

Which distance is accurate where (the tests hold both to it, against float64; ``eps`` of the
dtype, gaps ``g = 1 - c ||.||^2``): :func:`dist` is the difference form, relative error a few
``eps / g`` at any separation. :func:`pairwise_dist` is the Gram form, one matrix product instead of
a ``[N, M, n]`` tensor: as good for separate points, but the error of ``sqrt(c) d`` rises to
``4 sqrt(eps / (g_x g_y))`` near coincidence (in float32 1e-3 in the middle of the ball, 2e-2 at
``sqrt(c) d0 = 4``). Losses live with that; the order of near neighbours does not: that is
:mod:`hypuml.search`.
"""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import Tensor

from hypuml.geometry.ball import FLAT as FLAT

with warnings.catch_warnings():
    # geoopt scripts its functions on import, which torch has deprecated.
    warnings.filterwarnings("ignore", message=r"`torch\.jit\.script` is deprecated")
    from geoopt.manifolds.stereographic import math as gmath

# How close to the rim a point may come, as 1 - sqrt(c)*||x||. In float32 the gap 1 - c||x||^2 has
# an absolute error of about 1e-7, so 1e-5 keeps it to about one per cent and allows
# sqrt(c)*d0 = 12 (geoopt's own 4e-3 would cut at 6.2, inside the radii in use here). In float64
# the limit is geoopt's artanh, which clamps its argument at 1 - 1e-7.
_RIM = {torch.float32: 1e-5, torch.float64: 1e-7}

# Shortest length that is divided by: at the origin the quotient must be 0 and not 0 / 0.
_TINY = 1e-15
# Longer vectors end at the rim's limit whatever their tanh is.
_LONGEST = 15.0


def _wide(*xs: Tensor) -> tuple[Tensor, ...]:
    """Widen to the common dtype, at least float32."""
    dtype = torch.float32
    for x in xs:
        dtype = torch.promote_types(dtype, x.dtype)
    return tuple(x.to(dtype) for x in xs)


def _no_autocast(x: Tensor) -> Any:
    return torch.autocast(device_type=x.device.type, enabled=False)


def _curvature(c: float | Tensor, like: Tensor) -> Tensor:
    return torch.as_tensor(c, dtype=like.dtype, device=like.device)


def _gap(x: Tensor, c: Tensor) -> Tensor:
    """``1 - c ||x||^2``, ``[...]``, floored at what the dtype resolves so quotients stay finite."""
    return (1.0 - c * x.square().sum(dim=-1)).clamp_min(torch.finfo(x.dtype).eps)


def expmap0(v: Tensor, c: float | Tensor) -> Tensor:
    """Exponential map at the origin, ``tanh(s) v / s`` with ``s = sqrt(c) ||v||``.

    Args:
        v: ``[..., n]`` tangent vectors.
        c: curvature parameter, > 0.

    Returns:
        ``[..., n]`` points of the ball, float32 or wider, kept ``sqrt(c) ||x|| <= 1 - 1e-5``
        (float32) or ``1 - 1e-7`` (float64): tanh rounds to 1 for long vectors, and on the rim
        distances are infinite.
    """
    with _no_autocast(v):
        (v,) = _wide(v)
        # Written out: geoopt's branches on the sign of the curvature cannot be exported as a graph.
        root = _curvature(c, v).sqrt()
        norm = v.norm(dim=-1, keepdim=True).clamp_min(_TINY)
        x = root.reciprocal() * (norm * root).clamp_max(_LONGEST).tanh() * (v / norm)
        length = x.norm(dim=-1, keepdim=True).clamp_min(_TINY)
        longest = (1 - _RIM[v.dtype]) / root
        return torch.where(length > longest, x / length * longest, x)


def logmap0(x: Tensor, c: float | Tensor) -> Tensor:
    """Logarithmic map at the origin, inverse of :func:`expmap0`; ``[..., n] -> [..., n]``."""
    with _no_autocast(x):
        (x,) = _wide(x)
        return gmath.logmap0(x, k=-_curvature(c, x))


def mobius_add(x: Tensor, y: Tensor, c: float | Tensor) -> Tensor:
    """Möbius addition ``x (+) y``; ``[..., n]`` each, broadcasting, inside the ball again."""
    with _no_autocast(x):
        x, y = _wide(x, y)
        k = -_curvature(c, x)
        return gmath.project(gmath.mobius_add(x, y, k=k), k=k, eps=_RIM[x.dtype])


def translate(x: Tensor, to_origin: Tensor, c: float | Tensor) -> Tensor:
    """Move the ball isometrically so that ``to_origin`` becomes the origin: ``(-p) (+) x``."""
    return mobius_add(-to_origin, x, c)


def dist0(x: Tensor, c: float | Tensor) -> Tensor:
    """Distance from the origin, ``(2/sqrt(c)) artanh(sqrt(c) ||x||)``; ``[..., n] -> [...]``."""
    with _no_autocast(x):
        (x,) = _wide(x)
        return gmath.dist0(x, k=-_curvature(c, x))


def dist(x: Tensor, y: Tensor, c: float | Tensor) -> Tensor:
    """Distance of matching points, difference form (accurate down to coincidence).

    ``(2/sqrt(c)) asinh(sqrt(c) ||x-y|| / sqrt((1-c||x||^2)(1-c||y||^2)))``

    Args:
        x: ``[..., n]`` points of the ball.
        y: ``[..., n]`` points of the ball, broadcast against ``x``.
        c: curvature parameter, > 0.

    Returns:
        ``[...]``. The gradient at coincident points is 0 (a subgradient).
    """
    with _no_autocast(x):
        x, y = _wide(x, y)
        k = _curvature(c, x)
        norm = torch.linalg.vector_norm(x - y, dim=-1)
        return 2.0 / k.sqrt() * torch.asinh(norm * (k / (_gap(x, k) * _gap(y, k))).sqrt())


def pairwise_dist(x: Tensor, y: Tensor, c: float | Tensor, mask: Tensor | None = None) -> Tensor:
    """All distances between two sets from one Gram matrix.

    ``(1/sqrt(c)) arcosh(1 + z)``, ``z = 2c||x-y||^2 / ((1-c||x||^2)(1-c||y||^2))`` and
    ``||x-y||^2 = ||x||^2 + ||y||^2 - 2 x.y``; the arcosh is evaluated as
    ``2 asinh(sqrt(z / 2))``, the same function without the cancellation at small ``z``.

    The root has an infinite slope at 0, so whatever must not count is left out of it:
    masked entries, and pairs nearer than the Gram matrix can resolve
    (``||x-y||^2 <= eps (||x||^2 + ||y||^2)``). Both come out as distance 0 with gradient 0.

    Float32 matrix products must be real ones: with TF32 switched on
    (``torch.set_float32_matmul_precision("high")``) pass float64 points instead.

    Args:
        x: ``[N, n]`` points of the ball.
        y: ``[M, n]`` points of the ball (may be ``x``).
        c: curvature parameter, > 0.
        mask: ``[N, M]`` booleans, True = leave this pair out (usually the diagonal).

    Returns:
        ``[N, M]``, float32 or wider.
    """
    with _no_autocast(x):
        x, y = _wide(x, y)
        k = _curvature(c, x)
        gx, gy = _gap(x, k)[:, None], _gap(y, k)[:, None]
        # z / 2 = size_x / g_y + size_y / g_x - 2c x.y / (g_x g_y), one product of rows n + 2 wide:
        # scaling the rows beforehand spares several [N, M] intermediates and their gradients.
        size_x = k * x.square().sum(dim=1, keepdim=True) / gx
        size_y = k * y.square().sum(dim=1, keepdim=True) / gy
        left = torch.cat([-2.0 * k * x / gx, size_x, 1.0 / gx], dim=1)
        right = torch.cat([y / gy, 1.0 / gy, size_y], dim=1)
        half_z = left @ right.T
        with torch.no_grad():
            resolved = (torch.finfo(x.dtype).eps * left[:, -2:]) @ right[:, -2:].T
            skip = half_z <= resolved
            if mask is not None:
                skip |= mask
            del resolved
        # What is left out gets a harmless value before the root and 0 after it, or its infinite
        # slope times 0 would be NaN.
        root = half_z.masked_fill(skip, 1.0).sqrt()
        return root.asinh().masked_fill(skip, 0.0) * (2.0 / k.sqrt())


def lorentz_lift(x: Tensor, c: float | Tensor) -> Tensor:
    """Lift to the hyperboloid, time coordinate first: ``[..., n] -> [..., n + 1]``.

    See :func:`hypuml.geometry.lorentz_lift` for the formula.
    """
    with _no_autocast(x):
        (x,) = _wide(x)
        k = _curvature(c, x)
        gap = _gap(x, k)[..., None]
        return torch.cat([(2.0 - gap) / (k.sqrt() * gap), 2.0 * x / gap], dim=-1)
