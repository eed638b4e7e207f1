"""A data set of the registry whose photographs have to be fetched first, and galleries of it.

The photographs are coloured squares made here, in files below the data root. Fetching them is
writing them, a few at a time, with whatever a test wants to happen in between.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hypuml.data.images import load_image
from hypuml.data.registry import DATASETS, Entry
from hypuml.gallery import build_gallery
from hypuml.types import Item
from tests.support.gallery_doubles import ColourModel

COUNT, SIDE = 104, 160  # a little more than one tile of thumbnails; larger than one of them
STEP = 26  # photographs between two words on how far it is
BYTES = 1_000_000  # said to be the size of each


def colour(row: int) -> tuple[int, ...]:
    return tuple(int(v) for v in np.random.default_rng(row).integers(0, 256, 3))


def write(root: Path, first: int = 0, last: int = COUNT) -> None:
    """Put photographs into the data root."""
    folder = root / "prints"
    folder.mkdir(parents=True, exist_ok=True)
    for row in range(first, last):
        Image.new("RGB", (SIDE + 40, SIDE), colour(row)).save(folder / f"{row}.png")


class Prints:
    """All photographs, or an error that says where they were looked for."""

    name, licence, description = "prints", "made by the tests", "coloured squares to be fetched"
    levels = ("family", "class")
    listed = 0  # how often anybody has looked for them

    def __init__(self, root: Path) -> None:
        type(self).listed += 1
        self.source = root / "prints"
        if not (self.source / f"{COUNT - 1}.png").is_file():
            raise ValueError(f"the photographs are not in {self.source}; fetch them")
        self.items = [
            Item(f"p{i}", (f"family {i % 2}", f"class {i % 5}"), "unseen", f"{i}.png")
            for i in range(COUNT)
        ]

    def load(self, index: int, size: int | None = None) -> Image.Image:
        return load_image(self.source / self.items[index].image)


class Shop:
    """Where the photographs come from.

    Attributes:
        between: called with the number of photographs that have arrived; may raise.
        begun: the first photograph of every fetch.
    """

    def __init__(self) -> None:
        self.between: Callable[[int], None] = lambda arrived: None
        self.begun: list[int] = []

    def download(self, root: Path, progress: Callable[[int, int], None] | None = None) -> Path:
        arrived = len(list((root / "prints").glob("*.png")))
        self.begun.append(arrived)
        while arrived < COUNT:
            write(root, arrived, arrived + STEP)
            arrived += STEP
            if progress:
                progress(arrived * BYTES, COUNT * BYTES)
            self.between(arrived)
        return root / "prints"


@pytest.fixture(name="shop")
def shop_fixture(monkeypatch, tmp_path) -> Shop:
    """Register the data set; nothing of it is here."""
    shop = Shop()
    entry = Entry(
        name="prints",
        licence="made by the tests",
        description="coloured squares",
        origin="written by the tests",
        factory=Prints,
        download=shop.download,
    )
    monkeypatch.setitem(DATASETS, "prints", entry)
    # A folder of its own: the photographs of another test would be here already.
    monkeypatch.setenv("HYPUML_DATA", str(tmp_path / "data of the shop"))
    return shop


@cache
def _built() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="hypuml-prints-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    write(folder / "elsewhere")
    checkpoint = folder / "checkpoint"
    checkpoint.mkdir()
    (checkpoint / "model.safetensors").write_bytes(b"weights, as far as anybody looks")
    data, out = Prints(folder / "elsewhere"), checkpoint / "gallery"
    # Without UMAP, which takes ten seconds to compile.
    options = {"model_ref": checkpoint, "pictures": False, "umap": False}
    build_gallery(data, range(COUNT), ColourModel(), out, **options)
    return checkpoint


def pictureless(folder: Path) -> Path:
    """A gallery of all of them that holds no pictures, in ``folder/prints/gallery``."""
    return shutil.copytree(_built(), folder / "prints") / "gallery"
