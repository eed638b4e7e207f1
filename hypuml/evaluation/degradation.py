"""Does u rise when a picture is damaged, and does retrieval suffer as u predicts.

Each kind of damage is applied at a few levels to the same images, with the same grain and in the
same place at every level. The damaged images query the *undamaged* gallery without their own
original. More images and finer steps would move the figures by less than their spread over classes,
and they are most of the time that an evaluation takes.
"""

from __future__ import annotations

from contextlib import closing
from itertools import product
from typing import Any

import numpy as np
from PIL import Image
from threadpoolctl import threadpool_limits

from hypuml import metrics
from hypuml.data.degradation_scale import KINDS
from hypuml.data.degraded_pictures import degrade_picture
from hypuml.data.prefetch import ahead, in_batches
from hypuml.evaluation.embedding import Evaluated, Pixels, Progress
from hypuml.evaluation.retrieval import Retrieved
from hypuml.layout.screen import dilation_of, screen_distance
from hypuml.models.embedder import Embedder
from hypuml.search import Index
from hypuml.types import FloatArray, IntArray

LEVELS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Of the damage; the first is the image as it is."""
MOST_IMAGES = 200
"""Images that are damaged, by default."""
_DAMAGED = len(LEVELS) - 1
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
        progress: called with (done, total) damaged images.
        seed: of the choice of images and of the damage.

    Returns:
        ``degradation``: for each kind ``spearman`` (of the mean u with the level),
        ``spearman_images`` (of u with the level over all images and levels), ``share_rising``
        (images whose u at level 1 is above that at level 0), ``mean_u`` and ``recall@1`` (per
        level, the latter None without classes).
        ``degradation_setup``: ``levels``, ``images``, ``seen_in_training`` (kinds; None where the
        model does not record it) and ``screen_radius`` (``p5`` and ``p95`` of the images and their
        damaged copies on the gallery's disk, 1 is the rim). Both None when ``most`` is 0.
    """
    if most < 1:
        return {"degradation": None, "degradation_setup": None}
    has_queries = len(retrieved.queries) > 0
    candidates = retrieved.queries if has_queries else np.arange(len(evaluated.rows))
    rows = stratified(retrieved.class_ids, candidates, most, seed)
    gallery = Index(evaluated.embedding.points, model.curvature) if has_queries else None
    start_u, start_right = evaluated.embedding.uncertainty[rows], _clean(retrieved, rows)
    u = np.empty((len(KINDS), len(LEVELS), len(rows)))
    right = np.zeros(u.shape, dtype=bool)
    damaged_points: list[FloatArray] = []
    u[:, 0], right[:, 0] = start_u, start_right
    todo = list(product(range(len(KINDS)), range(1, len(LEVELS)), range(len(rows))))

    def damage(which: tuple[int, int, int]) -> Pixels:
        kind, level, place = which
        row = int(rows[place])
        image = Image.fromarray(evaluated.pixels[row])
        # The same numbers for one image at every level, whichever others are chosen.
        grain = 1_000_003 * seed + row
        return np.asarray(degrade_picture(image, KINDS[kind], LEVELS[level], grain))

    done = 0
    # One thread each: their matrices are too small to be shared out.
    with threadpool_limits(1, "blas"), closing(ahead(damage, todo)) as damaged:
        for batch in in_batches(damaged, _BATCH):
            described = model.describe(np.stack(batch))
            at = tuple(np.array(todo[done : done + len(batch)]).T)
            u[at] = described.uncertainty
            damaged_points.append(described.points)
            if gallery is not None:
                own = rows[at[2]]
                first = gallery.search(described.points, 1, exclude=own).ids[:, 0]
                right[at] = retrieved.class_ids[first] == retrieved.class_ids[own]
            done += len(batch)
            if progress:
                progress(done, len(todo))
    found = {
        kind: _summary(u[number], right[number] if has_queries else None)
        for number, kind in enumerate(KINDS)
    }
    setup = {
        "levels": list(LEVELS),
        "images": len(rows),
        "seen_in_training": model.training_info.get("degradations"),
        "screen_radius": _screen_radius(evaluated, rows, damaged_points, model.curvature),
    }
    return {"degradation": found, "degradation_setup": setup}


def _screen_radius(
    evaluated: Evaluated, rows: IntArray, damaged: list[FloatArray], curvature: float
) -> dict[str, float]:
    """How far out images and damaged copies are drawn: does the disk show what is uncertain?"""
    clean = evaluated.embedding.points
    dilation = dilation_of(clean, curvature)
    points = np.concatenate([clean[rows], *damaged])
    radius = np.tanh(screen_distance(points, curvature, dilation) / 2)
    p5, p95 = np.quantile(radius, [0.05, 0.95])
    return {"p5": float(p5), "p95": float(p95)}


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


def _summary(u: FloatArray, right: np.ndarray | None) -> dict[str, Any]:
    mean = u.mean(axis=1)
    return {
        "spearman": metrics.spearman(LEVELS, mean),
        "spearman_images": metrics.spearman(np.repeat(LEVELS, u.shape[1]), u.ravel()),
        "share_rising": float((u[-1] > u[0]).mean()),
        "mean_u": mean.tolist(),
        "recall@1": None if right is None else right.mean(axis=1).tolist(),
    }
