"""One training step's loss: metric learning on the fit images, calibration on the whole batch."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from hypuml.losses import Calibration, PerAnchorLoss
from hypuml.models.head import HeadOutput, HyperbolicHead


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
    loss: PerAnchorLoss,
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
        loss: one number per anchor.
        calibration: the calibration term.
        weight: of the calibration term; 0 skips it.
        held_only: calibrate on the other images alone (where there are any).
    """
    points, uncertainty = out.points, out.uncertainty
    fit_points, fit_labels = points[:fit_count], labels[:fit_count]
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
