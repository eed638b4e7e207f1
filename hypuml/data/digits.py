"""Real handwriting that needs no download: the digits that scikit-learn carries too.

1,797 digits of 8 x 8 pixels, 17 grey levels, written on forms by 13 people: the test part of
"Optical Recognition of Handwritten Digits", E. Alpaydin and C. Kaynak, UCI Machine Learning
Repository 1998, https://doi.org/10.24432/C50P49, licensed CC BY 4.0. `digits.npz` holds them
unchanged, in the order of scikit-learn: ``ink`` [1797, 8, 8] and ``digit`` [1797], both uint8.

Ten classes are too few to hold some out, so the split is *by image*: of each digit the first half
is ``"seen"``, the rest ``"unseen"``. The file follows its writers one after the other, so most
unseen images are by other hands than the seen ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from hypuml.types import Item

DEFAULT_SIZE = 64
# Levels of ink in the source, 0 (paper) to 16.
_FULL_INK = 16.0


class DigitsDataset:
    """Handwritten digits, dark on white, enlarged smoothly; see :class:`hypuml.types.Dataset`."""

    name = "digits"
    licence = "CC BY 4.0 (Alpaydin & Kaynak, UCI Machine Learning Repository, 1998)"
    description = "1,797 handwritten digits of 8 x 8 pixels"
    levels: tuple[str, ...] = ("digit",)
    source: Path | None = None

    def __init__(self) -> None:
        with np.load(Path(__file__).with_name("digits.npz"), allow_pickle=False) as digits:
            targets, ink = digits["digit"].astype(np.int64), digits["ink"]
        # [1797, 8, 8] uint8, 255 = paper
        self._pixels = np.round(255 * (1 - ink / _FULL_INK)).astype(np.uint8)
        seen = np.zeros(len(targets), dtype=bool)
        for digit in range(10):
            rows = np.flatnonzero(targets == digit)
            seen[rows[: len(rows) // 2]] = True
        self.items: Sequence[Item] = tuple(
            Item(
                id=f"digit-{row:04d}",
                path=(str(target),),
                split="seen" if seen[row] else "unseen",
            )
            for row, target in enumerate(targets)
        )

    def load(self, index: int, size: int | None = None) -> Image.Image:
        """Return one digit as a square RGB picture.

        Args:
            index: row of ``items``.
            size: side in pixels, at least 1; None means ``DEFAULT_SIZE``.

        Raises:
            ValueError: ``size`` is below 1.
        """
        side = DEFAULT_SIZE if size is None else size
        if side < 1:
            raise ValueError(f"size must be at least 1 pixel, got {side}")
        small = Image.fromarray(self._pixels[index])
        return small.resize((side, side), Image.Resampling.BICUBIC).convert("RGB")
