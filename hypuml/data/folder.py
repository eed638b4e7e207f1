"""Any folder of images as a data set: sub-folders are classes, nested sub-folders a taxonomy.

``photos/Rosaceae/Rosa/1.jpg`` has the taxonomy path ``("Rosaceae", "Rosa")``. Everything is listed
in natural order (2 before 10). A folder is somebody else's property, so

* nothing outside it is ever read: symbolic links are not followed, at listing or at loading;
* names are data: they may hold any character, and those that are no valid UTF-8 are spelt with
  backslash escapes in ids while the file itself stays loadable.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image

from hypuml.data.images import ImageError, load_image
from hypuml.types import NO_CLASS, Item, TaxonomyPath

# What looks like a picture by name. Some of these are not decoded: they are listed all the same, so
# that they are *reported* as unreadable and not silently missing.
_DECODED = {".jpg", ".jpeg", ".jpe", ".png", ".webp"}
_REPORTED = {".gif", ".bmp", ".tif", ".tiff", ".avif", ".heic", ".heif"}
SUFFIXES = frozenset(_DECODED | _REPORTED)
_DIGITS = re.compile(r"([0-9]+)")
_GALLERY_FILES = {"gallery.json", "items.parquet"}

NaturalKey = tuple[tuple[int, int, str], ...]


class FolderDataset:
    """Images below one folder (see the module text for what becomes a class).

    Images lying directly in the folder have no class: they get the label ``NO_CLASS``. Images lying
    beside sub-folders of their class (``Rosa/1.jpg`` next to ``Rosa/canina/2.jpg``) form a class
    of their own, named like their folder. Hidden files, files without an image suffix and galleries
    built inside the folder are left out.

    Every item counts as ``"unseen"``: nothing is known to have been trained on.

    Attributes:
        name: the folder's name.
        licence: not known.
        description: counts in one sentence.
        levels: ``("class",)``, or ``("level 1", ..., "class")`` when folders are nested; shorter
            branches simply have fewer names.
        source: absolute path of the folder.
        items: every image, in natural order.
        skipped: relative path of each link or closed folder that was not entered, with the reason.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """List the folder.

        Args:
            path: folder of images; ``~`` is expanded.

        Raises:
            ValueError: no such folder, or not one image-like file in it.
        """
        folder = Path(path).expanduser()
        if not folder.is_dir():
            problem = "is a file" if folder.exists() else "does not exist"
            raise ValueError(
                f"{_printable(str(folder))!r} {problem}; expected a folder of images, at best with "
                "one sub-folder per class"
            )
        self._root = folder.resolve()
        self.source: Path | None = self._root
        self.name: str = _printable(self._root.name) or "folder"
        self.licence: str = "not stated: ask whoever made the images"
        self.skipped: dict[str, str] = {}
        # Files whose names are no valid UTF-8, by row: their ids cannot lead back to them.
        self._odd_files: dict[int, str] = {}

        files = sorted(self._walk(), key=lambda parts: tuple(_natural(part) for part in parts))
        if not files:
            left_out = f" ({len(self.skipped)} links or closed folders were left out)"
            raise ValueError(
                f"no images in {_printable(str(self._root))!r}"
                f"{left_out if self.skipped else ''}; expected JPEG, PNG or WebP files, "
                "at best in one sub-folder per class"
            )
        inner = {parts[:i] for parts in files for i in range(1, len(parts) - 1)}
        self.items: Sequence[Item] = tuple(self._items(files, inner))
        classes = {item.path for item in self.items}
        depth = max(len(path) for path in classes)
        self.levels: tuple[str, ...] = (*(f"level {i}" for i in range(1, depth)), "class")
        self.description: str = (
            f"{len(self.items):,} images in {len(classes):,} "
            f"class{'es' if len(classes) > 1 else ''} from the folder {self.name}"
        )

    def load(self, index: int, size: int | None = None) -> Image.Image:
        """Decode one image at its own size.

        Args:
            index: row of ``items``.
            size: ignored, the original is returned.

        Returns:
            Upright RGB picture.

        Raises:
            ImageError: the file is gone, was replaced by a link out of the folder, or is no image
                that can be decoded.
        """
        relative = self._odd_files.get(index) or self.items[index].image
        path = self._root / relative
        # Listing followed no link, but the folder may have changed since.
        if not path.resolve().is_relative_to(self._root):
            raise ImageError(
                f"{_printable(relative)!r} is a link out of the folder; expected a file inside it: "
                "copy the image there"
            )
        return load_image(path)

    def _walk(self) -> Iterator[tuple[str, ...]]:
        """Relative name parts of every image-like file, in no particular order."""
        open_folders: list[tuple[str, ...]] = [()]
        while open_folders:
            parts = open_folders.pop()
            try:
                with os.scandir(self._root.joinpath(*parts)) as listing:
                    entries = [entry for entry in listing if not entry.name.startswith(".")]
            except OSError as error:
                if not parts:
                    raise ValueError(
                        f"the folder {_printable(str(self._root))!r} cannot be opened "
                        f"({error.strerror}); expected a folder of images: check its permissions"
                    ) from None
                self.skipped[_printable("/".join(parts))] = f"cannot be opened ({error.strerror})"
                continue
            if parts and _GALLERY_FILES.issubset(entry.name for entry in entries):
                continue
            for entry in entries:
                here = (*parts, entry.name)
                image = os.path.splitext(entry.name)[1].lower() in SUFFIXES
                if entry.is_symlink():
                    if image or entry.is_dir():
                        self.skipped[_printable("/".join(here))] = "is a link; links are left out"
                elif entry.is_dir(follow_symlinks=False):
                    open_folders.append(here)
                elif image and entry.is_file(follow_symlinks=False):
                    yield here

    def _items(self, files: list[tuple[str, ...]], inner: set[tuple[str, ...]]) -> Iterator[Item]:
        taken: set[str] = set()
        for row, parts in enumerate(files):
            relative = "/".join(parts)
            image = _printable(relative)
            if image != relative:
                self._odd_files[row] = relative
                while image in taken:
                    image += "_"
            taken.add(image)
            yield Item(id=image, path=_class_path(parts[:-1], inner), split="unseen", image=image)


def _class_path(folders: tuple[str, ...], inner: set[tuple[str, ...]]) -> TaxonomyPath:
    if not folders:
        return (NO_CLASS,)
    path = tuple(_printable(name) for name in folders)
    # A class is a leaf of the taxonomy, so a folder that also holds classes gets a leaf of its own.
    return (*path, path[-1]) if folders in inner else path


def _natural(name: str) -> NaturalKey:
    """Sort key in which numbers count as numbers; ties are decided by the exact name."""
    pieces = _DIGITS.split(name)
    key = tuple((0, int(p), "") if i % 2 else (1, 0, p.casefold()) for i, p in enumerate(pieces))
    return (*key, (1, 0, name))


def _printable(name: str) -> str:
    r"""The name as valid UTF-8: a byte that is none (Python's ``\udcff``) is spelt out."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")
