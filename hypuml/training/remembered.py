"""Features of a backbone that has nothing to learn, computed once in several views and remembered.

Every image is seen as it is, augmented ``views`` times and degraded ``views`` times; a batch draws
one view of each of its images. Views depend on the data set and the options of augmentation alone,
so that runs with other losses, seeds and class splits share them through a folder; the principal
axes depend on the split and are found on its training part.

Convention: raw descriptors are ``[..., WIDTH]`` float16, features ``[..., F]`` float32.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor
from torch.nn import functional as F

from hypuml.data.augment import augment
from hypuml.data.degradations import KINDS, degrade_mixed
from hypuml.data.pixels import Progress, read_pixels
from hypuml.files import write_atomically
from hypuml.models.descriptors import Descriptors, describe
from hypuml.models.hypuml import HypUML
from hypuml.training.batches import Batch
from hypuml.training.config import TrainConfig
from hypuml.training.data import LARGER, TrainingData, fingerprint, trainable_rows
from hypuml.types import Dataset, IntArray

_PART = 64
# Raised whenever images come to be described or projected in another way.
_MEANING = 2
_VIEWS = ("plain", "varied", "degraded", "levels")


@dataclass(frozen=True)
class Views:
    """Raw descriptors of all training images of a data set.

    Attributes:
        rows: ``[N]`` rows of the data set that could be read.
        plain: ``[N, WIDTH]``.
        varied: ``[V, N, WIDTH]``, augmented.
        degraded: ``[V, N, WIDTH]``, augmented and degraded.
        levels: ``[V, N]`` how badly, in [0, 1].
        unreadable: item id to reason.
        listing: fingerprint of the data set.
    """

    rows: IntArray
    plain: Tensor
    varied: Tensor
    degraded: Tensor
    levels: Tensor
    unreadable: dict[str, str]
    listing: str


def raw_views(
    dataset: Dataset, config: TrainConfig, folder: Path | None, progress: Progress | None = None
) -> Views:
    """Describe every training image, or read what an earlier run left in ``folder``.

    Args:
        dataset: its training classes are described.
        config: image size, augmentation and number of views count.
        folder: where views are kept between runs; None keeps nothing.
        progress: called with (done, total) images.

    Raises:
        ValueError: what an earlier run left cannot be read.
    """
    listing = fingerprint(dataset)
    name = "views-" + _digest(listing, config, split=False)
    if folder is not None and (folder / f"{name}.safetensors").exists():
        found = _load(folder / f"{name}.safetensors")
        reasons = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        rows = found["rows"].numpy()
        plain, varied, degraded, levels = (found[name] for name in _VIEWS)
        return Views(rows, plain, varied, degraded, levels, reasons, listing)
    views = _described(dataset, config, progress, listing)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / f"{name}.json", json.dumps(views.unreadable).encode())
        tensors = {n: getattr(views, n) for n in _VIEWS}
        tensors["rows"] = torch.from_numpy(views.rows)
        write_atomically(folder / f"{name}.safetensors", save(tensors))
    return views


def _described(
    dataset: Dataset, config: TrainConfig, progress: Progress | None, listing: str
) -> Views:
    size, views = config.model.image_size, config.views
    rows = trainable_rows(dataset)
    pixels, kept, unreadable = read_pixels(dataset, rows, round(size * LARGER))
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2)
    noise = [torch.Generator().manual_seed(view) for view in range(2 * views)]
    found: list[list[Tensor]] = [[] for _ in range(2 * views + 1)]
    levels: list[list[Tensor]] = [[] for _ in range(views)]
    for start in range(0, len(images), _PART):
        part = images[start : start + _PART].float() / 255
        plain = F.interpolate(part, (size, size), mode="bilinear", antialias=True).clamp(0, 1)
        found[-1].append(describe(plain).half())
        for view, generator in enumerate(noise):
            seen = augment(part, size, config.augment, generator)
            if view >= views:
                kinds = torch.randint(len(KINDS), (len(part),), generator=generator)
                level = torch.rand(len(part), generator=generator)
                seen = degrade_mixed(seen, kinds, level, generator)
                levels[view - views].append(level)
            found[view].append(describe(seen).half())
        if progress:
            progress(min(start + _PART, len(images)), len(images))
    whole = [torch.cat(parts) for parts in found]
    varied, degraded = torch.stack(whole[:views]), torch.stack(whole[views:-1])
    level_of = torch.stack([torch.cat(parts) for parts in levels])
    return Views(kept, whole[-1], varied, degraded, level_of, unreadable, listing)


@dataclass(frozen=True)
class Remembered:
    """Features of one run; see :class:`hypuml.training.features.FeatureSource`.

    Attributes:
        clean: ``[N, F]`` training images as they are.
        varied: ``[V, N, F]``.
        degraded: ``[V, N, F]``.
        levels: ``[V, N]`` of these, in [0, 1].
        held_out: ``[M, F]`` validation images, None without any.
        seed: of the choice of views.
    """

    clean: Tensor
    varied: Tensor
    degraded: Tensor
    levels: Tensor
    held_out: Tensor | None
    seed: int

    def batch(self, model: HypUML, batch: Batch, step: int) -> tuple[Tensor, Tensor]:
        """One view of each image, the last ones degraded; the levels of these."""
        noise = torch.Generator().manual_seed(self.seed * 1_000_003 + step)
        rows = torch.from_numpy(batch.rows)
        view = torch.randint(len(self.varied), (len(rows),), generator=noise)
        bad = len(rows) - batch.degraded
        features = torch.cat(
            [self.varied[view[:bad], rows[:bad]], self.degraded[view[bad:], rows[bad:]]]
        )
        return features, self.levels[view[bad:], rows[bad:]]

    def plain(self, model: HypUML, rows: IntArray) -> Tensor:
        """Training images as they are."""
        return self.clean[torch.from_numpy(rows)]

    def validation(self, model: HypUML) -> Tensor | None:
        """The validation images as they are."""
        return self.held_out


def remember(
    backbone: Descriptors,
    views: Views,
    data: TrainingData,
    config: TrainConfig,
    device: torch.device,
    folder: Path | None = None,
) -> Remembered:
    """Fit the principal axes on the training part and project every view on them.

    Args:
        backbone: is fitted, unless it has axes from a checkpoint that the run starts from.
        views: of every training image of the data set.
        data: the split; its rows are among those of ``views``.
        config: of the run.
        device: where the features are wanted.
        folder: where features are kept between runs with the same split; None keeps nothing.
    """
    seen = f"{views.listing} {views.rows.tolist()} {_start(backbone)}"
    name = "features-" + _digest(seen, config, split=True)
    file = None if folder is None else folder / f"{name}.safetensors"
    if file is not None and file.exists():
        found = _load(file)
        backbone.load_state_dict({k[5:]: v for k, v in found.items() if k.startswith("axes.")})
    else:
        found = _projected(backbone, views, data)
        if file is not None:
            axes = {f"axes.{k}": v.contiguous() for k, v in backbone.state_dict().items()}
            write_atomically(file, save(found | axes))
    here = {k: v.to(device) for k, v in found.items() if not k.startswith("axes.")}
    return Remembered(
        here["clean"],
        here["varied"],
        here["degraded"],
        here["levels"],
        here.get("held_out"),
        config.seed,
    )


def _projected(backbone: Descriptors, views: Views, data: TrainingData) -> dict[str, Tensor]:
    place = torch.from_numpy(np.searchsorted(views.rows, data.train.rows))
    # A head that was trained already understands the axes it was trained on alone.
    if not _start(backbone):
        # One view each of every other image: axes need variety, not numbers.
        half = place[::2]
        varied = torch.cat([views.varied[0][half], views.degraded[0][half]])
        backbone.fit(views.plain[place], varied)

    def projected(raw: Tensor) -> Tensor:
        return torch.cat([backbone.project(part) for part in raw.split(512)])

    found = {
        "clean": projected(views.plain[place]),
        "varied": torch.stack([projected(view[place]) for view in views.varied]),
        "degraded": torch.stack([projected(view[place]) for view in views.degraded]),
        "levels": views.levels[:, place].contiguous(),
    }
    if data.validation is not None:
        held = torch.from_numpy(np.searchsorted(views.rows, data.validation.rows))
        found["held_out"] = projected(views.plain[held])
    return found


def _load(file: Path) -> dict[str, Tensor]:
    try:
        return load_file(file)
    except (OSError, SafetensorError) as error:
        raise ValueError(f"{file} is damaged; remove it and it will be made again") from error


def _start(backbone: Descriptors) -> str:
    """Hash of axes found by an earlier run; empty where there are none yet."""
    if not backbone.axes.any():
        return ""
    parts = [value.cpu().numpy().tobytes() for value in backbone.state_dict().values()]
    return hashlib.sha256(b"".join(parts)).hexdigest()


def _digest(what: str, config: TrainConfig, split: bool) -> str:
    """Short hash of all that views (or, with ``split``, features) depend on."""
    depends: dict[str, Any] = {
        "meaning": _MEANING,
        "images": what,
        "augment": asdict(config.augment),
        "size": config.model.image_size,
        "views": config.views,
    }
    if split:
        depends |= {
            "arguments": config.model.backbone_args,
            "seed": config.seed,
            "shares": [config.validation_classes, config.calibration_classes],
        }
    text = json.dumps(depends, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
