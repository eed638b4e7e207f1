"""What a run measures at every validation: neighbours by brute force, no FAISS, any device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hypuml import geometry, metrics
from hypuml.geometry.distance import Distance
from hypuml.losses import HypViTLoss, MetricLoss, loss_class, make_loss
from hypuml.models.hypuml import HypUML
from hypuml.taxonomy import Taxonomy, class_ids
from hypuml.training.config import TrainConfig
from hypuml.training.data import TrainingData
from hypuml.training.features import FeatureSource
from hypuml.types import FloatArray, IntArray, TaxonomyPath

_MOST = 1024
# From this share of the greatest length on a vector counts as clipped.
_CLIPPED = 0.999
# A loss is taken against this many images at a time, like a batch.
_CHUNK = 512
# Of the loss that stands in for one without a number for each image.
_TEMPERATURE = 0.1


@torch.no_grad()
def model_metrics(
    model: HypUML, data: TrainingData, source: FeatureSource, config: TrainConfig
) -> dict[str, Any]:
    """Metrics of a model in training.

    Returns:
        Those of :func:`retrieval_metrics`, ``clipped`` (share of the
        validation images at the greatest length) and ``calibration_validation``; without validation
        classes none of them. ``calibration_fit`` always. The two are the rank correlation of u with
        an image's own loss, on classes trained on and on new ones.
    """
    model.eval()
    rows = data.batches.fit_rows
    rng = np.random.default_rng([config.seed, 0xF17])
    rows = np.sort(rng.permutation(rows)[:_MOST])
    labels = data.train.labels[rows]
    found: dict[str, Any] = {
        "calibration_fit": _loss_correlation(model, source.plain(model, rows), labels, config)[0]
    }
    features = source.validation(model)
    if features is None or data.validation is None:
        return found
    held = data.validation
    rank, points, u = _loss_correlation(model, features, held.labels, config)
    c = model.curvature
    radius = np.sqrt(c) * geometry.dist0(points, c)
    clipped = float((radius >= _CLIPPED * model.config.max_distance).mean())
    return found | {
        **retrieval_metrics(points, u, held.paths, c),
        "clipped": clipped if model.config.geometry == "hyperbolic" else None,
        "calibration_validation": rank,
    }


def _loss_correlation(
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


@torch.inference_mode()
def own_losses(
    model: HypUML,
    points: np.ndarray,
    uncertainty: np.ndarray,
    ids: IntArray,
    config: TrainConfig,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Loss of every image among images of other classes ``[N]``, and where it is defined.

    A loss with proxies has no value for an image of a new class: for such a loss this is the
    "hyp-vit" loss at a temperature of 0.1.
    """
    distance = Distance(config.model.geometry, config.model.curvature)
    loss: MetricLoss = HypViTLoss(temperature=_TEMPERATURE, distance=distance)
    if loss_class(config.loss).per_image:
        loss = make_loss(config.loss, config.loss_config, distance)
    device = next(model.parameters()).device
    losses, valid = np.zeros(len(points), np.float32), np.zeros(len(points), bool)
    # Whole classes stay together, so that an image meets its positives.
    order = np.concatenate([np.flatnonzero(ids == one) for one in rng.permutation(ids.max() + 1)])
    for chunk in np.array_split(order, max(1, len(order) // _CHUNK)):
        found, good = loss.per_anchor(
            torch.from_numpy(points[chunk]).to(device),
            torch.from_numpy(ids[chunk]).to(device),
            torch.from_numpy(uncertainty[chunk]).to(device),
        )
        losses[chunk], valid[chunk] = found.cpu().numpy(), good.cpu().numpy()
    return losses, valid


def nearest(points: FloatArray, curvature: float, k: int) -> np.ndarray:
    """The k nearest other rows of every row, ``[N, k]``, in float64 by brute force."""
    rows = []
    for start in range(0, len(points), 512):
        d = geometry.pairwise_dist(points[start : start + 512], points, curvature)
        index = np.arange(len(d))
        d[index, index + start] = np.inf
        rows.append(geometry.nearest(d, k))
    return np.concatenate(rows)


def retrieval_metrics(
    points: FloatArray, uncertainty: FloatArray, paths: Sequence[TaxonomyPath], c: float
) -> dict[str, float | None]:
    """Metrics on validation classes that every choice is made by.

    Args:
        points: ``[N, n]`` points of the ball.
        uncertainty: ``[N]`` values in [0, 1].
        paths: ``[N]`` classes.
        c: curvature parameter, > 0.

    Returns:
        ``recall@1``, ``map@r``, ``r_auroc``, ``tree_spearman`` (None without a taxonomy),
        ``curvature_use`` and percentiles of the scaled distance from the origin.
    """
    ids, classes = class_ids(paths)
    largest = int(np.bincount(ids).max())
    neighbours = nearest(points, c, min(len(points) - 1, max(8, largest - 1)))
    correct, rows = metrics.first_hit_correct(neighbours, ids)
    radius = np.sqrt(c) * geometry.dist0(points, c)
    tree = None
    if len(classes) > 2 and len({len(p) for p in classes}) == 1 and len(classes[0]) > 1:
        distances = Taxonomy.from_paths(classes).distance_matrix()
        tree = metrics.tree_spearman(points, ids, distances, c)
    return {
        "recall@1": float(correct.mean()) if len(correct) else None,
        "map@r": metrics.map_at_r(neighbours, ids),
        "r_auroc": metrics.r_auroc(uncertainty[rows], correct),
        "tree_spearman": tree,
        "curvature_use": metrics.curvature_use(points, c),
        **{f"radius_q{q:02d}": float(np.quantile(radius, q / 100)) for q in (5, 25, 50, 75, 95)},
    }
