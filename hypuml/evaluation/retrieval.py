"""Figures of an embedding alone: retrieval, use of the geometry, agreement with the taxonomy.

Zero-shot protocol: every image of the evaluated classes queries all the others; classes with a
single image stay in the gallery but are not queries. Definitions are in :mod:`hypuml.metrics`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypuml import metrics
from hypuml.evaluation.intervals import interval, on_rows
from hypuml.search import Index
from hypuml.taxonomy import Taxonomy, class_ids, number_paths
from hypuml.types import Embedding, FloatArray, Hits, IntArray, TaxonomyPath

RECALLS = ("recall@1", "recall@2", "recall@4", "recall@8")

# Neighbours held at once while MAP@R is computed: 4 million take about 200 MB.
_CELLS = 4_000_000
_DEPTH = 8

# Keys that only an evaluation of a model and its images can fill.
_NOT_MEASURED = (
    *("confidence_auroc", "confidence_ece", "aurc", "e_aurc"),
    *("confidence_controls", "controls_that_beat_confidence", "rejection"),
    *("ood_auroc", "ood_auroc_matched", "ood_laplacian", "ood_laplacian_matched", "ood_side"),
    *("ood_images", "ood_unreadable"),
    "outside",
    *("degradation", "degradation_setup", "controls", "control_differences"),
    *("controls_that_beat_u", "tangent_norm_is_u", "probe"),
)


@dataclass(frozen=True)
class Retrieved:
    """Every query's answer.

    Attributes:
        class_ids: ``[N]`` class of every image; an image without one has a number of its own.
        classes: the classes with a name, in order of their numbers.
        queries: ``[Q]`` rows that are queries: their class has another image, and is not the only
            one.
        hits: the nearest other images of each query, ``[Q, K]``.
        correct: ``[Q]`` whether the first of them has the query's class.
        precision: ``[Q]`` average precision at R.
        index: of all images; None without queries.
    """

    class_ids: IntArray
    classes: list[TaxonomyPath]
    queries: IntArray
    hits: Hits
    correct: NDArray[np.bool_]
    precision: FloatArray
    index: Index | None

    @property
    def query_classes(self) -> IntArray:
        """Class of each query, ``[Q]``."""
        return self.class_ids[self.queries]

    @property
    def labels(self) -> IntArray:
        """Class of every image ``[N]``, -1 for none."""
        return np.where(self.class_ids < len(self.classes), self.class_ids, -1)


def retrieve(
    points: FloatArray, curvature: float, paths: Sequence[TaxonomyPath], depth: int = _DEPTH
) -> Retrieved:
    """Let every image query all the others.

    MAP@R looks as deep as a class is large, so queries are taken in slices: a folder whose images
    are all of one class would otherwise need N x N distances at once.

    Args:
        points: ``[N, n]`` points of the ball.
        curvature: c > 0.
        paths: ``[N]`` their classes.
        depth: neighbours to keep, at least 8 are; fewer where there are fewer images.
    """
    ids, classes = _numbered(paths)
    queries = metrics.query_rows(ids)
    # With one class no answer could be wrong, and every figure would be perfect.
    if len(classes) == 1:
        queries = queries[:0]
    if not len(queries):
        nothing = Hits(np.empty((0, 0), np.int64), np.empty((0, 0)))
        return Retrieved(ids, classes, queries, nothing, np.zeros(0, bool), np.zeros(0), None)
    index = Index(points, curvature)
    keep = min(len(points) - 1, max(_DEPTH, depth))
    deep = max(keep, int(np.bincount(ids).max()) - 1)
    step = max(1, _CELLS // deep)
    found, distances, precision = [], [], []
    for start in range(0, len(queries), step):
        part = queries[start : start + step]
        hits = index.search(points[part], deep, exclude=part)
        found.append(hits.ids[:, :keep])
        distances.append(hits.distances[:, :keep])
        precision.append(metrics.average_precision_at_r(hits.ids, ids, queries=part))
    hits = Hits(np.concatenate(found), np.concatenate(distances))
    correct, _ = metrics.first_hit_correct(hits.ids, ids, queries=queries)
    return Retrieved(ids, classes, queries, hits, correct, np.concatenate(precision), index)


def report(
    embedding: Embedding,
    paths: Sequence[TaxonomyPath],
    curvature: float,
    levels: Sequence[str] = (),
    r: float | None = None,
    retrieved: Retrieved | None = None,
) -> dict[str, Any]:
    """All figures of an embedding.

    Args:
        embedding: N images.
        paths: ``[N]`` their classes.
        curvature: c > 0.
        levels: names of the taxonomy levels, for Recall@1 per level.
        r: bound of the tangent norm, for the share of the available radius that is used.
        retrieved: the answers, where :func:`retrieve` has found them already.

    Returns:
        A JSON-able dict with the keys of the command line's ``evaluate --json``; what does not
        apply, and what needs the model itself, is None. ``intervals`` holds 95 % bootstrap
        intervals over classes.
    """
    points = embedding.points
    found = retrieve(points, curvature, paths) if retrieved is None else retrieved
    labelled = found.labels >= 0
    result = retrieval_report(embedding, paths, levels, found)
    result["curvature_use"] = metrics.curvature_use(points, curvature)
    result["delta_rel"] = metrics.delta_rel(points, curvature)
    result["tree_spearman"] = tree_correlation(
        points[labelled], found.class_ids[labelled], found.classes, curvature
    )
    result["radius"] = metrics.radius_summary(points, curvature)
    if r is not None:
        result["radius"]["largest_possible"] = 2 * r
    return result | dict.fromkeys(_NOT_MEASURED)


def _numbered(paths: Sequence[TaxonomyPath]) -> tuple[IntArray, list[TaxonomyPath]]:
    """Class of every image ``[N]`` and the classes in that order.

    An image without a class gets a number of its own beyond them: it stays in the gallery, is no
    query, and is never a right answer.
    """
    ids, classes = class_ids(paths)
    unlabelled = ids < 0
    ids[unlabelled] = len(classes) + np.arange(int(unlabelled.sum()))
    return ids, classes


def retrieval_report(
    embedding: Embedding,
    paths: Sequence[TaxonomyPath],
    levels: Sequence[str],
    found: Retrieved,
) -> dict[str, Any]:
    """Those figures of :func:`report` that need the answers alone; see there."""
    u = embedding.uncertainty
    result: dict[str, Any] = {
        "n": len(u),
        "classes": len(found.classes),
        "queries": len(found.queries),
        "singletons": len(u) - len(metrics.query_rows(found.class_ids)),
        **dict.fromkeys((*RECALLS, "map@r", "r_auroc")),
        "recall_per_level": {},
        "intervals": {},
    }
    if len(found.queries):
        recall = metrics.recall_at_k(found.hits.ids, found.class_ids, queries=found.queries)
        result |= {key: recall[key] for key in RECALLS}
        result["map@r"] = float(found.precision.mean())
        result["r_auroc"] = metrics.r_auroc(u[found.queries], found.correct)
        if (found.labels >= 0).all():
            result["recall_per_level"] = _levels(found, paths, levels)
        result["intervals"] = _intervals(u[found.queries], found)
    return result


def tree_correlation(
    points: np.ndarray, ids: IntArray, classes: Sequence[TaxonomyPath], curvature: float
) -> float | None:
    """Spearman of class distances in the ball and in the taxonomy; None for a flat one."""
    if len(classes) < 3 or max(len(p) for p in classes) < 2:
        return None
    distances = Taxonomy.from_paths(classes).distance_matrix()
    return metrics.tree_spearman(points, ids, distances, curvature)


def _levels(
    found: Retrieved, paths: Sequence[TaxonomyPath], levels: Sequence[str]
) -> dict[str, float | None]:
    """Recall@1 per level, where every path has the same length."""
    if len({len(p) for p in paths}) != 1 or len(levels) != len(paths[0]):
        return {}
    by_level = {
        name: number_paths([p[: depth + 1] for p in paths])[0] for depth, name in enumerate(levels)
    }
    return metrics.recall_per_level(
        found.hits.ids, found.class_ids, by_level, queries=found.queries
    )


def _intervals(u: FloatArray, found: Retrieved) -> dict[str, Any]:
    """95 % bootstrap intervals over classes of Recall@1, MAP@R and R-AUROC."""
    correct, precision, classes = found.correct, found.precision, found.query_classes
    return {
        "recall@1": interval(lambda rows: correct[rows].mean(), classes),
        "map@r": interval(lambda rows: precision[rows].mean(), classes),
        "r_auroc": interval(on_rows(metrics.r_auroc, u, correct), classes),
    }
