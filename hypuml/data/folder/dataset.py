"""Any folder of images as a data set: sub-folders are classes, nested sub-folders a taxonomy.

``photos/Rosaceae/Rosa/1.jpg`` has the taxonomy path ``("Rosaceae", "Rosa")``. Classes come in
natural order (2 before 10), and so do the images of each, wherever the folder keeps its splits or
its labels. A folder belongs to its owner, so

* nothing outside it is read unless the options allow it: symbolic links are not followed, at
  listing or at loading;
* names are data: they may hold any character, and those that are no valid UTF-8 are spelt with
  backslash escapes in ids while the file itself stays loadable.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from PIL import Image

from hypuml.data.folder.labels import find_labels
from hypuml.data.folder.layout import Folders, Place, understand
from hypuml.data.folder.listing import Listing, Parts, list_files
from hypuml.data.folder.names import (
    MAPPINGS,
    class_name,
    is_wordnet_id,
    natural,
    printable,
    quoted,
    wordnet_names,
)
from hypuml.data.folder.options import FolderOptions
from hypuml.data.folder.report import FolderReport, counted
from hypuml.data.formats import HEAD, NAMES, Format, Kind, sniff
from hypuml.data.images import ImageError, load_image
from hypuml.types import NO_CLASS, Column, Item, TaxonomyPath, has_class


class FolderDataset:
    """Images below one folder (see the module text for what becomes a class).

    Images lying directly in the folder have no class: they get the label ``NO_CLASS``. Images lying
    beside sub-folders of their class (``Rosa/1.jpg`` next to ``Rosa/canina/2.jpg``) form a class
    of their own, named like their folder. Hidden files, junk of systems and galleries built inside
    the folder are left out. A file that only its name calls an image is an item that cannot be
    loaded, so that it is reported and not silently missing.

    Every item counts as ``"unseen"``: whether a model was trained on it is not recorded.

    Attributes:
        name: the folder's name.
        licence: not known.
        description: counts in one sentence.
        levels: ``("class",)``, or ``("level 1", ..., "class")`` when folders are nested; shorter
            branches simply have fewer names.
        source: absolute path of the folder.
        items: every image, in natural order.
        columns: further facts about each image, one value for each of ``items``: ``"split"``
            (``"train"``, ``"val"``, ``"test"``, or empty) where the folder has splits, and the
            further columns of its table. Texts, or numbers where all are (NaN is missing).
        report: what was found, left out and assumed.
        options: how the folder was read.
        skipped: relative path of each link or closed folder that was not entered, with the reason.
    """

    def __init__(self, path: str | os.PathLike[str], options: FolderOptions | None = None) -> None:
        """List the folder and look at the first bytes of every file.

        Args:
            path: folder of images; ``~`` is expanded.
            options: how to read it.

        Raises:
            ValueError: no such folder, not one image in it, or options that do not fit it.
        """
        self.options = options or FolderOptions()
        self._root = _folder(path)
        self.source: Path | None = self._root
        self.name: str = printable(self._root.name) or "folder"
        self.licence: str = "not stated: ask whoever made the images"

        listing = list_files(self._root, self.options)
        self.skipped: dict[str, str] = listing.skipped
        if not any(isinstance(found, Format) for found in listing.formats):
            raise ValueError(self._nothing(counted(listing, set())))
        # Files whose names are no valid UTF-8, by row: their ids cannot lead back to them.
        self._odd_files: dict[int, str] = {}
        self._read(listing)

        classes = {item.path for item in self.items if has_class(item.path)}
        depth = max((len(path) for path in classes), default=1)
        self.levels: tuple[str, ...] = (*(f"level {i}" for i in range(1, depth)), "class")
        in_classes = f"in {len(classes):,} class{'' if len(classes) == 1 else 'es'} "
        self.description: str = (
            f"{len(self.items):,} images {in_classes if classes else ''}from the folder {self.name}"
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
        if not self.options.follow_links and not path.resolve().is_relative_to(self._root):
            raise ImageError(
                f"{printable(relative)!r} is a link out of the folder; expected a file inside it: "
                "copy the image there"
            )
        return load_image(path)

    def _read(self, listing: Listing) -> None:
        """Set items, columns and report."""
        files = listing.images
        places, assumed = understand({parts[:-1] for parts in files}, self.options.splits)
        labels, unsure = find_labels(self._root, files, listing.others, self.options)
        rows = range(len(files))
        splits = [places[parts[:-1]].split for parts in files]
        classes: list[Folders]
        if labels and labels.classes is not None:
            classes = [(name,) if name else () for name in labels.classes]
            if any(place.classes for place in places.values()):
                assumed.append("names of folders are no classes, because a table has them")
        else:
            classes, merged = _merged(files, places)
            assumed.extend(merged)
        if labels and labels.splits is not None:
            splits = labels.splits
        names, mapping = self._wordnet(classes)
        if names:
            classes = [tuple(names.get(name, name) for name in path) for path in classes]
            assumed.append(f"names of WordNet ids come from {mapping[-1]!r}")

        def key(row: int) -> tuple[object, ...]:
            shown = (*classes[row], files[row][-1])
            return tuple(map(natural, shown)), tuple(map(natural, files[row]))

        order = sorted(rows, key=key)
        self.items: Sequence[Item] = tuple(self._items(files, classes, order))
        self.columns: dict[str, Column] = {}
        if any(splits):
            self.columns["split"] = tuple(splits[row] for row in order)
        for name, column in labels.columns.items() if labels else ():
            self.columns.setdefault(name, tuple(column[row] for row in order))  # type: ignore[arg-type]
        used = {*(labels.parts if labels else ()), *([mapping] if mapping else ())}
        self.report: FolderReport = replace(
            counted(listing, used),
            splits=dict(Counter(split for split in splits if split)),
            unlabelled=sum(not has_class(item.path) for item in self.items),
            labels=labels.table if labels else "",
            assumed=(*assumed, *(labels.assumed if labels else ()), *unsure),
        )

    def _wordnet(self, classes: list[Folders]) -> tuple[dict[str, str], Parts]:
        """Names of the classes that are WordNet ids, and the list they come from."""
        wanted = {name for path in set(classes) for name in path if is_wordnet_id(name)}
        if not self.options.wordnet_names or not wanted:
            return {}, ()
        for name in MAPPINGS:
            path = self._root / name
            if path.is_file() and (self.options.follow_links or not path.is_symlink()):
                found = wordnet_names([path], wanted)
                if found:
                    return found, (name,)
        return {}, ()

    def _items(
        self, files: list[Parts], classes: list[Folders], order: list[int]
    ) -> Iterator[Item]:
        holding = set(classes)
        inner = {path[:i] for path in holding for i in range(1, len(path))}
        taken: set[str] = set()
        for row, number in enumerate(order):
            relative = "/".join(files[number])
            image = printable(relative)
            if image != relative:
                self._odd_files[row] = relative
                while image in taken:
                    image += "_"
            taken.add(image)
            path = _class_path(classes[number], inner)
            yield Item(id=image, path=path, split="unseen", image=image)

    def _nothing(self, report: FolderReport) -> str:
        found = ", ".join((*([report.summary] if report.summary else []), *report.advice))
        return (
            f"no images in {printable(str(self._root))!r}{f' ({found})' if found else ''}; "
            f"expected {NAMES} files, at best in one sub-folder per class"
        )


def _folder(path: str | os.PathLike[str]) -> Path:
    """The folder's real path.

    Raises:
        ValueError: there is none; one sentence.
    """
    folder = Path(path).expanduser()
    if folder.is_dir():
        return folder.resolve()
    problem, advice = "is a file" if folder.exists() else "does not exist", ""
    if folder.is_file():
        with folder.open("rb") as file:
            kind = sniff(file.read(HEAD), folder.name)
        if isinstance(kind, Kind) and kind.advice:
            advice = f": this is {kind.one}, {kind.advice}"
    raise ValueError(
        f"{printable(str(folder))!r} {problem}; expected a folder of images, at best with "
        f"one sub-folder per class{advice}"
    )


def _merged(files: list[Parts], places: dict[Folders, Place]) -> tuple[list[Folders], list[str]]:
    """Class of each image by its folders, and which folders became one class by their names."""
    shown = {place.classes: tuple(map(class_name, place.classes)) for place in places.values()}
    together: dict[Folders, list[Folders]] = {}
    for names, path in shown.items():
        together.setdefault(path, []).append(names)
    lines = [
        f"{len(same)} folders are one class, {quoted(['/'.join(path)])}: their names are equal "
        "after Unicode normalisation and trimming"
        for path, same in together.items()
        if len(same) > 1
    ]
    return [shown[places[parts[:-1]].classes] for parts in files], lines


def _class_path(names: Folders, inner: set[Folders]) -> TaxonomyPath:
    if not names:
        return (NO_CLASS,)
    # A class is a leaf of the taxonomy, so a folder that also holds classes gets a leaf of its own.
    while names in inner:
        names = (*names, names[-1])
    return names
