"""Turning images into a gallery: read, embed in batches, lay out, write, put in place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image

from hypuml.confidence import AnswerConfidence
from hypuml.data.prefetch import in_batches
from hypuml.gallery.columns import Items, items_bytes, points_bytes
from hypuml.gallery.gallery import Gallery
from hypuml.gallery.manifest import (
    FORMAT,
    ITEMS,
    MANIFEST,
    POINTS,
    VERSION,
    GalleryError,
    manifest_bytes,
    write_file,
)
from hypuml.gallery.model_ref import model_entry
from hypuml.gallery.originals import dataset_options
from hypuml.gallery.prefetch import Prepared, read_ahead
from hypuml.gallery.staging import staged
from hypuml.gallery.thumbs import COLUMNS, SIDE, AtlasWriter
from hypuml.geometry import dist0, in_ball
from hypuml.layout import Layout, fit_layout
from hypuml.types import Dataset, Embedding, FloatArray, IntArray, joined

Progress = Callable[[int, int], None]


class Embedder(Protocol):
    """What building needs of a model; :mod:`hypuml.models.embedder` has it."""

    @property
    def curvature(self) -> float:
        """Positive c of curvature -c."""

    @property
    def preprocessing(self) -> Mapping[str, Any]:
        """How pictures become input; ``"size"`` is the side of the input square in pixels."""

    def embed(self, images: Sequence[Image.Image]) -> Embedding:
        """Points ``[N, n]`` and uncertainty ``[N]`` of RGB pictures."""


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
    confidence: AnswerConfidence | None = None,
    pictures: bool = True,
    umap: bool = True,
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
            from the dataset rows of the readable images and their embedding.
        confidence: the fitted answer confidence, recorded in the gallery; the model's own
            (its attribute ``confidence``, where it has one) when omitted.
        pictures: whether the gallery holds thumbnails and the place of the originals. Without,
            they are found again by their ids where the data set is one of the registry's.
        umap: whether to fit a free UMAP beside the radius-true layout.

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
    confidence = confidence or getattr(model, "confidence", None)
    with staged(out) as folder:
        atlas = AtlasWriter(folder) if pictures else None
        kept, embedding, unreadable = embed_images(
            dataset, rows, model, atlas, workers, max(1, batch_size), progress
        )
        points, uncertainty = embedding.points, embedding.uncertainty
        layout = fit_layout(points, model.curvature, seed, umap)
        items = _items(dataset, kept, embedding, model.curvature, layout)
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
                "options": dataset_options(dataset),
            },
            "levels": list(dataset.levels),
            "source": str(dataset.source) if dataset.source and pictures else None,
            "curvature": float(model.curvature),
            "dimension": points.shape[1],
            "count": len(kept),
            "classes": len(set(items.paths)),
            "offered": len(rows),
            "preprocessing": dict(model.preprocessing),
            "model": model_entry(model_ref, out),
            "thumbnails": {"side": SIDE, "columns": COLUMNS, "rows": COLUMNS} if pictures else None,
            "layout": {
                "name": "radius-true",
                "dilation": layout.dilation,
                "seed": seed,
                "fidelity": layout.fidelity,
            },
            **({} if items.outside is None else {"outside": float(items.outside.mean())}),
            "metrics": metrics(kept, points, uncertainty) if metrics else {},
            **({} if confidence is None else {"confidence": confidence.to_json()}),
            "unreadable": unreadable,
            "files": {
                ITEMS: write_file(folder, ITEMS, items_bytes(items)),
                POINTS: write_file(folder, POINTS, points_bytes(points)),
                **(atlas.files if atlas else {}),
            },
        }
        # The manifest comes last: a folder without it is no gallery.
        write_file(folder, MANIFEST, manifest_bytes(manifest))
        Gallery.open(folder)  # what cannot be opened must not replace what can
    return Gallery.open(out)


def embed_images(
    dataset: Dataset,
    rows: list[int],
    model: Embedder,
    atlas: AtlasWriter | None,
    workers: int | None,
    batch_size: int,
    progress: Progress | None,
) -> tuple[list[int], Embedding, dict[str, str]]:
    """Send every image through the model and into the atlas, where there is one.

    Returns:
        Rows that could be read, their embedding, and the others' ids with reasons.
    """
    kept: list[int] = []
    embeddings: list[Embedding] = []
    unreadable: dict[str, str] = {}
    done, size = 0, int(model.preprocessing["size"])
    with closing(read_ahead(dataset, rows, size, workers, atlas is not None)) as pictures:
        for results in in_batches(pictures, batch_size):
            good = [r for r in results if isinstance(r, Prepared)]
            for result in results:
                if not isinstance(result, Prepared):
                    unreadable[dataset.items[result[0]].id] = result[1]
            if good:
                embeddings.append(_checked(model, good, dataset))
            for picture in good:
                kept.append(picture.row)
                if atlas and picture.thumbnail:
                    atlas.add(picture.thumbnail)
            done += len(results)
            if progress:
                progress(done, len(rows))
    if not kept:
        item, reason = next(iter(unreadable.items()))
        raise GalleryError(
            f"none of the {len(rows)} images of {dataset.name!r} can be read "
            f"(first: {item}: {reason})"
        )
    if atlas:
        atlas.close()
    return kept, joined(embeddings), unreadable


def _checked(model: Embedder, batch: list[Prepared], dataset: Dataset) -> Embedding:
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
    dataset: Dataset, rows: list[int], embedding: Embedding, c: float, layout: Layout
) -> Items:
    chosen = [dataset.items[row] for row in rows]
    return Items(
        ids=[item.id for item in chosen],
        images=[item.image for item in chosen],
        labels=[item.label for item in chosen],
        paths=[item.path for item in chosen],
        splits=[item.split for item in chosen],
        uncertainty=embedding.uncertainty,
        radius=dist0(embedding.points, c).astype(np.float32),
        xy=layout.xy.astype(np.float32),
        umap_xy=None if layout.umap_xy is None else layout.umap_xy.astype(np.float32),
        outside=embedding.is_outside,
    )
