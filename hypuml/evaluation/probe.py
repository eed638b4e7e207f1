"""The probe: how well the image alone can predict that its answer will be wrong.

A logistic regression from the model's features and simple statistics of the picture to "the first
hit is right", *fitted on images of the evaluated data*, which u never is. It is a ceiling to read u
against, not a method. Fitted on other classes it measures what carries over to new ones; fitted on
other images of the same classes it may also learn which classes are hard.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from hypuml.metrics import MIN_ERRORS, auroc
from hypuml.types import FloatArray, IntArray

Split = tuple[IntArray, IntArray]

_HALVINGS = 10
_FOLDS = 5
# More images hardly move the number, and the time of a fit grows with them.
_MOST = 6000
# Strength of the penalty: hundreds of features meet a few hundred errors.
_C = 0.01


def probe(
    features: FloatArray,
    statistics: FloatArray,
    correct: NDArray[np.bool_],
    classes: IntArray,
    seed: int = 0,
) -> dict[str, float | None] | None:
    """AUROC of "first hit right" that a probe reaches.

    Args:
        features: ``[Q, F]`` of each query.
        statistics: ``[Q, S]`` of its picture, norm and u.
        correct: ``[Q]`` whether its first hit is right.
        classes: ``[Q]``.
        seed: of the splits.

    Returns:
        ``other_classes``: fitted on half of the classes and read on the other half, both ways, mean
        over ten ways to halve them. ``same_classes``: five-fold over images, mean over folds.
        Each is None where no split leaves both outcomes on both sides; None altogether below 30
        errors.
    """
    if int((~correct).sum()) < MIN_ERRORS:
        return None
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.permutation(len(correct))[:_MOST])
    x = np.column_stack([features, statistics]).astype(np.float64)[rows]
    y, ids = correct[rows], classes[rows]
    return {
        "other_classes": _read(x, y, _halves(ids, rng)),
        "same_classes": _read(x, y, _folds(y, rng)),
    }


def _halves(ids: IntArray, rng: np.random.Generator) -> Iterator[Split]:
    """Rows to fit on and to read on: random halves of the classes, both ways."""
    known = np.unique(ids)
    for _ in range(_HALVINGS):
        first = np.isin(ids, rng.permutation(known)[: len(known) // 2])
        one, other = np.flatnonzero(first), np.flatnonzero(~first)
        yield one, other
        yield other, one


def _folds(y: NDArray[np.bool_], rng: np.random.Generator) -> Iterator[Split]:
    """Rows to fit on and to read on: each image is read once, errors spread evenly."""
    order = rng.permutation(len(y))
    order = order[np.argsort(y[order], kind="stable")]
    fold = np.empty(len(y), dtype=np.int64)
    fold[order] = np.arange(len(y)) % _FOLDS
    for number in range(_FOLDS):
        yield np.flatnonzero(fold != number), np.flatnonzero(fold == number)


def _read(x: FloatArray, y: NDArray[np.bool_], splits: Iterator[Split]) -> float | None:
    """Mean AUROC over splits with both outcomes on both sides."""
    found = []
    for fit, read in splits:
        if not (_both(y[fit]) and _both(y[read])):
            continue
        model = make_pipeline(StandardScaler(), LogisticRegression(C=_C, max_iter=1000))
        score = model.fit(x[fit], y[fit]).decision_function(x[read])
        value = auroc(score, y[read])
        assert value is not None
        found.append(value)
    return float(np.mean(found)) if found else None


def _both(y: NDArray[np.bool_]) -> bool:
    return bool(y.any() and not y.all())
