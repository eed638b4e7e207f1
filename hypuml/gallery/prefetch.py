"""Reading images ahead of the model, in threads.

Images stream through: a picture is decoded (or drawn), cut to the model's input square and to its
thumbnail, and let go, so that 100,000 photographs never lie in memory together.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import NamedTuple

from PIL import Image

from hypuml.data.images import square_crop
from hypuml.data.prefetch import ahead
from hypuml.gallery.thumbs import SIDE
from hypuml.types import Dataset


class Prepared(NamedTuple):
    """One readable image, reduced to what is needed of it; no thumbnail where none is wanted."""

    row: int
    square: Image.Image
    thumbnail: Image.Image | None


def read_ahead(
    dataset: Dataset, rows: list[int], size: int, workers: int | None, thumbnails: bool = True
) -> Generator[Prepared | tuple[int, str], None, None]:
    """Read pictures in threads. Close the generator to stop them.

    Args:
        dataset: where they come from.
        rows: which, in this order.
        size: side of the model's input in pixels.
        workers: threads; by default one per core, at most 8.
        thumbnails: whether they are wanted.

    Returns:
        For every row, in order, a picture ready for the model, or ``(row, reason)`` without one.
    """

    def prepare(row: int) -> Prepared | tuple[int, str]:
        try:
            image = dataset.load(row, size)
            square = square_crop(image, size)
            if not thumbnails:
                return Prepared(row, square, None)
            if dataset.source is None and min(image.size) < SIDE:
                image = dataset.load(row, SIDE)  # drawn by code: sharper than an enlargement
            return Prepared(row, square, square_crop(image, SIDE))
        except (ValueError, OSError) as error:
            return row, str(error)

    return ahead(prepare, rows, workers)
