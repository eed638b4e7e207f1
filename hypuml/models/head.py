"""The embedding head: features -> tangent vector of bounded length -> a point, and its uncertainty.

Convention: curvature ``-c``; a tangent vector ``v`` at the origin lands at hyperbolic distance
``d0 = 2 ||v||`` (``exp0`` of :mod:`hypuml.geometry`). How the length is set stands in
:mod:`hypuml.models.lengths`; it is at most r, so ``d0 <= 2r``, and only ``sqrt(c) * 2r`` matters.

Two kinds of uncertainty:

* ``radial``: ``u = 1 - d0 / (2r) = 1 - length / r``, no parameters, large near the origin. Where
  lengths start at a share of r, u is stretched so that it still spans [0, 1].
* ``predicted``: ``u = sigmoid(w . features + b)``, a readout beside the point.

Three geometries for the point, with the same bounded vector and the same ``u``, so that they can be
compared: ``hyperbolic`` (``exp0(v)``), its ``euclidean`` twin (``v`` itself, distance ``2||v-w||``,
the limit c -> 0) and its ``spherical`` twin (``v / ||v||``, distance ``1 - cos``).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from hypuml.geometry import torch as geometry_torch
from hypuml.geometry.distance import Distance
from hypuml.models.config import ModelConfig
from hypuml.models.lengths import make_length, norm_of


class HeadOutput(NamedTuple):
    """Outputs of the head for a batch.

    Attributes:
        points: ``[B, n]`` points, float32: in the ball of curvature -c (hyperbolic), in the ball of
            radius r (euclidean), on the unit sphere (spherical).
        uncertainty: ``[B]`` uncertainty in [0, 1], differentiable.
        norm: ``[B]`` tangent norm *before* it is bounded (a control for the uncertainty).
        outside: ``[B]``, above 0 for an image unlike anything that the model was fitted on
            (:meth:`hypuml.models.length.Length.outside`), without gradient.
    """

    points: Tensor
    uncertainty: Tensor
    norm: Tensor
    outside: Tensor


class HyperbolicHead(nn.Module):
    """Linear layer, learned scale, bounded length, a point of the geometry, an uncertainty."""

    def __init__(self, config: ModelConfig, in_features: int) -> None:
        """Create the head.

        Args:
            config: architecture of the model.
            in_features: width F of the backbone features.

        Raises:
            ValueError: the length has an unknown name.
        """
        super().__init__()
        self.curvature, self.r = config.curvature, config.radius
        self.geometry = config.geometry
        self.cone = config.cone
        # The shared direction of a cone takes the last coordinate.
        self.linear = nn.Linear(in_features, config.dim - (1 if self.cone else 0))
        # Orthogonal weights and no bias start every direction alike (parent recipe).
        nn.init.orthogonal_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)
        self.log_scale = nn.Parameter(torch.zeros(()))
        self.length = make_length(config, in_features)
        self.predict = _readout(in_features) if config.uncertainty == "predicted" else None

    @property
    def distance(self) -> Distance:
        """Distances of this head's points."""
        return Distance(self.geometry, self.curvature)

    def tangent(self, features: Tensor) -> Tensor:
        """Tangent vectors before their length is set, ``[B, n]`` float32."""
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

    @torch.no_grad()
    def initialise_axes(self, features: Tensor, labels: Tensor, shrinkage: float = 0.5) -> None:
        """Start from the features' own axes, where images of one class differ least.

        Within-class covariance normalisation (Hatch, Kajarekar and Stolcke, Interspeech 2006),
        shrunk towards a ball, then the n principal axes about the mean. Random directions would
        throw away what the features of a trained backbone tell apart.

        Args:
            features: ``[N, F]`` of the fit images.
            labels: ``[N]`` their classes.
            shrinkage: of the within-class covariance, in (0, 1]; 1 leaves the principal axes alone.

        Raises:
            ValueError: the features have too few axes.
        """
        wanted = self.linear.out_features
        if features.shape[1] < wanted:
            raise ValueError(
                f"{features.shape[1]} features have no {wanted} axes to start from; lower --dim, "
                "or choose --head-init random"
            )
        found, place = labels.unique(return_inverse=True)
        sums = features.new_zeros(len(found), features.shape[1]).index_add(0, place, features)
        inner = features - (sums / torch.bincount(place)[:, None])[place]
        values, vectors = torch.linalg.eigh((inner.T @ inner).double() / len(inner))
        shrunk = (1 - shrinkage) * values + shrinkage * values.mean()
        whitening = (vectors / shrunk.sqrt()) @ vectors.T
        white = features.double() @ whitening
        axes = torch.linalg.eigh(torch.cov(white.T))[1][:, -wanted:].flip(1)
        weight = axes.T @ whitening
        self.linear.weight.copy_(weight)
        self.linear.bias.copy_(-weight @ features.double().mean(0))

    def forward(self, features: Tensor) -> HeadOutput:
        """Map features ``[B, F]`` to the outputs of the head."""
        with torch.autocast(features.device.type, enabled=False):
            features = features.float()
            v = self.tangent(features)
            norm = norm_of(v)
            length = self.length(v, features)
            uncertainty = self.uncertainty(features, length)
            outside = self.length.outside(features.detach())
            return HeadOutput(self.point(v, length), uncertainty, norm, outside)

    def uncertainty(self, features: Tensor, length: Tensor) -> Tensor:
        """The u ``[B]`` in [0, 1] of images with features ``[B, F]`` and lengths ``[B]``."""
        if self.predict is None:
            return self.length.uncertainty(length)
        return torch.sigmoid(self.predict(features).squeeze(-1))

    def point(self, tangent: Tensor, length: Tensor) -> Tensor:
        """Points ``[B, n]`` in the direction of vectors ``[B, n or n - 1]`` at lengths ``[B]``."""
        direction = tangent / norm_of(tangent).unsqueeze(-1)
        if self.cone:
            shared = torch.full_like(direction[:, :1], math.sqrt(self.cone))
            direction = torch.cat([direction, shared], 1) / math.sqrt(1 + self.cone)
        if self.geometry == "spherical":
            return direction
        bounded = direction * length.unsqueeze(-1)
        if self.geometry == "euclidean":
            return bounded
        return geometry_torch.expmap0(bounded, self.curvature)


def _readout(in_features: int) -> nn.Linear:
    """One number per image, 1/2 after a sigmoid until something has been learned."""
    layer = nn.Linear(in_features, 1)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
