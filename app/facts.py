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

from hypuml.types import FloatArray, IntArray, TaxonomyPath, has_class

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


def keep_mask(uncertainty: FloatArray, threshold: float) -> np.ndarray:
    """``[N]`` bool, ``u <= threshold``.

    Thresholds are shown with three decimals; half of the last one is forgiven, so that a slider
    at an image's own (rounded) value keeps that image.
    """
    return np.asarray(uncertainty <= threshold + 5e-4)


def bounds(uncertainty: FloatArray) -> tuple[float, float]:
    """Slider ends ``(lo, hi)``: at ``lo`` nothing is kept, at ``hi`` everything is.

    Both lie on the slider's grid of hundredths; u in [0, 1] may put ``lo`` at -0.01.
    """
    lo = math.floor(float(uncertainty.min()) * 100 - 0.5) / 100
    hi = math.ceil(float(uncertainty.max()) * 100) / 100
    return lo, max(hi, lo + 0.01)


def answers(
    gallery: Gallery,
    codes: IntArray,
    point: FloatArray,
    k: int,
    row: int | None = None,
    allowed: np.ndarray | None = None,
) -> Answers:
    """The ``k`` nearest gallery images of a query.

    Args:
        gallery: where to search.
        codes: ``[N]`` from `class_codes`.
        point: ``[1, n]`` query in the gallery's ball.
        k: wanted number, at least 1. Fewer come back when there are not as many.
        row: the query's own row, which is not an answer; None for a picture from outside.
        allowed: ``[N]`` bool, rows that may be answers; None allows all.
    """
    exclude = None if row is None else np.array([row], dtype=np.int64)
    available = len(gallery) - (row is not None)
    mask = np.ones(len(gallery), bool) if allowed is None else allowed
    want = min(k, int(mask.sum()) - (row is not None and bool(mask[row])))
    if want <= 0:
        return Answers(np.zeros(0, np.int64), np.zeros(0), ())
    # Hidden images are skipped after the search: ask for more until enough remain.
    ask = want
    while True:
        hits = gallery.search(point, min(ask, available), exclude=exclude)
        good = mask[hits.ids[0]]
        if good.sum() >= want or ask >= available:
            break
        ask *= 4
    rows, distances = hits.ids[0][good][:want], hits.distances[0][good][:want]
    own = -1 if row is None else int(codes[row])
    marks = tuple(
        UNKNOWN if own < 0 or codes[i] < 0 else RIGHT if codes[i] == own else WRONG for i in rows
    )
    return Answers(rows, distances, marks)


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
