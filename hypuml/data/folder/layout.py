"""What sub-folders mean: classes, splits such as train and test, or nothing at all.

* A *split* is a part of the data, above the classes (``train/cat/1.jpg``) or below them
  (``cat/train/1.jpg``). Folders with the usual names are taken for splits where at least two of
  them lie side by side, or nothing else does: a class called "test" among others stays a class.
* A folder called "images" or the like that lies alone in its folder is passed over.
* Every other folder is a class; nested ones are a taxonomy.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from hypuml.data.folder.names import quoted

Folders = tuple[str, ...]

_SPLITS = {
    "train": "train", "training": "train", "trn": "train", "fit": "train",
    "val": "val", "valid": "val", "validation": "val", "dev": "val", "development": "val",
    "test": "test", "testing": "test", "tst": "test", "eval": "test", "evaluation": "test",
    "holdout": "test",
}  # fmt: skip
_EXTRAS = r"(?:images?|imgs?|data|set|split|folder|\d{4})"
_SPLIT = re.compile(rf"(?:{_EXTRAS}[ _-]?)?({'|'.join(_SPLITS)})(?:[ _-]?{_EXTRAS})?")
_CONTAINER = re.compile(
    r"images?|imgs?|pics|pictures|jpegimages|data|dataset|snapshots|[0-9a-f]{40}", re.IGNORECASE
)


class Place(NamedTuple):
    """What a folder means for the images straight inside it.

    Attributes:
        classes: names of nested folders that are classes; empty where there is none.
        split: ``"train"``, ``"val"``, ``"test"``, or empty.
    """

    classes: Folders
    split: str


class _Tree:
    """Children of each folder on the way to an image."""

    def __init__(self, folders: Iterable[Folders]) -> None:
        self.holding = set(folders)  # images straight inside
        self.children: dict[Folders, set[str]] = {}
        for folder in self.holding:
            for i, name in enumerate(folder):
                self.children.setdefault(folder[:i], set()).add(name)

    def below(self, folder: Folders) -> set[str]:
        return self.children.get(folder, set())


def split_name(name: str) -> str:
    """``"train"``, ``"val"`` or ``"test"`` for a usual name of it; empty for any other."""
    found = _SPLIT.fullmatch(name.strip().lower())
    return _SPLITS[found[1]] if found else ""


def understand(folders: Iterable[Folders], splits: str) -> tuple[dict[Folders, Place], list[str]]:
    """What each folder means for the images straight inside it.

    Args:
        folders: their names from the root down; empty for the root itself.
        splits: ``"auto"``, ``"classes"`` or ``"splits"`` (see the options).

    Returns:
        A place for each folder, and what was assumed, one sentence each.
    """
    plain = {folder: folder for folder in folders}
    plain, containers = _without_containers(plain)
    assumed = []
    if containers:
        one = len(containers) == 1
        line = "a folder called {} is no class" if one else "folders called {} are no classes"
        assumed.append(line.format(quoted(sorted(containers))))
    if splits == "classes":
        return {folder: Place(names, "") for folder, names in plain.items()}, assumed
    if splits == "splits":
        places = {folder: _always(names) for folder, names in plain.items()}
    else:
        tree = _Tree(plain.values())
        places = _above(plain, tree) or _below(plain, tree) or {}
    if not any(place.split for place in places.values()):
        return {folder: Place(names, "") for folder, names in plain.items()}, assumed
    used: dict[str, str] = {}
    for folder, names in plain.items():
        if places[folder].split:
            split = places[folder].split
            used[next(name for name in names if split_name(name) == split)] = split
    return places, [*assumed, _sentence(used)]


def _without_containers(
    plain: Mapping[Folders, Folders],
) -> tuple[dict[Folders, Folders], set[str]]:
    tree = _Tree(plain)
    dropped: set[str] = set()

    def kept(folder: Folders) -> Folders:
        names = []
        for i, name in enumerate(folder):
            above = folder[:i]
            alone = tree.below(above) == {name} and above not in tree.holding
            if alone and _CONTAINER.fullmatch(name):
                dropped.add(name)
            else:
                names.append(name)
        return tuple(names)

    return {folder: kept(folder) for folder in plain}, dropped


def _always(names: Folders) -> Place:
    for i, name in enumerate(names):
        if split_name(name):
            return Place((*names[:i], *names[i + 1 :]), split_name(name))
    return Place(names, "")


def _above(plain: Mapping[Folders, Folders], tree: _Tree) -> dict[Folders, Place] | None:
    """Splits at the top, or below folders that hold nothing but the next."""
    top: Folders = ()
    while True:
        names = tree.below(top)
        kinds = {split_name(name) for name in names}
        alone = names and "" not in kinds and top not in tree.holding
        if len(kinds - {""}) >= 2 or alone:
            break
        if len(names) != 1 or top in tree.holding:
            return None
        top = (*top, *names)
    # cat/train, cat/test: with no classes below the splits, the folder above them is the class.
    flat = not any(tree.below((*top, name)) for name in names if split_name(name))
    above = top if flat else ()
    depth = len(top)
    return {
        folder: Place((*above, *names[depth + 1 :]), split_name(names[depth]))
        if len(names) > depth and split_name(names[depth])
        else Place((*above, *names[depth:]), "")
        for folder, names in plain.items()
    }


def _below(plain: Mapping[Folders, Folders], tree: _Tree) -> dict[Folders, Place] | None:
    """Splits in every class, where at least one class has two of them."""

    def only_splits(parent: Folders) -> bool:
        names = tree.below(parent)
        return all(split_name(n) and not tree.below((*parent, n)) for n in names)

    parents = {names[:-1] for names in plain.values() if len(names) > 1 and split_name(names[-1])}
    parents = {parent for parent in parents if only_splits(parent)}
    if not any(len({split_name(n) for n in tree.below(parent)}) > 1 for parent in parents):
        return None
    return {
        folder: Place(names[:-1], split_name(names[-1]))
        if names[:-1] in parents and split_name(names[-1])
        else Place(names, "")
        for folder, names in plain.items()
    }


def _sentence(used: Mapping[str, str]) -> str:
    """``"the folders 'training' and 'test' are splits (train, test), not classes"``."""
    names = quoted(sorted(used, key=lambda name: ["train", "val", "test"].index(used[name])))
    splits = [split for split in ("train", "val", "test") if split in used.values()]
    renamed = any(name != split for name, split in used.items())
    called = f" ({', '.join(splits)})" if renamed else ""
    if len(used) == 1:
        return f"the folder {names} is a split{called} of the data, not a class"
    return f"the folders {names} are splits{called} of the data, not classes"
