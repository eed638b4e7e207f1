"""From a data set to the tensors a training run needs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from hypuml.data.pixels import Progress, read_pixels
from hypuml.data.samplers import ClassBalancedSampler
from hypuml.data.splits import ClassSplit, class_ids, split_classes
from hypuml.training.config import TrainConfig
from hypuml.types import Dataset, IntArray, TaxonomyPath, has_class

# Training pictures are kept a little larger than the input, so that a crop still has real pixels.
_MARGIN = 1.125


@dataclass(frozen=True)
class Part:
    """Images of one part of the split.

    Attributes:
        pixels: ``[N, 3, S, S]`` uint8.
        labels: ``[N]`` class numbers, shared by all parts of a run.
        paths: ``[N]`` taxonomy path of every image.
    """

    pixels: Tensor
    labels: IntArray
    paths: list[TaxonomyPath]


@dataclass(frozen=True)
class TrainingData:
    """Training pictures with their samplers, and the validation part.

    Attributes:
        train: images of the fit and calibration-only classes.
        fit: draws batches of fit classes, as rows of ``train``.
        calibration: draws batches of calibration-only classes, or None without such classes.
        validation: images of the validation classes, or None without such classes.
        split: the classes of each part.
        unreadable: item id to reason.
    """

    train: Part
    fit: ClassBalancedSampler
    calibration: ClassBalancedSampler | None
    validation: Part | None
    split: ClassSplit
    unreadable: dict[str, str]


def trainable_rows(dataset: Dataset) -> IntArray:
    """Rows of the training classes: split "seen", or every class where none is (a folder)."""
    labelled = [i for i, item in enumerate(dataset.items) if has_class(item.path)]
    seen = [i for i in labelled if dataset.items[i].split == "seen"]
    return np.asarray(seen or labelled, dtype=np.int64)


def fingerprint(dataset: Dataset) -> str:
    """Short hash of a data set's listing: a resumed run must meet the same images."""
    listing = hashlib.sha256()
    for item in dataset.items:
        listing.update(repr((item.id, item.path, item.split)).encode())
    return listing.hexdigest()[:16]


def prepare(
    dataset: Dataset, config: TrainConfig, progress: Progress | None = None
) -> TrainingData:
    """Split the training classes and read their pictures.

    Raises:
        ValueError: too few classes, or no readable image.
    """
    rows = trainable_rows(dataset)
    paths = [dataset.items[i].path for i in rows]
    split = split_classes(paths, config.seed, config.validation_classes, config.calibration_classes)
    held = set(split.validation)
    is_validation = np.asarray([p in held for p in paths], dtype=bool)
    size = config.model.image_size
    numbers = {path: i for i, path in enumerate(class_ids(paths)[1])}
    unreadable: dict[str, str] = {}

    def part(chosen: IntArray, side: int) -> Part:
        pixels, kept, failed = read_pixels(dataset, chosen, side, progress=progress)
        unreadable.update(failed)
        kept_paths = [dataset.items[i].path for i in kept]
        labels = np.asarray([numbers[p] for p in kept_paths], dtype=np.int64)
        return Part(torch.from_numpy(pixels).permute(0, 3, 1, 2), labels, kept_paths)

    train = part(rows[~is_validation], round(size * _MARGIN))
    validation = part(rows[is_validation], size) if is_validation.any() else None
    calibrating = {numbers[p] for p in split.calibration}
    only = np.asarray([label in calibrating for label in train.labels], dtype=bool)
    per_class = config.images_per_class

    def sampler(mask: np.ndarray, classes: int, seed: int) -> ClassBalancedSampler:
        kept = np.flatnonzero(mask)
        return ClassBalancedSampler(train.labels[kept], classes, per_class, seed, rows=kept)

    share = len(split.calibration) / max(1, len(split.fit))
    extra = max(2, round(config.classes_per_batch * share))
    return TrainingData(
        train=train,
        fit=sampler(~only, config.classes_per_batch, 2 * config.seed),
        calibration=sampler(only, extra, 2 * config.seed + 1) if only.any() else None,
        validation=validation,
        split=split,
        unreadable=unreadable,
    )
