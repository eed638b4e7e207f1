"""Where the photographs lie: the official folder, or a part of them sorted into class folders.

* official, as torchvision leaves it: ``flowers-102/jpg/image_00001.jpg`` with the class of every
  image in ``flowers-102/imagelabels.mat``;
* class folders: ``flowers/NNN.name/image_00001.jpg`` with official class number and file name, for
  a part of the photographs or for smaller copies of them.

Only files that are named like an official photograph count; links are left out.
"""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hypuml.data.flowers102.classes import flower_classes

OFFICIAL = "flowers-102"
IMAGES = "jpg"
LABELS = "imagelabels.mat"
CLASS_FOLDERS = "flowers"
_PHOTOGRAPH = re.compile(r"image_([0-9]{5})\.jpg")
_CLASS_FOLDER = re.compile(r"([0-9]{3})\..+")


@dataclass(frozen=True)
class Photograph:
    """One file.

    Attributes:
        image: path relative to the layout's folder, with forward slashes.
        number: official class number.
    """

    image: str
    number: int

    @property
    def id(self) -> str:
        """The file's name without its suffix, the same in both layouts."""
        return self.image.rpartition("/")[2].removesuffix(".jpg")


def how_to_obtain(root: Path) -> str:
    """What to type for the photographs to be below ``root``, as the end of a sentence."""
    command = f"python -m hypuml data flowers102 --root {shlex.quote(str(root))}"
    return f"{command} downloads what is missing (about 345 MB in all)"


def official(root: Path) -> list[Photograph] | None:
    """The photographs of the official layout below ``root`` by file name; None if there is none.

    Raises:
        ValueError: the layout is incomplete (the download was interrupted) or cannot be read.
    """
    folder = root / OFFICIAL
    if not (folder / IMAGES).is_dir():
        return None
    numbers = _class_numbers(folder / LABELS, root)
    here = set(_entries(folder / IMAGES, folders=False))
    names = [f"image_{i:05d}.jpg" for i in range(1, len(numbers) + 1)]
    if missing := [name for name in names if name not in here]:
        raise ValueError(
            f"the download of flowers102 in {str(folder)!r} is incomplete: {len(missing):,} of "
            f"{len(names):,} photographs are missing, the first is {missing[0]}; "
            f"{how_to_obtain(root)}"
        )
    return [Photograph(f"{IMAGES}/{name}", n) for name, n in zip(names, numbers, strict=True)]


def class_folders(root: Path) -> list[Photograph] | None:
    """The photographs of the class folders below ``root`` by file name; None if there are none.

    Raises:
        ValueError: a folder that cannot be read, or one photograph in two classes.
    """
    folder = root / CLASS_FOLDERS
    if not folder.is_dir():
        return None
    found: dict[str, Photograph] = {}
    for name in _entries(folder, folders=True):
        match = _CLASS_FOLDER.fullmatch(name)
        if match is None or int(match[1]) not in flower_classes():
            continue
        for file in _entries(folder / name, folders=False):
            if not _PHOTOGRAPH.fullmatch(file):
                continue
            photograph = Photograph(f"{name}/{file}", int(match[1]))
            if file in found:
                raise ValueError(
                    f"{file} of flowers102 is in two class folders of {str(folder)!r}, "
                    f"{found[file].image!r} and {photograph.image!r}; expected it in one: remove "
                    "the wrong copy"
                )
            found[file] = photograph
    return [found[file] for file in sorted(found)] or None


def _class_numbers(path: Path, root: Path) -> list[int]:
    """Official class number of every photograph, in the order of their file names."""
    if not path.is_file():
        raise ValueError(
            f"the download of flowers102 is incomplete: there is no file {str(path)!r}, which says "
            f"of what class each photograph is; {how_to_obtain(root)}"
        )
    # Imported here: SciPy takes a while, and the class folders do without it.
    from scipy.io import loadmat

    try:
        numbers = np.asarray(loadmat(path)["labels"], dtype=np.int64).ravel().tolist()
    except Exception:  # SciPy's reader lets many kinds through on damaged bytes.
        numbers = []
    if not numbers or not set(numbers) <= set(flower_classes()):
        raise ValueError(
            f"{str(path)!r} is damaged, expected class numbers from 1 to {len(flower_classes())}; "
            f"{how_to_obtain(root)}"
        )
    return numbers


def _entries(folder: Path, folders: bool) -> list[str]:
    """Names of the folders, or of the files, straight in ``folder``; links are neither."""
    try:
        with os.scandir(folder) as listing:
            return sorted(
                entry.name
                for entry in listing
                if (entry.is_dir if folders else entry.is_file)(follow_symlinks=False)
            )
    except OSError as error:
        raise ValueError(
            f"the folder {str(folder)!r} cannot be opened ({error.strerror}); expected photographs "
            "of flowers102: check its permissions"
        ) from None
