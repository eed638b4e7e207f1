"""The usual statistics on a thousand resamples of the classes at once.

Convention: :mod:`hypuml.metrics`. A resample is a vector of whole weights, how often each class was
drawn; the statistics below are those of :mod:`hypuml.metrics.calibration` on rows repeated that
often. Nothing is repeated in fact: rows are sorted once, and each resample costs one pass over
them. One ``Resamples`` serves several statistics, so that their *difference* has an interval too
(paired: both see the same classes), which is much narrower than two intervals side by side suggest.

Every function returns ``[R]`` values, NaN where the statistic is not defined; hand them to
``percentile_interval``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hypuml.metrics.bootstrap import draw_classes
from hypuml.metrics.calibration import check_pair
from hypuml.types import IntArray

F64 = NDArray[np.float64]

# Weights of resamples times rows in one pass: 1.6 MB an array, which stays in the cache.
_CELLS = 200_000


@dataclass(frozen=True)
class Resamples:
    """Which classes were drawn, how often.

    Attributes:
        members: ``[M]`` class of every row, 0 to C - 1.
        weights: ``[R, C]`` how often each class was drawn.
    """

    members: IntArray
    weights: IntArray

    @classmethod
    def draw(cls, class_ids: ArrayLike, replicates: int = 1000, seed: int = 0) -> Resamples | None:
        """Draw classes with replacement, the same ones as ``bootstrap_over_classes``.

        Args:
            class_ids: ``[M]`` class of every row, any integers.
            replicates: R.
            seed: of the draws.

        Returns:
            None below two classes: their spread is then unknown.
        """
        classes, members = np.unique(np.asarray(class_ids), return_inverse=True)
        count = len(classes)
        if count < 2:
            return None
        drawn = draw_classes(count, replicates, seed)
        cells = drawn + count * np.arange(replicates)[:, None]
        weights = np.bincount(cells.ravel(), minlength=count * replicates)
        return cls(members.astype(np.int64), weights.reshape(replicates, count).astype(np.int64))

    def blocks(self, order: IntArray) -> Iterator[tuple[slice, F64]]:
        """Weights of the rows in ``order``, ``[B, M]`` float64, a slice of resamples at a time."""
        step = max(1, _CELLS // max(1, len(order)))
        columns = self.members[order]
        for start in range(0, len(self.weights), step):
            part = slice(start, start + step)
            yield part, self.weights[part].astype(np.float64)[:, columns]


def resampled_mean(values: ArrayLike, resamples: Resamples) -> F64:
    """Mean of ``[M]`` values, e.g. Recall@1 of outcomes.

    >>> r = Resamples(np.array([0, 0, 1]), np.array([[1, 1], [2, 0], [0, 2]]))
    >>> resampled_mean([1, 0, 1], r).round(3).tolist()
    [0.667, 0.5, 1.0]
    """
    x = np.asarray(values, dtype=np.float64)
    classes = resamples.weights.shape[1]
    sums = np.bincount(resamples.members, weights=x, minlength=classes)
    counts = np.bincount(resamples.members, minlength=classes)
    return (resamples.weights @ sums) / (resamples.weights @ counts)


def resampled_auroc(
    score: ArrayLike, positive: ArrayLike, resamples: Resamples, min_negatives: int = 1
) -> F64:
    """AUROC, ties counting one half.

    Args:
        score: ``[M]`` finite values, high = positive.
        positive: ``[M]`` booleans.
        resamples: of the rows.
        min_negatives: with fewer negatives than this a resample counts as not defined (R-AUROC: 30
            wrong answers).

    >>> r = Resamples(np.array([0, 0, 1]), np.array([[1, 1], [2, 0], [0, 2]]))
    >>> resampled_auroc([0.2, 0.1, 0.1], [True, False, True], r).tolist()
    [0.75, 1.0, nan]
    """
    s, y = check_pair(score, positive, "scores")
    order, starts = _groups(s)
    result = np.full(len(resamples.weights), np.nan)
    for part, w in resamples.blocks(order):
        good = np.add.reduceat(w * y[order], starts, axis=1)
        bad = np.add.reduceat(w * ~y[order], starts, axis=1)
        below = np.cumsum(bad, axis=1) - bad / 2.0
        p, n = good.sum(axis=1), bad.sum(axis=1)
        wins = (good * below).sum(axis=1)
        fine = (p > 0) & (n >= min_negatives)
        result[part] = np.divide(wins, p * n, out=np.full(len(w), np.nan), where=fine)
    return result


def resampled_aurc(confidence: ArrayLike, correct: ArrayLike, resamples: Resamples) -> F64:
    """Area under the risk-coverage curve, ties averaged.

    Inside a group of n tied rows with e errors the expected errors among the k surest grow by
    ``e / n`` with every k, so the group adds ``e + (E - K e / n) (H(K + n) - H(K))``, where K rows
    with E errors are surer and H are harmonic numbers.

    >>> r = Resamples(np.array([0, 1, 1]), np.array([[1, 1]]))
    >>> resampled_aurc([0.9, 0.8, 0.1], [True, False, True], r).round(3).tolist()
    [0.278]
    """
    s, y = check_pair(confidence, correct, "confidences")
    order, starts = _groups(-s)
    longest = int((resamples.weights @ np.bincount(resamples.members)).max())
    harmonic = np.concatenate([[0.0], np.cumsum(1.0 / np.arange(1, longest + 1))])
    result = np.empty(len(resamples.weights))
    for part, w in resamples.blocks(order):
        n = np.add.reduceat(w, starts, axis=1)
        e = np.add.reduceat(w * ~y[order], starts, axis=1)
        after = np.cumsum(n, axis=1)
        before = after - n
        rate = np.divide(e, n, out=np.zeros_like(e), where=n > 0)
        steps = harmonic[after.astype(np.int64)] - harmonic[before.astype(np.int64)]
        area = e + (np.cumsum(e, axis=1) - e - before * rate) * steps
        result[part] = area.sum(axis=1) / after[:, -1]
    return result


def resampled_ece(
    confidence: ArrayLike, correct: ArrayLike, resamples: Resamples, bins: int = 15
) -> F64:
    """Expected calibration error over bins of equal mass, ties averaged.

    Along the rows by falling confidence, the sum of (confidence - outcome) is a line inside a group
    of ties; a bin's gap is the difference of that sum between the bin's ends.

    >>> r = Resamples(np.array([0, 0, 1, 1]), np.array([[1, 1], [0, 2]]))
    >>> resampled_ece([0.5, 0.5, 1.0, 1.0], [True, False, True, False], r, bins=2).tolist()
    [0.25, 0.5]
    """
    s, y = check_pair(confidence, correct, "confidences")
    order, starts = _groups(-s)
    result = np.empty(len(resamples.weights))
    for part, w in resamples.blocks(order):
        n = np.add.reduceat(w, starts, axis=1)
        gap = np.add.reduceat(w * (s - y)[order], starts, axis=1)
        reach = np.cumsum(n, axis=1)
        total = np.cumsum(gap, axis=1)
        for i, (x, g) in enumerate(zip(reach, total, strict=True), start=part.start):
            m = int(x[-1])
            ends = np.cumsum([len(b) for b in np.array_split(np.empty(m), min(bins, m))])
            at = np.interp(ends, np.append(0.0, x), np.append(0.0, g))
            result[i] = np.abs(np.diff(at, prepend=0.0)).sum() / m
    return result


def _groups(score: F64) -> tuple[IntArray, IntArray]:
    """Rows by rising score, and where each group of ties starts among them."""
    order = np.argsort(score, kind="stable")
    new = np.append(True, np.diff(score[order]) > 0)
    return order.astype(np.int64), np.flatnonzero(new)
