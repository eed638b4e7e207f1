"""The embedding head: features -> tangent vector of bounded length -> a point, and its uncertainty.

Convention: curvature ``-c``; a tangent vector ``v`` at the origin lands at hyperbolic distance
``d0 = 2 ||v||`` (``exp0`` of :mod:`hypuml.geometry`). The head bounds ``||v|| < r``, so
``d0 < 2r``.

Six ways to set the length, after which only ``sqrt(c) * 2r`` matters:

* ``clip``: ``v * min(1, r / ||v||)``, the parent recipe (Hyp-ViT). Clipped vectors share one radius
  and get no radial gradient.
* ``tanh`` (default): ``v * r * tanh(||v|| / r) / ||v||``, smooth everywhere.
* ``polar``: ``r * sigmoid(w . features + b) * v / ||v||``. Direction and length have weights of
  their own, so that how sure the model is need not follow from how long the vector came out.
* ``graded``: like ``polar``, with a second readout that learns how bad damage is
  (:mod:`hypuml.models.graded`), between a smallest share of ``r`` and ``r``: in a hyperbolic space
  everybody's neighbours lie near the origin, so radii that differ much cost retrieval.
* ``damped``: the norm sets the length as in ``tanh``, less what a readout of damage takes away
  (:mod:`hypuml.models.damped`), between the same bounds as ``graded``.
* ``familiar``: like ``graded``, and how near the image comes to any class known from training
  counts too (:mod:`hypuml.models.familiarity`).

The first two are dead far outside ``r``, so a learned feature scale is initialised on one batch
such that the median ``||v||`` is ``r / 2``.

Two kinds of uncertainty:

* ``radial``: ``u = 1 - d0 / (2r) = 1 - length / r``, no parameters: near the origin = unsure. Where
  lengths start at a share ``inner`` of r, u is stretched so that it still spans [0, 1].
* ``predicted``: ``u = sigmoid(w . features + b)``, a readout beside the point.

Three geometries for the point, with the same bounded vector and the same ``u``, so that they can be
compared: ``hyperbolic`` (``exp0(v)``), its ``euclidean`` twin (``v`` itself, distance ``2||v-w||``,
the limit c -> 0) and its ``spherical`` twin (``v / ||v||``, distance ``1 - cos``).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from hypuml.geometry import torch as geometry_torch
from hypuml.geometry.distance import Distance
from hypuml.models.damped import Damped
from hypuml.models.familiarity import Familiarity
from hypuml.models.graded import Graded


class HeadOutput(NamedTuple):
    """What the head says about a batch.

    Attributes:
        points: ``[B, n]`` points, float32: in the ball of curvature -c (hyperbolic), in the ball of
            radius r (euclidean), on the unit sphere (spherical).
        uncertainty: ``[B]`` uncertainty in [0, 1], differentiable.
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


# The last four are no functions of the norm alone; the head evaluates them from the features.
SQUASHES: dict[str, Callable[[Tensor, float], Tensor] | None] = {
    "tanh": squash_tanh,
    "clip": squash_clip,
    "polar": None,
    "graded": None,
    "damped": None,
    "familiar": None,
}

# Those whose lengths start at the share ``inner`` of the greatest.
BETWEEN = ("graded", "damped", "familiar")


class HyperbolicHead(nn.Module):
    """Linear layer, learned scale, bounded length, a point of the geometry, an uncertainty."""

    def __init__(
        self,
        in_features: int,
        dim: int,
        curvature: float,
        diameter: float,
        squash: str = "tanh",
        uncertainty: str = "radial",
        geometry: str = "hyperbolic",
        known_classes: int = 0,
        inner: float = 0.0,
    ) -> None:
        """Create the head.

        Args:
            in_features: width F of the backbone features.
            dim: dimension n of the ball.
            curvature: c > 0 of curvature -c.
            diameter: ``sqrt(c) * 2r``, the largest scaled distance from the origin.
            squash: a key of ``SQUASHES``.
            uncertainty: one of ``config.UNCERTAINTIES``.
            geometry: one of ``config.GEOMETRIES``.
            known_classes: number of training classes that "familiar" has room for.
            inner: smallest length of "graded", "damped" and "familiar" as a share of the greatest,
                in [0, 1).
        """
        super().__init__()
        self.curvature = curvature
        self.r = diameter / (2 * math.sqrt(curvature))
        self.squash = SQUASHES[squash]
        self.geometry = geometry
        self.inner = inner if squash in BETWEEN else 0.0
        self.linear = nn.Linear(in_features, dim)
        # Orthogonal weights and no bias start every direction alike (parent recipe).
        nn.init.orthogonal_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)
        self.log_scale = nn.Parameter(torch.zeros(()))
        self.length = _readout(in_features) if squash == "polar" else None
        self.graded = Graded(in_features) if squash == "graded" else None
        self.damped = Damped(in_features) if squash == "damped" else None
        self.familiarity = (
            Familiarity(in_features, dim, known_classes) if squash == "familiar" else None
        )
        self.predict = _readout(in_features) if uncertainty == "predicted" else None

    @property
    def distance(self) -> Distance:
        """Distances of this head's points."""
        return Distance(self.geometry, self.curvature)

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

    @torch.no_grad()
    def initialise_axes(self, features: Tensor, labels: Tensor) -> None:
        """Start from the features' own axes, where images of one class differ least.

        Within-class covariance normalisation (Hatch, Kajarekar and Stolcke, Interspeech 2006), half
        shrunk towards a ball, then the n principal axes. For backbones that are not trained:
        random directions would throw away what their features tell apart.

        Args:
            features: ``[N, F]`` of the fit images.
            labels: ``[N]`` their classes.
        """
        found, place = labels.unique(return_inverse=True)
        sums = features.new_zeros(len(found), features.shape[1]).index_add(0, place, features)
        inner = features - (sums / torch.bincount(place)[:, None])[place]
        values, vectors = torch.linalg.eigh((inner.T @ inner).double() / len(inner))
        whitening = (vectors / (values + values.mean()).sqrt()) @ vectors.T
        white = features.double() @ whitening
        axes = torch.linalg.eigh(torch.cov(white.T))[1][:, -self.linear.out_features :].flip(1)
        self.linear.weight.copy_(axes.T @ whitening)
        self.linear.bias.zero_()

    def forward(self, features: Tensor, labels: Tensor | None = None) -> HeadOutput:
        """Map features to points, uncertainty and the norm before the squash.

        Args:
            features: ``[B, F]``.
            labels: ``[B]`` training classes while the head is being trained; "familiar" judges each
                image as if its own class were not known.
        """
        with torch.autocast(features.device.type, enabled=False):
            features = features.float()
            v = self.tangent(features)
            # The root of a sum of squares has no gradient at zero; 1e-24 is below any float32
            # square that matters and keeps it finite.
            norm = (v.square().sum(-1) + 1e-24).sqrt()
            if self.squash is not None:
                length = self.squash(norm, self.r)
            elif self.familiarity is not None:
                length = self._between(self.familiarity(v.detach(), features, labels))
            elif self.graded is not None:
                length = self._between(self.graded(features))
            elif self.damped is not None:
                # The feature scale starts the median norm at r / 2.
                length = self._between(self.damped(2 * norm / self.r, features))
            else:
                assert self.length is not None
                length = self.r * torch.sigmoid(self.length(features).squeeze(-1))
            direction = v / norm.unsqueeze(-1)
            if self.predict is not None:
                uncertainty = torch.sigmoid(self.predict(features).squeeze(-1))
            else:
                # tanh may round to 1 in float32, never beyond: the clamp only removes a -0.0.
                uncertainty = ((1 - length / self.r) / (1 - self.inner)).clamp(min=0, max=1)
            return HeadOutput(self._point(direction, length), uncertainty, norm)

    def _between(self, share: Tensor) -> Tensor:
        """Lengths from the smallest to the greatest for shares in [0, 1]."""
        return self.r * (self.inner + (1 - self.inner) * share)

    def _point(self, direction: Tensor, length: Tensor) -> Tensor:
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
