"""Answer confidence: how well it tells right first hits from wrong ones, beside simpler scores.

Confidence belongs to an *answer*, unlike u, which belongs to an image: it may look at what was
retrieved. Its controls are single parts of what it is made of, and u itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypuml import metrics
from hypuml.confidence import CONTROLS, AnswerConfidence, Reference, assess
from hypuml.evaluation.intervals import interval, on_rows
from hypuml.evaluation.retrieval import Retrieved
from hypuml.types import FloatArray

# Share of the queries that a rejection turns away.
REJECTED = 0.2

_FIGURES: dict[str, Callable[[FloatArray, NDArray[np.bool_]], float | None]] = {
    "confidence_auroc": metrics.auroc,
    "confidence_ece": metrics.ece,
    "aurc": metrics.aurc,
}
_NAMES = (*_FIGURES, "e_aurc")


def answer_scores(
    model: AnswerConfidence | None, retrieved: Retrieved, u: FloatArray, curvature: float
) -> dict[str, FloatArray]:
    """Scores of every query's answer, ``[Q]`` each, high = certain.

    Args:
        model: the fitted answer confidence, where there is one.
        retrieved: the answers.
        u: ``[N]`` uncertainty of every image.
        curvature: c > 0.

    Returns:
        ``confidence`` where there is a model, then the controls ``first_distance``, ``lead``,
        ``knn_agreement`` (see :mod:`hypuml.confidence.features`) and ``u``.
    """
    index, rows = retrieved.index, retrieved.queries
    if index is None:
        names = ["confidence"] * (model is not None) + [*CONTROLS, "u"]
        return {name: np.zeros(0) for name in names}
    reference = Reference(index.search, index.points, retrieved.labels, u, curvature)
    found = assess(reference, retrieved.hits, u[rows], rows, model)
    scores: dict[str, FloatArray] = {}
    if found.probability is not None:
        scores["confidence"] = found.probability
    scores |= {name: control(found.features) for name, control in CONTROLS.items()}
    return scores | {"u": -found.features["u_query"]}


def answer_report(scores: dict[str, FloatArray], retrieved: Retrieved) -> dict[str, Any]:
    """The figures of answer confidence.

    Args:
        scores: from :func:`answer_scores`.
        retrieved: the answers.

    Returns:
        ``confidence_auroc``, ``confidence_ece``, ``aurc``, ``e_aurc``, ``confidence_controls``
        (AUROC of each), ``controls_that_beat_confidence``, ``rejection`` and ``intervals``; None
        where there is nothing to measure.
    """
    result: dict[str, Any] = {
        **dict.fromkeys((*_NAMES, "confidence_controls", "controls_that_beat_confidence")),
        "rejection": None,
        "intervals": {},
    }
    correct = retrieved.correct
    if not len(correct):
        return result
    controls = {
        name: metrics.auroc(score, correct)
        for name, score in scores.items()
        if name != "confidence"
    }
    result["confidence_controls"] = controls
    result["rejection"] = _rejection(scores, correct)
    confidence = scores.get("confidence")
    if confidence is None:
        return result
    for name, figure in _FIGURES.items():
        result[name] = figure(confidence, correct)
        on = on_rows(figure, confidence, correct)
        result["intervals"][name] = interval(on, retrieved.query_classes)
    result["e_aurc"] = metrics.e_aurc(confidence, correct)
    own = result["confidence_auroc"]
    if own is not None:
        beaten = [name for name, x in controls.items() if x is not None and x > own]
        result["controls_that_beat_confidence"] = beaten
    return result


def _rejection(
    scores: dict[str, FloatArray], correct: NDArray[np.bool_]
) -> dict[str, float | None]:
    """What rejecting the least confident fifth of the queries does to the errors."""
    by = {"confidence": scores.get("confidence"), "u": scores["u"], "oracle": correct}
    removed = {
        name: None if score is None else metrics.errors_removed(score, correct, REJECTED)
        for name, score in by.items()
    }
    return {"rejected": REJECTED, **removed}
