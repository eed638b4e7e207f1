"""The numbers of the Explore view, as pure functions without Streamlit.

A threshold rejects *queries* whose uncertainty lies above it; the gallery they are searched in
stays whole unless rejected images are to be hidden from the answers as well.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypuml.types import FloatArray, Hits, IntArray

RIGHT, WRONG, UNKNOWN = "right", "wrong", ""


@dataclass(frozen=True)
class Kept:
    """What a threshold keeps.

    Attributes:
        n: images with ``u <= threshold``.
        total: all images.
        judged: kept images whose class has another image, so that an answer can be right.
        recall: Recall@1 over the judged ones, each searched in the whole gallery without itself;
            None when there is none to judge.
    """

    n: int
    total: int
    judged: int
    recall: float | None

    @property
    def coverage(self) -> float:
        """Share of the images that is kept, in [0, 1]."""
        return self.n / self.total if self.total else 0.0


@dataclass(frozen=True)
class Answers:
    """Retrieved images, best first.

    Attributes:
        rows: ``[k]`` gallery rows.
        distances: ``[k]`` hyperbolic distances to the query.
        marks: per answer ``"right"``, ``"wrong"``, or empty where the query has no known class.
    """

    rows: IntArray
    distances: FloatArray
    marks: tuple[str, ...]

    @property
    def right(self) -> int:
        """Number of answers of the query's class."""
        return self.marks.count(RIGHT)


def kept(
    uncertainty: FloatArray, class_ids: IntArray, first_hits: IntArray | None, threshold: float
) -> Kept:
    """Coverage and Recall@1 of the images with ``u <= threshold``.

    Args:
        uncertainty: ``[N]``, values in [0, 1].
        class_ids: ``[N]`` class numbers, -1 for an image without a class.
        first_hits: ``[N]`` nearest other image per image, -1 for none; None while it is not
            known, which leaves Recall@1 open.
        threshold: largest uncertainty that is kept.

    Returns:
        Without a Recall@1 where no answer can be right, or none wrong.
    """
    keep = keep_mask(uncertainty, threshold)
    if first_hits is None:
        return Kept(int(keep.sum()), len(keep), 0, None)
    size = np.bincount(class_ids[class_ids >= 0], minlength=1)
    judged = keep & (class_ids >= 0) & (first_hits >= 0)
    judged[judged] = size[class_ids[judged]] > 1
    right = class_ids[first_hits[judged]] == class_ids[judged]
    # With one class no answer could be wrong.
    recall = float(right.mean()) if len(right) and (size > 0).sum() > 1 else None
    return Kept(int(keep.sum()), len(keep), int(judged.sum()), recall)


def keep_mask(uncertainty: FloatArray, threshold: float) -> NDArray[np.bool_]:
    """``[N]`` bool, ``u <= threshold``.

    Thresholds are shown with three decimals; half of the last one is forgiven, so that a slider
    at an image's own (rounded) value keeps that image.
    """
    return np.asarray(uncertainty <= threshold + 5e-4)


def rejects(threshold: float, query: float, uncertainty: FloatArray) -> bool:
    """Whether a threshold rejects a query of this uncertainty.

    At the slider's upper end nothing is rejected, also no picture that is less certain than all of
    the gallery (``uncertainty``, ``[N]``), such as an upload or a blurred one.
    """
    kept = bool(keep_mask(np.asarray([query]), threshold)[0])
    return not kept and threshold < bounds(uncertainty)[1]


def bounds(uncertainty: FloatArray) -> tuple[float, float]:
    """Slider ends ``(lo, hi)``: at ``lo`` nothing is kept, at ``hi`` everything is.

    Both lie on the slider's grid of hundredths; u in [0, 1] may put ``lo`` at -0.01.
    """
    lo = math.floor(float(uncertainty.min()) * 100 - 0.5) / 100
    hi = math.ceil(float(uncertainty.max()) * 100) / 100
    return lo, max(hi, lo + 0.01)


def answers(hits: Hits, class_ids: IntArray, row: int | None = None) -> Answers:
    """The hits of one query, and which are right.

    Args:
        hits: ``[1, k]``.
        class_ids: ``[N]`` class numbers, -1 for an image without a class.
        row: the query's own row; None for a picture from outside, whose class is unknown.
    """
    rows, distances = hits.ids[0], hits.distances[0]
    own = -1 if row is None else int(class_ids[row])
    marks = tuple(
        UNKNOWN if own < 0 or class_ids[i] < 0 else RIGHT if class_ids[i] == own else WRONG
        for i in rows
    )
    return Answers(rows, distances, marks)


def majority(class_ids: IntArray) -> tuple[int, int]:
    """The most frequent class and how often it occurs; the earliest wins a tie.

    Args:
        class_ids: ``[k]`` class numbers of the answers in order, -1 for none.

    Returns:
        Position of its first answer and the count; ``(-1, 0)`` when no class is known.
    """
    counts = Counter(int(code) for code in class_ids if code >= 0)
    if not counts:
        return -1, 0
    code, count = counts.most_common(1)[0]
    return int(np.flatnonzero(class_ids == code)[0]), count
