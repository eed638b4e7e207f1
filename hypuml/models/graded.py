"""Length from a readout of an image's own loss, less what a readout of damage takes away.

::

    length / r = sigmoid(w . f + b - softplus(damage))

``w, b`` are trained by the calibration term alone, ``damage`` by telling degraded images from the
rest. "polar" heads have the first readout only, and must learn damage from the losses of a few
degraded images in each batch.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# A readout of zero takes ln(1 + e^-2) = 0.13 away: little, and with enough slope to learn from.
UNDAMAGED = -2.0


class Graded(nn.Module):
    """Share of the greatest length, for features of images."""

    def __init__(self, in_features: int) -> None:
        """Judge all images alike.

        Args:
            in_features: width F of the features.
        """
        super().__init__()
        self.own = nn.Linear(in_features, 1)
        nn.init.zeros_(self.own.weight)
        nn.init.ones_(self.own.bias)
        self.damage = damage_readout(in_features)

    def forward(self, features: Tensor) -> Tensor:
        """Length of each image ``[B]`` in (0, 1) as a share of the greatest."""
        own = self.own(features).squeeze(-1)
        return torch.sigmoid(own - F.softplus(self.damaged(features)))

    def damaged(self, features: Tensor) -> Tensor:
        """Logit ``[B]`` of an image being degraded."""
        found: Tensor = self.damage(features).squeeze(-1)
        return found


def damage_readout(in_features: int) -> nn.Linear:
    """A linear readout that calls nothing damaged yet."""
    readout = nn.Linear(in_features, 1)
    nn.init.zeros_(readout.weight)
    nn.init.constant_(readout.bias, UNDAMAGED)
    return readout


def damage_loss(logits: Tensor, degraded: int) -> Tensor:
    """Cross-entropy of telling the last ``degraded`` of a batch from the rest, equal weight each.

    Args:
        logits: ``[B]`` of a ``damaged`` method.
        degraded: how many images at the end are degraded, 1 to B - 1.
    """
    whole, broken = logits[:-degraded], logits[-degraded:]
    return (F.softplus(whole).mean() + F.softplus(-broken).mean()) / 2
