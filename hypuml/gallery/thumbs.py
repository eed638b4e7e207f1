"""Thumbnails in WebP atlas tiles: few files, each decoded once for many pictures.

A tile is 960 px square: ten by ten thumbnails of 96 px, row by row. 96 is six of the 16-pixel
blocks WebP compresses by, so no thumbnail bleeds into its neighbour. Larger tiles would be fewer
files but cost a tenth of a second to decode, for one thumbnail of a large gallery.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from PIL import Image

from hypuml.gallery.manifest import AGAIN, THUMBS, GalleryError, write_file

SIDE = 96
COLUMNS = 10
PER_TILE = COLUMNS * COLUMNS
# About 3 kB a thumbnail of a photograph: 2,400 of them are 7 MB.
QUALITY = 84
# Decoded tiles are 2.8 MB each; 32 hold a gallery of 3,200 images whole.
_TILES, THUMBNAILS = 32, 8192


def tile_name(tile: int) -> str:
    """Name of tile ``tile`` inside the gallery folder."""
    return f"{THUMBS}/{tile:04d}.webp"


def corner(place: int) -> tuple[int, int]:
    """Upper left pixel of the thumbnail at a place of its tile, from 0 to 99."""
    return place % COLUMNS * SIDE, place // COLUMNS * SIDE


def webp(image: Image.Image, quality: int, method: int) -> bytes:
    """A picture as lossy WebP."""
    out = io.BytesIO()
    image.save(out, "WEBP", quality=quality, method=method)
    return out.getvalue()


class AtlasWriter:
    """Collects thumbnails in row order and writes a tile whenever one is full.

    Attributes:
        files: manifest entry of every tile written so far.
    """

    def __init__(self, folder: Path) -> None:
        """Start in gallery folder ``folder``, whose ``thumbs`` must not exist yet."""
        (folder / THUMBS).mkdir()
        self.files: dict[str, dict[str, Any]] = {}
        self._folder = folder
        self._tile = self._blank()
        self._count = 0

    @staticmethod
    def _blank() -> Image.Image:
        return Image.new("RGB", (COLUMNS * SIDE, COLUMNS * SIDE))

    def add(self, thumbnail: Image.Image) -> None:
        """Append the thumbnail ``[96, 96]`` RGB of the next row."""
        self._tile.paste(thumbnail, corner(self._count % PER_TILE))
        self._count += 1
        if self._count % PER_TILE == 0:
            self._flush()

    def close(self) -> None:
        """Write the last tile, if it holds anything."""
        if self._count % PER_TILE:
            self._flush()

    def _flush(self) -> None:
        name = tile_name(len(self.files))
        self.files[name] = write_file(self._folder, name, webp(self._tile, QUALITY, 4))
        self._tile = self._blank()


class Atlas:
    """Reads single thumbnails back. Safe between threads: caches are, and tiles never change."""

    def __init__(self, read: Callable[[str], bytes], count: int) -> None:
        """Read tiles through ``read(name)``, which checks hashes, for ``count`` thumbnails."""
        self._read, self._count = read, count
        self._tile = lru_cache(maxsize=_TILES)(self._decode)
        self.thumbnail = lru_cache(maxsize=THUMBNAILS)(self._encode)

    def tile(self, number: int) -> bytes:
        """The file of a whole tile, as it is stored."""
        last = (self._count - 1) // PER_TILE
        if not 0 <= number <= last:
            raise IndexError(f"got tile {number}, expected 0 to {last}")
        return self._read(tile_name(number))

    def _decode(self, tile: int) -> Image.Image:
        name = tile_name(tile)
        try:
            image = Image.open(io.BytesIO(self._read(name)), formats=("WEBP",))
            image.load()
        except (OSError, SyntaxError):
            raise GalleryError(f"{name} is no WebP picture; {AGAIN}") from None
        if image.size != (COLUMNS * SIDE, COLUMNS * SIDE):
            raise GalleryError(f"{name} is {image.size} pixels, expected {COLUMNS * SIDE}; {AGAIN}")
        return image

    def _encode(self, row: int) -> bytes:
        if not 0 <= row < self._count:
            raise IndexError(f"got row {row}, expected 0 to {self._count - 1}")
        x, y = corner(row % PER_TILE)
        cell = self._tile(row // PER_TILE).crop((x, y, x + SIDE, y + SIDE))
        # Higher than the tile's quality, so that the second compression adds nothing visible.
        return webp(cell, 90, 0)
