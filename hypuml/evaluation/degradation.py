"""Does u rise when a picture is damaged, and does retrieval suffer as much as u says.

Each kind of damage is applied at eleven levels to the same images, with the same grain and in the
same place at every level. The damaged images query the *undamaged* gallery without their own
original.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hypuml import metrics
from hypuml.data.degradation_scale import KINDS
from hypuml.evaluation.embedding import Evaluated, Pixels, Progress, describe_images
from hypuml.evaluation.retrieval import Retrieved
from hypuml.models.embedder import Embedder
from hypuml.search import Index
from hypuml.types import FloatArray, IntArray

LEVELS = tuple(level / 10 for level in range(11))
_DAMAGED = len(LEVELS) - 1
MOST_IMAGES = 400
_BATCH = 64


def degradation_report(
    model: Embedder,
    evaluated: Evaluated,
    retrieved: Retrieved,
    most: int = MOST_IMAGES,
    progress: Progress | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Measure u and Recall@1 under every kind of damage.

    Args:
        model: what embeds the damaged images.
        evaluated: the clean images.
        retrieved: which of them are queries.
        most: images to damage; 0 leaves the whole measurement out.
        progress: called with (done, total) images.
        seed: of the choice of images and of the damage.

    Returns:
        ``degradation``: for each kind ``spearman`` (of the mean u with the level),
        ``spearman_images`` (of u with the level over all images and levels), ``share_rising``
        (images whose u at level 1 is above that at level 0), ``mean_u`` and ``recall@1`` (per
        level, the latter None without classes).
        ``degradation_setup``: ``levels``, ``images`` and ``seen_in_training`` (kinds; None where
        the model does not say). Both None when ``most`` is 0.
    """
    if most < 1:
        return {"degradation": None, "degradation_setup": None}
    has_queries = len(retrieved.queries) > 0
    candidates = retrieved.queries if has_queries else np.arange(len(evaluated.rows))
    rows = stratified(retrieved.class_ids, candidates, most, seed)
    gallery = Index(evaluated.embedding.points, model.curvature) if has_queries else None
    start_u, start_right = evaluated.embedding.uncertainty[rows], _clean(retrieved, rows)
    found = {}
    for number, kind in enumerate(KINDS):
        u = np.empty((len(LEVELS), len(rows)))
        right = np.zeros((len(LEVELS), len(rows)), dtype=bool)
        u[0], right[0] = start_u, start_right
        for start in range(0, len(rows), _BATCH):
            part = slice(start, start + _BATCH)
            u[1:, part], right[1:, part] = _damaged(
                model, evaluated.pixels, rows[part], kind, gallery, retrieved.class_ids, seed
            )
            if progress:
                done = number * len(rows) + min(start + _BATCH, len(rows))
                progress(done * _DAMAGED, len(KINDS) * len(rows) * _DAMAGED)
        found[kind] = _summary(u, right if has_queries else None)
    setup = {
        "levels": list(LEVELS),
        "images": len(rows),
        "seen_in_training": model.training_info.get("degradations"),
    }
    return {"degradation": found, "degradation_setup": setup}


def stratified(class_ids: IntArray, candidates: IntArray, most: int, seed: int = 0) -> IntArray:
    """Up to ``most`` of the candidate rows, as evenly over their classes as can be, ascending.

    Args:
        class_ids: ``[N]`` class of every row.
        candidates: ``[K]`` rows to choose from.
        most: how many at most.
        seed: of the choice.
    """
    rng = np.random.default_rng(seed)
    rows = rng.permutation(candidates)
    classes = class_ids[rows]
    order = np.argsort(classes, kind="stable")
    _, starts, counts = np.unique(classes[order], return_index=True, return_counts=True)
    turn = np.empty(len(rows), dtype=np.int64)
    turn[order] = np.arange(len(rows)) - np.repeat(starts, counts)
    # Every class's first image, then every class's second one, ...; rows are in random order.
    return np.sort(rows[np.argsort(turn, kind="stable")[:most]])


def _clean(retrieved: Retrieved, rows: IntArray) -> np.ndarray:
    """Whether the first hit of undamaged rows ``[B]`` is right; False where there are no queries.

    Level 0 is the image itself, so it need not be embedded again.
    """
    if not len(retrieved.queries):
        return np.zeros(len(rows), dtype=bool)
    return retrieved.correct[np.searchsorted(retrieved.queries, rows)]


def _damaged(
    model: Embedder,
    pixels: Pixels,
    rows: IntArray,
    kind: str,
    gallery: Index | None,
    class_ids: IntArray,
    seed: int,
) -> tuple[FloatArray, np.ndarray]:
    """U and whether the first hit is right, both ``[L - 1, B]``, at every level but 0."""
    import torch

    from hypuml.data.degradations import apply, draw

    images = torch.from_numpy(pixels[rows].astype(np.float32) / 255).permute(0, 3, 1, 2)
    # The first row makes the grain of each batch its own.
    generator = torch.Generator().manual_seed(1_000_003 * seed + int(rows[0]))
    draws = draw(images, kind, generator)
    u = np.empty((_DAMAGED, len(rows)))
    right = np.zeros((_DAMAGED, len(rows)), dtype=bool)
    for i, level in enumerate(LEVELS[1:]):
        seen = apply(images, kind, level, draws).permute(0, 2, 3, 1).numpy()
        described = describe_images(model, seen)
        u[i] = described.uncertainty
        if gallery is not None:
            first = gallery.search(described.points, 1, exclude=rows).ids[:, 0]
            right[i] = class_ids[first] == class_ids[rows]
    return u, right


def _summary(u: FloatArray, right: np.ndarray | None) -> dict[str, Any]:
    mean = u.mean(axis=1)
    return {
        "spearman": metrics.spearman(LEVELS, mean),
        "spearman_images": metrics.spearman(np.repeat(LEVELS, u.shape[1]), u.ravel()),
        "share_rising": float((u[-1] > u[0]).mean()),
        "mean_u": mean.tolist(),
        "recall@1": None if right is None else right.mean(axis=1).tolist(),
    }
