"""What the Explore view says in numbers, as pure functions without Streamlit.

A threshold rejects *queries* whose uncertainty lies above it; the gallery they are searched in
stays whole unless the user asks to hide rejected images from the answers as well.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hypuml.confidence import DEPTH, evidence, ranks
from hypuml.types import FloatArray, Hits, IntArray, TaxonomyPath, has_class

if TYPE_CHECKING:
    from hypuml.gallery import Gallery

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


@dataclass(frozen=True)
class Sure:
    """The confidence of the first answer.

    Attributes:
        probability: that it has the query's class, calibrated; None where that is not known.
        reason: why it is not known; empty where it is.
    """

    probability: float | None
    reason: str = ""


def class_codes(paths: Sequence[TaxonomyPath]) -> IntArray:
    """``[N]`` number of each image's class, numbered as they come; -1 for images without one.

    A class is its whole taxonomy path: two families may each have a species called "alba".
    """
    known = dict.fromkeys(path for path in paths if has_class(path))
    numbers = {path: i for i, path in enumerate(known)}
    return np.fromiter((numbers.get(path, -1) for path in paths), np.int64, len(paths))


def kept(
    uncertainty: FloatArray, codes: IntArray, first_hits: IntArray | None, threshold: float
) -> Kept:
    """Coverage and Recall@1 of the images with ``u <= threshold``.

    Args:
        uncertainty: ``[N]``, values in [0, 1].
        codes: ``[N]`` from `class_codes`.
        first_hits: ``[N]`` nearest other image per image, -1 for none; None while it is not
            known, which leaves Recall@1 open.
        threshold: largest uncertainty that is kept.
    """
    keep = keep_mask(uncertainty, threshold)
    if first_hits is None:
        return Kept(int(keep.sum()), len(keep), 0, None)
    size = np.bincount(codes[codes >= 0], minlength=1)
    judged = keep & (codes >= 0) & (first_hits >= 0)
    judged[judged] = size[codes[judged]] > 1
    right = codes[first_hits[judged]] == codes[judged]
    recall = float(right.mean()) if len(right) else None
    return Kept(int(keep.sum()), len(keep), int(judged.sum()), recall)


def keep_mask(uncertainty: FloatArray, threshold: float) -> NDArray[np.bool_]:
    """``[N]`` bool, ``u <= threshold``.

    Thresholds are shown with three decimals; half of the last one is forgiven, so that a slider
    at an image's own (rounded) value keeps that image.
    """
    return np.asarray(uncertainty <= threshold + 5e-4)


def rejects(threshold: float, query: float, uncertainty: FloatArray) -> bool:
    """Whether a threshold rejects a query of this uncertainty.

    At the slider's upper end nothing is rejected, also no picture that is less sure than all of
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


def nearest(
    gallery: Gallery,
    point: FloatArray,
    k: int,
    row: int | None = None,
    allowed: NDArray[np.bool_] | None = None,
) -> Hits:
    """The nearest gallery images of a query, ``[1, K]``: as many as the answers and their
    confidence need, at least ``k`` where there are as many.

    Args:
        gallery: where to search.
        point: ``[1, n]`` query in the gallery's ball.
        k: wanted number of answers, at least 1.
        row: the query's own row, which is not an answer; None for a picture from outside.
        allowed: ``[N]`` bool, rows that may be answers; None allows all.
    """
    exclude = np.array([-1 if row is None else row], dtype=np.int64)
    depth = k if gallery.confidence is None else max(k, DEPTH)
    return _search(gallery, point, depth, exclude, allowed)


def _search(
    gallery: Gallery,
    points: FloatArray,
    k: int,
    exclude: IntArray,
    allowed: NDArray[np.bool_] | None,
) -> Hits:
    """The ``k`` nearest allowed images of each point ``[Q, n]``, as many as every query has."""
    mask = np.ones(len(gallery), bool) if allowed is None else allowed
    inside = exclude >= 0
    available = len(gallery) - bool(inside.any())
    want = min(k, int(mask.sum()) - bool(mask[exclude[inside]].any()))
    if want <= 0:
        return Hits(np.zeros((len(points), 0), np.int64), np.zeros((len(points), 0)))
    # Hidden images are skipped after the search: ask for more until enough remain.
    ask = want
    while True:
        hits = gallery.search(points, min(ask, available), exclude=exclude)
        good = mask[hits.ids]
        if (good.sum(axis=1) >= want).all() or ask >= available:
            break
        ask *= 4
    first = np.argsort(~good, axis=1, kind="stable")[:, :want]
    return Hits(
        np.take_along_axis(hits.ids, first, 1), np.take_along_axis(hits.distances, first, 1)
    )


def answers(hits: Hits, codes: IntArray, k: int, row: int | None = None) -> Answers:
    """The first ``k`` hits, and which are right.

    Args:
        hits: from `nearest`.
        codes: ``[N]`` from `class_codes`.
        k: wanted number. Fewer come back when there are not as many.
        row: the query's own row; None for a picture from outside, whose class nobody knows.
    """
    rows, distances = hits.ids[0, :k], hits.distances[0, :k]
    own = -1 if row is None else int(codes[row])
    marks = tuple(
        UNKNOWN if own < 0 or codes[i] < 0 else RIGHT if codes[i] == own else WRONG for i in rows
    )
    return Answers(rows, distances, marks)


def how_sure(
    gallery: Gallery,
    codes: IntArray,
    hits: Hits,
    uncertainty: float,
    row: int | None = None,
    allowed: NDArray[np.bool_] | None = None,
) -> Sure:
    """How probable it is that the answer shown first has the query's class.

    Where rejected images are hidden, they count as though they were not in the gallery: the first
    answer is the first one shown, and only what can be shown speaks for or against it.

    Args:
        gallery: which has a confidence, or not.
        codes: ``[N]`` from `class_codes`.
        hits: from `nearest`, with the same ``row`` and ``allowed``.
        uncertainty: u of the query.
        row: the query's own row; None for a picture from outside.
        allowed: ``[N]`` bool, rows that may be answers; None allows all.
    """
    if gallery.confidence is None:
        return Sure(None, "This gallery was made by a model without an answer confidence.")
    if not (codes >= 0).any():
        return Sure(None, "No image here has a class, so no answer is right or wrong.")
    if not hits.ids.size:
        return Sure(None, "There is no answer to be sure of.")
    if codes[hits.ids[0, 0]] < 0:
        return Sure(None, "The first answer has no class, so it is neither right nor wrong.")
    shown = codes if allowed is None else np.where(allowed, codes, -1)
    seen = ranks(
        lambda points, k, rows: _search(gallery, points, k, rows, allowed),
        gallery.points,
        hits,
        np.array([-1 if row is None else row]),
    )
    found = evidence(
        hits,
        seen,
        shown,
        gallery.uncertainty,
        np.array([uncertainty]),
        gallery.curvature,
        inside=row is not None and (allowed is None or bool(allowed[row])),
    )
    return Sure(float(gallery.confidence.probability(found)[0]))


def majority(codes: IntArray) -> tuple[int, int]:
    """The most frequent class and how often it occurs; the earliest wins a tie.

    Args:
        codes: ``[k]`` from `class_codes`, of the answers in order.

    Returns:
        Position of its first answer and the count; ``(-1, 0)`` when no class is known.
    """
    counts = Counter(int(code) for code in codes if code >= 0)
    if not counts:
        return -1, 0
    code, count = counts.most_common(1)[0]
    return int(np.flatnonzero(codes == code)[0]), count
