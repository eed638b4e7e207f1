"""Length from the vector's own norm, damped by how badly the image is damaged.

::

    length / r = sigmoid(s log(2 |v| / r) + b - softplus(damage(f)))

The norm of ``v`` says how much of an image the head can place: what is like nothing that its axes
were made for comes out short. Beside the readout of damage (:mod:`hypuml.models.graded`) only
``s`` > 0 and ``b`` are trained, since what a readout with a weight for each feature learns about
trained classes does not hold for others.

The norm is a measure of the image here, used without gradient, so that how sure the model is does
not pull at where the image lies. This is made for features that are given: where the backbone
learns, ``tanh`` lets the norm learn with it. (With a gradient through this one, a network trained
from pixels sent seven in ten images to the greatest length.)
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hypuml.models.graded import Damage

# Norms of undamaged images differ by about a sixth: to the power of four, lengths differ enough to
# be told apart and too little to decide who is near whom.
_SLOPE = 4.0


class Damped(nn.Module):
    """Share of the greatest length, for tangent norms and features of images."""

    def __init__(self, in_features: int) -> None:
        """Call nothing damaged yet.

        Args:
            in_features: width F of the features.
        """
        super().__init__()
        self.log_slope = nn.Parameter(torch.tensor(math.log(_SLOPE)))
        self.bias = nn.Parameter(torch.zeros(()))
        self.damage = Damage(in_features)

    def forward(self, norm: Tensor, features: Tensor) -> Tensor:
        """Length of each image ``[B]`` in (0, 1) as a share of the greatest.

        Args:
            norm: ``[B]`` tangent norm over its usual value.
            features: ``[B, F]``.
        """
        sure = self.log_slope.exp() * norm.detach().log() + self.bias
        return torch.sigmoid(sure - F.softplus(self.damage(features)))
