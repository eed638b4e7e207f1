"""Out-of-distribution images: does u rise for subjects unlike all training data.

Two data sets differ in more than their subject: small pictures enlarged to the network's input are
blurred, and any score that depends on blur separates them. So the comparison is made again with
both sets brought to one sharpness first, and a score of nothing but sharpness stands beside it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hypuml import metrics
from hypuml.data.pixels import through_side
from hypuml.evaluation.embedding import Evaluated, Progress, embed_dataset
from hypuml.evaluation.image_statistics import laplacian_variance
from hypuml.evaluation.intervals import interval
from hypuml.models.embedder import Embedder
from hypuml.types import Dataset, FloatArray, IntArray

# Pictures looked at to learn how large those of a data set typically are.
_SAMPLE = 100


def ood_report(
    model: Embedder,
    dataset: Dataset,
    evaluated: Evaluated,
    classes: IntArray,
    ood: Dataset,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Separate out-of-distribution images from the evaluated ones.

    Args:
        model: what embeds them.
        dataset: where the evaluated images come from.
        evaluated: N images.
        classes: ``[N]`` class of each.
        ood: the out-of-distribution images, all of them.
        progress: called with (done, total).

    Returns:
        ``ood_auroc`` and ``ood_auroc_matched`` (AUROC of u, high = out of distribution),
        ``ood_laplacian`` and ``ood_laplacian_matched`` (of the Laplacian variance, in whichever
        direction is better for it), ``ood_side`` (pixels that both sets were brought to),
        ``ood_images``, ``ood_unreadable`` and ``intervals`` (over the classes of the evaluated
        images).
    """
    others = embed_dataset(model, ood, "all", progress)
    size = model.config.image_size
    sides = typical_side(dataset, evaluated.rows, size), typical_side(ood, others.rows, size)
    side = min(*sides, size)
    result: dict[str, Any] = {
        "ood_images": len(others.rows),
        "ood_unreadable": others.unreadable,
        "ood_side": side,
        "intervals": {},
    }
    home, away = evaluated.embedding.uncertainty, others.embedding.uncertainty
    pixels = evaluated.pixels, others.pixels
    for suffix in ("", "_matched"):
        if suffix and side < size:
            pixels = through_side(pixels[0], side), through_side(pixels[1], side)
            home, away = (model.describe(p).uncertainty for p in pixels)
        key = f"ood_auroc{suffix}"
        result[key], result["intervals"][key] = separation(home, away, classes)
        one, other = (laplacian_variance(p) for p in pixels)
        sharp, _ = separation(one, other, classes)
        result[f"ood_laplacian{suffix}"] = None if sharp is None else max(sharp, 1.0 - sharp)
    return result


def typical_side(dataset: Dataset, rows: IntArray, size: int) -> int:
    """Median short side in pixels of a data set's pictures; ``size`` where they are drawn.

    Args:
        dataset: where the pictures come from.
        rows: readable items; the first to the last, evenly, are looked at.
        size: side at which a data set that draws its pictures draws them.
    """
    if dataset.source is None:
        return size
    chosen = rows[np.unique(np.linspace(0, len(rows) - 1, _SAMPLE).astype(int))]
    return int(np.median([min(dataset.load(int(row), size).size) for row in chosen]))


def separation(
    home: FloatArray, away: FloatArray, classes: IntArray
) -> tuple[float | None, dict[str, float] | None]:
    """AUROC of a score for "out of distribution", and its interval over the classes at home.

    The AUROC is the mean over images at home of the share of the others that score higher, so it
    is resampled like any mean.

    Args:
        home: ``[N]`` scores of the evaluated images.
        away: ``[M]`` scores of the out-of-distribution ones.
        classes: ``[N]``.
    """
    ordered = np.sort(away)
    right = np.searchsorted(ordered, home, side="right")
    left = np.searchsorted(ordered, home, side="left")
    above = 1.0 - (left + right) / (2.0 * len(ordered))
    value = metrics.auroc(
        np.concatenate([home, away]), np.arange(len(home) + len(away)) >= len(home)
    )
    return value, interval(lambda rows: above[rows].mean(), classes)
