"""The data sets with a name, and the one function that opens all of them.

A plain dict of frozen entries. A data set that has to be downloaded gets the data root, looks for
its files in a folder of its own name there, and raises a ``ValueError`` that names the command to
run when they are missing.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hypuml.data.digits import DigitsDataset
from hypuml.data.flowers102.dataset import Flowers102Dataset
from hypuml.data.flowers102.download import download as download_flowers102
from hypuml.data.folder import FolderDataset
from hypuml.data.garden import GardenConfig, GardenDataset
from hypuml.types import Dataset

DATA_VARIABLE = "HYPUML_DATA"
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Entry:
    """A data set that has not been opened.

    Attributes:
        name: the name it is opened by.
        licence: one line.
        description: one line for a list.
        origin: how its images get here, one line.
        factory: builds it; called with the folder where downloaded data lives.
        download: downloads what is missing below that folder, calls its second argument with (bytes
            here, bytes in all) and returns where the images are; None where nothing has to be
            downloaded.
    """

    name: str
    licence: str
    description: str
    origin: str
    factory: Callable[[Path], Dataset]
    download: Callable[[Path, Progress | None], Path] | None = None


_GARDENS = GardenConfig(
    training_gardens=tuple(range(101, 109)), training_individuals=20, training_hybrids=600
)

DATASETS: dict[str, Entry] = {
    entry.name: entry
    for entry in (
        Entry(
            name="garden",
            licence="the project's own (drawn by its code)",
            description="flowers of species evolved down a known tree; whole genera are unseen",
            origin="drawn on the fly from a seed",
            factory=lambda root: GardenDataset(),
        ),
        Entry(
            name="gardens",
            licence="the project's own (drawn by its code)",
            description="the garden's unseen genera; eight more gardens and hybrids to train on",
            origin="drawn on the fly from a seed",
            factory=lambda root: GardenDataset(config=_GARDENS),
        ),
        Entry(
            name="digits",
            licence="CC BY 4.0",
            description="1,797 handwritten digits of 8 x 8 pixels, split by image",
            origin="ships with the package",
            factory=lambda root: DigitsDataset(),
        ),
        Entry(
            name="flowers102",
            licence="none stated (photographs from the web, for research)",
            description="8,189 photographs of 102 kinds of flowers with their botanical taxonomy",
            origin="downloaded (345 MB) by python -m hypuml data flowers102",
            factory=Flowers102Dataset,
            download=download_flowers102,
        ),
    )
}


def data_root() -> Path:
    """Folder for downloaded data: ``$HYPUML_DATA``, by default ``~/.cache/hypuml``.

    It need not exist.
    """
    return Path(os.environ.get(DATA_VARIABLE) or "~/.cache/hypuml").expanduser()


def open_dataset(
    name_or_path: str | os.PathLike[str], root: str | os.PathLike[str] | None = None
) -> Dataset:
    """Open a data set by registry name, or a folder of images by path.

    A registry name wins over a folder of the same name; write ``./garden`` for the folder.

    Args:
        name_or_path: name or path.
        root: folder where downloaded data lives; None means :func:`data_root`.

    Returns:
        The data set, listed but with no image read yet.

    Raises:
        ValueError: neither a known name nor a folder, a folder without images, or a data set whose
            files are not there yet.
    """
    name = os.fspath(name_or_path)
    if name in DATASETS:
        return DATASETS[name].factory(_root(root))
    # An empty string would mean the current folder to pathlib, which is hardly meant.
    if name and Path(name).expanduser().exists():
        return FolderDataset(name)
    raise ValueError(
        f"unknown data set {name!r}: it is no existing folder and none of the known names "
        f"({', '.join(sorted(DATASETS))}); give one of these, or the path of a folder of images "
        "whose sub-folders are classes"
    )


def is_available(name: str, root: str | os.PathLike[str] | None = None) -> bool:
    """Whether a data set can be opened at once, without a download.

    Args:
        name: registry name.
        root: folder where downloaded data lives; None means :func:`data_root`.

    Raises:
        ValueError: an unknown name.
    """
    entry = _entry(name)
    if entry.download is None:
        return True
    try:
        entry.factory(_root(root))
    except (ValueError, OSError):
        return False
    return True


def download(
    name: str,
    root: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> Path:
    """Download what is missing of a data set; a download that was stopped is continued.

    Args:
        name: registry name.
        root: folder where downloaded data lives; None means :func:`data_root`.
        progress: called with (bytes that are here, bytes in all), now and then.

    Returns:
        The folder of its images.

    Raises:
        ValueError: an unknown name, a data set that needs no download, or one that is being
            downloaded already.
        OSError: no connection, a full or read-only disk. The message is one sentence.
    """
    entry = _entry(name)
    if entry.download is None:
        raise ValueError(f"the data set {name!r} needs no download ({entry.origin}); just open it")
    return entry.download(_root(root), progress)


def _entry(name: str) -> Entry:
    if name not in DATASETS:
        raise ValueError(
            f"unknown data set {name!r}, expected one of {', '.join(sorted(DATASETS))}"
        )
    return DATASETS[name]


def _root(root: str | os.PathLike[str] | None) -> Path:
    return data_root() if root is None else Path(root).expanduser()
