"""Losses by name. Each gives one number per anchor, so that calibration can learn from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from torch import Tensor

from hypuml.losses.calibration import Calibration
from hypuml.losses.contrastive import ContrastiveLoss

__all__ = ["LOSSES", "Calibration", "ContrastiveLoss", "PerAnchorLoss", "make_loss"]


class PerAnchorLoss(Protocol):
    """Maps distances ``[B, B]``, labels ``[B]``, u ``[B]`` to losses ``[B]``, valid ``[B]``."""

    def __call__(
        self, distances: Tensor, labels: Tensor, uncertainty: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Evaluate the loss."""
        ...


LOSSES: dict[str, Callable[[float], PerAnchorLoss]] = {"contrastive": ContrastiveLoss}


def make_loss(name: str, temperature: float) -> PerAnchorLoss:
    """Build a loss; raises ``ValueError`` listing the known names for an unknown one."""
    if name not in LOSSES:
        raise ValueError(f"unknown loss {name!r}, expected one of {', '.join(LOSSES)}")
    return LOSSES[name](temperature)
