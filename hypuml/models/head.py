"""The embedding head: features -> tangent vector of bounded length -> Poincaré ball.

Convention: curvature ``-c``; a tangent vector ``v`` at the origin lands at hyperbolic distance
``d0 = 2 ||v||`` (``exp0`` of :mod:`hypuml.geometry`). The head bounds ``||v|| < r``, so ``d0 < 2r``
and the *radial uncertainty* ``u = 1 - d0 / (2r) = 1 - ||v|| / r`` needs no parameters: near the
origin means uncertain.

Two ways to bound the length, after which only ``sqrt(c) * 2r`` matters:

* ``clip``: ``v * min(1, r / ||v||)``, the parent recipe (Hyp-ViT). Clipped vectors share one radius
  and get no radial gradient.
* ``tanh`` (default): ``v * r * tanh(||v|| / r) / ||v||``, smooth everywhere.

Both are dead far outside ``r``, so a learned feature scale is initialised on one batch such that
the median ``||v||`` is ``r / 2``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from hypuml import geometry_torch


class HeadOutput(NamedTuple):
    """What the head says about a batch.

    Attributes:
        points: ``[B, n]`` points in the ball, float32.
        uncertainty: ``[B]`` radial uncertainty in [0, 1], differentiable.
        norm: ``[B]`` tangent norm *before* the squash (a control for the uncertainty).
    """

    points: Tensor
    uncertainty: Tensor
    norm: Tensor


def squash_tanh(norm: Tensor, r: float) -> Tensor:
    """Smooth bounded length ``r * tanh(norm / r)`` for ``norm`` ``[B]`` >= 0."""
    return r * torch.tanh(norm / r)


def squash_clip(norm: Tensor, r: float) -> Tensor:
    """Hard bounded length ``min(norm, r)`` for ``norm`` ``[B]`` >= 0 (parent recipe)."""
    return norm.clamp(max=r)


SQUASHES: dict[str, Callable[[Tensor, float], Tensor]] = {
    "tanh": squash_tanh,
    "clip": squash_clip,
}


class HyperbolicHead(nn.Module):
    """Linear layer, learned scale, squash, exponential map at the origin."""

    def __init__(
        self, in_features: int, dim: int, curvature: float, diameter: float, squash: str = "tanh"
    ) -> None:
        """Create the head.

        Args:
            in_features: width F of the backbone features.
            dim: dimension n of the ball.
            curvature: c > 0 of curvature -c.
            diameter: ``sqrt(c) * 2r``, the largest scaled distance from the origin.
            squash: a key of ``SQUASHES``.
        """
        super().__init__()
        self.curvature = curvature
        self.r = diameter / (2 * math.sqrt(curvature))
        self.squash = SQUASHES[squash]
        self.linear = nn.Linear(in_features, dim)
        # Orthogonal weights and no bias start every direction alike (parent recipe).
        nn.init.orthogonal_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)
        self.log_scale = nn.Parameter(torch.zeros(()))

    def tangent(self, features: Tensor) -> Tensor:
        """Tangent vectors before the squash, ``[B, n]`` float32."""
        with torch.autocast(features.device.type, enabled=False):
            return self.linear(features.float()) * self.log_scale.exp()

    @torch.no_grad()
    def initialise_scale(self, features: Tensor) -> None:
        """Set the feature scale so that the median tangent norm of this batch is ``r / 2``.

        Args:
            features: ``[B, F]`` backbone features of a typical batch.

        Raises:
            ValueError: the features are zero or not finite, so that no scale exists.
        """
        median = self.tangent(features).norm(dim=-1).median()
        if not torch.isfinite(median) or median <= 0:
            raise ValueError("backbone features are zero or not finite; cannot set the head scale")
        self.log_scale.add_(math.log(self.r / 2) - median.log())

    def forward(self, features: Tensor) -> HeadOutput:
        """Map features ``[B, F]`` to points, uncertainty and the norm before the squash."""
        v = self.tangent(features)
        # The root of a sum of squares has no gradient at zero; 1e-24 is below any float32 square
        # that matters and keeps it finite.
        norm = (v.square().sum(-1) + 1e-24).sqrt()
        length = self.squash(norm, self.r)
        points = geometry_torch.expmap0(v * (length / norm).unsqueeze(-1), self.curvature)
        # tanh may round to 1 in float32, never beyond: the clamp only removes a -0.0.
        uncertainty = (1 - length / self.r).clamp(min=0)
        return HeadOutput(points, uncertainty, norm)
