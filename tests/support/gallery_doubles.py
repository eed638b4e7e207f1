"""Doubles for galleries: a data set of coloured squares and a model that reads colours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from hypuml.geometry import expmap0
from hypuml.types import Embedding, Item


class ColourModel:
    """Maps a picture's mean colour into a ball of three dimensions; grey is uncertain."""

    curvature = 0.7
    preprocessing = {"size": 48, "resize": "short side, centre crop"}  # noqa: RUF012

    def __init__(self) -> None:
        self.batches: list[int] = []

    def embed(self, images):
        assert all(image.size == (48, 48) for image in images)
        self.batches.append(len(images))
        rgb = np.stack([np.asarray(im, dtype=np.float64).mean(axis=(0, 1)) for im in images])
        v = (rgb / 255 - 0.5) * 2
        u = 1 - np.linalg.norm(v, axis=1) / np.sqrt(3)
        return Embedding(
            expmap0(v, self.curvature).astype(np.float32), u.clip(0, 1).astype(np.float32)
        )


class Squares:
    """Coloured squares drawn by code; some rows can be made unreadable."""

    name, licence, description = "squares", "none", "coloured squares"
    levels = ("family", "class")
    source: Path | None = None

    def __init__(
        self, count: int = 130, broken: tuple[int, ...] = (), label: str = "class"
    ) -> None:
        self.items = [
            Item(f"s{i}", (f"family {i % 2}", f"{label} {i % 5}"), "seen" if i % 3 else "unseen")
            for i in range(count)
        ]
        self.broken = broken
        self.sizes: list[int | None] = []

    def colour(self, index: int) -> tuple[int, int, int]:
        rng = np.random.default_rng(index)
        return tuple(int(v) for v in rng.integers(0, 256, 3))

    def load(self, index, size=None):
        self.sizes.append(size)
        if index in self.broken:
            raise ValueError(f"number {index} is broken")
        return Image.new("RGB", (size or 64, size or 64), self.colour(index))


def photo_folder(root: Path, count: int = 6) -> Path:
    """A folder of small photographs with two classes, one name of which is markup."""
    for i in range(count):
        folder = root / ("<b>roses<i> & more" if i % 2 else "tulips \N{TULIP}")
        folder.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (80, 60), (40 * i, 200 - 30 * i, 90)).save(folder / f"{i}.png")
    return root
