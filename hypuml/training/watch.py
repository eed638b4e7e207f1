"""What a run writes down at every validation."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from hypuml import geometry, metrics
from hypuml.models.hypuml import HypUML
from hypuml.training.after import own_losses
from hypuml.training.config import TrainConfig
from hypuml.training.data import TrainingData
from hypuml.training.features import FeatureSource
from hypuml.training.validate import validation_figures
from hypuml.types import FloatArray, IntArray

_MOST = 1024
# From this share of the greatest length on a vector counts as clipped.
_CLIPPED = 0.999


@torch.no_grad()
def figures(
    model: HypUML, data: TrainingData, source: FeatureSource, config: TrainConfig
) -> dict[str, Any]:
    """Figures of a model in training.

    Returns:
        Those of :func:`hypuml.training.validate.validation_figures`, ``clipped`` (share of the
        validation images at the greatest length) and ``calibration_validation``; without validation
        classes none of them. ``calibration_fit`` always. The two are the rank correlation of u with
        an image's own loss: does u know it, on classes trained on and on new ones.
    """
    model.eval()
    rows = data.batches.fit_rows
    rng = np.random.default_rng([config.seed, 0xF17])
    rows = np.sort(rng.permutation(rows)[:_MOST])
    labels = data.train.labels[rows]
    found: dict[str, Any] = {
        "calibration_fit": _knows(model, source.plain(model, rows), labels, config)[0]
    }
    features = source.validation(model)
    if features is None or data.validation is None:
        return found
    held = data.validation
    rank, points, u = _knows(model, features, held.labels, config)
    c = model.curvature
    radius = np.sqrt(c) * geometry.dist0(points, c)
    clipped = float((radius >= _CLIPPED * model.config.max_distance).mean())
    return found | {
        **validation_figures(points, u, held.paths, c),
        "clipped": clipped if model.config.geometry == "hyperbolic" else None,
        "calibration_validation": rank,
    }


def _knows(
    model: HypUML,
    features: Tensor,
    labels: IntArray,
    config: TrainConfig,
) -> tuple[float | None, FloatArray, FloatArray]:
    """Rank correlation of u with the own loss; points ``[N, n]`` and u ``[N]``."""
    out = model.head(features)
    points, u = out.points.cpu().numpy(), out.uncertainty.cpu().numpy()
    ids = np.unique(labels, return_inverse=True)[1]
    rng = np.random.default_rng([config.seed, 0xF18])
    losses, valid = own_losses(model, points, u, ids, config, rng)
    return metrics.spearman(u[valid], losses[valid]), points, u
