"""What stands before the first step: the model, where its features come from, and its head."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from hypuml.data.pixels import Progress
from hypuml.models.descriptors import Descriptors
from hypuml.models.hypuml import HypUML
from hypuml.training.config import TrainConfig
from hypuml.training.data import TrainingData, prepare
from hypuml.training.features import FeatureSource, Learned, only_fit
from hypuml.training.remembered import raw_views, remember
from hypuml.types import Dataset


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


def to_layout(model: nn.Module, device: torch.device) -> None:
    """Lay out a network's weights and move it to the device."""
    # Convolutions are faster with channels last, on CPUs (oneDNN) and GPUs alike.
    model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]


def sources(
    dataset: Dataset,
    config: TrainConfig,
    model: HypUML,
    device: torch.device,
    folder: Path | None,
    progress: Progress,
) -> tuple[TrainingData, FeatureSource]:
    """The split, and where its features come from.

    Args:
        dataset: what is trained on.
        config: of the run.
        model: a backbone with nothing to learn is fitted.
        device: where the features are wanted.
        folder: where such a backbone's features are kept between runs; None keeps nothing.
        progress: of reading images.

    Raises:
        ValueError: too few classes, or no readable image.
    """
    if not isinstance(model.backbone, Descriptors):
        data = prepare(dataset, config, progress)
        return data, Learned(data, config, device)
    seen = raw_views(dataset, config, folder, progress)
    data = prepare(dataset, config, readable=seen.rows)
    data.unreadable.update(seen.unreadable)
    return data, remember(model.backbone, seen, data, config, device, folder)


def initialise_head(model: HypUML, data: TrainingData, source: FeatureSource) -> None:
    """Set the head's scale from one batch seen as in training (batch statistics included).

    On a backbone with nothing to learn, its directions are set too.
    """
    batch = only_fit(data.batches.batch(0))
    model.train()
    with torch.no_grad():
        seen, _ = source.batch(model, batch, 0)
    features = seen
    if isinstance(model.backbone, Descriptors):
        rows = data.batches.fit_rows
        labels = torch.from_numpy(data.train.labels[rows]).to(seen.device)
        features = source.plain(model, rows)
        model.head.initialise_axes(features, labels)
    model.head.initialise_scale(features)
