"""The Poincaré ball in NumPy: distances, translation, lift, geodesics, means.

Convention, stated once for the whole package
---------------------------------------------
* The curvature is ``-c`` with ``c > 0``; every function takes ``c``.
* Points live in the open ball ``{x in R^n : c * ||x||^2 < 1}`` of radius ``1 / sqrt(c)``.
* A tangent vector at the origin is written in plain coordinates and ``d0(exp0(v)) = 2 * ||v||``:
  the distance from the origin is *twice* the tangent norm (the metric at the origin is ``4 I``).
* Distances are in the units of the ball; ``sqrt(c) * d`` is the unit-free length at curvature -1.

Inputs may be of any real dtype and are widened to float64; results are float64. Nothing here
imports torch; the differentiable twin is :mod:`hypuml.geometry.torch`.

Which formula for a distance
----------------------------
*Difference form* ``d = (2/sqrt(c)) * asinh(sqrt(c) ||x-y|| / sqrt(g_x g_y))`` with the gaps
``g = 1 - c ||.||^2``: relative error a few units in the last place divided by the gap, at *every*
distance down to coincidence, where it is exactly 0. :func:`dist` and :func:`pairwise_dist` use it.
*Inner-product forms* (Gram matrix or Lorentz lift, then arcosh) square the distance and lose half
the digits: near coincidence their absolute error is about ``sqrt(eps)``. They are for matrix
products (losses, candidate search), never for the final order of near neighbours.

Sources: Ganea et al. 2018 (Hyperbolic Neural Networks); Ungar 2008 (gyrovector spaces).
"""

from __future__ import annotations

from hypuml.geometry.ball import (
    FLAT,
    ball_curvature,
    check_curvature,
    difference_form,
    dist,
    dist0,
    expmap0,
    gap,
    in_ball,
    logmap0,
    lorentz_lift,
    mobius_add,
    pairwise_dist,
    project_check,
    squared_distances,
    squared_norm,
    translate,
)
from hypuml.geometry.shapes import ball_circle, frechet_mean, geodesic, nearest

# Where the points of a model may live: in the ball, or for comparison in its flat and round twins.
GEOMETRIES = ("hyperbolic", "euclidean", "spherical")

__all__ = [
    "FLAT",
    "GEOMETRIES",
    "ball_circle",
    "ball_curvature",
    "check_curvature",
    "difference_form",
    "dist",
    "dist0",
    "expmap0",
    "frechet_mean",
    "gap",
    "geodesic",
    "in_ball",
    "logmap0",
    "lorentz_lift",
    "mobius_add",
    "nearest",
    "pairwise_dist",
    "project_check",
    "squared_distances",
    "squared_norm",
    "translate",
]
