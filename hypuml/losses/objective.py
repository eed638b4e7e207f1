"""What a step minimises: metric learning on the fit images, calibration on the whole batch."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hypuml.losses.base import MetricLoss
from hypuml.losses.calibration import Calibration


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


class Objective(nn.Module):
    """The metric-learning loss and the calibration term of a run, with what changes in them.

    Attributes:
        loss: the metric-learning loss.
        calibration: the calibration term.
        weight: of the calibration term; 0 skips it.
        held_only: calibrate on the images outside the metric loss alone (where there are any).
    """

    def __init__(self, loss: MetricLoss, weight: float, held_only: bool = False) -> None:
        """Start without running percentiles; raises ``ValueError`` where loss and term disagree."""
        super().__init__()
        _check(loss, weight)
        self.loss, self.calibration = loss, Calibration()
        self.weight, self.held_only = weight, held_only

    def forward(
        self, points: Tensor, uncertainty: Tensor, labels: Tensor, fit_count: int
    ) -> StepLoss:
        """Loss of a batch whose first ``fit_count`` images are trained on by the metric loss.

        The rest (:mod:`hypuml.data.batches`) is there for the calibration term: for it every
        image is ranked against the whole batch without gradient.

        Args:
            points: ``[B, n]`` points of the geometry.
            uncertainty: ``[B]`` values in [0, 1], with gradient.
            labels: ``[B]`` classes.
            fit_count: number of leading images that the metric loss trains on.
        """
        metric = self.loss(points[:fit_count], labels[:fit_count], uncertainty[:fit_count])
        if self.weight == 0:
            return StepLoss(metric, metric.item(), 0.0)
        with torch.no_grad():
            target, chosen = self.loss.per_anchor(points, labels, uncertainty)
            if self.held_only and fit_count < len(labels):
                chosen = chosen.clone()
                chosen[:fit_count] = False
        term = self.calibration(target[chosen], uncertainty[chosen])
        return StepLoss(metric + self.weight * term, metric.item(), term.item())


def _check(loss: MetricLoss, weight: float) -> None:
    """Refuse a geometry that the loss is not for, and a calibration term that cannot learn."""
    geometry = loss.distance.geometry
    if loss.geometry not in (None, geometry):
        raise ValueError(
            f"a loss with proxies compares directions alone, so it needs the {loss.geometry} "
            f"geometry, got {geometry}; add --geometry {loss.geometry}"
        )
    if weight > 0 and not loss.per_image:
        raise ValueError(
            "a loss with proxies is one number per batch, from which no image's uncertainty can "
            f"learn, so calibration must be 0, got {weight}; add --calibration 0"
        )
