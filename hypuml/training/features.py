"""Where the features of a step come from: pixels through a backbone that learns.

The twin for backbones that have nothing to learn is :mod:`hypuml.training.remembered`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from hypuml.data.augment import augment
from hypuml.data.degradations import KINDS, degrade_mixed
from hypuml.models.hypuml import HypUML
from hypuml.training.batches import Batch
from hypuml.training.config import TrainConfig
from hypuml.training.data import TrainingData
from hypuml.training.validate import describe_pixels
from hypuml.types import IntArray

_PART = 256


class FeatureSource(Protocol):
    """Features of training images."""

    def batch(self, model: HypUML, batch: Batch, step: int) -> tuple[Tensor, Tensor]:
        """Features ``[B, F]`` float32 of a batch, augmented and degraded, with gradient.

        And the level ``[D]`` in [0, 1] of each degraded image, which come last.
        """
        ...

    def plain(self, model: HypUML, rows: IntArray) -> Tensor:
        """Features ``[M, F]`` of training images as they are, evaluated without gradient."""
        ...

    def validation(self, model: HypUML) -> Tensor | None:
        """Features of the validation images, likewise; None without any."""
        ...


class Learned:
    """Augments pixels and sends them through the backbone."""

    def __init__(self, data: TrainingData, config: TrainConfig, device: torch.device) -> None:
        """Take what a run has."""
        self._data, self._config, self._device = data, config, device
        self._low = config.precision == "bfloat16" or (
            config.precision == "auto" and device.type == "cuda"
        )

    def batch(self, model: HypUML, batch: Batch, step: int) -> tuple[Tensor, Tensor]:
        """See :class:`FeatureSource`; the backbone runs in low precision where asked to."""
        noise = torch.Generator(self._device).manual_seed(self._config.seed * 1_000_003 + step)
        images, levels = batch_images(self._data, batch, self._config, self._device, noise)
        inputs = model.backbone.normalise(images).contiguous(memory_format=torch.channels_last)
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._low):
            features: Tensor = model.backbone(inputs)
        return features.float(), levels

    def plain(self, model: HypUML, rows: IntArray) -> Tensor:
        """See :class:`FeatureSource`."""
        size, found = model.config.image_size, []
        for part in self._data.train.pixels[torch.from_numpy(rows)].split(_PART):
            # Training pictures are larger than the input.
            small = F.interpolate(part.float(), (size, size), mode="bilinear", antialias=True)
            found.append(describe_pixels(model, small.round().clamp(0, 255)).features)
        return torch.cat([torch.from_numpy(part) for part in found]).to(self._device)

    def validation(self, model: HypUML) -> Tensor | None:
        """See :class:`FeatureSource`."""
        if self._data.validation is None:
            return None
        found = describe_pixels(model, self._data.validation.pixels).features
        return torch.from_numpy(found).to(self._device)


def batch_images(
    data: TrainingData,
    batch: Batch,
    config: TrainConfig,
    device: torch.device,
    noise: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Augmented images of a batch ``[B, 3, S, S]``, its last ones degraded; the levels of these."""
    level = torch.zeros(0, device=device)
    images = data.train.pixels[torch.from_numpy(batch.rows)].to(device).float() / 255
    images = augment(images, config.model.image_size, config.augment, noise)
    if batch.degraded:
        bad = images[-batch.degraded :]
        kinds = torch.randint(len(KINDS), (len(bad),), generator=noise, device=device)
        level = torch.rand(len(bad), generator=noise, device=device)
        images = torch.cat([images[: -batch.degraded], degrade_mixed(bad, kinds, level, noise)])
    return images, level


def only_fit(batch: Batch) -> Batch:
    """The fit images of a batch alone."""
    return replace(batch, rows=batch.rows[: batch.fit], whole=batch.fit, degraded=0)
