"""Metric-learning losses by name, and the calibration term; see :mod:`hypuml.losses.base`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from hypuml.geometry.distance import Distance
from hypuml.losses.base import LossOptions, MetricLoss, RunFacts
from hypuml.losses.baselines import FixedMarginLoss
from hypuml.losses.calibration import Calibration
from hypuml.losses.contrastive import ContrastiveConfig, ContrastiveLoss, HypViTLoss
from hypuml.losses.margin import MarginConfig, MarginLoss, MarginReversedLoss
from hypuml.losses.objective import Objective, StepLoss
from hypuml.losses.proxies import ProxyAnchorConfig, ProxyAnchorLoss

__all__ = [
    "LOSSES",
    "Calibration",
    "ContrastiveLoss",
    "Distance",
    "FixedMarginLoss",
    "HypViTLoss",
    "LossConfig",
    "LossName",
    "LossOptions",
    "MarginLoss",
    "MarginReversedLoss",
    "MetricLoss",
    "Objective",
    "ProxyAnchorLoss",
    "RunFacts",
    "StepLoss",
    "loss_class",
    "make_loss",
]

LOSSES: dict[str, type[MetricLoss]] = {
    "contrastive": ContrastiveLoss,
    "margin": MarginLoss,
    "margin-reversed": MarginReversedLoss,
    "hyp-vit": HypViTLoss,
    "fixed-margin": FixedMarginLoss,
    "proxy-anchor": ProxyAnchorLoss,
}
if TYPE_CHECKING:
    LossName = str
else:
    LossName = Literal[tuple(LOSSES)]
# What losses were once called.
RENAMED = {"parent": "hyp-vit"}


@dataclass(frozen=True)
class LossConfig(ContrastiveConfig, MarginConfig, ProxyAnchorConfig):
    """Options of all losses, those of one name shared; a loss reads the ones that it has."""


def loss_class(name: str) -> type[MetricLoss]:
    """Look a loss up.

    Raises:
        ValueError: an unknown name (the message lists the known ones), or an old one.
    """
    if name in RENAMED:
        raise ValueError(f"the loss {name!r} is called {RENAMED[name]!r} now")
    if name not in LOSSES:
        raise ValueError(f"unknown loss {name!r}, expected one of {', '.join(LOSSES)}")
    return LOSSES[name]


def make_loss(
    name: str,
    options: LossOptions | None = None,
    distance: Distance | None = None,
    run: RunFacts | None = None,
) -> MetricLoss:
    """Build a loss by name.

    Args:
        name: a key of ``LOSSES``.
        options: such as :class:`LossConfig`; the defaults of all losses unless given.
        distance: of the points; hyperbolic at curvature -1 unless given.
        run: facts of the run, for a loss with weights of its own.

    Raises:
        ValueError: an unknown name, a package that is missing, or no ``run`` where one is needed.
    """
    make = loss_class(name).for_run
    return make(options or LossConfig(), distance or Distance(), run)
