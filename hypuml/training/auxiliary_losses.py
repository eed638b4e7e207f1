"""What parts of a head learn from beside the metric loss and the calibration term."""

from __future__ import annotations

from torch import Tensor

from hypuml.models.damage import damage_loss
from hypuml.models.head import HyperbolicHead


def auxiliary_loss(head: HyperbolicHead, features: Tensor, levels: Tensor) -> Tensor:
    """Teach the head's length to tell damage; 0 where it has no readout of it.

    Args:
        head: of the model being trained.
        features: ``[B, F]`` of the batch.
        levels: ``[D]`` how badly the last D images are damaged, in [0, 1].
    """
    readout = head.length.damage
    if readout is None or not len(levels):
        return features.new_zeros(())
    return damage_loss(readout(features), levels)
