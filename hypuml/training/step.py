"""One training step's loss: metric learning on the fit images, calibration on the whole batch.

A loss with proxies is the exception: it looks at the directions of points instead of their
distances, and has nothing that calibration could learn from.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from hypuml.losses import (
    PROXY_LOSSES,
    Calibration,
    PerAnchorLoss,
    ProxyAnchorLoss,
    make_loss,
    make_proxy_loss,
)
from hypuml.models.head import HeadOutput, HyperbolicHead
from hypuml.training.config import TrainConfig

# At our learning rates about 0.01, the rate of the paper's proxies (100 times its 1e-4).
_PROXY_SHARE = 5.0


@dataclass(frozen=True)
class StepLoss:
    """What one step reports.

    Attributes:
        total: scalar with gradient.
        metric: mean metric-learning loss of the fit anchors.
        calibration: calibration term, before its weight.
    """

    total: Tensor
    metric: float
    calibration: float


def step_loss(
    out: HeadOutput,
    labels: Tensor,
    fit_count: int,
    head: HyperbolicHead,
    loss: PerAnchorLoss | ProxyAnchorLoss,
    calibration: Calibration,
    weight: float,
    held_only: bool = False,
) -> StepLoss:
    """Loss of a batch whose first ``fit_count`` images are trained on by the metric loss.

    The rest (:mod:`hypuml.training.batches`) is there for the calibration term: for it every image
    is ranked against the whole batch without gradient. Distances are measured in units of
    ``1 / sqrt(c)``, so that a temperature means the same at every curvature.

    Args:
        out: network output for ``B`` images.
        labels: ``[B]`` classes.
        fit_count: number of leading images that the metric loss trains on.
        head: measures the distances.
        loss: one number per anchor, or a loss with proxies.
        calibration: the calibration term.
        weight: of the calibration term; 0 skips it.
        held_only: calibrate on the other images alone (where there are any).

    Raises:
        ValueError: a loss with proxies cannot train this head, or not with calibration.
    """
    points, uncertainty = out.points, out.uncertainty
    fit_points, fit_labels = points[:fit_count], labels[:fit_count]
    if isinstance(loss, ProxyAnchorLoss):
        check_proxies(head.geometry, weight)
        losses, valid = loss(fit_points, fit_labels)
    else:
        eye = torch.eye(fit_count, dtype=torch.bool, device=labels.device)
        distances = head.pairwise_dist(fit_points, fit_points, mask=eye)
        losses, valid = loss(distances, fit_labels, uncertainty[:fit_count])
    metric = (losses * valid).sum() / valid.sum().clamp(min=1)
    if weight == 0:
        return StepLoss(metric, metric.item(), 0.0)
    with torch.no_grad():
        eye = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
        every = head.pairwise_dist(points, points, mask=eye)
        target, chosen = loss(every, labels, uncertainty)
        if held_only and fit_count < len(labels):
            chosen[:fit_count] = False
    term = calibration(target[chosen], uncertainty[chosen])
    return StepLoss(metric + weight * term, metric.item(), term.item())


def check_loss(config: TrainConfig) -> None:
    """Refuse a loss that a run cannot have, before anything is read.

    Raises:
        ValueError: its name is unknown, its package is missing, or it does not go with the geometry
            or the calibration term.
    """
    if config.loss not in PROXY_LOSSES:
        make_loss(config.loss, config.loss_config)
        return
    check_proxies(config.model.geometry, config.calibration)
    make_proxy_loss(config.loss, config.loss_config, torch.arange(2), config.model.dim)


def check_proxies(geometry: str, weight: float) -> None:
    """Refuse what a loss with proxies cannot do.

    Args:
        geometry: of the head.
        weight: of the calibration term.

    Raises:
        ValueError: the geometry is not spherical, or there is a calibration term.
    """
    if geometry != "spherical":
        raise ValueError(
            "a loss with proxies compares directions alone, so it needs the spherical geometry, "
            f"got {geometry}; add --geometry spherical"
        )
    if weight > 0:
        raise ValueError(
            "a loss with proxies is one number per batch, from which no image's uncertainty can "
            f"learn, so calibration must be 0, got {weight}; add --calibration 0"
        )


def start_loss(
    config: TrainConfig, labels: Tensor, optimizer: torch.optim.Optimizer
) -> PerAnchorLoss | ProxyAnchorLoss:
    """The loss of a run; proxies are handed to the optimiser, undecayed and fast.

    Args:
        config: of the run.
        labels: ``[N]`` classes of the fit images, on the device of the run.
        optimizer: of the network.
    """
    if config.loss not in PROXY_LOSSES:
        return make_loss(config.loss, config.loss_config)
    loss = make_proxy_loss(config.loss, config.loss_config, labels, config.model.dim)
    optimizer.add_param_group(
        {"params": list(loss.parameters()), "weight_decay": 0.0, "share": _PROXY_SHARE}
    )
    return loss
