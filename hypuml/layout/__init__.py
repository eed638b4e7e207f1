"""From the n-dimensional ball to a picture of it: radius-true on the two-dimensional disk.

Convention: the picture is the unit disk, read as the Poincaré disk of curvature -1. A point at true
distance d0 from the origin is drawn at *screen* distance ``R = dilation * sqrt(c) * d0`` from the
centre, hence at radius ``rho = tanh(R / 2)``. There is one dilation per gallery: it puts the 99th
percentile of d0 at 0.95 of the rim. Radii are never moved; only the angle is projected. So on the
picture distances *from the centre* are true (up to the dilation), all others are of the picture.

A model of two dimensions needs no projection: its disk is its space (dilation 1).
"""

from __future__ import annotations

from hypuml.layout.fit import Layout, fit_layout
from hypuml.layout.recenter import around, around_xy
from hypuml.layout.transform import place

__all__ = ["Layout", "around", "around_xy", "fit_layout", "place"]
