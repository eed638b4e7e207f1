"""Features of a backbone that does not learn, computed once in several views and kept.

Every image is seen as it is, augmented ``views`` times and degraded ``views`` times; a batch draws
one view of each of its images. What is kept between runs is what the backbone gives *raw*: it
depends on the images, the backbone and the options of augmentation alone, so that runs with other
losses, seeds and class splits share it through a folder.

Convention: raw features are ``[..., R]`` float16, features ``[..., F]``.
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

from hypuml.data.batches import Batch
from hypuml.data.pixels import read_pixels
from hypuml.files import write_atomically
from hypuml.models.extractor import Extractor
from hypuml.models.hypuml import HypUML
from hypuml.training.config import TrainConfig
from hypuml.training.data import LARGER, TrainingData, fingerprint, visible_rows
from hypuml.training.features import raw_of
from hypuml.types import Dataset, IntArray, Progress

# Raised whenever images come to be seen or projected in another way.
_MEANING = 4
_VIEWS = ("plain", "varied", "degraded", "levels")


@dataclass(frozen=True)
class RawViews:
    """Raw features of all training images of a data set.

    Attributes:
        rows: ``[N]`` rows of the data set that could be read.
        plain: ``[N, R]``.
        varied: ``[V, N, R]``, augmented.
        degraded: ``[V, N, R]``, augmented and degraded.
        levels: ``[V, N]`` how badly, in [0, 1].
        unreadable: item id to reason.
        source: hash of the data set's listing and of the backbone.
    """

    rows: IntArray
    plain: Tensor
    varied: Tensor
    degraded: Tensor
    levels: Tensor
    unreadable: dict[str, str]
    source: str


def raw_views(
    dataset: Dataset,
    config: TrainConfig,
    backbone: Extractor,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> RawViews:
    """Look at every training image, or read what an earlier run left in ``folder``.

    Args:
        dataset: its training classes are looked at.
        config: image size, augmentation and number of views count.
        backbone: what looks.
        folder: where views are kept between runs; None keeps nothing.
        progress: called with (done, total) images.

    Raises:
        ValueError: what an earlier run left cannot be read.
    """
    source = f"{fingerprint(dataset)} {backbone.raw_fingerprint()}"
    name = "views-" + _digest(source, config)
    if folder is not None and (folder / f"{name}.safetensors").exists():
        found = _load(folder / f"{name}.safetensors")
        reasons = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        rows = found["rows"].numpy()
        plain, varied_, degraded, levels = (found[view] for view in _VIEWS)
        return RawViews(rows, plain, varied_, degraded, levels, reasons, source)
    size = config.model.image_size
    pixels, rows, reasons = read_pixels(dataset, visible_rows(dataset), round(size * LARGER))
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2)
    seen = raw_of(images, config, backbone, progress)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / f"{name}.json", json.dumps(reasons).encode())
        tensors = dict(zip(_VIEWS, seen, strict=True)) | {"rows": torch.from_numpy(rows)}
        write_atomically(folder / f"{name}.safetensors", save(tensors))
    return RawViews(rows, *seen, reasons, source)


@dataclass(frozen=True)
class CachedFeatures:
    """Features of one run; see :class:`hypuml.training.features.FeatureSource`.

    Attributes:
        clean: ``[N, F]`` training images as they are.
        varied: ``[V, N, F]``.
        bad: ``[V, N, F]``, augmented and degraded.
        levels: ``[V, N]`` of these, in [0, 1].
        held_out: ``[M, F]`` validation images, None without any.
        seed: of the choice of views.
    """

    clean: Tensor
    varied: Tensor
    bad: Tensor
    levels: Tensor
    held_out: Tensor | None = None
    seed: int = 0

    @classmethod
    def of(
        cls,
        backbone: Extractor,
        views: RawViews,
        data: TrainingData,
        seed: int,
    ) -> CachedFeatures:
        """Project every view.

        Args:
            backbone: whose raw features the views are.
            views: of every training image of the data set.
            data: the split; its rows are among those of ``views``.
            seed: of the choice of views.
        """
        found = _projected(backbone, views, data)
        here = {name: value.to(backbone.device) for name, value in found.items()}
        return cls(seed=seed, **here)

    def batch(self, model: HypUML, batch: Batch, step: int) -> tuple[Tensor, Tensor]:
        """One view of each image, the last ones degraded; the levels of these."""
        noise = torch.Generator().manual_seed(self.seed * 1_000_003 + step)
        rows = torch.from_numpy(batch.rows)
        view = torch.randint(len(self.varied), (len(rows),), generator=noise)
        bad = len(rows) - batch.degraded
        features = torch.cat(
            [self.varied[view[:bad], rows[:bad]], self.bad[view[bad:], rows[bad:]]]
        )
        return features.float(), self.levels[view[bad:], rows[bad:]]

    def plain(self, model: HypUML, rows: IntArray) -> Tensor:
        """Training images as they are."""
        return self.clean[torch.from_numpy(rows)].float()

    def validation(self, model: HypUML) -> Tensor | None:
        """The validation images as they are."""
        return None if self.held_out is None else self.held_out.float()

    def degraded(self, model: HypUML, rows: IntArray) -> tuple[Tensor, Tensor]:
        """Every degraded view of the images."""
        index = torch.from_numpy(rows)
        return self.bad[:, index].flatten(0, 1).float(), self.levels[:, index].flatten()


@torch.no_grad()
def _projected(backbone: Extractor, views: RawViews, data: TrainingData) -> dict[str, Tensor]:
    place = torch.from_numpy(np.searchsorted(views.rows, data.train.rows))

    def projected(raw: Tensor) -> Tensor:
        return torch.cat([backbone.project(part) for part in raw.split(512)])

    def projected_views(raw: Tensor) -> Tensor:
        # No view at all where nothing is trained on them.
        return torch.stack([projected(view[place]) for view in raw]) if len(raw) else raw

    found = {
        "clean": projected(views.plain[place]),
        "varied": projected_views(views.varied),
        "bad": projected_views(views.degraded),
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


def _digest(what: str, config: TrainConfig) -> str:
    """Short hash of all that views depend on."""
    depends: dict[str, Any] = {
        "meaning": _MEANING,
        "images": what,
        "augment": asdict(config.augment),
        "size": config.model.image_size,
        "views": config.views,
        "trained": config.steps > 0,
    }
    text = json.dumps(depends, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
