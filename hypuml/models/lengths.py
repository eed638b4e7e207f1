"""Ways to set the length of a tangent vector, which is how far from the origin an image lies.

A length is a module that is given the vectors before they are bounded and the features that they
were made from, and returns their lengths in (0, r]. It may have parameters and buffers of its own,
which a checkpoint keeps below ``head.length``. A new one is a class and an entry in ``LENGTHS``.

* ``tanh`` (default): ``r tanh(|v| / r)``, smooth everywhere.
* ``clip``: ``min(|v|, r)``, the parent recipe (Hyp-ViT). Clipped vectors share one length and get
  no radial gradient.
* ``norm``: a logistic function of the norm, less what a readout of damage takes away, between a
  smallest length and r: in a hyperbolic space everybody's neighbours lie near the origin, so
  lengths that differ much cost retrieval.

The first two are dead far outside r; a head starts with a median norm of r / 2
(:meth:`hypuml.models.head.HyperbolicHead.initialise_scale`).
"""

from __future__ import annotations

import math
from abc import abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hypuml.models.config import ModelConfig
from hypuml.models.damage import Damage, damage_loss

# Norms of undamaged images differ by about a sixth: to the power of four, lengths differ enough to
# be told apart and too little to decide who is near whom.
_SLOPE = 4.0


def norm_of(tangent: Tensor) -> Tensor:
    """Norms ``[B]`` of vectors ``[B, n]``, with a finite gradient at zero.

    The root of a sum of squares has none; 1e-24 is below any float32 square that matters.
    """
    return (tangent.square().sum(-1) + 1e-24).sqrt()


class Length(nn.Module):
    """What a head asks for the lengths of its vectors.

    Attributes:
        r: the greatest length.
        shortest: the smallest length as a share of r, in [0, 1). The radial uncertainty is
            stretched so that it spans [0, 1] all the same.
        damage: readout of damage that degraded images train, where the length has one.
    """

    damage: Damage | None

    def __init__(self, config: ModelConfig, in_features: int) -> None:
        """Take the bounds.

        Args:
            config: architecture of the model.
            in_features: width F of the features.
        """
        super().__init__()
        self.r = config.radius
        self.shortest = 0.0
        self.damage = None

    @abstractmethod
    def forward(self, tangent: Tensor, features: Tensor) -> Tensor:
        """Lengths ``[B]`` in (0, r] of vectors ``[B, n]`` made of features ``[B, F]``, float32."""

    def auxiliary_loss(self, features: Tensor, levels: Tensor) -> Tensor:
        """What the length learns from beside the metric loss and calibration: telling damage.

        Args:
            features: ``[B, F]`` of a batch.
            levels: ``[D]`` how badly its last D images are damaged, in [0, 1].

        Returns:
            A scalar, 0 where there is nothing to learn or nothing to learn from.
        """
        if self.damage is None or not len(levels):
            return features.new_zeros(())
        return damage_loss(self.damage(features), levels)


class TanhLength(Length):
    """Smooth bounded length ``r tanh(|v| / r)``."""

    def forward(self, tangent: Tensor, features: Tensor) -> Tensor:
        """See :class:`Length`; the features do not matter."""
        return self.r * torch.tanh(norm_of(tangent) / self.r)


class ClipLength(Length):
    """Hard bounded length ``min(|v|, r)``."""

    def forward(self, tangent: Tensor, features: Tensor) -> Tensor:
        """See :class:`Length`; the features do not matter."""
        return norm_of(tangent).clamp(max=self.r)


class NormLength(Length):
    """Length from the vector's own norm, less damage.

    ::

        share = sigmoid(s log(2 |v| / r) + b - softplus(damage(f)))
        length = r (shortest + (1 - shortest) share)

    The norm of ``v`` says how much of an image the head can place: what is like nothing that its
    axes were made for comes out short. Beside the readout of damage only ``s`` > 0 and ``b`` are
    trained, since what a readout with a weight for each feature learns about trained classes does
    not hold for others.

    The norm is a measure of the image here, used without gradient, so that how sure the model is
    does not pull at where the image lies. This is made for features that are given: where the
    backbone learns, ``tanh`` lets the norm learn with it. (With a gradient through this one, a
    network trained from pixels sent seven in ten images to the greatest length.)
    """

    damage: Damage

    def __init__(self, config: ModelConfig, in_features: int) -> None:
        """Call nothing damaged yet; see :class:`Length`."""
        super().__init__(config, in_features)
        self.shortest = config.min_length
        self.log_slope = nn.Parameter(torch.tensor(math.log(_SLOPE)))
        self.bias = nn.Parameter(torch.zeros(()))
        self.damage = Damage(in_features)

    def forward(self, tangent: Tensor, features: Tensor) -> Tensor:
        """See :class:`Length`."""
        # The feature scale starts the median norm at r / 2.
        norm = 2 * norm_of(tangent.detach()) / self.r
        sure = self.log_slope.exp() * norm.log() + self.bias
        share = torch.sigmoid(sure - F.softplus(self.damage(features)))
        return self.r * (self.shortest + (1 - self.shortest) * share)


LENGTHS: dict[str, type[Length]] = {"tanh": TanhLength, "clip": ClipLength, "norm": NormLength}


def make_length(config: ModelConfig, in_features: int) -> Length:
    """The length of a configuration.

    Raises:
        ValueError: its name is unknown; the message lists the known ones.
    """
    if config.length not in LENGTHS:
        raise ValueError(f"unknown length {config.length!r}, expected one of {', '.join(LENGTHS)}")
    return LENGTHS[config.length](config, in_features)
