"""The pictures a gallery was made of: read from their folder, or had from their data set, again.

A manifest whose ``source`` is null names no folder. Its pictures belong to a data set of the
registry, which draws them or, for a gallery without pictures, reads them from where they have been
downloaded to. A download may come while the gallery is open, so "not here" is never the last word.

Names in a manifest are data: they never lead out of the folder of the originals, and the name of a
data set is never taken for a path.
"""

from __future__ import annotations

import dataclasses
import json
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from hypuml.data.images import load_image
from hypuml.data.registry import DATASETS, open_dataset

if TYPE_CHECKING:
    from PIL import Image

    from hypuml.types import Dataset

# Seconds for which a data set that was not here is not looked for again: looking is quick, but
# every picture of a page needs it.
PATIENCE = 10.0


class _Found(NamedTuple):
    """A data set that is here, and its row numbers by id."""

    dataset: Dataset
    rows: dict[str, int]

    @property
    def available(self) -> bool:
        """Whether it still is: a folder may be moved away."""
        return self.dataset.source is None or self.dataset.source.is_dir()


class Originals:
    """Pictures by row number. Safe to share between threads."""

    def __init__(self, manifest: dict[str, Any], ids: list[str], images: list[str]) -> None:
        """Take the manifest, and of each image its id and its path below the manifest's source."""
        self._manifest, self._ids, self._images = manifest, ids, images
        self._lock = threading.Lock()
        self._known: _Found | None = None
        self._next_look = -float("inf")  # earliest time of the next look

    @property
    def available(self) -> bool:
        """Whether the pictures are on this machine now; single ones may still be missing."""
        if self._manifest["source"] is None:
            return self._found() is not None
        return Path(self._manifest["source"]).is_dir()

    @property
    def drawn(self) -> bool:
        """Whether they are drawn by code, at any size, and can be drawn here."""
        found = self._found() if self._manifest["source"] is None else None
        return found is not None and found.dataset.source is None

    def refresh(self) -> None:
        """Look for what was not here at the next request, not only when patience is over."""
        with self._lock:
            self._next_look = -float("inf")

    def picture(self, row: int, size: int | None) -> Image.Image | None:
        """The picture; None when it is not there. ``size`` is the side to draw at."""
        if self._manifest["source"] is None:
            return self._from_dataset(self._ids[row], size)
        try:
            path = self._file(row)
            return load_image(path) if path else None
        except (ValueError, OSError):
            return None

    def has(self, row: int) -> bool:
        """Whether the picture is there. A file is looked for and not opened: damaged ones count."""
        if self._manifest["source"] is None:
            found = self._found()
            if found is None or self._ids[row] not in found.rows:
                return False
            item, source = found.dataset.items[found.rows[self._ids[row]]], found.dataset.source
            return source is None or (source / item.image).is_file()
        try:
            path = self._file(row)
            return path is not None and path.is_file()
        except (ValueError, OSError):
            return False

    def _file(self, row: int) -> Path | None:
        """The image's file; None where it has none, or where its name leads out of the folder."""
        if not self._images[row]:
            return None
        root = Path(self._manifest["source"]).resolve()
        path = (root / self._images[row]).resolve()
        return path if path.is_relative_to(root) else None

    def _from_dataset(self, item: str, size: int | None) -> Image.Image | None:
        found = self._found()
        if found is None or item not in found.rows:
            return None
        try:
            return found.dataset.load(found.rows[item], size)
        except (ValueError, OSError):
            return None

    def _found(self) -> _Found | None:
        """The data set; listed once when it is here, looked for now and then while it is not."""
        with self._lock:
            if self._known is not None and not self._known.available:
                self._known = None
            if self._known is None and time.monotonic() >= self._next_look:
                self._known = self._look()
                self._next_look = time.monotonic() + PATIENCE
            return self._known

    def _look(self) -> _Found | None:
        name = str(self._manifest["name"])
        if name not in DATASETS:
            return None
        try:
            dataset = open_dataset(name)
        except (ValueError, OSError):
            return None
        # Drawn with other settings, the same id would be another picture.
        if dataset_options(dataset) != (self._manifest.get("dataset") or {}).get("options"):
            return None
        rows = {item.id: i for i, item in enumerate(dataset.items)}
        return _Found(dataset, rows) if any(item in rows for item in self._ids) else None


def dataset_options(dataset: Dataset) -> dict[str, Any]:
    """Settings a data set was made with, as JSON keeps them; empty where it has none."""
    config = getattr(dataset, "config", None)
    if not dataclasses.is_dataclass(config) or isinstance(config, type):
        return {}
    found: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(config)))
    return found
