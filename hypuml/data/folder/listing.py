"""Every file below a folder, by its first bytes.

A folder belongs to its owner: without ``follow_links`` nothing outside it is read. Junk that
systems leave behind (thumbnails of network drives, resource forks of archives, checkpoints of
notebooks) is left out by name, and galleries built inside the folder are not part of it.
"""

from __future__ import annotations

import fnmatch
import os
import re
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hypuml.data.folder.names import printable
from hypuml.data.folder.options import FolderOptions
from hypuml.data.formats import CLOSED, HEAD, SUFFIXES, Format, Kind, sniff

Parts = tuple[str, ...]

JUNK = frozenset(
    {"@eadir", "__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "#recycle", "@recycle"}
    | {"$recycle.bin", "system volume information", "lost+found", "__pycache__"}
    | {"thumbs", "thumbnails"}
)
_GALLERY_FILES = {"gallery.json", "items.parquet"}
# A hub's cache keeps files under their hashes and links to them, by name, from its snapshots.
_HUB_CACHE, _HUB_STORE = {"blobs", "refs", "snapshots"}, {"blobs", "refs"}
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_FLAGS |= getattr(os, "O_BINARY", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


@dataclass
class Listing:
    """What lies below a folder; paths are parts relative to it.

    Attributes:
        images: images by content, and files that only their name calls images.
        formats: format of each image; a :class:`Kind` for those by name alone.
        others: every file that is no image, by name or content.
        skipped: printable path of each link or closed folder that was not entered, with the reason.
        ignored: junk by name, how often.
        excluded: files and folders left out by the patterns of the options.
    """

    images: list[Parts] = field(default_factory=list)
    formats: list[Format | Kind] = field(default_factory=list)
    others: dict[Parts, Kind] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    ignored: Counter[str] = field(default_factory=Counter)
    excluded: int = 0


def list_files(root: Path, options: FolderOptions) -> Listing:
    """Look at every file below ``root``; in no particular order.

    Raises:
        ValueError: the folder itself cannot be opened.
    """
    walk = _Walk(root, options)
    for parts, found in walk.files():
        if isinstance(found, Format) or os.path.splitext(parts[-1])[1].lower() in SUFFIXES:
            walk.listing.images.append(parts)
            walk.listing.formats.append(found)
        if isinstance(found, Kind):
            walk.listing.others[parts] = found
    return walk.listing


class _Walk:
    """One pass over the tree; real folders come before links, so that each keeps its own place."""

    def __init__(self, root: Path, options: FolderOptions) -> None:
        self.listing = Listing()
        self._root, self._follow = str(root), options.follow_links
        self._keep = {name.lower() for name in options.keep}
        patterns = [fnmatch.translate(pattern.rstrip("/")) for pattern in options.exclude]
        self._exclude = re.compile("|".join(patterns)) if patterns else None
        self._entered: set[tuple[int, int]] = set()

    def files(self) -> Iterator[tuple[Parts, Format | Kind]]:
        """Every file that is not ignored, with what it is."""
        folders: list[Parts] = [()]
        links: list[Parts] = []
        while folders or links:
            if folders:
                parts = folders.pop()
            else:
                links.sort(reverse=True)
                parts = links.pop()
            for entry in self._entries(parts):
                here = (*parts, entry.name)
                try:
                    link = entry.is_symlink()
                    if link and not self._follow:
                        image = os.path.splitext(entry.name)[1].lower() in SUFFIXES
                        if image or entry.is_dir():
                            self._skip(here, "is a link; links are left out")
                    elif entry.is_dir():
                        (links if link else folders).append(here)
                    elif entry.is_file():
                        yield here, self._look(entry)
                    elif link and not os.path.exists(entry.path):
                        self._skip(here, "is a link that leads nowhere")
                except OSError as error:
                    self._skip(here, f"cannot be followed ({error.strerror})")

    def _entries(self, parts: Parts) -> list[os.DirEntry[str]]:
        """What is wanted of one folder; nothing where it is a gallery or was listed before."""
        folder = "/".join((self._root, *parts))
        try:
            if self._follow:
                about = os.stat(folder)
                if (about.st_dev, about.st_ino) in self._entered:
                    self._skip(parts, "leads to a folder that is listed already")
                    return []
                self._entered.add((about.st_dev, about.st_ino))
            with os.scandir(folder) as listing:
                entries = list(listing)
        except OSError as error:
            if not parts:
                raise ValueError(
                    f"the folder {printable(self._root)!r} cannot be opened ({error.strerror}); "
                    "expected a folder of images: check its permissions"
                ) from None
            self._skip(parts, f"cannot be opened ({error.strerror})")
            return []
        names = {entry.name for entry in entries}
        if parts and names >= _GALLERY_FILES:
            return []
        store = _HUB_STORE if names >= _HUB_CACHE else set()
        return [e for e in entries if self._wanted(e.name, parts) and e.name not in store]

    def _wanted(self, name: str, parts: Parts) -> bool:
        low = name.lower()
        if (name.startswith(".") or low in JUNK) and low not in self._keep:
            self.listing.ignored[printable(name) if low in JUNK else "hidden"] += 1
            return False
        if self._exclude is not None:
            path = "/".join((*parts, name))
            if self._exclude.match(name) or self._exclude.match(path):
                self.listing.excluded += 1
                return False
        return True

    def _look(self, entry: os.DirEntry[str]) -> Format | Kind:
        try:
            file = os.open(entry.path, _FLAGS if self._follow else _FLAGS | _NO_LINK)
            try:
                if self._follow and not stat.S_ISREG(os.fstat(file).st_mode):
                    return CLOSED
                return sniff(os.read(file, HEAD), entry.name)
            finally:
                os.close(file)
        except OSError:
            return CLOSED

    def _skip(self, parts: Parts, reason: str) -> None:
        self.listing.skipped[printable("/".join(parts))] = reason
