"""Cross-fitting: what a model makes of classes that it was not trained on, without touching any
class that is held out.

The training classes are halved at random. A model that learns (its backbone, below a projector) is
trained on one half, a head is fitted to that half's features, and the other half's images query one
another; then the other way round, and all of it for several halvings. The answers are what the
uncertainty (:mod:`hypuml.models.readout_fit`) and the answer confidence learn from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from hypuml.files import write_atomically
from hypuml.models.head import HyperbolicHead
from hypuml.models.hypuml import HypUML
from hypuml.models.readout_fit import Fold, Images, fit_uncertainty
from hypuml.training.config import TrainConfig
from hypuml.training.setup import Report, silent, starting_model
from hypuml.training.trainer import Trainer
from hypuml.types import IntArray

# Shrinkages of the within-class covariance that are tried; the one with the fewest errors on
# unseen classes stays.
SHRINKAGES = (0.5, 0.9, 1.0)
_FEWEST_CLASSES = 4
_HALF = "crossfit-{number}.safetensors"


@dataclass(frozen=True)
class _Half:
    """Features of both sides by a model that was trained on one of them."""

    seen: Tensor
    seen_labels: Tensor
    unseen: Tensor
    unseen_labels: Tensor

    def answers(self, config: TrainConfig, shrinkage: float) -> Fold:
        """A head fitted to the seen side answers the other."""
        head = HyperbolicHead(config.model, self.seen.shape[1]).to(self.seen.device)
        head.initialise_axes(self.seen, self.seen_labels, shrinkage)
        head.initialise_scale(self.seen)
        return Fold.answered(head, self.unseen, self.unseen_labels)


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
        report: called with (phase, done, total, figures).
        out: folder of the run, where features of models trained on halves are kept, so that what is
            fitted to them can be fitted again without training; None keeps nothing.

    Returns:
        The answers on unseen classes that everything was learned from.

    Raises:
        ValueError: too few classes to halve.
    """
    halves = _kept_or_trained(model, trainer, config, report or silent, out)
    wrong = {s: [half.answers(config, s) for half in halves] for s in SHRINKAGES}
    errors = {s: sum(int(fold.wrong.sum()) for fold in folds) for s, folds in wrong.items()}
    best = min(SHRINKAGES, key=lambda s: errors[s])
    rows, features = fit_head(model, trainer, best)
    bad, levels = trainer.source.degraded(model, rows)
    clean = Images(features, model.head.tangent(features), features.new_zeros(len(features)))
    degraded = Images(bad, model.head.tangent(bad), levels)
    facts = fit_uncertainty(model.head, wrong[best], clean, degraded, config.seed)
    answers = sum(len(fold.labels) for fold in wrong[best])
    model.training_info["crossfit"] = {
        "halvings": config.halvings,
        "shrinkage": best,
        "recall@1": {str(s): 1 - found / answers for s, found in errors.items()},
        **facts,
    }
    return wrong[best]


@torch.no_grad()
def fit_head(model: HypUML, trainer: Trainer, shrinkage: float = 0.5) -> tuple[IntArray, Tensor]:
    """Put a head on axes of the features of all training images, without gradient.

    Args:
        model: with the trained backbone.
        trainer: of the run, for its images.
        shrinkage: of the within-class covariance, in (0, 1].

    Returns:
        Rows of the images, and their features.
    """
    rows, labels = _training_rows(trainer)
    features = trainer.source.plain(model, rows)
    model.head.initialise_axes(features, labels, shrinkage)
    model.head.initialise_scale(features)
    return rows, features


def answers_again(model: HypUML, trainer: Trainer, config: TrainConfig, out: Path) -> list[Fold]:
    """The answers that a finished model's readout was fitted to, without training anything.

    Args:
        model: as its checkpoint has it.
        trainer: of its run, for the images.
        config: of the run.
        out: folder of the run.

    Raises:
        ValueError: a backbone learned, and the features of its halves were not kept.
    """
    labels = _training_rows(trainer)[1]
    halves = read_halves(out, labels.device)
    if config.backbone_lr and not _belong(halves, _sides(labels, config), labels):
        raise ValueError(
            f"{out} does not hold the features that its uncertainty was fitted to "
            f"({_HALF.format(number=0)} and further files); train again"
        )
    halves = _kept_or_trained(model, trainer, config, silent, out)
    best = model.training_info["crossfit"]["shrinkage"]
    return [half.answers(config, best) for half in halves]


def _kept_or_trained(
    model: HypUML, trainer: Trainer, config: TrainConfig, say: Report, out: Path | None
) -> list[_Half]:
    labels = _training_rows(trainer)[1]
    sides = _sides(labels, config)
    halves = read_halves(out, labels.device) if out else []
    if not _belong(halves, sides, labels):
        halves = _halves(model, trainer, config, sides, say)
        if out and model.backbone.trainable:
            _write_halves(halves, out)
            # In the precision that a resumed run will find.
            halves = read_halves(out, labels.device)
    return halves


def _belong(halves: Sequence[_Half], sides: Sequence[Tensor], labels: Tensor) -> bool:
    """Whether halves are those of this run's images, classes and seed."""
    return len(halves) == len(sides) and all(
        torch.equal(half.seen_labels, labels[side])
        and torch.equal(half.unseen_labels, labels[~side])
        for half, side in zip(halves, sides, strict=True)
    )


def _write_halves(halves: Sequence[_Half], out: Path) -> None:
    """Keep the features in half precision, one file for each half."""
    out.mkdir(parents=True, exist_ok=True)
    for number, half in enumerate(halves):
        tensors = {
            name: (value.half() if value.is_floating_point() else value).cpu().contiguous()
            for name, value in vars(half).items()
        }
        write_atomically(out / _HALF.format(number=number), save(tensors))


def read_halves(out: Path, device: torch.device) -> list[_Half]:
    """What an earlier run kept in ``out``, in order; none where it kept nothing.

    Raises:
        ValueError: a file is damaged.
    """
    found: list[_Half] = []
    while (path := out / _HALF.format(number=len(found))).exists():
        try:
            tensors = load(path.read_bytes())
            here = {
                name: (value.float() if value.is_floating_point() else value).to(device)
                for name, value in tensors.items()
            }
            found.append(_Half(**here))
        except (OSError, TypeError, SafetensorError) as error:
            raise ValueError(f"{path} is damaged; remove it and train again") from error
    return found


def _training_rows(trainer: Trainer) -> tuple[IntArray, Tensor]:
    """Rows of the undamaged images of one class that are trained on, and their labels."""
    batches, labels = trainer.data.batches, trainer.data.train.labels
    rows = np.sort(np.concatenate([batches.fit_rows, batches.held_rows]))
    return rows, torch.from_numpy(labels[rows]).to(trainer.state.model.backbone.device)


def _sides(labels: Tensor, config: TrainConfig) -> list[Tensor]:
    """Masks ``[N]`` of the images that each model sees, two for every halving."""
    classes = labels.unique().cpu().numpy()
    if len(classes) < 2 * _FEWEST_CLASSES:
        raise ValueError(
            f"learning the uncertainty from unseen classes needs at least {2 * _FEWEST_CLASSES} "
            f"training classes to halve, got {len(classes)}; add classes, lower "
            "--validation-classes, or choose --length tanh"
        )
    rng = np.random.default_rng([config.seed, 0xC205])
    sides: list[Tensor] = []
    for _ in range(config.halvings):
        first = rng.permutation(classes)[: len(classes) // 2]
        mask = torch.isin(labels, torch.from_numpy(first).to(labels.device))
        sides += [mask, ~mask]
    return sides


def _halves(
    model: HypUML, trainer: Trainer, config: TrainConfig, sides: Sequence[Tensor], say: Report
) -> list[_Half]:
    rows, labels = _training_rows(trainer)
    found: list[_Half] = []
    for seen in sides:
        inside, outside = (rows[side.cpu().numpy()] for side in (seen, ~seen))
        one = _trained_on(inside, model, trainer, config)
        features = (trainer.source.plain(one, side) for side in (inside, outside))
        found.append(_Half(next(features), labels[seen], next(features), labels[~seen]))
        say("cross-fitting", len(found), len(sides), {})
    return found


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
