"""Fitting the answer confidence on calibration classes (convention: :mod:`hypuml.confidence`).

Zero-shot protocol: every image of classes that the model was not trained on queries all the others.
Galleries come in other sizes too, so beside that whole gallery the fit sees smaller ones drawn from
it: fewer classes, fewer images per class, and every other one with queries that are not in the
gallery, like an upload.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold

from hypuml.confidence.assess import Reference, assess
from hypuml.confidence.features import CONTROLS, DEPTH, INPUTS, Features
from hypuml.confidence.model import AnswerConfidence, Term
from hypuml.metrics import auroc, ece, query_rows
from hypuml.search import Index
from hypuml.types import FloatArray, IntArray

F64 = NDArray[np.float64]

MIN_CLASSES, MIN_OUTCOMES = 4, 10
_SMALLER = 8  # galleries drawn from the whole
# Together they weigh a fifth: enough for agreement among few images to be learnt, while the
# calibration on galleries of full size, which are the usual case, stays the best.
_WHOLE_WEIGHT = 0.8
_MAX_QUERIES = 20_000  # per gallery; more would only cost time
_FOLDS = 5
_STRENGTHS = (0.01, 0.1, 1.0, 10.0)  # inverse regularisation tried, strongest first
_TAILS = (0.002, 0.998)  # quantiles of an input beyond which it is clipped


@dataclass(frozen=True)
class _Outcomes:
    """Queries of one gallery: their features, outcomes ``[M]`` and classes ``[M]``."""

    found: Features
    right: NDArray[np.bool_]
    classes: IntArray


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
    ids, u = np.asarray(class_ids), np.asarray(uncertainty, dtype=np.float64)
    x = np.asarray(points)
    if x.ndim != 2 or ids.shape != x.shape[:1] or u.shape != ids.shape:
        raise ValueError(
            f"got points {x.shape}, uncertainty {u.shape} and class ids {ids.shape}, "
            "expected points [N, n] and one uncertainty and class per point"
        )
    galleries = np.zeros(len(ids), np.int64) if apart is None else np.asarray(apart)
    numbers, first = np.unique(galleries, return_index=True)
    rng = np.random.default_rng([seed, 0xC0F1])
    wholes: list[_Outcomes] = []
    parts: list[_Outcomes] = []
    # In order of appearance: how they are numbered does not matter.
    for one in numbers[first.argsort()]:
        rows = np.flatnonzero(galleries == one)
        for number, (gallery, queries, inside) in enumerate(_galleries(ids[rows], rng)):
            found = _search(x[rows], u[rows], ids[rows], curvature, gallery, queries, inside)
            (parts if number else wholes).append(found)
    whole = _together(wholes)
    if whole is None:
        return None
    errors = int((~whole.right).sum())
    if min(errors, len(whole.right) - errors) < MIN_OUTCOMES:
        return None
    outcomes = [whole, *parts]
    names = tuple(inputs)
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
    held_out = held_out[: len(whole.right)]
    columns = zip(model.coef_[0], mean, scale, low, high, strict=True)
    return AnswerConfidence(
        intercept=float(model.intercept_[0]),
        terms={
            name: Term(*(float(v) for v in numbers))
            for name, numbers in zip(names, columns, strict=True)
        },
        fitted_on={
            "images": len(x),
            "classes": len(np.unique(whole.classes)),
            "queries": len(whole.right),
            "errors": errors,
            "galleries": len(wholes) + len(parts),
            "regularisation": strength,
            "auroc": auroc(held_out, whole.right),
            "ece": ece(held_out, whole.right),
            "controls": {
                k: auroc(score(whole.found), whole.right) for k, score in CONTROLS.items()
            },
            "seed": seed,
        },
    )


def _together(galleries: Sequence[_Outcomes]) -> _Outcomes | None:
    """Queries of several galleries in one; None where there is no gallery."""
    if not galleries:
        return None
    found = {k: np.concatenate([g.found[k] for g in galleries]) for k in galleries[0].found}
    right = np.concatenate([g.right for g in galleries])
    return _Outcomes(found, right, np.concatenate([g.classes for g in galleries]))


def _galleries(
    ids: IntArray, rng: np.random.Generator
) -> Iterator[tuple[IntArray, IntArray, bool]]:
    """Rows of each gallery, rows that query it, and whether those are in it; the whole first."""
    labelled = np.flatnonzero(ids >= 0)
    possible = labelled[query_rows(ids[labelled])]
    classes, sizes = np.unique(ids[possible], return_counts=True)
    if len(classes) < MIN_CLASSES:
        return
    yield np.arange(len(ids)), _some(possible, _MAX_QUERIES, rng), True
    members = [np.flatnonzero(ids == one) for one in classes]
    for number in range(_SMALLER):
        inside = number % 2 == 0
        count = max(MIN_CLASSES, round(rng.uniform(0.3, 1.0) * len(classes)))
        # Log-uniform: from 2 to 4 images per class changes more than from 20 to 22.
        per_class = round(np.exp(rng.uniform(np.log(2), np.log(max(2, sizes.max())))))
        # From outside, half of a class queries and the other half is there to be found.
        kept = per_class if inside else 2 * per_class
        drawn = rng.choice(len(classes), min(count, len(classes)), replace=False)
        rows = [_some(members[i], kept, rng) for i in drawn]
        if inside:
            gallery = queries = np.sort(np.concatenate(rows))
        else:
            gallery = np.sort(np.concatenate([r[: (len(r) + 1) // 2] for r in rows]))
            queries = np.sort(np.concatenate([r[(len(r) + 1) // 2 :] for r in rows]))
        yield gallery, _some(queries, _MAX_QUERIES, rng), inside


def _some(rows: IntArray, count: int, rng: np.random.Generator) -> IntArray:
    """At most ``count`` of the rows, in random order."""
    return rng.permutation(rows)[:count]


def _search(
    points: FloatArray,
    u: F64,
    ids: IntArray,
    curvature: float,
    gallery: IntArray,
    queries: IntArray,
    inside: bool,
) -> _Outcomes:
    """Search, and keep the queries whose answer has a class."""
    index = Index(points[gallery], curvature)
    exclude = np.searchsorted(gallery, queries) if inside else None
    hits = index.search(points[queries], DEPTH, exclude=exclude)
    own = np.full(len(queries), -1) if exclude is None else exclude
    reference = Reference(index.search, index.points, ids[gallery], u[gallery], curvature)
    found = assess(reference, hits, u[queries], own).features
    keep = found["answered"] > 0.0
    right = ids[gallery][hits.ids[:, 0]] == ids[queries]
    return _Outcomes({k: v[keep] for k, v in found.items()}, right[keep], ids[queries][keep])


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
