"""Embedding the images of a data set, with everything that later parts use again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypuml.data.pixels import read_pixels
from hypuml.models.embedder import Embedder
from hypuml.models.files import Described
from hypuml.types import Dataset, Embedding, IntArray, TaxonomyPath, indices_of

Progress = Callable[[int, int], None]
Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Evaluated:
    """Embedded images with what is known about them.

    Attributes:
        described: points ``[N, n]``, uncertainty ``[N]``, norm ``[N]``, features ``[N, F]``,
            outside ``[N]``.
        paths: ``[N]`` taxonomy path of each image.
        rows: ``[N]`` rows of the data set.
        unreadable: item id to reason.
        pixels: ``[N, S, S, 3]`` what the model saw, before normalisation.
    """

    described: Described
    paths: list[TaxonomyPath]
    rows: IntArray
    unreadable: dict[str, str]
    pixels: Pixels

    @property
    def embedding(self) -> Embedding:
        """Points, uncertainty and outside alone."""
        return self.described.embedding


def embed_dataset(
    model: Embedder, dataset: Dataset, split: str = "unseen", progress: Progress | None = None
) -> Evaluated:
    """Embed one split of a data set.

    Raises:
        ValueError: the split is empty or none of its images can be read.
    """
    rows = indices_of(dataset, split)
    if not len(rows):
        raise ValueError(f"data set {dataset.name!r} has no image in split {split!r}")
    size = model.config.image_size
    pixels, kept, unreadable = read_pixels(dataset, rows, size, progress=progress)
    paths = [dataset.items[i].path for i in kept]
    return Evaluated(model.describe(pixels), paths, kept, unreadable, pixels)
