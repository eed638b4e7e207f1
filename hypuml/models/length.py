"""What every length of :mod:`hypuml.models.lengths` is: a module that bounds tangent vectors."""

from __future__ import annotations

from abc import abstractmethod

from torch import Tensor, nn

from hypuml.models.config import ModelConfig
from hypuml.models.damage import Damage, damage_loss
from hypuml.types import NEVER_OUTSIDE


def norm_of(tangent: Tensor) -> Tensor:
    """Norms ``[B]`` of vectors ``[B, n]``, with a finite gradient at zero.

    The root of a sum of squares has none; 1e-24 is below any float32 square that matters.
    """
    return (tangent.square().sum(-1) + 1e-24).sqrt()


class Length(nn.Module):
    """How a head sets the lengths of its vectors.

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

    def uncertainty(self, length: Tensor) -> Tensor:
        """The radial uncertainty ``[B]`` in [0, 1] of lengths ``[B]``: short = uncertain."""
        share = (1 - length / self.r) / (1 - self.shortest)
        # tanh may round to 1 in float32, never beyond: the clamp only removes a -0.0.
        return share.clamp(min=0, max=1)

    def outside(self, features: Tensor) -> Tensor:
        """How far ``[B]`` images lie beyond all that the model was fitted on.

        Args:
            features: ``[B, F]``.

        Returns:
            Above 0 for an image that is outside. Most lengths cannot tell: then
            ``hypuml.types.NEVER_OUTSIDE``, -1, for every image.
        """
        return features.new_full(features.shape[:1], NEVER_OUTSIDE)

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
