"""Plain data of the package: NumPy arrays in frozen dataclasses, nothing else.

Conventions used throughout the package
---------------------------------------
* Curvature is ``-c`` with ``c > 0``; points live in the ball ``{x : c * ||x||^2 < 1}``.
* ``d0`` is a point's hyperbolic distance from the origin.
* Uncertainty ``u`` lies in ``[0, 1]``; 1 means "uncertain".
* A class is identified by its *taxonomy path*: names from the root's child down to the class, e.g.
  ``("Rosales", "Rosaceae", "Rosa", "Rosa canina")``. A flat data set has paths of length one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL import Image

FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.int64]
TaxonomyPath = tuple[str, ...]
# One value for each image: texts, empty where missing, or numbers, NaN where missing.
Column = tuple[str, ...] | tuple[float, ...]


class Progress(Protocol):
    """Whatever is called with how far long work is."""

    def __call__(
        self, done: int, total: int, phase: str = "", metrics: Mapping[str, Any] | None = None
    ) -> None:
        """Note how far it is; may raise an error to stop the work.

        Args:
            done: what is done, in images, bytes or steps.
            total: what there is to do; 0 where that is not known.
            phase: what is being done, where there is more than one thing.
            metrics: values measured on the way.
        """


SPLITS = ("seen", "unseen", "all")
# Split of images that truly belong to two classes, such as hybrids: no split with a name,
# "all" included, holds them, because no answer to them is right or wrong.
AMBIGUOUS = "ambiguous"


# What a model without this output gives for every image: "not outside". No image of a model with it
# lies there exactly.
NEVER_OUTSIDE = -1.0


def never_outside() -> FloatArray:
    """``NEVER_OUTSIDE`` for any number of images: a scalar as an array."""
    return np.asarray(NEVER_OUTSIDE, dtype=np.float32)


@dataclass(frozen=True)
class Embedding:
    """What a model gives for a batch of images.

    Attributes:
        points: ``[N, n]`` float32, coordinates in the Poincaré ball of the model's curvature.
        uncertainty: ``[N]`` float32, values in ``[0, 1]``, 1 = uncertain.
        outside: ``[N]`` float32, above 0 for an image unlike anything that the model was fitted on;
            a scalar stands for all. ``NEVER_OUTSIDE`` from a model without this output.
    """

    points: FloatArray
    uncertainty: FloatArray
    outside: FloatArray = field(default_factory=never_outside)

    def __post_init__(self) -> None:
        if self.outside.ndim == 0:
            every = np.full(len(self.points), self.outside, dtype=np.float32)
            object.__setattr__(self, "outside", every)
        shape = self.points.shape[:1]
        if self.points.ndim != 2 or not self.uncertainty.shape == self.outside.shape == shape:
            raise ValueError(
                "an embedding needs points [N, n], uncertainty [N] and outside [N], got "
                f"{self.points.shape}, {self.uncertainty.shape} and {self.outside.shape}"
            )

    def __len__(self) -> int:
        return len(self.points)

    @property
    def is_outside(self) -> NDArray[np.bool_] | None:
        """Which images ``[N]`` are unlike the fitted ones; None without this output."""
        return None if (self.outside == NEVER_OUTSIDE).all() else self.outside > 0


def joined(parts: Sequence[Embedding]) -> Embedding:
    """Embeddings, at least one, end to end; float32."""
    return Embedding(
        np.concatenate([part.points for part in parts]).astype(np.float32, copy=False),
        np.concatenate([part.uncertainty for part in parts]).astype(np.float32, copy=False),
        np.concatenate([part.outside for part in parts]).astype(np.float32, copy=False),
    )


@dataclass(frozen=True)
class Hits:
    """Nearest neighbours, best first, ordered by (distance, row number).

    Attributes:
        ids: ``[Q, k]`` int64 row numbers of the searched points.
        distances: ``[Q, k]`` float64 hyperbolic distances, same order.
    """

    ids: IntArray
    distances: FloatArray

    def __post_init__(self) -> None:
        if self.ids.shape != self.distances.shape:
            raise ValueError(
                "ids and distances must have one shape, "
                f"got {self.ids.shape} and {self.distances.shape}"
            )


@dataclass(frozen=True, eq=False)
class Answer:
    """What a gallery gives for Q queries.

    Attributes:
        hits: the nearest images of each, ``[Q, k]``.
        confidence: ``[Q]`` probability that the first of them has the query's class; 0 where it
            has no class, or the query's class no other image. None where no query has one.
        reason: one sentence, why ``confidence`` is None; empty where it is not.
    """

    hits: Hits
    confidence: FloatArray | None
    reason: str = ""

    @property
    def probability(self) -> float | None:
        """The confidence of the first query's answer; None where there is none."""
        return None if self.confidence is None else float(self.confidence[0])


@dataclass(frozen=True)
class Item:
    """One image of a data set, without its pixels.

    Attributes:
        id: unique inside the data set, stable between runs.
        path: taxonomy path from the root's child to the class; its last name is the label.
        split: ``"seen"`` (training classes), ``"unseen"`` (test classes), or ``AMBIGUOUS``.
        image: path of the file relative to the data set's ``source``; empty when drawn by code.
        other: of an ambiguous image, its second class; empty otherwise.
    """

    id: str
    path: TaxonomyPath
    split: str
    image: str = ""
    other: TaxonomyPath = ()

    @property
    def label(self) -> str:
        """Display name of the class."""
        return self.path[-1]


class Dataset(Protocol):
    """Images with classes. Everything but ``load`` is known without reading a pixel.

    Attributes:
        name: registry name, or the folder's name.
        licence: one line.
        description: one sentence.
        levels: names of the taxonomy levels, from the root's child to the class.
        source: root folder of the originals; None when the images are drawn by code.
        items: every image of the data set.
    """

    name: str
    licence: str
    description: str
    levels: tuple[str, ...]
    source: Path | None
    items: Sequence[Item]

    def load(self, index: int, size: int | None = None) -> Image.Image:
        """Return item ``index`` as an RGB picture.

        Args:
            index: row of ``items``.
            size: wanted short side in pixels. A data set that draws its pictures draws them at
                this size; one that reads files may ignore it and return the original.

        Raises:
            ValueError: the image cannot be read; the message is one sentence with the reason.
        """
        ...


# What an image that lies in no class folder has instead of a class.
NO_CLASS = "(no class)"


def has_class(path: TaxonomyPath) -> bool:
    """Whether a taxonomy path names a class; images straight in a folder have none."""
    return bool(path) and path != (NO_CLASS,)


def indices_of(dataset: Dataset, split: str) -> IntArray:
    """Rows of ``dataset.items`` that belong to ``split``.

    Args:
        dataset: any data set.
        split: ``"seen"``, ``"unseen"`` or ``"all"``.

    Returns:
        ``[M]`` int64 row numbers in ascending order, possibly empty.

    Raises:
        ValueError: ``split`` is none of the three.
    """
    if split not in SPLITS:
        raise ValueError(f"unknown split {split!r}, expected one of {', '.join(SPLITS)}")
    rows = [
        i
        for i, item in enumerate(dataset.items)
        if item.split != AMBIGUOUS and split in ("all", item.split)
    ]
    return np.asarray(rows, dtype=np.int64)
