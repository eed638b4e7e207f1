"""A small data set that a small network learns within seconds.

On its own, because the worker processes that read it must not have to import torch.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from hypuml.types import Item


class SquaresDataset:
    """Classes are colours, images are noisy squares of them; picklable for worker processes."""

    name = "squares"
    licence = "made by the tests"
    description = "Noisy squares, one colour a class."
    levels = ("group", "colour")
    source: Path | None = None

    def __init__(self, classes: int = 12, each: int = 12, broken: Iterable[int] = ()):
        self.each = each
        self.broken = frozenset(broken)
        self.items = [
            Item(
                f"item {c * each + i}",
                (f"group {c // 3}", f"colour {c:02d}"),
                "unseen" if c % 4 == 3 else "seen",
            )
            for c in range(classes)
            for i in range(each)
        ]

    def load(self, index: int, size: int | None = None) -> Image.Image:
        if index in self.broken:
            raise ValueError(f"item {index} is broken")
        rng = np.random.default_rng(index)
        colour = np.random.default_rng(1000 + index // self.each).integers(30, 225, 3)
        side = size or 32
        pixels = np.clip(colour + rng.normal(0, 12, (side, side, 3)), 0, 255)
        return Image.fromarray(pixels.astype(np.uint8))
