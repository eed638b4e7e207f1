"""A readout of how badly an image has been degraded, for lengths to take away from."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# Damage of an image as it is, and at the highest level. Undamaged, ln(1 + e^-2) = 0.13 is
# taken away: little, and with enough slope to learn from.
UNDAMAGED, WORST = -2.0, 4.0
_HIDDEN = 64


class Damage(nn.Module):
    """How badly an image is damaged, read from its features; small, and not linear.

    What blurs lies on the other side of what is noisy, so that no one direction shows both.
    """

    def __init__(self, in_features: int) -> None:
        """Call nothing damaged yet.

        Args:
            in_features: width F of the features.
        """
        super().__init__()
        self.hidden = nn.Linear(in_features, _HIDDEN)
        self.out = nn.Linear(_HIDDEN, 1)
        nn.init.zeros_(self.out.weight)
        nn.init.constant_(self.out.bias, UNDAMAGED)

    @torch.no_grad()
    def restart(self, noise: torch.Generator) -> None:
        """Forget all that was learned; ``noise``, on the CPU, draws where learning starts."""
        bound = self.hidden.in_features**-0.5
        for part in (self.hidden.weight, self.hidden.bias):
            part.copy_(torch.empty(part.shape).uniform_(-bound, bound, generator=noise))
        nn.init.zeros_(self.out.weight)
        nn.init.constant_(self.out.bias, UNDAMAGED)

    def forward(self, features: Tensor) -> Tensor:
        """Damage ``[B]`` of features ``[B, F]``, from about ``UNDAMAGED`` to ``WORST``."""
        found: Tensor = self.out(F.gelu(self.hidden(features))).squeeze(-1)
        return found


def damage_loss(damage: Tensor, levels: Tensor) -> Tensor:
    """SmoothL1 of the damage that is read from images; damaged and whole weigh the same.

    Args:
        damage: ``[B]`` of :class:`Damage`; the last images of the batch are the damaged ones.
        levels: ``[D]`` their levels in [0, 1], 0 < D < B.
    """
    whole, broken = damage[: -len(levels)], damage[-len(levels) :]
    wanted = UNDAMAGED + (WORST - UNDAMAGED) * levels
    undamaged = F.smooth_l1_loss(whole, whole.new_full((), UNDAMAGED).expand_as(whole))
    return (undamaged + F.smooth_l1_loss(broken, wanted)) / 2
