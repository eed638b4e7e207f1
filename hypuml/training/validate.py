"""Validation during training: exact neighbours by brute force, no FAISS, any device."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from hypuml import geometry, metrics
from hypuml.data.splits import class_ids
from hypuml.models.network import Network
from hypuml.taxonomy import Taxonomy
from hypuml.training.data import Part
from hypuml.types import FloatArray


@torch.inference_mode()
def embed_pixels(
    model: Network, pixels: Tensor, batch_size: int = 256
) -> tuple[FloatArray, FloatArray]:
    """Embed uint8 pixels ``[N, 3, S, S]``: points ``[N, n]``, uncertainty ``[N]``."""
    device = next(model.parameters()).device
    mean = torch.tensor(model.backbone.mean, device=device)[:, None, None]
    std = torch.tensor(model.backbone.std, device=device)[:, None, None]
    was_training = model.training
    model.eval()
    points, uncertainty = [], []
    for batch in pixels.split(batch_size):
        out = model((batch.to(device).float() / 255 - mean) / std)
        points.append(out.points.cpu())
        uncertainty.append(out.uncertainty.cpu())
    model.train(was_training)
    return torch.cat(points).numpy(), torch.cat(uncertainty).numpy()


def nearest(points: FloatArray, curvature: float, k: int) -> np.ndarray:
    """The k nearest other rows of every row, ``[N, k]``, in float64 by brute force."""
    rows = []
    for start in range(0, len(points), 512):
        d = geometry.pairwise_dist(points[start : start + 512], points, curvature)
        index = np.arange(len(d))
        d[index, index + start] = np.inf
        rows.append(geometry.nearest(d, k))
    return np.concatenate(rows)


def validate(model: Network, part: Part) -> dict[str, float | None]:
    """Figures on validation classes that every choice is made by.

    Returns:
        ``recall@1``, ``map@r``, ``r_auroc``, ``tree_spearman`` (None without a taxonomy),
        ``curvature_use`` and quartiles of the scaled distance from the origin.
    """
    points, uncertainty = embed_pixels(model, part.pixels)
    c = model.config.curvature
    ids, classes = class_ids(part.paths)
    largest = int(np.bincount(ids).max())
    neighbours = nearest(points, c, min(len(points) - 1, max(8, largest - 1)))
    correct, rows = metrics.first_hit_correct(neighbours, ids)
    radius = np.sqrt(c) * 2 * model.head.r * (1 - uncertainty)
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
        "radius_q25": float(np.quantile(radius, 0.25)),
        "radius_q75": float(np.quantile(radius, 0.75)),
    }
