"""Two models on the same images: which answers better, by how much, and where they differ.

Both see the same images and classes, so every image queries all the others in both, and each
resample of the classes is read in both: an interval of the *difference* is then much narrower than
two intervals side by side suggest. Nothing here needs a model or torch, only what models gave.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypuml import metrics
from hypuml.confidence import DEPTH, AnswerConfidence
from hypuml.evaluation.answers import answer_scores
from hypuml.evaluation.intervals import Statistic, difference, interval, on_rows
from hypuml.evaluation.retrieval import Retrieved, retrieve
from hypuml.geometry import dist0
from hypuml.types import FloatArray, IntArray, TaxonomyPath

# Figures that are compared, in the order of a report.
FIGURES = ("recall@1", "r_auroc", "confidence_auroc")


@dataclass(frozen=True, eq=False)
class Side:
    """The images as embedded by one model.

    Attributes:
        name: of the model.
        points: ``[N, n]`` in the ball; n may differ between the sides.
        uncertainty: ``[N]`` in [0, 1].
        curvature: c > 0.
        confidence: the fitted answer confidence; None where there is none.
        bound: largest distance from the origin (2r); None where it is not known.
    """

    name: str
    points: FloatArray
    uncertainty: FloatArray
    curvature: float
    confidence: AnswerConfidence | None = None
    bound: float | None = None


@dataclass(frozen=True, eq=False)
class Judged:
    """One side, judged.

    Attributes:
        side: what was judged.
        figures: ``recall@1``, ``r_auroc`` (of u), ``confidence_auroc``, ``curvature_use``; None
            where one is not defined.
        d0: ``[N]`` distance from the origin.
        first: ``[Q]`` row of each query's first answer.
        correct: ``[Q]`` whether it is right.
        scores: what sorts the answers, high = certain, ``[Q]`` each: ``u`` (negated) and, where
            there is one, ``confidence``.
    """

    side: Side
    figures: Mapping[str, float | None]
    d0: FloatArray
    first: IntArray
    correct: NDArray[np.bool_]
    scores: Mapping[str, FloatArray]


@dataclass(frozen=True)
class Difference:
    """The first side's figure less the second's.

    Attributes:
        value: the difference.
        low: lower end of its 95 % bootstrap interval over classes; None where there is none.
        high: upper end.
    """

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two sides on the same images.

    Attributes:
        sides: both, judged.
        queries: ``[Q]`` rows that are queries: their class has another image.
        differences: for each of `FIGURES` that both have.
        only: rows of the queries that the first side alone, and the second side alone, answers
            rightly; those first of lowest u on the wrong side.
    """

    sides: tuple[Judged, Judged]
    queries: IntArray
    differences: Mapping[str, Difference]
    only: tuple[IntArray, IntArray]


def common_rows(first: Sequence[str], second: Sequence[str]) -> tuple[IntArray, IntArray]:
    """Rows of the images that two galleries share.

    Args:
        first: ids of one gallery, each once.
        second: ids of the other.

    Returns:
        ``[M]`` rows in the first and ``[M]`` in the second, in the first one's order.

    >>> [rows.tolist() for rows in common_rows(["a", "b", "c"], ["c", "x", "a"])]
    [[0, 2], [2, 0]]
    """
    place = {name: row for row, name in enumerate(second)}
    pairs = [(row, place[name]) for row, name in enumerate(first) if name in place]
    rows = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    return rows[:, 0], rows[:, 1]


def compare(first: Side, second: Side, paths: Sequence[TaxonomyPath]) -> Comparison:
    """Judge both sides on the same images.

    Args:
        first: one model's points.
        second: another's, of the same images in the same order.
        paths: ``[N]`` their classes; images without one are never queries nor right answers.

    Raises:
        ValueError: not one point and one u for each image.
    """
    for side in (first, second):
        if not len(side.points) == len(side.uncertainty) == len(paths):
            raise ValueError(
                f"got {len(side.points)} points and {len(side.uncertainty)} uncertainties of "
                f"{side.name!r} for {len(paths)} images, expected one each"
            )
    answers = [retrieve(side.points, side.curvature, paths, DEPTH) for side in (first, second)]
    a, b = (_judge(side, found) for side, found in zip((first, second), answers, strict=True))
    queries = answers[0].queries
    return Comparison(
        (a, b),
        queries,
        _differences(a, b, answers[0].query_classes),
        (_only(a, b, queries), _only(b, a, queries)),
    )


def _judge(side: Side, found: Retrieved) -> Judged:
    rows = found.queries
    u = np.asarray(side.uncertainty, dtype=np.float64)
    scores: dict[str, FloatArray] = {"u": -u[rows]}
    figures: dict[str, float | None] = dict.fromkeys(FIGURES)
    if len(rows):
        known = answer_scores(side.confidence, found, u, side.curvature)
        scores |= {name: known[name] for name in ("confidence",) if name in known}
        figures["recall@1"] = float(found.correct.mean())
        figures["r_auroc"] = metrics.r_auroc(u[rows], found.correct)
        if "confidence" in scores:
            figures["confidence_auroc"] = metrics.auroc(scores["confidence"], found.correct)
    figures["curvature_use"] = metrics.curvature_use(side.points, side.curvature)
    first = found.hits.ids[:, 0] if len(rows) else np.zeros(0, dtype=np.int64)
    return Judged(side, figures, dist0(side.points, side.curvature), first, found.correct, scores)


def _differences(a: Judged, b: Judged, classes: IntArray) -> dict[str, Difference]:
    result = {}
    for name in FIGURES:
        one, other = a.figures[name], b.figures[name]
        if one is None or other is None:
            continue
        ends = interval(difference(_figure(a, name), _figure(b, name)), classes)
        low, high = (ends["low"], ends["high"]) if ends else (None, None)
        result[name] = Difference(one - other, low, high)
    return result


def _figure(judged: Judged, name: str) -> Statistic:
    """A figure as a function of the rows of the queries."""
    correct = judged.correct
    if name == "recall@1":
        return lambda rows: correct[rows].mean()
    if name == "r_auroc":
        return on_rows(metrics.r_auroc, -judged.scores["u"], correct)
    return on_rows(metrics.auroc, judged.scores["confidence"], correct)


def _only(right: Judged, wrong: Judged, queries: IntArray) -> IntArray:
    """Queries that ``right`` alone answers rightly, those of lowest u in ``wrong`` first."""
    rows = queries[right.correct & ~wrong.correct]
    return rows[np.argsort(np.asarray(wrong.side.uncertainty)[rows], kind="stable")]
