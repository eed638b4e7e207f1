"""Fitting the uncertainty of a ``readout`` length (:mod:`hypuml.models.readout`).

It is learned from errors on classes that were **not** trained on (cross-fitting): a model is right
about nearly every image of the classes it was fitted to, and its errors there predict little about
new ones. So the training classes are halved, a head (with its backbone, where that learns) is
fitted to one half and answers the other, both ways and for several halvings
(:mod:`hypuml.training.crossfit`). Which of those answers are wrong is what is learned here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from torch import Tensor
from torch.nn import functional as F

from hypuml.metrics import auroc
from hypuml.models.damage import Damage, damage_loss
from hypuml.models.head import HyperbolicHead
from hypuml.models.length import Length
from hypuml.models.readout import CENTRES, ReadoutLength
from hypuml.types import FloatArray, IntArray

# Inverse strengths of the penalty on the error score's weights, strongest first (scikit-learn's C),
# and how much less AUROC a stronger one may have than the best.
_PENALTIES = (1e-5, 3e-5, 1e-4, 3e-4, 1e-3)
_NEARLY = 0.02
_CLASS_FOLDS = 5
# With fewer wrong answers the error score would fit noise: it stays out then.
FEWEST_ERRORS = 30
_DAMAGE_STEPS, _DAMAGE_BATCH, _DAMAGE_RATE = 600, 256, 1e-3
# Images are called outside beyond this quantile of the residuals of unseen classes.
_INSIDE = 0.99
# What is tried for undamaged images: the share of them whose length falls slowly, how far it falls,
# and what Recall@1 it may cost: a share, or a number of images that chance alone moves, whichever
# is more.
_COST, _NOISE = 0.001, 2
_SLOWLY = (0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
_FALLS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)


@dataclass(frozen=True)
class Fold:
    """Images of classes that a head has not seen, as it places and answers them.

    Attributes:
        features: ``[M, F]``.
        tangent: ``[M, n]`` vectors before their length is set.
        labels: ``[M]`` classes.
        wrong: ``[M]`` whether the first answer among the others has another class.
        residual: ``[M]`` log-energy beyond the principal axes of what the head was fitted to; 0
            where its length is no "readout".
    """

    features: Tensor
    tangent: Tensor
    labels: Tensor
    wrong: Tensor
    residual: Tensor

    @classmethod
    def answered(cls, head: HyperbolicHead, features: Tensor, labels: Tensor) -> Fold:
        """Let every image query the others, by the angle between tangent vectors.

        An image that is alone in its class has no right answer and is left out.
        """
        place, sizes = labels.unique(return_inverse=True, return_counts=True)[1:]
        among = sizes[place] > 1
        features, labels = features[among], labels[among]
        tangent = head.tangent(features)
        directions = F.normalize(tangent, dim=1)
        first = [_first(part, directions, start) for start, part in _parts(directions)]
        residual = features.new_zeros(len(features))
        if isinstance(head.length, ReadoutLength):
            residual = head.length.residual(features)
        return cls(features, tangent, labels, labels[torch.cat(first)] != labels, residual)


@dataclass(frozen=True)
class Images:
    """Training images as the finished model sees them.

    Attributes:
        features: ``[D, F]``.
        levels: ``[D]`` how badly they are degraded, in [0, 1]; 0 for all that are not.
    """

    features: Tensor
    levels: Tensor


@torch.no_grad()
def fit_uncertainty(
    head: HyperbolicHead,
    folds: Sequence[Fold],
    checked: int,
    images: tuple[Images, Images],
    seed: int | None = 0,
) -> dict[str, float | int | None]:
    """Fit every part of a readout.

    Args:
        head: whose ``length``, a :class:`ReadoutLength` that has its axes, is filled.
        folds: answers about classes that were not seen.
        checked: number of leading folds that the lengths may not cost Recall@1 on.
        images: training images as they are, and degraded ones.
        seed: of the batches that the damage readout is trained with; None where the folds are of
            trained classes, from whose errors nothing is to be learned.

    Returns:
        What a checkpoint records: ``images``, ``errors``, ``penalty`` (None where there were too
        few errors to learn from), ``auroc`` (of the error score, by cross-validation over classes)
        and ``fall`` (share of the radius that undamaged images spread over).
    """
    length = head.length
    assert isinstance(length, ReadoutLength)
    clean, degraded = images
    features = torch.cat([fold.features for fold in folds])
    residual = torch.cat([fold.residual for fold in folds])
    wrong = torch.cat([fold.wrong for fold in folds]).cpu().numpy()
    classes = torch.cat([fold.labels for fold in folds]).cpu().numpy()
    facts = _fit_error(length, features, wrong if seed is not None else wrong & False, classes)
    _fit_damage(length.damage, clean.features, degraded, seed or 0)
    length.outside_at.copy_(residual.quantile(_INSIDE))
    length.outside_scale.copy_(residual.std().clamp(min=1e-3) / 2)
    _fit_distribution(length, length.score(features, residual), length.score(degraded.features))
    fall = _fit_fall(head, length, folds[:checked])
    return {"images": len(features), "errors": int(wrong.sum()), **facts, "fall": fall}


def _fit_error(
    length: ReadoutLength, features: Tensor, wrong: NDArray[np.bool_], classes: IntArray
) -> dict[str, float | None]:
    """Logistic regression under a strong penalty, chosen by cross-validation over classes."""
    length.weight.zero_()
    length.bias.zero_()
    part = np.unique(classes, return_inverse=True)[1] % _CLASS_FOLDS
    # Without some classes all the others may be right, or wrong.
    both = all(len(np.unique(wrong[part != k])) == 2 for k in range(_CLASS_FOLDS))
    if (
        min(wrong.sum(), (~wrong).sum()) < FEWEST_ERRORS
        or part.max() < _CLASS_FOLDS - 1
        or not both
    ):
        return {"penalty": None, "auroc": None}
    x = ((features - length.mean) / length.scale).cpu().numpy().astype(np.float64)
    scores: dict[float, float] = {}
    for penalty in _PENALTIES:
        found = np.empty(len(x))
        for k in range(_CLASS_FOLDS):
            model = LogisticRegression(C=penalty, max_iter=200)
            model.fit(x[part != k], wrong[part != k])
            found[part == k] = model.decision_function(x[part == k])
        scores[penalty] = _auroc(found, wrong)
    # The strongest penalty that is nearly as good as the best: classes differ more than images.
    best = max(scores.values())
    chosen = min(penalty for penalty, score in scores.items() if score >= best - _NEARLY)
    model = LogisticRegression(C=chosen, max_iter=400).fit(x, wrong)
    length.weight.copy_(torch.from_numpy(model.coef_[0]))
    length.bias.copy_(torch.from_numpy(model.intercept_)[0])
    return {"penalty": chosen, "auroc": scores[chosen]}


def _auroc(score: FloatArray, wrong: NDArray[np.bool_]) -> float:
    value = auroc(score, wrong)
    return 0.5 if value is None else value


def _fit_damage(damage: Damage, clean: Tensor, degraded: Images, seed: int) -> None:
    """Regress the level of degraded images; undamaged ones are as many in every batch."""
    noise = torch.Generator().manual_seed(seed)
    # Fitted again, it is to be the same.
    damage.restart(noise)
    optimizer = torch.optim.AdamW(damage.parameters(), lr=_DAMAGE_RATE, weight_decay=0.01)
    half = _DAMAGE_BATCH // 2
    with torch.enable_grad():
        for step in range(_DAMAGE_STEPS):
            whole = torch.randint(len(clean), (half,), generator=noise)
            broken = torch.randint(len(degraded.levels), (half,), generator=noise)
            x = torch.cat([clean[whole], degraded.features[broken]])
            for group in optimizer.param_groups:
                group["lr"] = _DAMAGE_RATE * (1 - step / _DAMAGE_STEPS)
            optimizer.zero_grad(set_to_none=True)
            damage_loss(damage(x), degraded.levels[broken]).backward()
            optimizer.step()


def _fit_distribution(length: ReadoutLength, *scores: Tensor) -> None:
    """Quantiles of the scores ``[N]`` of each kind of images, all kinds weighing the same."""
    share = (torch.arange(CENTRES) + 0.5) / CENTRES
    fewest = min(len(score) for score in scores)
    # Evenly spaced quantiles of each stand for it, so that the larger set does not weigh more.
    levels = torch.linspace(0, 1, min(fewest, 4096)).to(scores[0].device)
    mixture = torch.cat([score.quantile(levels) for score in scores])
    length.centres.copy_(mixture.quantile(share.to(mixture.device)))
    length.bandwidth.copy_((length.centres[-1] - length.centres[0]) / CENTRES * 2)


def fold_lengths(length: Length, fold: Fold) -> Tensor:
    """Lengths ``[M]`` of a fold's images."""
    if not isinstance(length, ReadoutLength):
        found: Tensor = length(fold.tangent, fold.features)
        return found
    return length.at(length.score(fold.features, fold.residual))


def _fit_fall(head: HyperbolicHead, length: ReadoutLength, folds: Sequence[Fold]) -> float:
    """Spread the lengths of undamaged images as far as next to no Recall@1 is lost.

    Returns:
        Standard deviation of their lengths, as a share of the greatest.
    """
    # Any knee gives the same u: it is inverted below. A fixed one, so that it rounds alike.
    length.knee.copy_(torch.tensor([0.5, (1 - length.shortest) / 2]))
    u = torch.cat([length.uncertainty(fold_lengths(length, fold)) for fold in folds])
    least = sum(int((~fold.wrong).sum()) for fold in folds) - max(_COST * len(u), _NOISE)
    flat = min(_FALLS[0], (1 - length.shortest) / 2)
    best = (0.0, float(u.quantile(_SLOWLY[-1]).clamp(0.05, 0.95)), flat)
    for share in _SLOWLY:
        end = float(u.quantile(share).clamp(0.05, 0.95))
        for fall in _FALLS:
            length.knee.copy_(torch.tensor([end, fall]))
            lengths = [fold_lengths(length, fold) for fold in folds]
            spread = float(torch.cat(lengths).std() / length.r)
            if fall >= 1 - length.shortest or spread <= best[0]:
                continue
            if sum(map(_right, [head] * len(folds), folds, lengths)) < least:
                break
            best = (spread, end, fall)
    length.knee.copy_(torch.tensor(best[1:]))
    return float(torch.cat([length(f.tangent, f.features) for f in folds]).std() / length.r)


def _right(head: HyperbolicHead, fold: Fold, lengths: Tensor) -> int:
    """Images whose nearest other, at these lengths, has their class."""
    points = head.point(fold.tangent, lengths)
    right = 0
    for start, part in _parts(points):
        rows = torch.arange(len(part), device=part.device)
        mask = torch.zeros(len(part), len(points), dtype=torch.bool, device=part.device)
        mask[rows, rows + start] = True
        distances = head.distance(part, points, mask).masked_fill(mask, torch.inf)
        first = fold.labels[distances.argmin(1)]
        right += int((first == fold.labels[start : start + len(part)]).sum())
    return right


def _parts(x: Tensor, size: int = 1024) -> list[tuple[int, Tensor]]:
    return [(start, x[start : start + size]) for start in range(0, len(x), size)]


def _first(part: Tensor, directions: Tensor, start: int) -> Tensor:
    """Nearest other image by angle, for rows from ``start`` on."""
    cosine = part @ directions.T
    cosine[torch.arange(len(part)), torch.arange(start, start + len(part))] = -torch.inf
    return cosine.argmax(1)
