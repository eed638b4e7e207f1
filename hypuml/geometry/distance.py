"""All distances of a batch, in whichever geometry a model's points live, with gradient.

Convention: distances come in units of the curvature radius, ``sqrt(c) d``, so that a temperature or
a margin means the same at every curvature.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from hypuml.geometry import GEOMETRIES, ball_curvature
from hypuml.geometry import torch as ball


@dataclass(frozen=True)
class Distance:
    """Distances of one geometry.

    Attributes:
        geometry: one of ``GEOMETRIES``.
        curvature: c > 0 of the ball of curvature -c; its flat twin's unit of length, too.

    Raises:
        ValueError: an unknown geometry, or a curvature that is not a positive number.
    """

    geometry: str = "hyperbolic"
    curvature: float = 1.0

    def __post_init__(self) -> None:
        if self.geometry not in GEOMETRIES:
            raise ValueError(
                f"unknown geometry {self.geometry!r}, expected one of {', '.join(GEOMETRIES)}"
            )
        if not (math.isfinite(self.curvature) and self.curvature > 0):
            raise ValueError(f"curvature must be a positive number, got {self.curvature}")

    @property
    def ball(self) -> float:
        """C > 0 of the ball of curvature -c that the points lie in."""
        return ball_curvature(self.geometry, self.curvature)

    def __call__(self, x: Tensor, y: Tensor, mask: Tensor | None = None) -> Tensor:
        """All distances between two sets of points.

        Args:
            x: ``[N, n]`` points.
            y: ``[M, n]`` points (may be ``x``).
            mask: ``[N, M]`` booleans, True = leave this pair out (usually the diagonal).

        Returns:
            ``[N, M]``, float32 or wider: ``sqrt(c) d`` (hyperbolic), ``sqrt(c) 2||x - y||``
            (euclidean), ``1 - cos`` in [0, 2] of unit vectors (spherical); masked pairs are 0.
        """
        if self.geometry != "spherical":
            return math.sqrt(self.curvature) * ball.pairwise_dist(x, y, self.ball, mask=mask)
        with torch.autocast(x.device.type, enabled=False):
            dtype = torch.promote_types(x.dtype, torch.float32)
            d = 1 - x.to(dtype) @ y.to(dtype).T
        return d if mask is None else d.masked_fill(mask, 0)
