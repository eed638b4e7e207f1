"""The training loop: one for every loss, backbone and data set.

A run writes to its output folder a finished checkpoint (``model.safetensors``, ``config.json``) and
``training.json`` (options, curves); while it runs, ``.unfinished/`` holds the state that
``resume`` continues from. A stop request (Ctrl-C) is honoured between steps, so that nothing is
half-written.
"""

from __future__ import annotations

import json
import math
import platform
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import nn

from hypuml.data.degradations import KINDS
from hypuml.files import write_atomically
from hypuml.models.hypuml import HypUML
from hypuml.training.after import fit_afterwards
from hypuml.training.auxiliary_losses import auxiliary_loss
from hypuml.training.config import TrainConfig
from hypuml.training.data import TrainingData, fingerprint
from hypuml.training.features import FeatureSource
from hypuml.training.host import check_output, pick_device, stop_requests
from hypuml.training.objective import Objective, check_config
from hypuml.training.optimise import make_optimizer, schedule, set_rate, update_average
from hypuml.training.starting import initialise_head, sources, starting_model, to_layout
from hypuml.training.state import RunState, clear_state, load_state, save_state
from hypuml.training.watch import figures
from hypuml.types import Dataset

Report = Callable[[str, int, int, dict[str, Any]], None]


class StoppedError(Exception):
    """The run was stopped on request after its state was saved."""


def train(
    dataset: Dataset,
    out: Path,
    config: TrainConfig,
    resume: bool = False,
    report: Report | None = None,
    views: Path | None = None,
    afterwards: bool = True,
) -> HypUML:
    """Train a model and write its checkpoint.

    Args:
        dataset: its "seen" classes are trained on (all classes of a folder).
        out: folder of the checkpoint, created if missing.
        config: every option.
        resume: continue the unfinished run in ``out``.
        report: called with (phase, done, total, figures).
        views: folder where a backbone with nothing to learn keeps the features of the images, for
            further runs on them.
        afterwards: whether to fit the answer confidence and the loss-prediction control.

    Returns:
        The trained model (its averaged weights).

    Raises:
        ValueError: an option, the data or the folder does not allow the run; said before anything
            is trained or overwritten.
        StoppedError: a stop was requested; the state is saved.
    """
    say = report or (lambda phase, done, total, figures: None)
    check_config(config)
    device = pick_device(config.device)
    torch.manual_seed(config.seed)
    model = starting_model(config)
    model.check_input()
    check_output(out, resume)
    model.to(device)
    data, source = sources(
        dataset, config, model, device, views, lambda d, t: say("images", d, t, {})
    )
    to_layout(model, device)
    slow = model.head.linear.weight if config.head_lr < 1 else None
    fit_labels = torch.from_numpy(data.train.labels[data.batches.fit_rows]).to(device)
    objective = Objective.of(config, fit_labels).to(device)
    optimizer = make_optimizer(model, config, slow, objective.loss)
    state = RunState(model, {}, optimizer, objective)
    facts = {**asdict(config), "dataset": dataset.name, "items": fingerprint(dataset)}
    if not resume and not config.init:
        initialise_head(model, data, source)
    state.average = {k: v.detach().clone() for k, v in model.state_dict().items()}
    if resume:
        load_state(state, out, facts)
    with stop_requests() as stop:
        _run(state, data, source, config, stop, out, facts, say)
    averaged = HypUML(config.model, pretrained=False)
    averaged.load_state_dict({k: v.cpu() for k, v in state.average.items()})
    averaged.to(device)
    averaged.training_info = _info(dataset, data, state, device, config)
    if config.init:
        averaged.training_info["started_from"] = model.training_info
    if afterwards:
        fit_afterwards(
            averaged,
            dataset,
            data.calibration_rows,
            config,
            lambda done, total: say("images", done, total, {}),
        )
    averaged.cpu().save_pretrained(out)
    log = {"config": facts, "training": averaged.training_info, "history": state.history}
    write_atomically(out / "training.json", (json.dumps(log, indent=1) + "\n").encode())
    clear_state(out)
    return averaged.eval()


def _run(
    state: RunState,
    data: TrainingData,
    source: FeatureSource,
    config: TrainConfig,
    stop: threading.Event,
    out: Path,
    facts: dict[str, Any],
    say: Report,
) -> None:
    """Take the remaining steps, validating and saving on the way."""
    model, optimizer = state.model, state.optimizer
    labels = torch.from_numpy(data.train.labels)
    recent: dict[str, float] = {}
    started = time.perf_counter() - state.seconds
    while state.step < config.steps:
        batch = data.batches.batch(state.step)
        model.train()
        features, levels = source.batch(model, batch, state.step)
        known = labels[torch.from_numpy(batch.rows)].to(features.device)
        result = state.objective(model.head(features), known, batch.fit)
        total = result.total + auxiliary_loss(model.head, features, levels)
        set_rate(optimizer, config.lr * schedule(state.step, config))
        optimizer.zero_grad(set_to_none=True)
        total.backward()
        nn.utils.clip_grad_norm_(model.parameters(), config.clip)
        optimizer.step()
        state.step += 1
        update_average(state.average, model, config.ema, state.step)
        state.seconds = time.perf_counter() - started
        for name, value in (("loss", result.metric), ("calibration", result.calibration)):
            recent[name] = 0.95 * recent.get(name, value) + 0.05 * value
        if not math.isfinite(result.metric):
            raise ValueError(
                f"the loss is not finite at step {state.step}; lower --lr or raise --temperature"
            )
        say("train", state.step, config.steps, recent)
        last = state.step == config.steps
        if state.step % config.eval_every == 0 or last:
            entry: dict[str, Any] = {"step": state.step, **recent}
            entry |= validate_average(state, data, source, config)
            state.history.append(entry)
            say("validation", state.step, config.steps, entry)
        if stop.is_set() or state.step % config.save_every == 0 or last:
            save_state(state, out, facts)
        if stop.is_set() and not last:
            raise StoppedError(f"stopped at step {state.step} of {config.steps}")


def validate_average(
    state: RunState, data: TrainingData, source: FeatureSource, config: TrainConfig
) -> dict[str, Any]:
    """Figures of the averaged weights, without touching the ones being trained."""
    model = HypUML(config.model, pretrained=False)
    model.load_state_dict({k: v.cpu() for k, v in state.average.items()})
    model.to(next(state.model.parameters()).device)
    return figures(model, data, source, config)


def _info(
    dataset: Dataset,
    data: TrainingData,
    state: RunState,
    device: torch.device,
    config: TrainConfig,
) -> dict[str, Any]:
    """What a checkpoint says of its own training."""
    hardware = (
        torch.cuda.get_device_name(device)
        if device.type == "cuda"
        else f"CPU ({platform.machine()}, {torch.get_num_threads()} threads)"
    )
    return {
        "dataset": dataset.name,
        "classes": {
            "fit": len(data.split.fit),
            "calibration": len(data.split.calibration),
            "validation": len(data.split.validation),
        },
        "split_by": "image" if data.by_image else "class",
        "degradations": (
            list(KINDS) if config.teaches_uncertainty and config.degraded_share > 0 else []
        ),
        "images": len(data.train.labels),
        "unreadable": len(data.unreadable),
        "seed": config.seed,
        "steps": state.step,
        "minutes": round(state.seconds / 60, 1),
        "hardware": hardware,
        "torch": torch.__version__,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "validation": state.history[-1] if state.history else {},
    }
