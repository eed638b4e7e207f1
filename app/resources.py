"""Galleries and models the app holds open, shared by all sessions of this process.

Only what stands on the shelf can be seen: the galleries that ship under ``checkpoints/``, those
named on the command line (``-- --gallery PATH``) and those opened by hand in the picker. A page
address names a gallery by its short key, never by a path.
"""

from __future__ import annotations

import hashlib
import re
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.branches import branches
from app.disk.shapes import LAYOUTS, Layout
from hypuml.types import IntArray, TaxonomyPath

if TYPE_CHECKING:
    from hypuml.gallery import Gallery

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ROOT / "checkpoints"  # an installed app shows those of the current folder as well
FIRST = "garden"  # of the galleries that ship, the one a visitor sees first


@dataclass
class Entry:
    """One gallery on the shelf, or the reason why it could not be opened.

    Attributes:
        key: short name used in page addresses, unique on the shelf.
        folder: where it lies.
        gallery: the opened gallery; None when ``problem`` says why not.
        version: first 16 hex digits of the manifest's sha256; names its pictures.
        problem: one sentence, empty when all is well.
    """

    key: str
    folder: Path
    gallery: Gallery | None = None
    version: str = ""
    problem: str = ""
    _first_hits: IntArray | None = None
    _found: threading.Event = field(default_factory=threading.Event)
    _searching: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def first_hits(self, wait: float | None = None) -> IntArray | None:
        """``[N]`` row of each image's nearest other image, -1 where there is none.

        Found once, by exact search in the background, and kept: with it, coverage and Recall@1
        under any threshold are one comparison of classes.

        Args:
            wait: seconds to wait for it; None waits until it is there.

        Returns:
            None when the search goes on.
        """
        with self._lock:
            if not self._searching:
                self._searching = True
                threading.Thread(target=self._search, name=f"hits {self.key}", daemon=True).start()
        self._found.wait(wait)
        return self._first_hits

    def _search(self) -> None:
        gallery = self.gallery
        hits = np.full(len(gallery) if gallery else 0, -1, dtype=np.int64)
        try:
            if gallery and len(gallery) > 1:
                rows = np.arange(len(gallery), dtype=np.int64)
                # In slices, so that a click's own search never waits long for the processor.
                for part in np.array_split(rows, -(-len(rows) // 256)):
                    found = gallery.search(gallery.points[part], 1, exclude=part)
                    hits[part] = found.ids[:, 0]
        finally:
            self._first_hits = hits
            self._found.set()

    @cached_property
    def codes(self) -> IntArray:
        """``[N]`` class number per image, -1 for unlabelled (`Gallery.class_ids`)."""
        return self.gallery.class_ids if self.gallery else _NOTHING

    @property
    def labelled(self) -> bool:
        """Whether any image has a known class."""
        return bool((self.codes >= 0).any())

    @property
    def has_model(self) -> bool:
        """Whether the model that made the gallery lies on this machine (not whether it fits)."""
        from hypuml.gallery.model_ref import WEIGHTS

        folder = self.gallery.model_path if self.gallery else None
        return folder is not None and (folder / WEIGHTS).is_file()

    @cached_property
    def branches(self) -> dict[str, TaxonomyPath]:
        """Taxonomy branches by display name, in tree order (`app.branches`)."""
        return branches(self.gallery) if self.gallery else {}

    @property
    def layouts(self) -> tuple[Layout, ...]:
        """The layouts that its disk can have."""
        free = self.gallery is not None and self.gallery.umap_xy is not None
        return LAYOUTS if free else tuple(name for name in LAYOUTS if name != "umap")

    @cached_property
    def rows(self) -> dict[str, int]:
        """Item id to row number."""
        return {name: row for row, name in enumerate(self.gallery.ids)} if self.gallery else {}


_NOTHING: IntArray = np.zeros(0, dtype=np.int64)


class Shelf:
    """Registered galleries by key, in the order they were added. Safe between threads."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._lock = threading.RLock()
        self._filled = False

    def add(self, folder: Path, key: str = "") -> Entry:
        """Open the gallery in ``folder`` and put it on the shelf.

        A folder that is there already is returned as it is, unless it changed on disk or could
        not be opened before: then it is opened again.

        Args:
            folder: gallery folder.
            key: wanted short name; made unique. Default: after the folder.

        Returns:
            The entry; its ``problem`` says why the gallery cannot be shown, if it cannot.
        """
        folder = folder.expanduser().resolve()
        with self._lock:
            known = next((e for e in self._entries.values() if e.folder == folder), None)
            version = _version(folder)
            if known is not None and not known.problem and known.version == version:
                return known
            name = known.key if known else self._unique(key or _name(folder))
            entry = Entry(name, folder, version=version)
            try:
                from hypuml.gallery import Gallery

                entry.gallery = Gallery.open(folder)
            except (ValueError, OSError) as error:
                entry.problem = str(error)
            self._entries[name] = entry
            return entry

    def _unique(self, key: str) -> str:
        wanted, number = key, 2
        while key in self._entries:
            key, number = f"{wanted}-{number}", number + 1
        return key

    def fill(self) -> None:
        """Open the galleries of the command line and those that ship, once per process."""
        with self._lock:
            if self._filled:
                return
            for folder in gallery_arguments(sys.argv[1:]):
                self.add(folder)
            roots = dict.fromkeys((SHIPPED, Path.cwd().resolve() / "checkpoints"))
            folders = [m.parent for root in roots for m in root.glob("*/gallery/gallery.json")]
            for folder in sorted(folders, key=lambda f: (f.parent.name != FIRST, f)):
                self.add(folder, key=slug(folder.parent.name))
            self._filled = True

    def entries(self) -> list[Entry]:
        """Everything on the shelf, openable or not."""
        self.fill()
        with self._lock:
            return list(self._entries.values())

    def get(self, key: str) -> Entry | None:
        """The entry called ``key``, or None."""
        return next((entry for entry in self.entries() if entry.key == key), None)

    def by_version(self, version: str) -> Entry | None:
        """The open entry whose manifest hash is ``version``, or None."""
        found = (entry for entry in self.entries() if entry.version == version and entry.gallery)
        return next(found, None) if version else None


def _version(folder: Path) -> str:
    try:
        return hashlib.sha256((folder / "gallery.json").read_bytes()).hexdigest()[:16]
    except OSError:
        return ""


def _name(folder: Path) -> str:
    """A readable key: the folder's name, or its parent's where the folder is just "gallery"."""
    return slug(folder.parent.name if folder.name == "gallery" else folder.name)


def slug(text: str) -> str:
    """``text`` in lower-case letters, digits and dashes, never empty."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "gallery"


def gallery_arguments(arguments: Sequence[str]) -> list[Path]:
    """Folders given as ``--gallery PATH`` or ``--gallery=PATH``, in order.

    Other arguments are left alone: they may belong to whatever runs the app.
    """
    found: list[Path] = []
    for i, argument in enumerate(arguments):
        if argument == "--gallery" and i + 1 < len(arguments):
            found.append(Path(arguments[i + 1]))
        elif argument.startswith("--gallery="):
            found.append(Path(argument.partition("=")[2]))
    return found


shelf = Shelf()


def warm() -> None:
    """Open all galleries and find their first hits ahead of the first visitor."""
    import faiss

    faiss.omp_set_num_threads(1)  # one query is faster alone, and sessions share the cores
    for entry in shelf.entries():
        entry.first_hits()


def is_local() -> bool:
    """Whether only this machine can reach the app, so that typing a path is harmless."""
    from streamlit import config

    return str(config.get_option("server.address")) in {"127.0.0.1", "localhost", "::1"}
