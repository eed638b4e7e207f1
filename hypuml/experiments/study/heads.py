"""Runs of a study whose backbone stays as it came: only heads differ.

Features of the images are computed once for all runs (they are kept in a folder), and a run keeps
its head and what is fitted for its answers alone.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save

from hypuml.confidence import AnswerConfidence
from hypuml.files import write_atomically
from hypuml.loss_prediction import LossPrediction
from hypuml.models.hypuml import HypUML
from hypuml.models.readout_fit import Fold
from hypuml.training import TrainConfig, Trainer
from hypuml.training.posthoc import finish, fit_to_folds
from hypuml.training.setup import starting_model
from hypuml.types import Dataset

_HEAD = "head.safetensors"


def train_head(dataset: Dataset, config: TrainConfig, views: Path, out: Path) -> dict[str, Any]:
    """Train a head, keep it in ``out``, and return its metrics on validation classes."""
    trainer = Trainer.on(dataset, config, starting_model(config), views)
    trainer.initialise()
    model = trainer.fit()
    metrics: dict[str, Any] = trainer.state.history[-1]
    out.mkdir(parents=True, exist_ok=True)
    if config.model.length == "readout":
        model = finish(model, trainer, config)
        metrics = model.training_info["validation"]
        _save_answers(model, out)
    state = {k: v.detach().contiguous() for k, v in model.head.state_dict().items()}
    write_atomically(out / _HEAD, save(state))
    return metrics


def trained(dataset: Dataset, config: TrainConfig, views: Path, folder: Path) -> HypUML:
    """The model of a run whose head :func:`train_head` kept, with its answer confidence.

    That is fitted by cross-fitting for every kind of head: the calibration classes alone have too
    few wrong answers to learn from.
    """
    model = starting_model(config)
    model.head.load_state_dict(load_file(folder / _HEAD))
    model.eval()
    model.confidence = AnswerConfidence.load(folder)
    model.loss_prediction = LossPrediction.load(folder)
    if model.confidence is None:
        trainer = Trainer.on(dataset, config, model, views)
        fit_to_folds(model, cross_answered(trainer), config)
        _save_answers(model, folder)
    return model


def _save_answers(model: HypUML, folder: Path) -> None:
    for part in (model.confidence, model.loss_prediction):
        if part is not None:
            part.save(folder)


def cross_answered(trainer: Trainer) -> list[Fold]:
    """Answers of heads that were trained on half of the training classes about the other half."""
    config, batches = trainer.config, trainer.data.batches
    rows = np.sort(np.concatenate([batches.fit_rows, batches.held_rows]))
    labels = trainer.data.train.labels
    classes = np.unique(labels[rows])
    rng = np.random.default_rng([config.seed, 0xC205])
    first = np.isin(labels[rows], rng.permutation(classes)[: len(classes) // 2])
    found = []
    for inside in (first, ~first):
        data = replace(trainer.data, batches=batches.restricted(rows[inside]))
        half = Trainer(starting_model(config), data, trainer.source, config)
        half.initialise()
        while half.state.step < config.steps:
            half.step()
        model, other = half.averaged(), rows[~inside]
        with torch.inference_mode():
            features = trainer.source.plain(model, other)
            found.append(Fold.answered(model.head, features, torch.from_numpy(labels[other])))
    return found
