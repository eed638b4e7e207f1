"""Where the features of a step come from: pixels through a backbone that learns.

The twin for backbones that do not learn is :mod:`hypuml.training.cached_features`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from hypuml.data.augment import AugmentConfig, augment
from hypuml.data.batches import Batch
from hypuml.data.degradations import KINDS, degrade_mixed
from hypuml.models.extractor import Extractor
from hypuml.models.files import Described
from hypuml.models.hypuml import HypUML
from hypuml.training.config import TrainConfig
from hypuml.training.data import TrainingData
from hypuml.types import IntArray, Progress

_PART, _FEW = 256, 64


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

    def degraded(self, model: HypUML, rows: IntArray) -> tuple[Tensor, Tensor]:
        """Features ``[D, F]`` of degraded training images, and how badly ``[D]``, likewise."""
        ...


class PixelFeatures:
    """Augments pixels and sends them through the backbone."""

    def __init__(self, data: TrainingData, config: TrainConfig, device: torch.device) -> None:
        """Take what a run has."""
        self._data, self._config, self._device = data, config, device
        self._low = config.precision == "bfloat16" or (
            config.precision == "auto" and device.type == "cuda"
        )

    def batch(self, model: HypUML, batch: Batch, step: int) -> tuple[Tensor, Tensor]:
        """See :class:`FeatureSource`; the backbone runs in low precision where configured."""
        noise = torch.Generator(self._device).manual_seed(self._config.seed * 1_000_003 + step)
        images = self._data.train.pixels[torch.from_numpy(batch.rows)].to(self._device)
        size, ranges = model.config.image_size, self._config.augment
        seen, levels = varied(images.float() / 255, size, ranges, batch.degraded, noise)
        inputs = model.backbone.normalise(seen).contiguous(memory_format=torch.channels_last)
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._low):
            features: Tensor = model.backbone(inputs)
        return features.float(), levels

    def plain(self, model: HypUML, rows: IntArray) -> Tensor:
        """See :class:`FeatureSource`."""
        parts = self._inputs(model, rows)
        found = [describe_pixels(model, part).features for part in parts]
        return torch.cat([torch.from_numpy(part) for part in found]).to(self._device)

    def degraded(self, model: HypUML, rows: IntArray) -> tuple[Tensor, Tensor]:
        """See :class:`FeatureSource`; every image once."""
        noise = torch.Generator(self._device).manual_seed(self._config.seed)
        found, levels = [], []
        for part in self._inputs(model, rows):
            kinds = torch.randint(len(KINDS), (len(part),), generator=noise, device=self._device)
            level = torch.rand(len(part), generator=noise, device=self._device)
            bad = degrade_mixed(part / 255, kinds, level, noise).clamp(0, 1)
            found.append(torch.from_numpy(describe_pixels(model, (bad * 255).round()).features))
            levels.append(level)
        return torch.cat(found).to(self._device), torch.cat(levels)

    def _inputs(self, model: HypUML, rows: IntArray) -> Iterator[Tensor]:
        """Training images as they are, ``[B, 3, S, S]`` float32 from 0 to 255, part by part."""
        size = model.config.image_size
        for part in self._data.train.pixels[torch.from_numpy(rows)].split(_PART):
            # Training pictures are larger than the input.
            here = part.to(self._device).float()
            small = F.interpolate(here, (size, size), mode="bilinear", antialias=True)
            yield small.round().clamp(0, 255)

    def validation(self, model: HypUML) -> Tensor | None:
        """See :class:`FeatureSource`."""
        if self._data.validation is None:
            return None
        found = describe_pixels(model, self._data.validation.pixels).features
        return torch.from_numpy(found).to(self._device)


@torch.inference_mode()
def describe_pixels(model: HypUML, pixels: Tensor, batch_size: int = 256) -> Described:
    """Outputs of a model for uint8 pixels ``[N, 3, S, S]``."""
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    parts = []
    for batch in pixels.split(batch_size):
        features = model.backbone(model.backbone.normalise(batch.to(device).float() / 255)).float()
        out = model.head(features)
        parts.append((out.points, out.uncertainty, out.norm, features, out.outside))
    model.train(was_training)
    return Described(*(torch.cat(x).cpu().numpy() for x in zip(*parts, strict=True)))


def varied(
    images: Tensor, size: int, ranges: AugmentConfig, degraded: int, noise: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Images as training sees them: augmented, and the last ones degraded.

    Args:
        images: ``[B, 3, H, W]`` pixels in [0, 1].
        size: side of the output.
        ranges: of the augmentation.
        degraded: number D of trailing images to be degraded.
        noise: source of randomness, on the device of ``images``.

    Returns:
        ``[B, 3, size, size]`` in [0, 1], and the level ``[D]`` in [0, 1] of the degraded ones.
    """
    images = augment(images, size, ranges, noise)
    level = torch.zeros(0, device=images.device)
    if degraded:
        bad = images[-degraded:]
        kinds = torch.randint(len(KINDS), (len(bad),), generator=noise, device=images.device)
        level = torch.rand(len(bad), generator=noise, device=images.device)
        images = torch.cat([images[:-degraded], degrade_mixed(bad, kinds, level, noise)])
    return images, level


@torch.no_grad()
def raw_of(
    images: Tensor, config: TrainConfig, backbone: Extractor, progress: Progress | None
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Raw features of images as they are and in V views each, in half precision on the CPU.

    Args:
        images: ``[N, 3, H, W]`` uint8, a little larger than the input.
        config: image size, augmentation and number V of views count.
        backbone: what looks.
        progress: called with (done, total) images.

    Returns:
        ``[N, R]`` of images as they are, ``[V, N, R]`` augmented, ``[V, N, R]`` augmented and
        degraded, and the level ``[V, N]`` of these. Where nothing is trained on them, there are no
        augmented ones.
    """
    size, views, device = config.model.image_size, config.views, backbone.device
    varies = views if config.steps else 0
    noise = [torch.Generator(device).manual_seed(view) for view in range(2 * views)]
    noise = noise[:varies] + noise[views:]
    found: list[list[Tensor]] = [[] for _ in range(varies + views + 1)]
    levels: list[list[Tensor]] = [[] for _ in range(views)]
    backbone.eval()

    def raw(seen: Tensor) -> Tensor:
        inputs = backbone.normalise(seen).contiguous(memory_format=torch.channels_last)
        return backbone.raw(inputs).half().cpu()

    for start in range(0, len(images), _FEW):
        part = images[start : start + _FEW].to(device).float() / 255
        plain = F.interpolate(part, (size, size), mode="bilinear", antialias=True).clamp(0, 1)
        found[-1].append(raw(plain))
        for view, generator in enumerate(noise):
            bad = len(part) if view >= varies else 0
            seen, level = varied(part, size, config.augment, bad, generator)
            if bad:
                levels[view - varies].append(level.cpu())
            found[view].append(raw(seen))
        if progress:
            progress(min(start + _FEW, len(images)), len(images))
    whole = [torch.cat(parts) for parts in found]
    level_of = torch.stack([torch.cat(parts) for parts in levels])
    none = whole[-1].new_zeros((0, *whole[-1].shape))
    augmented = torch.stack(whole[:varies]) if varies else none
    return whole[-1], augmented, torch.stack(whole[varies:-1]), level_of


def only_fit(batch: Batch) -> Batch:
    """The fit images of a batch alone."""
    return replace(batch, rows=batch.rows[: batch.fit], whole=batch.fit, degraded=0)
