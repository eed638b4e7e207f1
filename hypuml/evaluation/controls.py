"""What u is held against: scores of an image that were not trained to be an uncertainty.

Each has its natural sign, fixed before it is measured: a small norm, a low Laplacian variance
(blur) and a large predicted loss mean uncertain. A control below 0.5 is reported as it is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypuml import metrics
from hypuml.evaluation.embedding import Evaluated
from hypuml.evaluation.image_statistics import laplacian_variance
from hypuml.evaluation.intervals import difference, interval, on_rows
from hypuml.loss_prediction import LossPrediction
from hypuml.models.embedder import Embedder
from hypuml.models.files import Described
from hypuml.types import FloatArray, IntArray

Scores = dict[str, FloatArray | None]

# Rank correlation from which two scores are one: float32 rounds some neighbours into ties.
_SAME = 1.0 - 1e-6


def control_scores(model: Embedder, evaluated: Evaluated, seed: int = 0) -> Scores:
    """The controls as uncertainties, ``[N]`` each, high = uncertain; None where there is none.

    * ``tangent_norm``: length of the tangent vector before it is bounded, negated.
    * ``feature_norm``: length of the backbone's features, negated.
    * ``laplacian_variance``: of the network's input as a grey picture, negated.
    * ``shuffled``: u of another image, drawn with ``seed``: what chance looks like.
    * ``loss_prediction``: a small regressor from the backbone's features to the logarithm of an
      image's own loss (Yoo and Kweon 2019), where the model carries one.
    """
    sharpness = laplacian_variance(evaluated.pixels)
    return scores_of(evaluated.described, sharpness, model.loss_prediction, seed)


def scores_of(
    described: Described, sharpness: FloatArray, predict: LossPrediction | None, seed: int = 0
) -> Scores:
    """:func:`control_scores` of images whose sharpness (Laplacian variance) ``[N]`` is known."""
    order = np.random.default_rng(seed).permutation(len(described.uncertainty))
    return {
        "tangent_norm": -described.norm,
        "feature_norm": -np.linalg.norm(described.features.astype(np.float64), axis=1),
        "laplacian_variance": -sharpness,
        "shuffled": described.uncertainty[order],
        "loss_prediction": None
        if predict is None
        else np.asarray(predict(described.features), dtype=np.float64),
    }


def same_ranking(u: FloatArray, norm: FloatArray) -> bool:
    """Whether u and a small norm order the images alike, ``[N]`` each.

    So it is for the radial uncertainty with tanh lengths, a falling function of the norm: the
    control is then no second opinion, and has u's own R-AUROC.
    """
    found = metrics.spearman(u, -np.asarray(norm, dtype=np.float64))
    return found is not None and found >= _SAME


def control_report(
    u: FloatArray, scores: Scores, correct: NDArray[np.bool_], classes: IntArray
) -> dict[str, Any]:
    """R-AUROC of every control on the queries of u, and what is between them.

    Args:
        u: ``[Q]`` uncertainty of each query.
        scores: ``[Q]`` each, high = uncertain.
        correct: ``[Q]`` whether the first hit is right.
        classes: ``[Q]`` class of each query.

    Returns:
        ``controls`` (R-AUROC of each, None below 30 errors), ``control_differences`` (R-AUROC of u
        less the control's, with the interval of a paired bootstrap over classes: above zero, u is
        better), ``controls_that_beat_u`` (names; None where u itself has no number) and
        ``tangent_norm_is_u``.
    """
    own = metrics.r_auroc(u, correct)
    found = {
        name: None if score is None else metrics.r_auroc(score, correct)
        for name, score in scores.items()
    }
    norm = scores.get("tangent_norm")
    same = None if norm is None or not len(u) else same_ranking(u, -norm)
    beaten = None
    if own is not None:
        rivals = {name: x for name, x in found.items() if x is not None}
        if same:
            rivals.pop("tangent_norm")
        beaten = [name for name, x in rivals.items() if x > own]
    return {
        "controls": found,
        "control_differences": _differences(u, own, scores, found, correct, classes),
        "controls_that_beat_u": beaten,
        "tangent_norm_is_u": same,
    }


def _differences(
    u: FloatArray,
    own: float | None,
    scores: Scores,
    found: dict[str, float | None],
    correct: NDArray[np.bool_],
    classes: IntArray,
) -> dict[str, Any]:
    result: dict[str, Any] = dict.fromkeys(scores)
    if own is None:
        return result
    for name, score in scores.items():
        value = found[name]
        if score is not None and value is not None:
            ours, rival = (on_rows(metrics.r_auroc, x, correct) for x in (u, score))
            ends = interval(difference(ours, rival), classes)
            result[name] = {"difference": own - value, **(ends or {"low": None, "high": None})}
    return result
