"""Turning images into a gallery: decode and shrink in threads, embed in batches, lay out, write.

Images stream through: a picture is decoded (or drawn), cut to the model's input square and to its
thumbnail, and let go, so that 100,000 photographs never lie in memory together.
"""

from __future__ import annotations

import dataclasses
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
from PIL import Image

from hypuml.data.images import square_crop
from hypuml.gallery.opened import WEIGHTS, Gallery, sha256_of
from hypuml.gallery.staging import staged
from hypuml.gallery.store import (
    FORMAT,
    ITEMS,
    MANIFEST,
    POINTS,
    VERSION,
    GalleryError,
    Items,
    items_bytes,
    manifest_bytes,
    points_bytes,
    write_file,
)
from hypuml.gallery.thumbs import COLUMNS, SIDE, AtlasWriter
from hypuml.geometry import dist0, in_ball
from hypuml.layout import Layout, fit_layout
from hypuml.types import Dataset, Embedding, FloatArray, IntArray

Progress = Callable[[int, int], None]
_T = TypeVar("_T")


class Embedder(Protocol):
    """What building needs of a model; ``hypuml.HypUML`` has it."""

    @property
    def curvature(self) -> float:
        """Positive c of curvature -c."""

    @property
    def preprocessing(self) -> Mapping[str, Any]:
        """How pictures become input; ``"size"`` is the side of the input square in pixels."""

    def embed(self, images: Sequence[Image.Image]) -> Embedding:
        """Points ``[N, n]`` and uncertainty ``[N]`` of RGB pictures."""


class _Prepared(NamedTuple):
    """One readable image, reduced to what is needed of it."""

    row: int
    square: Image.Image
    thumbnail: Image.Image


def build_gallery(
    dataset: Dataset,
    indices: IntArray | Sequence[int],
    model: Embedder,
    out: str | Path,
    *,
    model_ref: str | Path,
    title: str | None = None,
    workers: int | None = None,
    batch_size: int = 64,
    progress: Progress | None = None,
    seed: int = 0,
    metrics: Callable[[Sequence[int], FloatArray, FloatArray], dict[str, Any]] | None = None,
) -> Gallery:
    """Build a gallery and put it at ``out``, replacing an older gallery there.

    Args:
        dataset: where the images come from.
        indices: rows of ``dataset.items`` to show, in this order.
        model: gives points and uncertainties.
        out: folder of the gallery. Nothing is at ``out``, and an older gallery stays untouched,
            until the new one is complete.
        model_ref: folder of the checkpoint ``model`` was loaded from (or its hub id); recorded, so
            that the app finds the model for uploads.
        title: what to call the gallery on screen; the data set's name when omitted.
        workers: threads that decode images; by default one per core, at most 8.
        batch_size: images per forward pass.
        progress: called as ``progress(done, total)`` after every batch.
        seed: of the layout.
        metrics: ``metrics(rows, points, uncertainty)`` gives numbers to record in the manifest,
            from the dataset rows of the readable images and what the model says of them.

    Returns:
        The opened gallery; its ``unreadable`` lists what was left out.

    Raises:
        GalleryError: no images, none readable, a model whose output cannot be used, ``out`` exists
            and is not a gallery, or the disk is full or read-only.
    """
    out = Path(out).expanduser().resolve()
    rows = [int(i) for i in indices]
    if not rows:
        raise GalleryError(
            f"no images of {dataset.name!r} to build a gallery of; choose another split"
        )
    with staged(out) as folder:
        atlas = AtlasWriter(folder)
        unreadable: dict[str, str] = {}
        kept: list[int] = []
        embeddings: list[Embedding] = []
        size = int(model.preprocessing["size"])
        done = 0
        for results in _batches(_prepared(dataset, rows, size, workers), max(1, batch_size)):
            good = [r for r in results if isinstance(r, _Prepared)]
            unreadable |= {
                dataset.items[r[0]].id: r[1] for r in results if not isinstance(r, _Prepared)
            }
            if good:
                embeddings.append(_checked(model, good, dataset))
                kept += [r.row for r in good]
                for r in good:
                    atlas.add(r.thumbnail)
            done += len(results)
            if progress is not None:
                progress(done, len(rows))
        if not kept:
            item, reason = next(iter(unreadable.items()))
            raise GalleryError(
                f"none of the {len(rows)} images of {dataset.name!r} can be read "
                f"(first: {item}: {reason})"
            )
        atlas.close()
        points = np.concatenate([e.points for e in embeddings]).astype(np.float32)
        uncertainty = np.concatenate([e.uncertainty for e in embeddings]).astype(np.float32)
        layout = fit_layout(points, model.curvature, seed=seed)
        items = _items(dataset, kept, points, uncertainty, model.curvature, layout)
        files = {
            ITEMS: write_file(folder, ITEMS, items_bytes(items)),
            POINTS: write_file(folder, POINTS, points_bytes(points)),
            **atlas.files,
        }
        manifest = {
            "format": FORMAT,
            "version": VERSION,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "name": dataset.name,
            "title": title or dataset.name,
            "dataset": {
                "name": dataset.name,
                "licence": dataset.licence,
                "description": dataset.description,
                "options": _options(dataset),
            },
            "levels": list(dataset.levels),
            "source": None if dataset.source is None else str(dataset.source),
            "curvature": float(model.curvature),
            "dimension": points.shape[1],
            "count": len(kept),
            "classes": len({items_path for items_path in items.paths}),
            "offered": len(rows),
            "preprocessing": dict(model.preprocessing),
            "model": _model_entry(model_ref, out),
            "thumbnails": {"side": SIDE, "columns": COLUMNS, "rows": COLUMNS},
            "layout": {
                "name": "radius-true",
                "dilation": layout.dilation,
                "seed": seed,
                "fidelity": layout.fidelity,
            },
            "metrics": metrics(kept, points, uncertainty) if metrics else {},
            "unreadable": unreadable,
            "files": files,
        }
        # The manifest comes last: a folder without it is no gallery.
        write_file(folder, MANIFEST, manifest_bytes(manifest))
        Gallery.open(folder)  # what cannot be opened must not replace what can
    return Gallery.open(out)


def _prepared(
    dataset: Dataset, rows: list[int], size: int, workers: int | None
) -> Iterator[_Prepared | tuple[int, str]]:
    """Every row in order, as a picture ready for the model or the reason why there is none."""

    def prepare(row: int) -> _Prepared | tuple[int, str]:
        try:
            image = dataset.load(row, size)
            square = square_crop(image, size)
            if dataset.source is None and min(image.size) < SIDE:
                image = dataset.load(row, SIDE)  # drawn by code: sharper than an enlargement
            return _Prepared(row, square, square_crop(image, SIDE))
        except (ValueError, OSError) as error:
            return row, str(error)

    threads = workers or min(8, os.cpu_count() or 1)
    pool = ThreadPoolExecutor(threads, thread_name_prefix="decode")
    ahead: deque[Future[_Prepared | tuple[int, str]]] = deque()
    try:
        for row in rows:
            ahead.append(pool.submit(prepare, row))
            # Far enough ahead that a forward pass never waits; results are small squares.
            if len(ahead) >= 256:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _batches(source: Iterable[_T], size: int) -> Iterator[list[_T]]:
    batch: list[_T] = []
    for thing in source:
        batch.append(thing)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _checked(model: Embedder, batch: list[_Prepared], dataset: Dataset) -> Embedding:
    """Embed a batch; refuse what could never be searched or shown."""
    result = model.embed([r.square for r in batch])
    if len(result) != len(batch):
        raise GalleryError(f"the model gave {len(result)} points for {len(batch)} images")
    inside = in_ball(result.points.astype(np.float32), model.curvature)
    u = result.uncertainty
    sound = inside & np.isfinite(u) & (u >= 0) & (u <= 1)
    if not sound.all():
        item = dataset.items[batch[int(np.argmin(sound))].row].id
        raise GalleryError(
            f"the model gives values that are not finite, a point outside the ball or an "
            f"uncertainty outside [0, 1] for {item!r}; train it again or use another checkpoint"
        )
    return result


def _items(
    dataset: Dataset,
    rows: list[int],
    points: FloatArray,
    uncertainty: FloatArray,
    c: float,
    layout: Layout,
) -> Items:
    chosen = [dataset.items[row] for row in rows]
    return Items(
        ids=[item.id for item in chosen],
        images=[item.image for item in chosen],
        labels=[item.label for item in chosen],
        paths=[item.path for item in chosen],
        splits=[item.split for item in chosen],
        uncertainty=uncertainty,
        radius=dist0(points, c).astype(np.float32),
        xy=layout.xy.astype(np.float32),
        umap_xy=None if layout.umap_xy is None else layout.umap_xy.astype(np.float32),
    )


def _options(dataset: Dataset) -> dict[str, Any]:
    """Settings the data set was made with, where it has any."""
    config = getattr(dataset, "config", None)
    if dataclasses.is_dataclass(config) and not isinstance(config, type):
        return dataclasses.asdict(config)
    return {}


def _model_entry(model_ref: str | Path, out: Path) -> dict[str, Any]:
    """Where the model lies and the sha256 of its weights.

    A checkpoint at most two folders up is recorded relative to the gallery, so that both can be
    moved together (a gallery inside its checkpoint's folder says ``..``).
    """
    folder = Path(model_ref).expanduser()
    if not (folder / WEIGHTS).is_file():
        return {"path": str(model_ref), "sha256": None}
    near = os.path.relpath(folder.resolve(), out)
    path = near if near.split(os.sep).count("..") <= 2 else str(folder.resolve())
    return {"path": path, "sha256": sha256_of(folder / WEIGHTS)}
