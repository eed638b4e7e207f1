"""From a data set to the tensors a training run needs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from hypuml.data.batches import BatchMaker, Pools, divide
from hypuml.data.pixels import Progress, read_pixels
from hypuml.data.splits import (
    CALIBRATION,
    VALIDATION,
    ClassSplit,
    split_classes,
    split_images,
)
from hypuml.taxonomy import class_ids
from hypuml.training.config import TrainConfig
from hypuml.types import AMBIGUOUS, Dataset, IntArray, TaxonomyPath, has_class

# Training pictures are kept a little larger than the input, so that a crop still has real pixels.
LARGER = 1.125


@dataclass(frozen=True)
class Part:
    """Images of one part of the split.

    Attributes:
        pixels: ``[N, 3, S, S]`` uint8; of no size where they were looked at elsewhere.
        rows: ``[N]`` rows of the data set.
        labels: ``[N]`` class numbers, shared by all parts of a run.
        paths: ``[N]`` taxonomy path of every image.
    """

    pixels: Tensor
    rows: IntArray
    labels: IntArray
    paths: list[TaxonomyPath]


@dataclass(frozen=True)
class TrainingData:
    """Training pictures with what makes batches of them, and the validation part.

    Attributes:
        dataset: what is trained on.
        train: fit, calibration-only and ambiguous images.
        batches: draws batches of them, as rows of ``train``.
        validation: images of the validation classes, or None without such classes.
        calibration_rows: rows of the *data set* that the metric loss never sees.
        split: the classes of each part (the same ones in each where the split is by image).
        by_image: whether the split is by image.
        unreadable: item id to reason.
    """

    dataset: Dataset
    train: Part
    batches: BatchMaker
    validation: Part | None
    calibration_rows: IntArray
    split: ClassSplit
    by_image: bool
    unreadable: dict[str, str]


def trainable_rows(dataset: Dataset) -> IntArray:
    """Rows of the training classes: split "seen", or every class where none is (a folder)."""
    labelled = everything(dataset)
    seen = [i for i in labelled if dataset.items[i].split == "seen"]
    return np.asarray(seen, dtype=np.int64) if seen else labelled


def visible_rows(dataset: Dataset) -> IntArray:
    """Rows that training may look at, ascending: its classes', and the ambiguous ones."""
    mixed = [i for i, item in enumerate(dataset.items) if item.split == AMBIGUOUS]
    return np.sort(np.concatenate([trainable_rows(dataset), np.asarray(mixed, dtype=np.int64)]))


def everything(dataset: Dataset) -> IntArray:
    """Rows of all images of one class, whatever their split."""
    rows = [i for i, x in enumerate(dataset.items) if has_class(x.path) and x.split != AMBIGUOUS]
    return np.asarray(rows, dtype=np.int64)


def is_split_by_image(dataset: Dataset) -> bool:
    """Whether the data set tests on the classes it trains on (digits), not on new ones."""
    seen = {item.path for item in dataset.items if item.split == "seen"}
    unseen = {item.path for item in dataset.items if item.split == "unseen"}
    return bool(unseen) and unseen <= seen


def fingerprint(dataset: Dataset) -> str:
    """Short hash of the listing of what is trained on: a resumed run must meet the same images."""
    listing = hashlib.sha256()
    mixed = [i for i, item in enumerate(dataset.items) if item.split == AMBIGUOUS]
    for i in [*trainable_rows(dataset).tolist(), *mixed]:
        item = dataset.items[i]
        listing.update(repr((item.id, item.path, item.split)).encode())
    return listing.hexdigest()[:16]


def prepare(
    dataset: Dataset,
    config: TrainConfig,
    progress: Progress | None = None,
    readable: IntArray | None = None,
) -> TrainingData:
    """Split the training classes and read their pictures.

    Args:
        dataset: what to train on.
        config: of the run.
        progress: of reading.
        readable: rows that were read elsewhere; no pixels are read then.

    Raises:
        ValueError: too few classes, or no readable image.
    """
    rows = trainable_rows(dataset)
    paths = [dataset.items[i].path for i in rows]
    shares = (config.seed, config.validation_classes, config.calibration_classes)
    by_image = is_split_by_image(dataset)
    if by_image:
        part_of = split_images(paths, *shares)
        everything = tuple(sorted(set(paths)))
        split = ClassSplit(everything, everything, everything)
    else:
        split = split_classes(paths, *shares)
        place = {path: i for i, part in enumerate(split.parts()) for path in part}
        part_of = np.asarray([place[path] for path in paths], dtype=np.int64)
    numbers = {path: i for i, path in enumerate(class_ids(paths)[1])}
    mixed = _ambiguous_rows(dataset, set(split.fit)) if config.teaches_uncertainty else rows[:0]
    unreadable: dict[str, str] = {}

    def part(chosen: IntArray, side: int) -> tuple[Part, IntArray]:
        if readable is None:
            pixels, kept, failed = read_pixels(dataset, chosen, side, progress=progress)
            unreadable.update(failed)
        else:
            kept = chosen[np.isin(chosen, readable)]
            pixels = np.empty((len(kept), 0, 0, 3), dtype=np.uint8)
        kept_paths = [dataset.items[i].path for i in kept]
        labels = np.asarray([numbers[p] for p in kept_paths], dtype=np.int64)
        return Part(torch.from_numpy(pixels).permute(0, 3, 1, 2), kept, labels, kept_paths), kept

    size = config.model.image_size
    calibrating = rows[part_of == CALIBRATION]
    train, kept = part(np.concatenate([rows[part_of != VALIDATION], mixed]), round(size * LARGER))
    held = rows[part_of == VALIDATION]
    validation = part(held, size)[0] if len(held) else None
    is_held, is_mixed = np.isin(kept, calibrating), np.isin(kept, mixed)
    per_class = config.images_per_class
    sizes = divide(
        config.classes_per_batch * per_class,
        per_class,
        config.calibration_share if config.teaches_uncertainty and is_held.any() else 0.0,
        config.ambiguous_share if is_mixed.any() else 0.0,
        config.degraded_share if config.teaches_uncertainty else 0.0,
    )
    pools = Pools(
        train.labels,
        np.flatnonzero(~is_held & ~is_mixed),
        np.flatnonzero(is_held),
        np.flatnonzero(is_mixed),
        np.asarray([numbers[dataset.items[i].other] for i in kept[is_mixed]], dtype=np.int64),
    )
    batches = BatchMaker(pools, sizes, per_class, config.seed)
    return TrainingData(
        dataset, train, batches, validation, calibrating, split, by_image, unreadable
    )


def _ambiguous_rows(dataset: Dataset, fit: set[TaxonomyPath]) -> IntArray:
    """Ambiguous images both of whose classes are fit."""
    rows = [
        i
        for i, item in enumerate(dataset.items)
        if item.split == AMBIGUOUS and item.path in fit and item.other in fit
    ]
    return np.asarray(rows, dtype=np.int64)
