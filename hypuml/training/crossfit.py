"""Cross-fitting: what a model makes of classes that it was not trained on, without touching any
class that is held out.

The training classes are halved at random. A model that learns (its backbone, below a projector) is
trained on one half, a head is fitted to that half's features, and the other half's images query one
another; then the other way round, and all of it for several halvings. The answers are what the
uncertainty (:mod:`hypuml.models.readout_fit`) and the answer confidence learn from.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from hypuml.data.pixels import read_pixels, through_side
from hypuml.data.registry import open_dataset
from hypuml.data.splits import thinned
from hypuml.models.halves import Half, read_halves, write_halves
from hypuml.models.head import HyperbolicHead
from hypuml.models.hypuml import HypUML
from hypuml.models.readout import ReadoutLength
from hypuml.models.readout_fit import Fold, Images, fit_uncertainty
from hypuml.taxonomy import class_ids
from hypuml.training.config import TrainConfig
from hypuml.training.data import everything
from hypuml.training.features import describe_pixels
from hypuml.training.setup import Report, silent, starting_model
from hypuml.training.trainer import Trainer
from hypuml.types import IntArray

# Shrinkages of the within-class covariance that are tried; the one with the fewest errors on
# unseen classes stays.
SHRINKAGES = (0.5, 0.9, 1.0)
_FEWEST_CLASSES = 4
# Copies at this many pixels a side, of at most so many images of each further kind.
SMALL, _SMALL_SIDE, _MOST = "small", 32, 1500
# More classes than any data set has.
_CLASSES = 1_000_000


@torch.no_grad()
def fit_readout(
    model: HypUML,
    trainer: Trainer,
    config: TrainConfig,
    report: Report | None = None,
    out: Path | None = None,
) -> list[Fold]:
    """Fit a model's head and its uncertainty to the features of its backbone, without gradient.

    Args:
        model: with the trained backbone; its ``length`` is a "readout".
        trainer: of the run, for its images.
        config: of the run.
        report: called with (phase, done, total, metrics).
        out: folder of the run, where features of models trained on halves are kept, so that what is
            fitted to them can be fitted again without training; None keeps nothing.

    Returns:
        The answers on unseen classes that everything was learned from; none where there are too
        few classes to halve, which is recorded in the model's training facts (``left_out``).
    """
    rows, labels = training_rows(trainer)
    halves = _all_halves(model, trainer, config, report or silent, out)
    wrong = {s: [half.answers(config.model, s) for half in halves] for s in SHRINKAGES}
    errors = {s: sum(int(fold.wrong.sum()) for fold in folds) for s, folds in wrong.items()}
    best = min(SHRINKAGES, key=lambda s: errors[s])
    features = fit_head(model, trainer, best)
    assert isinstance(model.head.length, ReadoutLength)
    model.head.length.fit_axes(features)
    clean = Images(features, features.new_zeros(len(features)))
    degraded = Images(*trainer.source.degraded(model, rows))
    folds = wrong[best]
    answers = sum(len(fold.labels) for fold in folds)
    others = []
    if halves and config.further:
        others = _further_kinds(model, trainer, config, halves[0].head(config.model, best))
    # One halving shows every image once, as each of the further kinds does. Where there were too
    # few classes to halve, lengths are fitted to the training images; no error is learned from.
    folds = [*others, *folds]
    seen = folds or [Fold.answered(model.head, features, labels)]
    facts = fit_uncertainty(
        model.head, seen, len(others) + 2, (clean, degraded), config.seed if halves else None
    )
    model.training_info["crossfit"] = {
        "halvings": config.halvings if halves else 0,
        "shrinkage": best,
        "answers": answers,
        "recall@1": 1 - errors[best] / answers if halves else None,
        "further": list(config.further),
        **facts,
    }
    return folds


@torch.no_grad()
def fit_head(model: HypUML, trainer: Trainer, shrinkage: float = 0.5) -> Tensor:
    """Put a head on axes of the features of all training images, without gradient.

    Args:
        model: with the trained backbone.
        trainer: of the run, for its images.
        shrinkage: of the within-class covariance, in (0, 1].

    Returns:
        The features ``[N, F]``.
    """
    rows, labels = training_rows(trainer)
    features = trainer.source.plain(model, rows)
    model.head.initialise_axes(features, labels, shrinkage)
    # From the same start each time, so that fitting again rounds alike.
    model.head.log_scale.zero_()
    model.head.initialise_scale(features)
    return features


def belong(halves: Sequence[Half], labels: Tensor, config: TrainConfig) -> bool:
    """Whether halves are those of this run's training images ``[N]``, classes and seed."""
    sides = list(_sides(labels, config))
    return len(halves) == len(sides) and all(
        torch.equal(half.seen_labels, labels[side])
        and torch.equal(half.unseen_labels, labels[~side])
        for half, side in zip(halves, sides, strict=True)
    )


def _further_kinds(
    model: HypUML, trainer: Trainer, config: TrainConfig, half: HyperbolicHead
) -> list[Fold]:
    """Answers about other kinds of images, of classes that the head which answers has not seen.

    Args:
        model: whose head is fitted to all training classes.
        trainer: of the run.
        config: of the run.
        half: a head fitted to the first half of the classes; it answers small copies of the others.
    """
    found = []
    for number, name in enumerate(config.further):
        if name == SMALL:
            rows, known = training_rows(trainer)
            unseen = (~next(_sides(known, config))).cpu().numpy()
            dataset, head = trainer.data.dataset, half
            rows = trainer.data.train.rows[rows[unseen]]
        else:
            dataset, head = open_dataset(name), model.head
            rows = everything(dataset)
        rng = np.random.default_rng([config.seed, number, 0xF0B])
        rows = thinned(rows, class_ids([dataset.items[i].path for i in rows])[0], _MOST, rng)
        pixels, kept, _ = read_pixels(dataset, rows, model.config.image_size)
        if name == SMALL:
            pixels = through_side(pixels, _SMALL_SIDE)
        seen = describe_pixels(model, torch.from_numpy(pixels).permute(0, 3, 1, 2)).features
        ids = class_ids([dataset.items[i].path for i in kept])[0]
        # Numbers of their own, so that classes of different kinds are never taken for one.
        labels = torch.from_numpy(ids + (number + 1) * _CLASSES).to(model.backbone.device)
        found.append(Fold.answered(head, torch.from_numpy(seen).to(labels.device), labels))
    return found


def training_rows(trainer: Trainer) -> tuple[IntArray, Tensor]:
    """Rows of the undamaged images of one class that are trained on, and their labels."""
    batches, labels = trainer.data.batches, trainer.data.train.labels
    rows = np.sort(np.concatenate([batches.fit_rows, batches.held_rows]))
    return rows, torch.from_numpy(labels[rows]).to(trainer.state.model.backbone.device)


def _all_halves(
    model: HypUML, trainer: Trainer, config: TrainConfig, log: Report, out: Path | None
) -> Sequence[Half]:
    """What models of either half make of both, kept in ``out`` where that took training."""
    rows, labels = training_rows(trainer)
    count = len(labels.unique())
    if count < 2 * _FEWEST_CLASSES:
        model.training_info["left_out"] = (
            f"{count} training classes are too few to halve (at least {2 * _FEWEST_CLASSES} are "
            "needed), so the uncertainty tells damaged and foreign images but has not learned from "
            "wrong answers, and there is no answer confidence"
        )
        return []
    kept = read_halves(out, model.backbone.device) if out else []
    if belong(kept, labels, config):
        return kept
    found: list[Half] = []
    for seen in _sides(labels, config):
        inside, outside = (rows[side.cpu().numpy()] for side in (seen, ~seen))
        one = _trained_on(inside, model, trainer, config)
        features = (trainer.source.plain(one, side) for side in (inside, outside))
        found.append(Half(next(features), labels[seen], next(features), labels[~seen]))
        log("cross-fitting", len(found), 2 * config.halvings, {})
    if out and model.backbone.trainable:
        write_halves(found, out)
        # In the precision that a resumed run will find.
        found = read_halves(out, model.backbone.device)
    return found


def _sides(labels: Tensor, config: TrainConfig) -> Iterator[Tensor]:
    """Which images ``[N]`` are trained on: the two halves of the classes, for every halving."""
    rng = np.random.default_rng([config.seed, 0xC205])
    classes = labels.unique().cpu().numpy()
    for _ in range(config.halvings):
        first = rng.permutation(classes)[: len(classes) // 2]
        mask = torch.isin(labels, torch.from_numpy(first).to(labels.device))
        yield from (mask, ~mask)


def _trained_on(rows: IntArray, model: HypUML, trainer: Trainer, config: TrainConfig) -> HypUML:
    """A model whose backbone has learned from some training images alone."""
    if not model.backbone.trainable or not config.steps:
        return model
    with torch.enable_grad():
        data = replace(trainer.data, batches=trainer.data.batches.restricted(rows))
        start = starting_model(config.trained)
        half = Trainer(start, data, trainer.source, config.trained)
        half.initialise()
        while half.state.step < config.steps:
            half.step()
    return half.averaged()
