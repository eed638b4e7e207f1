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
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from hypuml.checkpoint import HypUML
from hypuml.data.augment import augment
from hypuml.data.degradations import KINDS, degrade_mixed
from hypuml.files import write_atomically
from hypuml.losses import Calibration, make_loss
from hypuml.training.after import fit_afterwards
from hypuml.training.batches import Batch
from hypuml.training.config import TrainConfig
from hypuml.training.data import Part, TrainingData, fingerprint, prepare
from hypuml.training.host import check_output, pick_device, stop_requests
from hypuml.training.optimise import make_optimizer, schedule, update_average
from hypuml.training.state import RunState, clear_state, load_state, save_state
from hypuml.training.step import step_loss
from hypuml.training.validate import validate
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
) -> HypUML:
    """Train a model and write its checkpoint.

    Args:
        dataset: its "seen" classes are trained on (all classes of a folder).
        out: folder of the checkpoint, created if missing.
        config: every option.
        resume: continue the unfinished run in ``out``.
        report: called with (phase, done, total, figures).

    Returns:
        The trained model (its averaged weights).

    Raises:
        ValueError: an option, the data or the folder does not allow the run; said before anything
            is trained or overwritten.
        StoppedError: a stop was requested; the state is saved.
    """
    say = report or (lambda phase, done, total, figures: None)
    make_loss(config.loss, config.loss_config)
    device = pick_device(config.device)
    torch.manual_seed(config.seed)
    model = starting_model(config)
    model.check_input()
    check_output(out, resume)
    model.to(device)
    data = prepare(dataset, config, lambda done, total: say("images", done, total, {}))
    _to_layout(model, device)
    state = RunState(model, {}, make_optimizer(model, config), Calibration().to(device))
    facts = {**asdict(config), "dataset": dataset.name, "items": fingerprint(dataset)}
    if not resume and not config.init:
        _initialise_scale(model, data, config, device)
    state.average = {k: v.detach().clone() for k, v in model.state_dict().items()}
    if resume:
        load_state(state, out, facts)
    with stop_requests() as stop:
        _run(state, data, config, device, stop, out, facts, say)
    averaged = HypUML(config.model, pretrained=False)
    averaged.load_state_dict({k: v.cpu() for k, v in state.average.items()})
    averaged.training_info = _info(dataset, data, state, device, config)
    if config.init:
        averaged.training_info["started_from"] = model.training_info
    fit_afterwards(
        averaged.to(device),
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


def starting_model(config: TrainConfig) -> HypUML:
    """A new model, or the one named by ``config.init``, whose input size may change.

    Raises:
        ValueError: the starting checkpoint cannot be read or has another architecture.
    """
    if not config.init:
        return HypUML(config.model)
    start = HypUML.from_pretrained(config.init)
    wanted = config.model
    found = replace(start.config, pretrained=wanted.pretrained, image_size=wanted.image_size)
    if found != wanted:
        raise ValueError(
            f"the checkpoint {config.init!r} has another architecture ({start.config}) than the "
            f"one asked for ({wanted})"
        )
    model = HypUML(wanted, pretrained=False)
    try:
        model.load_state_dict(start.state_dict())
    except RuntimeError as error:
        # Some backbones (position embeddings) have weights for one input size only.
        raise ValueError(
            f"the weights of {config.init!r} do not fit {wanted.image_size} px images; keep its "
            f"image size of {start.config.image_size} px"
        ) from error
    model.training_info = start.training_info
    return model


def _run(
    state: RunState,
    data: TrainingData,
    config: TrainConfig,
    device: torch.device,
    stop: threading.Event,
    out: Path,
    facts: dict[str, Any],
    say: Report,
) -> None:
    """Take the remaining steps, validating and saving on the way."""
    loss = make_loss(config.loss, config.loss_config)
    model, optimizer = state.model, state.optimizer
    labels = torch.from_numpy(data.train.labels)
    low = config.precision == "bfloat16" or (config.precision == "auto" and device.type == "cuda")
    recent: dict[str, float] = {}
    started = time.perf_counter() - state.seconds
    while state.step < config.steps:
        batch = data.batches.batch(state.step)
        rows = torch.from_numpy(batch.rows)
        noise = torch.Generator(device).manual_seed(config.seed * 1_000_003 + state.step)
        images = batch_images(data, batch, config, device, noise)
        model.train()
        with torch.autocast(device.type, torch.bfloat16, enabled=low):
            features = model.backbone(_prepared(model, images))
        result = step_loss(
            model.head(features.float()),
            labels[rows].to(device),
            batch.fit,
            model.head,
            loss,
            state.calibration,
            config.calibration,
            config.calibration_on == "held",
        )
        for group in optimizer.param_groups:
            group["lr"] = config.lr * schedule(state.step, config)
        optimizer.zero_grad(set_to_none=True)
        result.total.backward()
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
            if data.validation is not None:
                entry |= validate_average(state, data.validation, config)
            state.history.append(entry)
            say("validation", state.step, config.steps, entry)
        if stop.is_set() or state.step % config.save_every == 0 or last:
            save_state(state, out, facts)
        if stop.is_set() and not last:
            raise StoppedError(f"stopped at step {state.step} of {config.steps}")


def batch_images(
    data: TrainingData,
    batch: Batch,
    config: TrainConfig,
    device: torch.device,
    noise: torch.Generator,
) -> Tensor:
    """Augmented images of a batch, its last ones degraded: ``[B, 3, S, S]`` in [0, 1]."""
    images = data.train.pixels[torch.from_numpy(batch.rows)].to(device).float() / 255
    images = augment(images, config.model.image_size, config.augment, noise)
    if batch.degraded:
        bad = images[-batch.degraded :]
        kinds = torch.randint(len(KINDS), (len(bad),), generator=noise, device=device)
        level = torch.rand(len(bad), generator=noise, device=device)
        images = torch.cat([images[: -batch.degraded], degrade_mixed(bad, kinds, level, noise)])
    return images


def validate_average(state: RunState, part: Part, config: TrainConfig) -> dict[str, Any]:
    """Validate the averaged weights without touching the ones being trained."""
    device = next(state.model.parameters()).device
    model = HypUML(config.model, pretrained=False).to(device)
    model.load_state_dict(state.average)
    return validate(model, part)


def _to_layout(model: nn.Module, device: torch.device) -> None:
    # Convolutions are faster with channels last, on CPUs (oneDNN) and GPUs alike.
    model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]


def _prepared(model: HypUML, images: Tensor) -> Tensor:
    return model.backbone.normalise(images).contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def _initialise_scale(
    model: HypUML, data: TrainingData, config: TrainConfig, device: torch.device
) -> None:
    """Set the head's scale from one batch seen as in training (batch statistics included)."""
    batch = data.batches.batch(0)
    noise = torch.Generator(device).manual_seed(config.seed)
    images = batch_images(
        data, replace(batch, rows=batch.rows[: batch.fit], degraded=0), config, device, noise
    )
    model.train()
    model.head.initialise_scale(model.backbone(_prepared(model, images)))


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
