"""One report for every model and data set: the protocol and the JSON of the command line.

Zero-shot protocol: every image of the evaluated classes queries all the others; classes with a
single image stay in the gallery but are not queries. Definitions are in :mod:`hypuml.metrics`.
Keys whose method is not part of this version (answer confidence, resolution-matched
out-of-distribution, degradation, controls) are present and null, so that readers of the JSON need
no case distinction later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hypuml import metrics
from hypuml.checkpoint import HypUML
from hypuml.data.pixels import read_pixels
from hypuml.data.splits import class_ids
from hypuml.search import Index
from hypuml.taxonomy import Taxonomy
from hypuml.types import (
    Dataset,
    Embedding,
    FloatArray,
    IntArray,
    TaxonomyPath,
    has_class,
    indices_of,
)

Progress = Callable[[int, int], None]

# Neighbours held at once while MAP@R is computed: 4 million take about 200 MB.
_CELLS = 4_000_000

_NOT_MEASURED = (
    "confidence_auroc",
    "confidence_ece",
    "aurc",
    "e_aurc",
    "ood_auroc_matched",
    "degradation",
    "controls",
)


@dataclass(frozen=True)
class Evaluated:
    """Embedded images with what is known about them.

    Attributes:
        embedding: points ``[N, n]``, uncertainty ``[N]``.
        paths: ``[N]`` taxonomy path of each image.
        rows: ``[N]`` rows of the data set.
        unreadable: item id to reason.
    """

    embedding: Embedding
    paths: list[TaxonomyPath]
    rows: IntArray
    unreadable: dict[str, str]


def embed_dataset(
    model: HypUML, dataset: Dataset, split: str = "unseen", progress: Progress | None = None
) -> Evaluated:
    """Embed one split of a data set.

    Raises:
        ValueError: the split is empty or none of its images can be read.
    """
    rows = indices_of(dataset, split)
    if not len(rows):
        raise ValueError(f"data set {dataset.name!r} has no image in split {split!r}")
    size = model.config.image_size
    pixels, kept, unreadable = read_pixels(dataset, rows, size, progress=progress)
    mean = np.asarray(model.backbone.mean, dtype=np.float32)
    std = np.asarray(model.backbone.std, dtype=np.float32)
    points, uncertainty = [], []
    for start in range(0, len(pixels), 256):
        batch = (pixels[start : start + 256].astype(np.float32) / 255 - mean) / std
        part = model.embed_array(np.ascontiguousarray(batch.transpose(0, 3, 1, 2)))
        points.append(part.points)
        uncertainty.append(part.uncertainty)
    embedding = Embedding(np.concatenate(points), np.concatenate(uncertainty))
    return Evaluated(embedding, [dataset.items[i].path for i in kept], kept, unreadable)


def evaluate(
    model: HypUML,
    dataset: Dataset,
    split: str = "unseen",
    progress: Progress | None = None,
    ood: Dataset | None = None,
) -> dict[str, Any]:
    """Embed a split and report on it; see :func:`report` for the keys.

    With ``ood``, ``ood_auroc`` is the AUROC of u telling those images from the split's.
    """
    evaluated = embed_dataset(model, dataset, split, progress)
    result = report(
        evaluated.embedding, evaluated.paths, model.curvature, dataset.levels, model.head.r
    )
    if ood is not None:
        foreign = embed_dataset(model, ood, "all", progress).embedding.uncertainty
        score = np.concatenate([evaluated.embedding.uncertainty, foreign])
        is_foreign = np.arange(len(score)) >= len(evaluated.rows)
        result["ood_auroc"] = metrics.auroc(score, is_foreign)
    return {
        "dataset": dataset.name,
        "split": split,
        "unreadable": evaluated.unreadable,
        **result,
    }


def report(
    embedding: Embedding,
    paths: Sequence[TaxonomyPath],
    curvature: float,
    levels: Sequence[str] = (),
    r: float | None = None,
) -> dict[str, Any]:
    """All figures of an embedding.

    Args:
        embedding: N images.
        paths: ``[N]`` their classes.
        curvature: c > 0.
        levels: names of the taxonomy levels, for Recall@1 per level.
        r: bound of the tangent norm, for the share of the available radius that is used.

    Returns:
        A JSON-able dict with the keys of the command line's ``evaluate --json``; what does not
        apply is None. ``intervals`` holds 95 % bootstrap intervals over classes.
    """
    points, u = embedding.points, embedding.uncertainty
    ids, classes = _numbered(paths)
    labelled = ids < len(classes)
    queries = metrics.query_rows(ids)
    result: dict[str, Any] = {
        "n": len(points),
        "classes": len(classes),
        "queries": len(queries),
        "singletons": len(points) - len(queries),
        **dict.fromkeys(("recall@1", "recall@2", "recall@4", "recall@8", "map@r", "r_auroc")),
        "recall_per_level": {},
        "intervals": {},
    }
    if len(queries):
        nearest, result["map@r"] = _retrieve(points, curvature, ids, queries)
        recall = metrics.recall_at_k(nearest, ids, queries=queries)
        result |= {key: recall[key] for key in ("recall@1", "recall@2", "recall@4", "recall@8")}
        correct, rows = metrics.first_hit_correct(nearest, ids, queries=queries)
        result["r_auroc"] = metrics.r_auroc(u[rows], correct)
        if labelled.all():
            result["recall_per_level"] = _levels(nearest, ids, paths, levels, queries)
        result["intervals"] = _intervals(u[rows], correct, ids[rows])
    result["curvature_use"] = metrics.curvature_use(points, curvature)
    result["delta_rel"] = metrics.delta_rel(points, curvature)
    result["tree_spearman"] = tree_correlation(points[labelled], ids[labelled], classes, curvature)
    result["radius"] = metrics.radius_summary(points, curvature)
    if r is not None:
        result["radius"]["largest_possible"] = 2 * r
    return result | dict.fromkeys((*_NOT_MEASURED, "ood_auroc"))


def _numbered(paths: Sequence[TaxonomyPath]) -> tuple[IntArray, list[TaxonomyPath]]:
    """Class of every image ``[N]`` and the classes in that order.

    An image without a class gets a number of its own beyond them: it stays in the gallery, is no
    query, and is nobody's right answer.
    """
    known, classes = class_ids([path for path in paths if has_class(path)])
    ids = np.empty(len(paths), dtype=np.int64)
    mask = np.asarray([has_class(path) for path in paths], dtype=bool)
    ids[mask] = known
    ids[~mask] = len(classes) + np.arange(int((~mask).sum()))
    return ids, classes


def _retrieve(
    points: FloatArray, curvature: float, ids: IntArray, queries: IntArray
) -> tuple[IntArray, float | None]:
    """The 8 nearest other images of every query ``[Q, 8]``, and MAP@R.

    MAP@R looks as deep as a class is large, so queries are taken in slices: a folder whose images
    are all of one class would otherwise need N x N distances at once.
    """
    index = Index(points, curvature)
    depth = min(len(points) - 1, max(8, int(np.bincount(ids).max()) - 1))
    step = max(1, _CELLS // depth)
    nearest, precision = [], 0.0
    for start in range(0, len(queries), step):
        part = queries[start : start + step]
        hits = index.search(points[part], depth, exclude=part)
        nearest.append(hits.ids[:, :8])
        precision += len(part) * (metrics.map_at_r(hits.ids, ids, queries=part) or 0.0)
    return np.concatenate(nearest), precision / len(queries)


def tree_correlation(
    points: np.ndarray, ids: IntArray, classes: Sequence[TaxonomyPath], curvature: float
) -> float | None:
    """Spearman of class distances in the ball and in the taxonomy; None for a flat one."""
    if len(classes) < 3 or max(len(p) for p in classes) < 2:
        return None
    distances = Taxonomy.from_paths(classes).distance_matrix()
    return metrics.tree_spearman(points, ids, distances, curvature)


def _levels(
    neighbours: IntArray,
    ids: IntArray,
    paths: Sequence[TaxonomyPath],
    levels: Sequence[str],
    queries: IntArray,
) -> dict[str, float | None]:
    """Recall@1 per level, where every path has the same length."""
    if len({len(p) for p in paths}) != 1 or len(levels) != len(paths[0]):
        return {}
    by_level = {
        name: class_ids([p[: depth + 1] for p in paths])[0] for depth, name in enumerate(levels)
    }
    return metrics.recall_per_level(neighbours, ids, by_level, queries=queries)


def _intervals(u: np.ndarray, correct: np.ndarray, ids: IntArray) -> dict[str, Any]:
    """95 % bootstrap intervals over classes of Recall@1 and R-AUROC."""
    found = {
        "recall@1": metrics.bootstrap_over_classes(lambda i: float(correct[i].mean()), ids),
        "r_auroc": metrics.bootstrap_over_classes(lambda i: metrics.r_auroc(u[i], correct[i]), ids),
    }
    return {
        name: None if x is None else {"low": x.low, "high": x.high} for name, x in found.items()
    }
