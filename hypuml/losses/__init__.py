"""Losses by name. Each gives one number per anchor, so that calibration can learn from it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from torch import Tensor

from hypuml.losses.baselines import FixedMarginLoss
from hypuml.losses.calibration import Calibration
from hypuml.losses.config import LossConfig
from hypuml.losses.contrastive import ContrastiveLoss
from hypuml.losses.margin import MarginLoss

__all__ = ["LOSSES", "Calibration", "LossConfig", "PerAnchorLoss", "make_loss"]


class PerAnchorLoss(Protocol):
    """Maps distances ``[B, B]``, labels ``[B]``, u ``[B]`` to losses ``[B]``, valid ``[B]``.

    Distances are in units of ``sqrt(c) d`` (see :class:`LossConfig`), u is in [0, 1] and used
    without gradient. The loss is 0 where ``valid`` is False.
    """

    def __call__(
        self, distances: Tensor, labels: Tensor, uncertainty: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Evaluate the loss."""
        ...


LOSSES: dict[str, Callable[[LossConfig], PerAnchorLoss]] = {
    "contrastive": ContrastiveLoss,
    "margin": MarginLoss,
    "margin-reversed": partial(MarginLoss, reverse=True),
    "parent": partial(ContrastiveLoss, use_uncertainty=False),
    "fixed-margin": FixedMarginLoss,
}


def make_loss(name: str, config: LossConfig) -> PerAnchorLoss:
    """Build a loss; raises ``ValueError`` listing the known names for an unknown one."""
    if name not in LOSSES:
        raise ValueError(f"unknown loss {name!r}, expected one of {', '.join(LOSSES)}")
    return LOSSES[name](config)
