"""The pictures of a gallery: its thumbnails, stored or made on demand, and its originals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PIL import Image

from hypuml.gallery.columns import Items
from hypuml.gallery.manifest import read_verified
from hypuml.gallery.originals import Originals
from hypuml.gallery.thumbnail_fallback import ThumbnailFallback
from hypuml.gallery.thumbs import Atlas


class Pictures:
    """Pictures by row number. Safe to share between threads.

    Attributes:
        folder: of the gallery.
        manifest: the content of ``gallery.json``.
    """

    def __init__(self, folder: Path, manifest: dict[str, Any], items: Items) -> None:
        """Take a checked manifest and the items it describes."""
        self.folder = folder
        self.manifest = manifest
        self._originals = Originals(manifest, items.ids, items.images)
        self._atlas: Atlas | ThumbnailFallback = (
            Atlas(lambda name: read_verified(folder, name, manifest), len(items.ids))
            if stores_thumbnails(manifest)
            else ThumbnailFallback(self._originals.picture, len(items.ids))
        )

    @property
    def stores_thumbnails(self) -> bool:
        """Whether thumbnails are part of the gallery; else they are made on demand."""
        return stores_thumbnails(self.manifest)

    @property
    def has_pictures(self) -> bool:
        """Whether there is anything to see: stored thumbnails, or originals that are here now."""
        return self.stores_thumbnails or self._originals.available

    def refresh(self) -> None:
        """Look for originals that were not here at the next request, not only after a while."""
        self._originals.refresh()

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


def stores_thumbnails(manifest: dict[str, Any]) -> bool:
    """Whether thumbnails are part of the gallery that a manifest describes."""
    return manifest.get("thumbnails", {}) is not None
