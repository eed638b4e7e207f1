"""The trainer: one for every loss, backbone and data set.

While a run goes on, ``.unfinished/`` in its output folder holds the state that ``resume`` continues
from. A stop request (Ctrl-C) is honoured between steps, so that nothing is half-written.
"""

from __future__ import annotations

import copy
import math
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import nn

from hypuml.data.degradations import KINDS
from hypuml.losses import StepLoss
from hypuml.models.hypuml import HypUML
from hypuml.training.config import TrainConfig
from hypuml.training.data import TrainingData, fingerprint
from hypuml.training.features import FeatureSource, only_fit
from hypuml.training.setup import hardware, images_of, silent, sources, stop_requests
from hypuml.training.state import (
    RunState,
    load_state,
    make_optimizer,
    save_state,
    schedule,
    set_rate,
)
from hypuml.training.validation import model_metrics
from hypuml.types import Dataset, Progress


class StoppedError(Exception):
    """The run was stopped on request after its state was saved."""


class Trainer:
    """A run: a model, what it is trained on, and how far it has come.

    Attributes:
        data: the split and its batches.
        source: where the features of a batch come from.
        config: every option.
        state: everything that changes, the model among it.
    """

    def __init__(
        self, model: HypUML, data: TrainingData, source: FeatureSource, config: TrainConfig
    ) -> None:
        """Stand before the first step, with the model's head as it is.

        Args:
            model: on the device of the run.
            data: the split.
            source: of features.
            config: of the run.
        """
        self.data, self.source, self.config = data, source, config
        self._labels = torch.from_numpy(data.train.labels).to(model.backbone.device)
        fit = torch.from_numpy(data.batches.fit_rows)
        objective = config.objective(self._labels[fit])
        optimizer = make_optimizer(model, config, objective.loss)
        self.state = RunState(model, objective, optimizer)
        self.state.reset_average()
        self._recent: dict[str, float] = {}

    @classmethod
    def on(
        cls,
        dataset: Dataset,
        config: TrainConfig,
        model: HypUML,
        views: Path | None = None,
        report: Progress | None = None,
    ) -> Trainer:
        """Split a data set and look at its images, for a model as it stands.

        Args:
            dataset: its "seen" classes are trained on (all classes of a folder).
            config: every option.
            model: on the device of the run (:func:`hypuml.training.setup.starting_model`).
            views: folder where features of a backbone that does not learn are kept, for further
                runs on them.
            report: called along the way.

        Raises:
            ValueError: the data does not allow the run.
        """
        return cls(model, *sources(dataset, config, model, views, images_of(report)), config)

    @torch.no_grad()
    def initialise(self) -> None:
        """Set the head's directions, where it starts from axes, and its scale.

        Axes are found on the fit images as they are. A random head takes its scale from one batch
        seen as in training (batch statistics included).
        """
        model, batches = self.state.model, self.data.batches
        how = self.config.head_init
        if how == "axes" or (how == "auto" and not model.backbone.trainable):
            rows = batches.fit_rows
            features = self.source.plain(model, rows)
            model.head.initialise_axes(features, self._labels[torch.from_numpy(rows)])
        else:
            model.train()
            features, _ = self.source.batch(model, only_fit(batches.batch(0)), 0)
        model.head.initialise_scale(features)
        self.state.reset_average()

    def step(self) -> StepLoss:
        """Take one optimiser step.

        Raises:
            ValueError: the loss is not finite.
        """
        state, config, model = self.state, self.config, self.state.model
        batch = self.data.batches.batch(state.step)
        model.train()
        features, levels = self.source.batch(model, batch, state.step)
        labels = self._labels[torch.from_numpy(batch.rows)]
        out = model.head(features)
        found = state.objective(out.points, out.uncertainty, labels, batch.fit)
        total = found.total + model.head.length.auxiliary_loss(features, levels)
        set_rate(state.optimizer, config.lr * schedule(state.step, config))
        state.optimizer.zero_grad(set_to_none=True)
        total.backward()
        nn.utils.clip_grad_norm_(model.parameters(), config.clip)
        state.optimizer.step()
        state.step += 1
        state.update_average(config.ema)
        if not math.isfinite(found.metric):
            raise ValueError(
                f"the loss is not finite at step {state.step}; lower --lr or raise --temperature"
            )
        for name, value in (("loss", found.metric), ("calibration", found.calibration)):
            self._recent[name] = 0.95 * self._recent.get(name, value) + 0.05 * value
        return found

    def averaged(self) -> HypUML:
        """A copy of the model with the averaged weights."""
        model = copy.deepcopy(self.state.model)
        model.load_state_dict(self.state.average)
        return model.eval()

    def validate(self) -> dict[str, Any]:
        """Measure the averaged weights, and write it into the history."""
        found = model_metrics(self.averaged(), self.data, self.source, self.config)
        entry = {"step": self.state.step, **self._recent, **found}
        self.state.history.append(entry)
        return entry

    def fit(self, out: Path | None = None, report: Progress | None = None) -> HypUML:
        """Take the remaining steps, validating and saving on the way.

        Args:
            out: folder where an unfinished run is saved; None saves nothing.
            report: called along the way.

        Returns:
            The model with its averaged weights.

        Raises:
            StoppedError: a stop was requested; the state is saved.
        """
        state, config = self.state, self.config
        log = report or silent
        started = time.perf_counter() - state.seconds
        with stop_requests() as stop:
            while state.step < config.steps:
                self.step()
                state.seconds = time.perf_counter() - started
                log(state.step, config.steps, "train", self._recent)
                last = state.step == config.steps
                if state.step % config.eval_every == 0 or last:
                    log(state.step, config.steps, "validation", self.validate())
                if out and (stop.is_set() or state.step % config.save_every == 0 or last):
                    self.save(out)
                if stop.is_set() and not last:
                    raise StoppedError(f"stopped at step {state.step} of {config.steps}")
            if not state.history:
                log(state.step, config.steps, "validation", self.validate())
        return self.averaged()

    @property
    def facts(self) -> dict[str, Any]:
        """What a run is recognised by: its options and its images."""
        dataset = self.data.dataset
        return {**asdict(self.config), "dataset": dataset.name, "items": fingerprint(dataset)}

    def save(self, out: Path) -> None:
        """Keep the unfinished run below ``out``."""
        save_state(self.state, out, self.facts)

    def resume(self, out: Path) -> None:
        """Go on where the unfinished run below ``out`` stopped.

        Raises:
            ValueError: it was started with other options or images, or its files are damaged.
        """
        load_state(self.state, out, self.facts)

    def info(self) -> dict[str, Any]:
        """What a checkpoint records of its training."""
        state, data, config = self.state, self.data, self.config
        taught = config.teaches_uncertainty and config.degraded_share > 0
        found = {
            "dataset": data.dataset.name,
            "classes": {
                "fit": len(data.split.fit),
                "calibration": len(data.split.calibration),
                "validation": len(data.split.validation),
            },
            "split_by": "image" if data.by_image else "class",
            "degradations": list(KINDS) if taught else [],
            "images": len(data.train.labels),
            "unreadable": len(data.unreadable),
            "seed": config.seed,
            "steps": state.step,
            "minutes": round(state.seconds / 60, 1),
            "hardware": hardware(state.model.backbone.device),
            "torch": torch.__version__,
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            "validation": state.history[-1] if state.history else {},
        }
        started = {"started_from": state.model.training_info} if config.init else {}
        return found | started
