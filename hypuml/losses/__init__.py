"""Losses by name.

Those of ``LOSSES`` give one number per anchor, so that calibration can learn from it. Those of
``PROXY_LOSSES`` have weights of their own, which are made for the classes of one training run.
"""

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
from hypuml.losses.proxies import ProxyAnchorLoss

__all__ = [
    "LOSSES",
    "PROXY_LOSSES",
    "Calibration",
    "LossConfig",
    "PerAnchorLoss",
    "ProxyAnchorLoss",
    "make_loss",
    "make_proxy_loss",
]


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
PROXY_LOSSES: dict[str, Callable[[LossConfig, Tensor, int], ProxyAnchorLoss]] = {
    "proxy-anchor": ProxyAnchorLoss,
}


def make_loss(name: str, config: LossConfig) -> PerAnchorLoss:
    """Build a loss of distances.

    Raises:
        ValueError: an unknown name (the message lists the known ones), or one of ``PROXY_LOSSES``.
    """
    if name in PROXY_LOSSES:
        raise ValueError(
            f"the loss {name!r} learns proxies of the training classes, so only a training run can "
            f"build it; here expected one of {', '.join(LOSSES)}"
        )
    if name not in LOSSES:
        known = ", ".join([*LOSSES, *PROXY_LOSSES])
        raise ValueError(f"unknown loss {name!r}, expected one of {known}")
    return LOSSES[name](config)


def make_proxy_loss(name: str, config: LossConfig, classes: Tensor, dim: int) -> ProxyAnchorLoss:
    """Build one of ``PROXY_LOSSES`` for class numbers ``classes`` ``[C]`` and points in n = dim."""
    return PROXY_LOSSES[name](config, classes, dim)
