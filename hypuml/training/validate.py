"""Validation during training: exact neighbours by brute force, no FAISS, any device."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from hypuml import geometry, metrics
from hypuml.data.splits import class_ids
from hypuml.models.files import Described
from hypuml.models.hypuml import HypUML
from hypuml.taxonomy import Taxonomy
from hypuml.types import FloatArray, TaxonomyPath


@torch.inference_mode()
def describe_pixels(model: HypUML, pixels: Tensor, batch_size: int = 256) -> Described:
    """All that a model says of uint8 pixels ``[N, 3, S, S]``."""
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    parts = []
    for batch in pixels.split(batch_size):
        features = model.backbone(model.backbone.normalise(batch.to(device).float() / 255)).float()
        out = model.head(features)
        parts.append((out.points, out.uncertainty, out.norm, features))
    model.train(was_training)
    return Described(*(torch.cat(x).cpu().numpy() for x in zip(*parts, strict=True)))


def nearest(points: FloatArray, curvature: float, k: int) -> np.ndarray:
    """The k nearest other rows of every row, ``[N, k]``, in float64 by brute force."""
    rows = []
    for start in range(0, len(points), 512):
        d = geometry.pairwise_dist(points[start : start + 512], points, curvature)
        index = np.arange(len(d))
        d[index, index + start] = np.inf
        rows.append(geometry.nearest(d, k))
    return np.concatenate(rows)


def validation_figures(
    points: FloatArray, uncertainty: FloatArray, paths: Sequence[TaxonomyPath], c: float
) -> dict[str, float | None]:
    """Figures on validation classes that every choice is made by.

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
