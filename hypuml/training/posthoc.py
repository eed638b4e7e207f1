"""What is fitted once the weights stand: answer confidence and the loss-prediction control.

Both learn from the calibration part of the training classes, which the metric loss has never seen,
prepared as evaluation prepares images; with a "readout" length from cross-fitted answers instead
(:mod:`hypuml.training.crossfit`). Neither needs training to be repeated when the way it is fitted
changes: see :func:`refit`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch

from hypuml.confidence.fit import fit_confidence
from hypuml.data.degradation_scale import KINDS
from hypuml.data.pixels import Progress, read_pixels
from hypuml.data.splits import thinned
from hypuml.loss_prediction import fit_loss_prediction
from hypuml.models.halves import read_halves
from hypuml.models.hypuml import HypUML
from hypuml.models.readout_fit import Fold, fold_lengths
from hypuml.taxonomy import class_ids
from hypuml.training.config import TrainConfig
from hypuml.training.crossfit import belong, fit_head, fit_readout, training_rows
from hypuml.training.data import fingerprint, prepare, trainable_rows
from hypuml.training.features import describe_pixels
from hypuml.training.setup import Report, images_of
from hypuml.training.trainer import Trainer
from hypuml.training.validation import model_metrics, own_losses
from hypuml.types import Dataset, IntArray

# More images than this change the fit of a dozen weights no further and cost minutes.
MOST_IMAGES = 6000
_FEWEST_IMAGES = 50
# Two halvings: further ones show the same images again and cost a search each.
_CONFIDENCE_FOLDS = 4


def fit_afterwards(
    model: HypUML,
    dataset: Dataset,
    rows: IntArray,
    config: TrainConfig,
    progress: Progress | None = None,
) -> None:
    """Fit and attach ``model.confidence`` and ``model.loss_prediction``; None where impossible.

    Args:
        model: the finished model.
        dataset: what it was trained on.
        rows: rows of the calibration part.
        config: of the run.
        progress: of reading the images.
    """
    if len(rows) < _FEWEST_IMAGES:
        return
    rng = np.random.default_rng([config.seed, 0xC0F])
    rows = thinned(rows, class_ids([dataset.items[i].path for i in rows])[0], MOST_IMAGES, rng)
    pixels, kept, _ = read_pixels(dataset, rows, model.config.image_size, progress=progress)
    found = describe_pixels(model, torch.from_numpy(pixels).permute(0, 3, 1, 2))
    ids, _ = class_ids([dataset.items[i].path for i in kept])
    model.confidence = fit_confidence(
        found.points, found.uncertainty, ids, model.curvature, seed=config.seed
    )
    losses, valid = own_losses(model, found.points, found.uncertainty, ids, config, rng)
    if valid.sum() >= _FEWEST_IMAGES:
        model.loss_prediction = fit_loss_prediction(
            found.features[valid], losses[valid], seed=config.seed
        )


def finish(
    model: HypUML,
    trainer: Trainer,
    config: TrainConfig,
    report: Report | None = None,
    out: Path | None = None,
) -> HypUML:
    """Fit all that follows training, and record it in the model's training facts.

    Args:
        model: as the trainer left it; with a projector it lends its backbone alone.
        trainer: of the run.
        config: of the run.
        report: called with (phase, done, total, metrics).
        out: folder of the run, where features that took training are kept.

    Returns:
        The finished model.
    """
    data, source = trainer.data, trainer.source
    if config.projector:
        final = HypUML(config.model, pretrained=False).to(model.backbone.device)
        final.backbone, model = model.backbone, final
    model.training_info = trainer.info()
    # What is fitted is fitted to what the file will hold.
    if config.model.half_weights:
        model.backbone.round_weights()
    model.confidence = model.loss_prediction = None
    if config.model.length == "readout":
        model.training_info["degradations"] = list(KINDS)
        if folds := fit_readout(model, trainer, config, report, out):
            fit_to_folds(model, folds, config)
    else:
        if config.projector:
            fit_head(model, trainer)
        fit_afterwards(model, data.dataset, data.calibration_rows, config, images_of(report))
        if not config.projector:
            return model
    model.eval()
    # The history is of what was trained; this, of what came of it.
    model.training_info["validation"] = {
        "step": trainer.state.step,
        **model_metrics(model, data, source, config),
    }
    return model


@torch.no_grad()
def fit_to_folds(model: HypUML, folds: Sequence[Fold], config: TrainConfig) -> None:
    """Fit answer confidence and loss prediction to answers on unseen classes.

    Args:
        model: the finished model, whose lengths the folds' vectors get.
        folds: answers of heads that have not seen the classes.
        config: of the run.
    """
    head, rng = model.head, np.random.default_rng([config.seed, 0xC0F])
    points, u, losses = [], [], []
    for fold in folds:
        lengths = fold_lengths(head.length, fold)
        points.append(head.point(fold.tangent, lengths).cpu().numpy())
        u.append(head.uncertainty(fold.features, lengths).cpu().numpy())
        ids = np.unique(fold.labels.cpu().numpy(), return_inverse=True)[1]
        losses.append(own_losses(model, points[-1], u[-1], ids, config, rng))
    features = np.concatenate([fold.features.cpu().numpy() for fold in folds])
    apart = np.repeat(np.arange(len(folds)), [len(fold.labels) for fold in folds])
    labels = np.concatenate([fold.labels.cpu().numpy() for fold in folds])
    few = apart < _CONFIDENCE_FOLDS + len(config.further)
    model.confidence = fit_confidence(
        np.concatenate(points)[few],
        np.concatenate(u)[few],
        labels[few],
        model.curvature,
        seed=config.seed,
        apart=apart[few],
    )
    found, valid = (np.concatenate(x) for x in zip(*losses, strict=True))
    chosen = rng.permutation(np.flatnonzero(valid))[:MOST_IMAGES]
    if len(chosen) >= _FEWEST_IMAGES:
        model.loss_prediction = fit_loss_prediction(
            features[chosen], found[chosen], seed=config.seed
        )


def refit(folder: Path, dataset: Dataset, progress: Progress | None = None) -> HypUML:
    """Fit answer confidence and loss prediction of a finished checkpoint anew, and save them.

    Backbone and curves stay; the calibration classes are found again from the recorded options.
    With a readout, head and uncertainty are fitted anew too. The checkpoint's training facts have
    the time (``refitted``), where there was enough to learn from.

    Args:
        folder: of the checkpoint, with its ``training.json``.
        dataset: what it was trained on.
        progress: of reading the images.

    Raises:
        ValueError: the checkpoint's log cannot be read, or it was trained on other images.
    """
    path = folder / "training.json"
    try:
        logged = json.loads(path.read_text(encoding="utf-8"))["config"]
        items, config = logged["items"], TrainConfig.from_log(logged)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"cannot read the options of the training run in {path}") from error
    if (logged.get("dataset"), items) != (dataset.name, fingerprint(dataset)):
        raise ValueError(
            f"{folder} was trained on other images ({logged.get('dataset')} then, {dataset.name} "
            "now); what is fitted for its answers needs the same ones"
        )
    model = HypUML.from_pretrained(folder)
    if config.model.length == "readout":
        model = _refit_readout(model, folder, dataset, config, progress)
    else:
        # No picture is read here: which classes calibrate depends on names and the seed.
        rows = prepare(dataset, config, readable=trainable_rows(dataset)).calibration_rows
        model.confidence = model.loss_prediction = None
        fit_afterwards(model, dataset, rows, config, progress)
    if model.confidence is not None:
        model.training_info["refitted"] = datetime.now(UTC).isoformat(timespec="seconds")
    model.save_pretrained(folder)
    return model


def _refit_readout(
    model: HypUML, folder: Path, dataset: Dataset, config: TrainConfig, progress: Progress | None
) -> HypUML:
    """Fit head, uncertainty and confidence anew; the backbone stays.

    Raises:
        ValueError: features that took training are not there any more.
    """
    before = model.training_info
    model.backbone.freeze()
    still = replace(config.trained, steps=0, views=1, device="cpu")
    trainer = Trainer.on(dataset, still, model, None, lambda _, d, t, __: (progress or _none)(d, t))
    learned = config.backbone_lr > 0 and config.steps > 0
    kept = read_halves(folder, model.backbone.device) if learned else []
    if learned and not belong(kept, training_rows(trainer)[1], config):
        raise ValueError(
            f"{folder} does not hold the features of the models that were trained on halves of the "
            "classes (crossfit-*.safetensors), which its uncertainty was learned from; keep the "
            "folder of the training run, or train again"
        )
    model = finish(model, trainer, config, None, folder)
    fitted = {key: model.training_info[key] for key in ("crossfit", "validation")}
    fitted["validation"]["step"] = before.get("steps", 0)
    model.training_info = before | fitted
    return model


def _none(done: int, total: int) -> None:
    """Progress that is not shown."""
