"""Large galleries for measuring: real gallery folders with made-up points and one tile of pictures.

Points form a tree of classes; rows come in no order, as in a folder of photographs. With two
dimensions the disk is the model's own space, so nothing has to be fitted.
"""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hypuml.confidence import AnswerConfidence
from hypuml.gallery import Gallery
from hypuml.gallery.columns import Items, items_bytes, points_bytes
from hypuml.gallery.manifest import FORMAT, ITEMS, MANIFEST, POINTS, VERSION, manifest_bytes
from hypuml.gallery.manifest import write_file as write
from hypuml.gallery.staging import staged
from hypuml.gallery.thumbs import COLUMNS, PER_TILE, SIDE, tile_name
from hypuml.geometry import dist0, expmap0
from hypuml.layout import Layout, fit_layout

ORDERS, FAMILIES, SPECIES = 4, 5, 5  # 100 classes


def large_gallery(folder: Path, count: int, n: int, confidence: AnswerConfidence | None) -> Path:
    """Gallery of ``count`` images, a multiple of 100, in ``n`` dimensions; kept where it is there.

    No free UMAP is fitted: at 10,000 points it takes longer than everything that is measured.
    """
    if (folder / MANIFEST).exists():
        return folder
    rng = np.random.default_rng(count)
    points, classes = _points(rng, count, n)
    layout = fit_layout(points, 1.0, umap=False)
    d0 = dist0(points, 1.0)
    u = np.clip(0.9 - 0.25 * d0 + rng.normal(0, 0.03, count), 0.02, 0.98)
    names = [
        (f"order {c // (FAMILIES * SPECIES)}", f"family {c // SPECIES}", f"species {c}")
        for c in classes
    ]
    items = Items(
        ids=[f"image-{i:06d}" for i in range(count)],
        images=[""] * count,
        labels=[path[-1] for path in names],
        paths=names,
        splits=["unseen"] * count,
        uncertainty=u.astype(np.float32),
        radius=d0.astype(np.float32),
        xy=layout.xy.astype(np.float32),
        umap_xy=None,
    )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with staged(folder.resolve()) as place:
        (place / "thumbs").mkdir()
        tile = _tile(rng)
        tiles = [tile_name(i) for i in range(count // PER_TILE)]
        files = {
            ITEMS: write(place, ITEMS, items_bytes(items)),
            POINTS: write(place, POINTS, points_bytes(points)),
            **{name: write(place, name, tile) for name in tiles},
        }
        manifest = _manifest(folder.name, points, layout, files, confidence)
        write(place, MANIFEST, manifest_bytes(manifest))
        Gallery.open(place)
    return folder


def _points(
    rng: np.random.Generator, count: int, n: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Points ``[count, n]`` of curvature -1 around the leaves of a tree, and their classes."""
    order = np.repeat(rng.normal(size=(ORDERS, n)), FAMILIES * SPECIES, axis=0)
    family = np.repeat(rng.normal(size=(ORDERS * FAMILIES, n)), SPECIES, axis=0)
    leaves = order + 0.7 * family + 0.5 * rng.normal(size=(ORDERS * FAMILIES * SPECIES, n))
    classes = rng.integers(0, len(leaves), count)
    tangent = leaves[classes] + 0.4 * rng.normal(size=(count, n))
    tangent *= rng.uniform(0.3, 1.1, (count, 1)) * 0.75 / np.sqrt(n)
    return expmap0(tangent, 1.0).astype(np.float32), classes


def _tile(rng: np.random.Generator) -> bytes:
    """A full tile of smooth pictures, about as large as one of photographs."""
    coarse = rng.integers(0, 255, (COLUMNS * 16, COLUMNS * 16, 3), dtype=np.uint8)
    side = COLUMNS * SIDE
    out = io.BytesIO()
    picture = Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC)
    picture.save(out, "WEBP", quality=84, method=4)
    return out.getvalue()


def _manifest(
    name: str,
    points: NDArray[np.float32],
    layout: Layout,
    files: dict[str, dict[str, Any]],
    confidence: AnswerConfidence | None,
) -> dict[str, Any]:
    count, n = points.shape
    about = {"name": name, "licence": "none", "description": "made up for measuring", "options": {}}
    return {
        "format": FORMAT,
        "version": VERSION,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "name": name,
        "title": name,
        "dataset": about,
        "levels": ["order", "family", "species"],
        "source": None,
        "curvature": 1.0,
        "dimension": n,
        "count": count,
        "classes": ORDERS * FAMILIES * SPECIES,
        "offered": count,
        "preprocessing": {"size": SIDE},
        "model": {"path": "nowhere", "sha256": None},
        "thumbnails": {"side": SIDE, "columns": COLUMNS, "rows": COLUMNS},
        "layout": {
            "name": "radius-true", "dilation": layout.dilation, "seed": 0,
            "fidelity": layout.fidelity,
        },
        "metrics": {},
        **({} if confidence is None else {"confidence": confidence.to_json()}),
        "unreadable": {},
        "files": files,
    }  # fmt: skip
