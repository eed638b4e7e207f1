"""Classes, splits and further columns from a table that lies beside the images."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hypuml.data.folder.file_index import FileIndex, Parts
from hypuml.data.folder.layout import split_name
from hypuml.data.folder.names import class_name, printable, quoted
from hypuml.data.folder.options import FolderOptions
from hypuml.data.folder.tables import SUFFIXES, Table, read_table, typed
from hypuml.types import Column

# Usual names of columns, lower case and without separators; the first that fits is taken.
FILES = ("file", "filename", "filepath", "files", "filenames", "filepaths", "path", "paths",
         "relativepath", "image", "images", "imagename", "imagepath", "imagefile", "imagefilename",
         "img", "imgname", "imgpath", "imgfile", "photo", "picture", "imageid", "imgid", "id",
         "name")  # fmt: skip
LABELS = ("labelname", "classname", "categoryname", "label", "labels", "class", "classes",
          "category", "target", "species", "breed", "variety", "classid", "labelid",
          "y")  # fmt: skip
SPLITS = ("split", "subset", "partition", "set", "dataset")
MOST_DEPTH = 2  # folders below the root in which tables are looked for


@dataclass(frozen=True)
class Labels:
    """Facts about the images from a table.

    Attributes:
        table: printable path of the table, as shown.
        parts: where it lies below the folder; empty for one that was named.
        classes: class of each image, empty where it names none; None without such a column.
        splits: split of each image; None without such a column.
        columns: the further columns, one value for each image.
        assumed: what was assumed, one sentence each.
    """

    table: str
    parts: tuple[Parts, ...]
    classes: list[str] | None
    splits: list[str] | None
    columns: dict[str, Column]
    assumed: list[str]


@dataclass(frozen=True)
class _Fit:
    """A table and the images that its rows belong to."""

    path: Path
    parts: Parts
    table: Table
    file_column: int
    rows: list[int]  # image of each row, -1 for none

    @property
    def found(self) -> int:
        return sum(row >= 0 for row in self.rows)


def find_labels(
    root: Path, files: Sequence[Parts], tables: Iterable[Parts], options: FolderOptions
) -> tuple[Labels | None, list[str]]:
    """The table that belongs to the images.

    Args:
        root: the folder.
        files: paths of the images below it.
        tables: paths of what may be tables below it.
        options: ``labels``, ``file_column`` and ``label_column`` count.

    Returns:
        Its facts, or None; and a sentence for the user where no table could be chosen.

    Raises:
        ValueError: the table that the options name cannot be used; one sentence.
    """
    if options.labels == "none":
        return None, []
    if options.labels != "auto":
        path = Path(options.labels).expanduser()
        path = path if path.is_absolute() or path.exists() else root / path
        return _labels([_named(path, root, FileIndex(files), options)], len(files), options), []
    near = [parts for parts in tables if len(parts) <= MOST_DEPTH + 1]
    near = [parts for parts in near if os.path.splitext(parts[-1])[1].lower() in SUFFIXES]
    index = FileIndex(files if near else [])
    fits = []
    for parts in sorted(near, key=lambda parts: (len(parts), parts)):
        try:
            fit = _fitted(root.joinpath(*parts), parts, index, options.file_column)
        except (ValueError, OSError):
            continue
        # Half of its names lead to images: a list of something else has a few by accident.
        if fit is not None and 2 * fit.found >= len(fit.rows):
            fits.append(fit)
    labelled = [fit for fit in fits if _column(fit.table, LABELS, options.label_column) >= 0]
    chosen = labelled or fits
    places = {fit.parts[:-1] for fit in chosen}
    if len(places) < len(chosen) or len({fit.parts[-1] for fit in chosen}) > 1:
        names = quoted("/".join(fit.parts) for fit in chosen)
        return None, [f"{names} all name images here: none was read, choose one as labels"]
    return (_labels(chosen, len(files), options), []) if chosen else (None, [])


def _named(path: Path, root: Path, index: FileIndex, options: FolderOptions) -> _Fit:
    shown = repr(printable(str(path)))
    try:
        inside = path.resolve().is_relative_to(root)
        parts = path.resolve().relative_to(root).parts if inside else (path.name,)
        fit = _fitted(path, parts, index, options.file_column)
    except FileNotFoundError:
        raise ValueError(
            f"there is no table of labels at {shown}; expected CSV or Parquet"
        ) from None
    except (ValueError, OSError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(f"the table of labels {shown} cannot be used: {reason}") from None
    if fit is None or not fit.found:
        raise ValueError(
            f"the table of labels {shown} names no image of the folder; expected a column "
            f"{options.file_column or 'file'!r} with names of files or paths below the folder"
        )
    wanted = options.label_column
    if wanted and wanted not in fit.table.header:
        raise ValueError(
            f"the table of labels {shown} has no column {wanted!r}, it has "
            f"{', '.join(map(repr, fit.table.header[:20]))}"
        )
    return fit


def _fitted(path: Path, parts: Parts, index: FileIndex, wanted: str) -> _Fit | None:
    """The table with its best column of files; None where it has none, or no row."""
    table = read_table(path)
    columns = [i for i, name in enumerate(table.header) if _key(name) in FILES]
    if wanted:
        columns = [i for i, name in enumerate(table.header) if name == wanted]
    elif table.header and not columns and index.row(table.header[0], parts[:-1]) >= 0:
        # No header: the first row is about an image already.
        cells = tuple([n, *c] for n, c in zip(table.header, table.columns, strict=True))
        names = ("file", "label", *(f"column {i + 1}" for i in range(2, len(cells))))
        table, columns = Table(names[: len(cells)], cells), [0]
    best: _Fit | None = None
    for column in columns if len(table) else []:
        rows = [index.row(name, parts[:-1]) for name in table.columns[column]]
        fit = _Fit(path, parts, table, column, rows)
        if best is None or fit.found > best.found:
            best = fit
    return best


def _labels(fits: list[_Fit], count: int, options: FolderOptions) -> Labels:
    """The tables, of one name in several folders where they are more than one, as one."""
    shown = quoted("/".join(fit.parts) for fit in fits)
    taken: dict[int, tuple[_Fit, int]] = {}
    strays = doubles = 0
    for fit in fits:
        for line, row in enumerate(fit.rows):
            strays += row < 0
            doubles += row in taken
            if row >= 0:
                taken.setdefault(row, (fit, line))

    def cells(column: dict[int, int]) -> list[str]:
        """One cell for each image; ``column`` is the number in each table, by identity."""
        found = [""] * count
        for row, (fit, line) in taken.items():
            number = column[id(fit)]
            found[row] = fit.table.columns[number][line] if number >= 0 else ""
        return found

    label = {id(fit): _column(fit.table, LABELS, options.label_column) for fit in fits}
    split = {id(fit): _column(fit.table, SPLITS, "") for fit in fits}
    used = {id(fit): {fit.file_column, label[id(fit)], split[id(fit)]} for fit in fits}
    further = dict.fromkeys(
        name for fit in fits for i, name in enumerate(fit.table.header) if i not in used[id(fit)]
    )
    columns = {}
    for name in further:
        found = cells({id(fit): _where(fit.table, name) for fit in fits})
        if name.strip() and any(found):
            columns[class_name(name)] = typed(found)
    has_label = any(number >= 0 for number in label.values())
    classes = [class_name(cell) if cell else "" for cell in cells(label)] if has_label else None
    has_split = any(number >= 0 for number in split.values())
    splits = [split_name(cell) or cell for cell in cells(split)] if has_split else None
    assumed = [f"{'classes' if has_label else 'columns'} come from {shown}"]
    if classes is not None and (bare := sum(not name for name in classes)):
        assumed.append(f"images without a class there: {bare:,} of {count:,}")
    if strays:
        assumed.append(f"rows there without an image here: {strays:,}")
    if doubles:
        assumed.append(f"rows there about an image again, which do not count: {doubles:,}")
    parts = tuple(fit.parts for fit in fits)
    return Labels(shown, parts, classes, splits, columns, assumed)


def _column(table: Table, usual: Sequence[str], wanted: str) -> int:
    """Number of the wanted column, or of the first usual one; -1 for none."""
    if wanted:
        return _where(table, wanted)
    keys = [_key(name) for name in table.header]
    return next((keys.index(name) for name in usual if name in keys), -1)


def _where(table: Table, name: str) -> int:
    return table.header.index(name) if name in table.header else -1


def _key(name: str) -> str:
    return "".join(c for c in name.strip().lower() if c not in " _-")
