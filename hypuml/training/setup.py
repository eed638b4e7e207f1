"""What stands before the first step: device, output folder, model, and the source of its features.

All of it is checked before any work, so that nothing is found out late or lost.
"""

from __future__ import annotations

import platform
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from hypuml.models.files import CONFIG
from hypuml.models.graph_extractor import graph_extractor
from hypuml.models.hypuml import HypUML
from hypuml.training.cached_features import CachedFeatures, raw_views
from hypuml.training.config import TrainConfig
from hypuml.training.data import TrainingData, prepare, trainable_rows
from hypuml.training.features import FeatureSource, PixelFeatures
from hypuml.training.state import has_state
from hypuml.types import Dataset, Progress

# From so many images on the seconds that exporting a graph takes are saved by looking through it.
_MANY = 500


def silent(
    done: int, total: int, phase: str = "", metrics: Mapping[str, Any] | None = None
) -> None:
    """A `Progress` that does nothing."""


def images_of(report: Progress | None) -> Progress:
    """Progress of reading images."""
    return partial(report or silent, phase="images")


def starting_model(config: TrainConfig) -> HypUML:
    """A new model, or the one named by ``config.init``, whose input size may change.

    It is on the run's device, and its backbone is frozen where its learning rate is 0.

    Raises:
        ValueError: the loss is unknown or does not go with the rest, there is no such device, the
            starting checkpoint cannot be read or has another architecture, or the backbone does not
            take images of this size.
    """
    # A loss that the run cannot have.
    config.objective(torch.arange(2))
    device = pick_device(config.device)
    torch.manual_seed(config.seed)
    model = _from_checkpoint(config) if config.init else HypUML(config.model)
    if config.backbone_init:
        _take_backbone(model, config.backbone_init)
    model.check_input()
    if config.model.half_weights:
        model.backbone.round_weights()
    if config.backbone_lr == 0:
        model.backbone.freeze()
    elif config.freeze_statistics:
        model.backbone.freeze_statistics()
    # Convolutions are faster with channels last, on CPUs (oneDNN) and GPUs alike.
    model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return model


def _from_checkpoint(config: TrainConfig) -> HypUML:
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


def _take_backbone(model: HypUML, name: str) -> None:
    """Give a model the backbone of a checkpoint; raises ``ValueError`` where it is another one."""
    start = HypUML.from_pretrained(name)
    options = ("backbone", "backbone_args")
    if any(getattr(start.config, key) != getattr(model.config, key) for key in options):
        raise ValueError(
            f"the checkpoint {name!r} has another backbone ({start.config.backbone} "
            f"{start.config.backbone_args}) than the one asked for ({model.config.backbone} "
            f"{model.config.backbone_args})"
        )
    model.backbone.load_state_dict(start.backbone.state_dict())


def sources(
    dataset: Dataset,
    config: TrainConfig,
    model: HypUML,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> tuple[TrainingData, FeatureSource]:
    """The split, and where its features come from.

    Args:
        dataset: what is trained on.
        config: of the run.
        model: its backbone makes the features.
        folder: where features of a backbone that does not learn are kept between runs; None keeps
            nothing.
        progress: of reading images.

    Raises:
        ValueError: too few classes, or no readable image.
    """
    if model.backbone.trainable:
        data = prepare(dataset, config, progress)
        return data, PixelFeatures(data, config, model.backbone.device)
    # Runs that share a folder mostly find the features there: no graph is exported for those.
    many = folder is None and len(trainable_rows(dataset)) >= _MANY
    looks = graph_extractor(model) if many else model.backbone
    seen = raw_views(dataset, config, looks, folder, progress)
    data = prepare(dataset, config, readable=seen.rows)
    data.unreadable.update(seen.unreadable)
    return data, CachedFeatures.of(model.backbone, seen, data, config.seed)


def pick_device(name: str) -> torch.device:
    """``auto`` means a GPU if torch sees one; raises ``ValueError`` for one that is not there."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name not in ("cpu", "cuda"):
        raise ValueError(f"device must be auto, cpu or cuda, got {name!r}")
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("device cuda was asked for, but torch sees no GPU; use --device cpu")
    return torch.device(name)


def slow_precision(config: TrainConfig) -> str | None:
    """A sentence where the chosen precision is slow on this processor, None elsewhere.

    Without instructions for it bfloat16 is emulated: on an AVX2 processor a 3 x 3 convolution took
    ten times as long as in float32 (torch 2.15).
    """
    emulated = torch.backends.cpu.get_cpu_capability() == "AVX2"
    if config.precision != "bfloat16" or pick_device(config.device).type != "cpu" or not emulated:
        return None
    return (
        "this processor has no instructions for bfloat16, which makes training about ten times "
        "slower; float32 (--precision float32 of train) is faster here"
    )


def hardware(device: torch.device) -> str:
    """A device by name."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"CPU ({platform.machine()}, {torch.get_num_threads()} threads)"


def check_output(out: Path, resume: bool) -> None:
    """Refuse a folder that would lose something; raises ``ValueError``."""
    if resume and not has_state(out):
        raise ValueError(f"there is no unfinished run in {out}; start without --resume")
    if not resume and has_state(out):
        raise ValueError(
            f"{out} holds an unfinished run; continue it with --resume, or remove the folder"
        )
    if not resume and (out / CONFIG).exists():
        raise ValueError(f"{out} already holds a checkpoint; choose another --out or remove it")
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe = out / ".write-test"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise ValueError(f"cannot write to {out}: {error.strerror}") from error


@contextmanager
def stop_requests() -> Iterator[threading.Event]:
    """Turn the first Ctrl-C or SIGTERM into a flag; a second Ctrl-C interrupts at once."""
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return

    def request(number: int, frame: Any) -> None:
        event.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = {s: signal.signal(s, request) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield event
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
