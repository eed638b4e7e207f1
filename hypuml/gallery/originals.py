"""The pictures a gallery was made of: read from their folder, or drawn by their data set, again.

Names in a manifest are data: they never lead out of the folder of the originals, and the name of a
data set is never taken for a path.
"""

from __future__ import annotations

import dataclasses
import json
import threading
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import Image

    from hypuml.types import Dataset


class Originals:
    """Pictures by row number. Safe to share between threads."""

    def __init__(self, manifest: dict[str, Any], ids: list[str], images: list[str]) -> None:
        """Take the manifest, and of each image its id and its path below the manifest's source."""
        self._manifest, self._ids, self._images = manifest, ids, images
        self._lock = threading.Lock()

    def picture(self, row: int, size: int | None) -> Image.Image | None:
        """The picture; None when it is not there. ``size`` is the side to draw at."""
        if self._manifest["source"] is None:
            return self._redraw(self._ids[row], size)
        from hypuml.data.images import load_image

        try:
            path = self._file(row)
            return load_image(path) if path else None
        except (ValueError, OSError):
            return None

    def has(self, row: int) -> bool:
        """Whether the picture is there. A file is looked for and not opened: damaged ones count."""
        if self._manifest["source"] is None:
            with self._lock:
                return self._ids[row] in self._drawn[1]
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

    def _redraw(self, item: str, size: int | None) -> Image.Image | None:
        with self._lock:
            dataset, rows = self._drawn
        if dataset is None or item not in rows:
            return None
        try:
            return dataset.load(rows[item], size)
        except (ValueError, OSError):
            return None

    @cached_property
    def _drawn(self) -> tuple[Dataset | None, dict[str, int]]:
        """The data set that drew the pictures, and its row numbers by id."""
        from hypuml.data.registry import DATASETS, open_dataset

        name = str(self._manifest["name"])
        if name not in DATASETS:
            return None, {}
        try:
            dataset = open_dataset(name)
        except (ValueError, OSError):
            return None, {}
        # Drawn with other settings, the same id would be another picture.
        if dataset_options(dataset) != (self._manifest.get("dataset") or {}).get("options"):
            return None, {}
        return dataset, {item.id: i for i, item in enumerate(dataset.items)}


def dataset_options(dataset: Dataset) -> dict[str, Any]:
    """Settings a data set was made with, as JSON keeps them; empty where it has none."""
    config = getattr(dataset, "config", None)
    if not dataclasses.is_dataclass(config) or isinstance(config, type):
        return {}
    found: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(config)))
    return found
