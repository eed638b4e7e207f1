"""One evaluation of a model on a data set: all parts in order, into one report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hypuml.confidence import DEPTH
from hypuml.evaluation.answers import answer_report, answer_scores
from hypuml.evaluation.controls import control_report, control_scores
from hypuml.evaluation.degradation import MOST_IMAGES, degradation_report
from hypuml.evaluation.embedding import Evaluated, Progress, embed_dataset
from hypuml.evaluation.failures import failure_report
from hypuml.evaluation.image_statistics import image_statistics
from hypuml.evaluation.ood import ood_report
from hypuml.evaluation.probe import probe
from hypuml.evaluation.retrieval import Retrieved, report, retrieve
from hypuml.geometry import dist0
from hypuml.metrics import risk_coverage
from hypuml.models.embedder import Embedder
from hypuml.types import Dataset, FloatArray

# Points of a curve: more cannot be seen, and a file with one for each image would be large.
_POINTS = 201
_CURVES = ("confidence", "u", "first_distance", "knn_agreement")


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found.

    Attributes:
        result: the report, JSON-able; see :func:`evaluate`.
        curves: the data behind the figures, JSON-able; see :func:`curves_of`.
    """

    result: dict[str, Any]
    curves: dict[str, Any]


def evaluate(
    model: Embedder,
    dataset: Dataset,
    split: str = "unseen",
    progress: Progress | None = None,
    ood: Dataset | None = None,
    most_degraded: int = MOST_IMAGES,
) -> dict[str, Any]:
    """Embed a split and report on it.

    Args:
        model: what is evaluated.
        dataset: where the images come from.
        split: which classes.
        progress: called with (done, total) while images are read or damaged.
        ood: out-of-distribution images, to be separated by u.
        most_degraded: images to damage for the degradation curves; 0 leaves them out.

    Returns:
        The JSON of the command line's ``evaluate --json``: the keys of
        :func:`hypuml.evaluation.retrieval.report` and of the other parts, None where something
        does not apply.

    Raises:
        ValueError: a split or a data set without a readable image.
    """
    return measure(model, dataset, split, progress, ood, most_degraded).result


def measure(
    model: Embedder,
    dataset: Dataset,
    split: str = "unseen",
    progress: Progress | None = None,
    ood: Dataset | None = None,
    most_degraded: int = MOST_IMAGES,
) -> Evaluation:
    """:func:`evaluate`, with the data behind the figures."""
    evaluated = embed_dataset(model, dataset, split, progress)
    embedding, curvature = evaluated.embedding, model.curvature
    retrieved = retrieve(embedding.points, curvature, evaluated.paths, DEPTH)
    result = report(
        embedding, evaluated.paths, curvature, dataset.levels, model.config.radius, retrieved
    )
    scores = answer_scores(model.confidence, retrieved, embedding.uncertainty, curvature)
    ids = [dataset.items[row].id for row in evaluated.rows]
    outside = embedding.is_outside
    parts: list[dict[str, Any]] = [
        answer_report(scores, retrieved),
        {"outside": None if outside is None else float(outside.mean())},
        _image_report(model, evaluated, retrieved),
        failure_report(retrieved, ids, scores.get("confidence")),
    ]
    if ood is not None:
        classes = retrieved.class_ids
        parts.append(ood_report(model, dataset, evaluated, classes, ood, progress))
    parts.append(degradation_report(model, evaluated, retrieved, most_degraded, progress))
    for part in parts:
        result["intervals"] |= part.pop("intervals", {})
        result |= part
    head = {"dataset": dataset.name, "split": split, "unreadable": evaluated.unreadable}
    curves = curves_of(evaluated, retrieved, scores, curvature, result)
    return Evaluation(head | result, curves)


def _image_report(model: Embedder, evaluated: Evaluated, retrieved: Retrieved) -> dict[str, Any]:
    """Controls and probe: what is known of each image without its answer."""
    rows = retrieved.queries
    if not len(rows):
        return {}
    described = evaluated.described
    scores = {
        name: None if score is None else score[rows]
        for name, score in control_scores(model, evaluated).items()
    }
    u, classes = described.uncertainty[rows], retrieved.query_classes
    seen = image_statistics(evaluated.pixels)[rows]
    known = np.column_stack([seen, described.norm[rows], u])
    return {
        **control_report(u, scores, retrieved.correct, classes),
        "probe": probe(described.features[rows], known, retrieved.correct, classes),
    }


def curves_of(
    evaluated: Evaluated,
    retrieved: Retrieved,
    scores: dict[str, FloatArray],
    curvature: float,
    result: dict[str, Any],
) -> dict[str, Any]:
    """The data behind the figures.

    Returns:
        ``risk_coverage``: ``coverage`` and the risk at it by each score (None without queries);
        ``degradation``: as in the report, with its ``levels``; ``radius``: for every image ``d0``,
        ``u`` and whether its answer is ``right`` (None: no query).
    """
    embedding = evaluated.embedding
    right: list[bool | None] = [None] * len(embedding)
    for row, correct in zip(retrieved.queries.tolist(), retrieved.correct.tolist(), strict=True):
        right[row] = correct
    setup = result["degradation_setup"]
    return {
        "risk_coverage": risk_curves(retrieved, scores),
        "degradation": None if setup is None else {**setup, "kinds": result["degradation"]},
        "radius": {
            "d0": dist0(embedding.points, curvature).tolist(),
            "u": embedding.uncertainty.tolist(),
            "right": right,
        },
    }


def risk_curves(retrieved: Retrieved, scores: dict[str, FloatArray]) -> dict[str, Any] | None:
    """Share of wrong answers among the most confident, by each score; None without queries."""
    count = len(retrieved.queries)
    if not count:
        return None
    shown = {"oracle": retrieved.correct.astype(np.float64)} | {
        name: scores[name] for name in _CURVES if name in scores
    }
    at = np.unique(np.linspace(0, count - 1, min(count, _POINTS)).astype(int))
    curves = {name: risk_coverage(score, retrieved.correct)[1] for name, score in shown.items()}
    return {
        "coverage": ((at + 1) / count).tolist(),
        **{name: risk[at].tolist() for name, risk in curves.items()},
    }
