"""Thumbnails of a gallery that stores none, made of its originals on demand.

Same sizes and same tiles as :mod:`hypuml.gallery.thumbs`. What could not be made is never
remembered: the originals may be fetched while the gallery is open.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import lru_cache

from PIL import Image

from hypuml.data.images import square_crop
from hypuml.gallery.thumbs import COLUMNS, PER_TILE, QUALITY, SIDE, THUMBNAILS, corner, webp

_GREY = (136, 147, 153)  # between light and dark ground, for the place of a missing picture


class _NotHereError(Exception):
    """Raised past the cache, which keeps results but no exceptions."""


class ThumbnailFallback:
    """Makes thumbnails and tiles. Safe between threads; two may make the same one at once."""

    def __init__(self, picture: Callable[[int, int], Image.Image | None], count: int) -> None:
        """Make them of ``picture(row, side)``, None where it is not there, for ``count`` rows."""
        self._picture, self._count = picture, count
        self._kept = lru_cache(maxsize=THUMBNAILS)(self._make)

    def thumbnail(self, row: int) -> bytes | None:
        """A thumbnail as WebP; None where its original is not here.

        Raises:
            IndexError: there is no such row.
        """
        if not 0 <= row < self._count:
            raise IndexError(f"got row {row}, expected 0 to {self._count - 1}")
        try:
            return self._kept(row)
        except _NotHereError:
            return None

    def tile(self, number: int) -> bytes | None:
        """A whole tile as WebP; None where not one of its originals is here.

        Raises:
            IndexError: there is no such tile.
        """
        last = (self._count - 1) // PER_TILE
        if not 0 <= number <= last:
            raise IndexError(f"got tile {number}, expected 0 to {last}")
        rows = range(number * PER_TILE, min((number + 1) * PER_TILE, self._count))
        tile = Image.new("RGB", (COLUMNS * SIDE, COLUMNS * SIDE), _GREY)
        found = False
        for place, row in enumerate(rows):
            if (thumbnail := self.thumbnail(row)) is not None:
                tile.paste(Image.open(io.BytesIO(thumbnail), formats=("WEBP",)), corner(place))
                found = True
        return webp(tile, QUALITY, 0) if found else None

    def _make(self, row: int) -> bytes:
        image = self._picture(row, SIDE)
        if image is None:
            raise _NotHereError
        # As good as what the browser gets of a stored one.
        return webp(square_crop(image, SIDE), 90, 0)
