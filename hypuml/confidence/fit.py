"""Fitting the answer confidence on calibration classes (convention: :mod:`hypuml.confidence`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold

from hypuml.confidence.features import CONTROLS, INPUTS
from hypuml.confidence.model import AnswerConfidence, Term
from hypuml.confidence.outcomes import Images, Outcomes, outcomes_of, together
from hypuml.metrics import auroc, ece
from hypuml.types import FloatArray, IntArray

F64 = NDArray[np.float64]

MIN_OUTCOMES = 10
# The smaller galleries weigh a fifth together: enough for agreement among few images to be learnt,
# while the calibration on galleries of full size, which are the usual case, stays the best.
_WHOLE_WEIGHT = 0.8
_FOLDS = 5
_STRENGTHS = (0.01, 0.1, 1.0, 10.0)  # inverse regularisation tried, strongest first
_TAILS = (0.002, 0.998)  # quantiles of an input beyond which it is clipped


def fit_confidence(
    points: FloatArray,
    uncertainty: ArrayLike,
    class_ids: ArrayLike,
    curvature: float,
    seed: int = 0,
    inputs: Sequence[str] = INPUTS,
    apart: ArrayLike | None = None,
) -> AnswerConfidence | None:
    """Fit the answer confidence on images of calibration classes.

    A logistic regression on standardised features. Its regularisation is chosen, and its quality
    measured, by cross-validation over *classes*: the fold that judges a class was not fitted on it.

    Args:
        points: ``[N, n]`` points of the ball.
        uncertainty: ``[N]`` u.
        class_ids: ``[N]`` classes, negative for images without one (they can be found, but are
            no queries). Neither are images whose class has no other image.
        curvature: c > 0.
        seed: of the smaller galleries and the folds.
        inputs: features to use, out of ``INPUTS``.
        apart: ``[N]`` number of the gallery each image belongs to, where there are several whose
            images do not meet (kinds of images, or points of different models).

    Returns:
        The confidence, or None when there is too little to learn from: fewer than 4 classes with
        queries, fewer than 10 right or 10 wrong first hits, or all of one kind in too few classes.
        Its ``fitted_on`` holds ``images``, ``classes``, ``queries``, ``errors`` of the whole
        galleries, ``galleries`` used, ``regularisation`` (scikit-learn's C), out-of-fold ``auroc``
        and ``ece`` on the whole ones, the AUROC of each of the ``controls`` there, and ``seed``.

    Raises:
        ValueError: an unknown input, arrays that do not fit, or points outside the ball.
    """
    unknown = sorted(set(inputs) - set(INPUTS))
    if unknown or not inputs:
        raise ValueError(f"got inputs {unknown or 'none'}, expected some of: {', '.join(INPUTS)}")
    u = np.asarray(uncertainty, dtype=np.float64)
    images = Images(np.asarray(points), u, np.asarray(class_ids), curvature)
    galleries = np.zeros(len(u), np.int64) if apart is None else np.asarray(apart)
    numbers, first = np.unique(galleries, return_index=True)
    rng = np.random.default_rng([seed, 0xC0F1])
    # In order of appearance: how they are numbered does not matter.
    drawn = [
        outcomes_of(images.of(np.flatnonzero(galleries == one)), rng)
        for one in numbers[first.argsort()]
    ]
    whole = together([found[0] for found in drawn if found])
    if whole is None:
        return None
    errors = int((~whole.right).sum())
    if min(errors, len(whole.right) - errors) < MIN_OUTCOMES:
        return None
    fitted = _fit([whole, *(part for found in drawn for part in found[1:])], tuple(inputs), seed)
    if fitted is None:
        return None
    about = {
        "images": len(u),
        "classes": len(np.unique(whole.classes)),
        "queries": len(whole.right),
        "errors": errors,
        "galleries": sum(map(len, drawn)),
        "regularisation": fitted.strength,
        "auroc": auroc(fitted.held_out, whole.right),
        "ece": ece(fitted.held_out, whole.right),
        "controls": {k: auroc(score(whole.found), whole.right) for k, score in CONTROLS.items()},
        "seed": seed,
    }
    return AnswerConfidence(fitted.intercept, fitted.terms, about)


class _Fitted(NamedTuple):
    """A fitted regression, its scikit-learn C, and its predictions for classes left out ``[M]``."""

    intercept: float
    terms: dict[str, Term]
    strength: float
    held_out: F64


def _fit(outcomes: Sequence[Outcomes], names: tuple[str, ...], seed: int) -> _Fitted | None:
    """Standardise and fit; None where some fold has only one kind of outcome to learn from."""
    raw = np.concatenate([np.stack([o.found[name] for name in names], axis=1) for o in outcomes])
    right = np.concatenate([o.right for o in outcomes])
    groups = np.concatenate([o.classes for o in outcomes])
    weight = _weights([len(o.right) for o in outcomes])

    low, high = np.quantile(raw, _TAILS, axis=0)
    clipped = np.clip(raw, low, high)
    mean = np.average(clipped, axis=0, weights=weight)
    deviation = np.sqrt(np.average((clipped - mean) ** 2, axis=0, weights=weight))
    # An input that never changes carries nothing; any scale will do for it.
    scale = np.where(deviation > 1e-12, deviation, 1.0)
    z = (clipped - mean) / scale

    chosen = _cross_validate(z, right, groups, weight, seed)
    if chosen is None:
        return None
    strength, held_out = chosen
    model = _regression(strength).fit(z, right, sample_weight=weight)
    columns = zip(model.coef_[0], mean, scale, low, high, strict=True)
    terms = {
        name: Term(*(float(v) for v in numbers))
        for name, numbers in zip(names, columns, strict=True)
    }
    whole = held_out[: len(outcomes[0].right)]
    return _Fitted(float(model.intercept_[0]), terms, strength, whole)


def _weights(sizes: Sequence[int]) -> F64:
    """Weight of every query: the galleries' shares, spread evenly inside each."""
    rest = max(1, len(sizes) - 1)
    shares = [_WHOLE_WEIGHT] + [(1.0 - _WHOLE_WEIGHT) / rest] * (len(sizes) - 1)
    # They sum to the size of the whole gallery, to which the regularisation relates.
    parts = [np.full(n, sizes[0] * share / n) for n, share in zip(sizes, shares, strict=True) if n]
    return np.concatenate(parts)


def _cross_validate(
    z: F64, right: NDArray[np.bool_], groups: IntArray, weight: F64, seed: int
) -> tuple[float, F64] | None:
    """Best regularisation by log-loss over classes left out, and its predictions for them.

    None when some fold has only one kind of outcome to learn from.
    """
    count = min(_FOLDS, len(np.unique(groups)))
    folds = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    splits = list(folds.split(z, right, groups))
    if any(len(np.unique(right[train])) < 2 for train, _ in splits):
        return None
    best: tuple[float, float, F64] | None = None
    for strength in _STRENGTHS:
        p = np.empty(len(z))
        for train, test in splits:
            model = _regression(strength).fit(z[train], right[train], sample_weight=weight[train])
            p[test] = model.predict_proba(z[test])[:, 1]
        likelihood = np.clip(np.where(right, p, 1.0 - p), np.finfo(float).tiny, 1.0)
        loss = float(-(weight * np.log(likelihood)).sum())
        if best is None or loss < best[0]:
            best = loss, strength, p
    assert best is not None
    return best[1:]


def _regression(strength: float) -> LogisticRegression:
    return LogisticRegression(C=strength, max_iter=2000)
