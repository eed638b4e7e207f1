"""How well a score predicts what is right: AUROC, risk-coverage, calibration.

Convention: :mod:`hypuml.metrics`. ``correct`` is boolean, usually "the first neighbour has the
right class". Tied scores carry no order: they count one half (AUROC) or are averaged
over every order.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

F64 = NDArray[np.float64]

# Fewer wrong answers than this leave an R-AUROC too noisy to report.
MIN_ERRORS = 30


def check_pair(score: ArrayLike, correct: ArrayLike, name: str) -> tuple[F64, NDArray[np.bool_]]:
    """Two vectors of one length ``[M]``, the first finite; raises ``ValueError`` otherwise."""
    s, y = np.asarray(score, dtype=np.float64), np.asarray(correct).astype(bool)
    if s.ndim != 1 or s.shape != y.shape:
        raise ValueError(
            f"got {name} {s.shape} and outcomes {y.shape}, expected two vectors of one length"
        )
    if not np.isfinite(s).all():
        raise ValueError(f"got {name} with values that are not finite, expected finite numbers")
    return s, y


def average_ranks(x: ArrayLike) -> F64:
    """Ranks from 1, tied values share the mean of their ranks.

    >>> average_ranks([10, 30, 10, 20]).tolist()
    [1.5, 4.0, 1.5, 3.0]
    """
    _, inverse, counts = np.unique(np.asarray(x), return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2.0)[inverse]


def auroc(score: ArrayLike, positive: ArrayLike) -> float | None:
    """Probability that a random positive scores above a random negative, ties counting one half.

    ``(sum of the positives' average ranks - P(P+1)/2) / (P N)`` (Mann and Whitney 1947).

    Args:
        score: ``[M]`` finite values, high = positive.
        positive: ``[M]`` booleans.

    Returns:
        A value in [0, 1], 0.5 = useless; None when either kind is missing.

    >>> auroc([0.1, 0.4, 0.35, 0.8], [False, False, True, True])
    0.75
    >>> auroc([1, 1], [True, False]), auroc([1, 2], [True, True])
    (0.5, None)
    """
    s, y = check_pair(score, positive, "scores")
    p = int(y.sum())
    n = len(y) - p
    if p == 0 or n == 0:
        return None
    return float((average_ranks(s)[y].sum() - p * (p + 1) / 2.0) / (p * n))


def r_auroc(u: ArrayLike, correct: ArrayLike, min_errors: int = MIN_ERRORS) -> float | None:
    """R-AUROC (Kirchhof et al. 2023): AUROC of ``-u`` for "the first neighbour is right".

    Args:
        u: ``[M]`` uncertainty, 1 = unsure.
        correct: ``[M]`` booleans.
        min_errors: fewer wrong answers than this leave the number too noisy to report.

    Returns:
        A value in [0, 1]; None below ``min_errors`` errors or without a right answer.

    >>> r_auroc([0.9, 0.2, 0.1], [False, True, True], min_errors=1)
    1.0
    >>> r_auroc([0.9, 0.2, 0.1], [False, True, True]) is None
    True
    """
    s, y = check_pair(u, correct, "uncertainties")
    if int((~y).sum()) < min_errors:
        return None
    return auroc(-s, y)


def _expected_by_confidence(score: F64, value: F64) -> F64:
    """``value`` sorted by falling score, every tied group replaced by its mean."""
    _, inverse, counts = np.unique(-score, return_inverse=True, return_counts=True)
    mean = np.bincount(inverse, weights=value) / counts
    return np.repeat(mean, counts)


def risk_coverage(confidence: ArrayLike, correct: ArrayLike) -> tuple[F64, F64]:
    """Risk-coverage curve: share of errors among the k most confident, for every k.

    Args:
        confidence: ``[M]``, high = certain.
        correct: ``[M]`` booleans.

    Returns:
        Coverage ``[M]`` = ``k / M`` rising to 1 and risk ``[M]`` in [0, 1]. Inside a group of ties
        the risk is the expectation over a random order.

    >>> coverage, risk = risk_coverage([0.9, 0.8, 0.1], [True, False, True])
    >>> coverage.round(2).tolist(), risk.round(2).tolist()
    ([0.33, 0.67, 1.0], [0.0, 0.5, 0.33])
    """
    s, y = check_pair(confidence, correct, "confidences")
    k = np.arange(1, len(s) + 1)
    errors = _expected_by_confidence(s, (~y).astype(np.float64)) if len(s) else np.zeros(0)
    return k / max(len(s), 1), np.cumsum(errors) / k


def aurc(confidence: ArrayLike, correct: ArrayLike) -> float | None:
    """Area under the risk-coverage curve: mean over k of the share of errors among the first k.

    Args:
        confidence: ``[M]``, high = certain.
        correct: ``[M]`` booleans.

    Returns:
        A value in [0, 1], low is good; None without data.

    >>> aurc([0.9, 0.8, 0.1], [True, False, True])  # (0 + 1/2 + 1/3) / 3
    0.27777777777777773
    """
    _, risk = risk_coverage(confidence, correct)
    return float(risk.mean()) if len(risk) else None


def e_aurc(confidence: ArrayLike, correct: ArrayLike) -> float | None:
    """Excess AURC (Geifman et al. 2019): AURC less that of the oracle with the same errors.

    The oracle puts every right answer before every wrong one.

    >>> e_aurc([0.9, 0.1], [False, True])  # ((1 + 1/2) - (0 + 1/2)) / 2
    0.5
    >>> e_aurc([0.9, 0.1], [True, False])
    0.0
    """
    area = aurc(confidence, correct)
    best = aurc(np.asarray(correct, dtype=np.float64), correct)
    return None if area is None or best is None else area - best


def ece(confidence: ArrayLike, correct: ArrayLike, bins: int = 15) -> float | None:
    """Expected calibration error over bins of equal mass.

    ``sum_b |b|/M * |mean confidence in b - share of correct in b|`` over ``bins`` runs of
    neighbouring confidences whose sizes differ by one at most. Ties are averaged first, so where a
    bin border cuts through them makes no difference.

    Args:
        confidence: ``[M]`` probabilities in [0, 1].
        correct: ``[M]`` booleans.
        bins: number of bins; with fewer data than bins every datum is its own bin.

    Returns:
        A value in [0, 1]; None without data.

    Raises:
        ValueError: a confidence outside [0, 1].

    >>> ece([0.5, 0.5, 1.0, 1.0], [True, False, True, True], bins=2)
    0.0
    >>> ece([1.0, 1.0], [False, True], bins=1)
    0.5
    """
    s, y = check_pair(confidence, correct, "confidences")
    if not len(s):
        return None
    if s.min() < 0.0 or s.max() > 1.0:
        raise ValueError(
            f"got confidences from {s.min():g} to {s.max():g}, expected probabilities in [0, 1]"
        )
    gap = -np.sort(-s) - _expected_by_confidence(s, y.astype(np.float64))
    parts = np.array_split(gap, min(bins, len(gap)))
    return float(sum(abs(part.sum()) for part in parts) / len(gap))


def errors_removed(
    confidence: ArrayLike, correct: ArrayLike, rejected: float = 0.2
) -> float | None:
    """Share of all errors that are among the least confident ``rejected`` of the queries.

    Rejected are ``floor(rejected * M)`` queries; inside a group of ties the number is the
    expectation over a random order.

    Args:
        confidence: ``[M]``, high = certain.
        correct: ``[M]`` booleans; given as the confidence they are the oracle.
        rejected: share of the queries to reject, in [0, 1].

    Returns:
        A value in [0, 1], high is good, ``rejected`` itself = useless; None without errors.

    Raises:
        ValueError: ``rejected`` outside [0, 1].

    >>> errors_removed([0.9, 0.8, 0.7, 0.2, 0.1], [True, False, True, True, False], 0.2)
    0.5
    """
    if not 0.0 <= rejected <= 1.0:
        raise ValueError(f"got a share of {rejected} to reject, expected a number in [0, 1]")
    s, y = check_pair(confidence, correct, "confidences")
    if y.all():
        return None
    errors = _expected_by_confidence(s, (~y).astype(np.float64))
    # 0.2 * 15 is 3.0000000000000004 and 0.29 * 100 is 28.999999999999996: both are meant exactly.
    out = int(rejected * len(s) + 1e-9)
    return float(errors[len(errors) - out :].sum() / errors.sum())
