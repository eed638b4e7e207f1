"""A gallery in memory: checked and searchable."""

from __future__ import annotations

import hashlib
import threading
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from hypuml.gallery.originals import Originals
from hypuml.gallery.thumbnail_fallback import ThumbnailFallback
from hypuml.gallery.thumbs import PER_TILE, Atlas, tile_name
from hypuml.search import Index
from hypuml.taxonomy import class_ids
from hypuml.types import Answer, FloatArray, Hits, IntArray, TaxonomyPath

if TYPE_CHECKING:
    from PIL import Image

WEIGHTS = "model.safetensors"


class Gallery:
    """Images of a data set as one model sees them. Read-only and safe to share between threads.

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
        outside: ``[N]`` bool, images unlike anything that the model was fitted on; None where the
            model cannot tell, and in galleries made before it could.
        confidence: the fitted answer confidence; None where the model came without one.
    """

    def __init__(
        self, folder: Path, manifest: dict[str, Any], points: FloatArray, items: Items
    ) -> None:
        """Take checked parts; use :meth:`open`."""
        self.folder = folder
        self.manifest = manifest
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
        self._originals = Originals(manifest, items.ids, items.images)
        self._atlas: Atlas | ThumbnailFallback = (
            Atlas(lambda name: read_verified(folder, name, manifest), len(points))
            if _stores_thumbnails(manifest)
            else ThumbnailFallback(self._originals.picture, len(points))
        )
        self._lock = threading.Lock()

    @classmethod
    def open(cls, folder: str | Path) -> Gallery:
        """Open a gallery after checking every file of it.

        Args:
            folder: the gallery folder; ``~`` is expanded.

        Raises:
            GalleryError: missing, damaged, incomplete, of another version, or contradicting itself;
                the message says which file, what is wrong and what to do.
        """
        folder = Path(folder).expanduser()
        manifest = read_manifest(folder)
        count = manifest["count"]
        tiles = {tile_name(i) for i in range(-(-count // PER_TILE))}
        if not _stores_thumbnails(manifest):
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
    def stores_thumbnails(self) -> bool:
        """Whether thumbnails are part of the gallery; else they are made on demand."""
        return _stores_thumbnails(self.manifest)

    @property
    def has_pictures(self) -> bool:
        """Whether there is anything to see: stored thumbnails, or originals that are here now."""
        return self.stores_thumbnails or self._originals.here

    def look_again(self) -> None:
        """Look for originals that were not here at the next request, not only after a while."""
        self._originals.look_again()

    def thumbnail(self, row: int) -> bytes | None:
        """The thumbnail of image ``row`` as a WebP file of 96 x 96 pixels.

        Returns:
            None for a gallery without thumbnails whose original is not here.
        """
        return self._atlas.thumbnail(int(row))

    def tile(self, number: int) -> bytes | None:
        """Atlas tile ``number``, a WebP file: up to ten by ten thumbnails, row by row.

        The stored file; for a gallery without thumbnails, what can be made of its originals (the
        place of a missing one is grey), and None where none of them is here.

        Raises:
            IndexError: there is no such tile.
            GalleryError: the file was changed or removed since the gallery was opened.
        """
        return self._atlas.tile(int(number))

    def original(self, row: int, size: int | None = None) -> Image.Image | None:
        """The image itself.

        Args:
            row: row number.
            size: for pictures drawn by code, the side to draw at; files come as they are (see
                :attr:`drawn`).

        Returns:
            The picture; None when it is not there (moved, deleted, damaged, on another machine).
        """
        return self._originals.picture(int(row), size)

    @property
    def drawn(self) -> bool:
        """Whether the originals are drawn by code, at any size, and can be drawn here."""
        return self._originals.drawn

    def has_original(self, row: int) -> bool:
        """Whether the image itself is there; it is looked for, not read, so it may be damaged."""
        return self._originals.has(int(row))

    @property
    def model_path(self) -> Path | None:
        """Folder of the checkpoint that made this gallery; None when it is not on this machine."""
        recorded = self.manifest["model"].get("path")
        if not isinstance(recorded, str) or not recorded:
            return None
        path = (self.folder / recorded).resolve()
        return path if path.is_dir() else None

    def check_model(self, checkpoint: str | Path) -> None:
        """Make sure that a checkpoint is the one whose points are in this gallery.

        Args:
            checkpoint: folder of a checkpoint.

        Raises:
            GalleryError: another model, or none; points of two models cannot be compared.
        """
        path, expected = Path(checkpoint).expanduser() / WEIGHTS, self.manifest["model"]["sha256"]
        try:
            found = sha256_of(path)
        except OSError as error:
            raise GalleryError(f"cannot read the model {path} ({error.strerror})") from None
        if found != expected:
            raise GalleryError(
                f"the model in {path.parent} is not the one the gallery in {self.folder} was made "
                f"with (sha256 {found[:8]}, recorded {str(expected)[:8]}); {AGAIN} with this model"
            )


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


def _stores_thumbnails(manifest: dict[str, Any]) -> bool:
    return manifest.get("thumbnails", {}) is not None


def sha256_of(path: Path) -> str:
    """Hex sha256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
