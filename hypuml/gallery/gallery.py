"""A gallery in memory: checked and searchable."""

from __future__ import annotations

import threading
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hypuml import layout
from hypuml.confidence import AnswerConfidence, Reference
from hypuml.gallery.ask import Queries, ask
from hypuml.gallery.columns import Items, parse_items, parse_points
from hypuml.gallery.manifest import (
    AGAIN,
    ITEMS,
    MANIFEST,
    POINTS,
    GalleryError,
    read_manifest,
    read_verified,
)
from hypuml.gallery.model_ref import check_weights, checkpoint_of
from hypuml.gallery.pictures import Pictures, stores_thumbnails
from hypuml.gallery.thumbs import PER_TILE, tile_name
from hypuml.search import Index
from hypuml.taxonomy import class_ids
from hypuml.types import Answer, FloatArray, Hits, IntArray, TaxonomyPath


class Gallery(Pictures):
    """Images of a data set as embedded by one model. Read-only and safe to share between threads.

    Attributes:
        folder: where it lies.
        manifest: the content of ``gallery.json``.
        curvature: c > 0 of curvature -c.
        dilation: factor between true and drawn distance from the origin.
        points: ``[N, n]`` float32 in the ball.
        uncertainty: ``[N]`` float32 in [0, 1], 1 = unsure.
        radius: ``[N]`` float32, hyperbolic distance d0 from the origin.
        xy: ``[N, 2]`` float32 in the unit disk, radius-true.
        umap_xy: ``[N, 2]`` float32 in the unit disk, a free UMAP whose radius means nothing; None
            where there is none (tiny galleries, models of two dimensions).
        ids: unique name of each image.
        labels: class name of each image.
        paths: taxonomy path of each image, from the root's child to the class.
        levels: names of the taxonomy's levels, in the order of ``paths``.
        images: path of each original below ``source``; empty when drawn by code.
        splits: ``"seen"`` or ``"unseen"`` for each image.
        outside: ``[N]`` bool, images unlike anything that the model was fitted on; None from a
            model without this output.
        confidence: the fitted answer confidence; None where the model came without one.
    """

    def __init__(
        self, folder: Path, manifest: dict[str, Any], points: FloatArray, items: Items
    ) -> None:
        """Take checked parts; use :meth:`open`."""
        super().__init__(folder, manifest, items)
        self.curvature = float(manifest["curvature"])
        self.dilation = float(manifest["layout"]["dilation"])
        self.levels: tuple[str, ...] = tuple(str(level) for level in manifest["levels"])
        self.points = points
        self.uncertainty: FloatArray = items.uncertainty
        self.radius: FloatArray = items.radius
        self.xy: FloatArray = items.xy
        self.umap_xy: FloatArray | None = items.umap_xy
        self.ids: list[str] = items.ids
        self.images: list[str] = items.images
        self.labels: list[str] = items.labels
        self.paths: list[TaxonomyPath] = items.paths
        self.splits: list[str] = items.splits
        self.outside: NDArray[np.bool_] | None = items.outside
        self.confidence: AnswerConfidence | None = read_confidence(folder, manifest)
        # Threads of the app share one gallery.
        shown = (self.uncertainty, self.radius, self.xy, self.umap_xy, self.outside)
        for array in (points, *shown):
            if array is not None:
                array.flags.writeable = False
        self._lock = threading.Lock()

    @classmethod
    def open(cls, folder: str | Path) -> Gallery:
        """Open a gallery after checking every file of it.

        Args:
            folder: the gallery folder; ``~`` is expanded.

        Raises:
            GalleryError: missing, damaged, incomplete, of another version, or contradicting itself;
                the message names the file, what is wrong and what to do.
        """
        folder = Path(folder).expanduser()
        manifest = read_manifest(folder)
        count = manifest["count"]
        tiles = {tile_name(i) for i in range(-(-count // PER_TILE))}
        if not stores_thumbnails(manifest):
            tiles = set()
        if count < 1 or set(manifest["files"]) != {ITEMS, POINTS} | tiles:
            raise GalleryError(
                f"{folder / 'gallery.json'} is damaged (files do not fit {count} images); {AGAIN}"
            )
        points = parse_points(read_verified(folder, POINTS, manifest), manifest, folder / POINTS)
        data = read_verified(folder, ITEMS, manifest)
        items = parse_items(data, manifest, points, folder / ITEMS)
        for name in tiles:
            read_verified(folder, name, manifest)
        return cls(folder, manifest, points, items)

    def __len__(self) -> int:
        return len(self.points)

    @property
    def name(self) -> str:
        """Name of the data set."""
        return str(self.manifest["name"])

    @property
    def title(self) -> str:
        """What to call the gallery on screen."""
        return str(self.manifest["title"])

    @property
    def fidelity(self) -> dict[str, Any]:
        """What the layout keeps of the model's neighbourhoods (see :mod:`hypuml.layout`)."""
        return dict(self.manifest["layout"].get("fidelity", {}))

    @property
    def unreadable(self) -> dict[str, str]:
        """Id of each image that could not be read when the gallery was built, and why."""
        return dict(self.manifest["unreadable"])

    def labels_at(self, level: str) -> list[str]:
        """Name of each image's group at a taxonomy level.

        A path that ends above the level stands for itself: its class name is given.

        Args:
            level: one of :attr:`levels`.

        Raises:
            ValueError: the gallery has no such level.
        """
        if level not in self.levels:
            raise ValueError(f"no level {level!r} here, expected one of {', '.join(self.levels)}")
        depth = self.levels.index(level)
        return [path[min(depth, len(path) - 1)] for path in self.paths]

    def search(self, points: FloatArray, k: int, exclude: IntArray | None = None) -> Hits:
        """Exact nearest images.

        Args:
            points: ``[Q, n]`` queries in the ball.
            k: how many; the search gives no more than there are.
            exclude: ``[Q]`` row that must not be found by each query, such as the query itself.
        """
        return self._index.search(points, k, exclude=exclude)

    def ask(
        self,
        points: FloatArray,
        uncertainty: ArrayLike,
        k: int,
        exclude: ArrayLike | None = None,
        allowed: NDArray[np.bool_] | None = None,
    ) -> Answer:
        """The nearest images of queries, and the probability that the first of them is right.

        Args:
            points: ``[n]`` one query, or ``[Q, n]`` several, in the ball.
            uncertainty: ``[Q]`` u of the queries, or one value for all.
            k: wanted number of images, at least 1.
            exclude: ``[Q]`` own row of each query, which is no answer, or one value for all; -1 or
                None for a query from outside the gallery.
            allowed: ``[N]`` which images may be answers; the others count as though they were not
                in the gallery. None allows all.

        Returns:
            As many hits as every query has, at most k, with their confidence or the reason why
            there is none.

        Raises:
            ValueError: queries, uncertainties or rows that do not fit, or k < 1.
        """
        queries = Queries.of(points, uncertainty, exclude)
        return ask(self.reference, self.confidence, queries, k, allowed)

    @cached_property
    def class_ids(self) -> IntArray:
        """``[N]`` number of each image's class, -1 for an image without one."""
        return class_ids(self.paths)[0]

    @cached_property
    def reference(self) -> Reference:
        """The images as the answer confidence compares queries with them."""
        return Reference(self.search, self.points, self.class_ids, self.uncertainty, self.curvature)

    @cached_property
    def _built(self) -> Index:
        return Index(self.points, self.curvature)

    @property
    def _index(self) -> Index:
        with self._lock:
            return self._built

    def place(self, points: FloatArray) -> FloatArray:
        """Where queries ``[Q, n]`` lie on the gallery's disk: ``[Q, 2]``, radius-true."""
        return layout.place(
            points, self.points, self.xy, self.curvature, self.dilation, index=self._index
        )

    @property
    def model_path(self) -> Path | None:
        """Folder of the checkpoint that made this gallery; None when it is not on this machine."""
        return checkpoint_of(self.folder, self.manifest)

    def check_model(self, checkpoint: str | Path) -> None:
        """Check that a checkpoint is the one whose points are in this gallery.

        Args:
            checkpoint: folder of a checkpoint.

        Raises:
            GalleryError: another model, or none; points of two models cannot be compared.
        """
        check_weights(Path(checkpoint).expanduser(), self.folder, self.manifest)


def read_confidence(folder: Path, manifest: dict[str, Any]) -> AnswerConfidence | None:
    """The confidence a manifest holds; None for galleries made without one.

    Raises:
        GalleryError: there is one and it is damaged.
    """
    recorded = manifest.get("confidence")
    if recorded is None:
        return None
    try:
        return AnswerConfidence.from_json(recorded)
    except ValueError as error:
        raise GalleryError(f"{folder / MANIFEST} cannot be used: {error}; {AGAIN}") from None
