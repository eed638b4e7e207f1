"""Oxford Flowers-102 as a data set: 8,189 photographs of 102 kinds of flowers.

M.-E. Nilsback and A. Zisserman, "Automated flower classification over a large number of classes",
Indian Conference on Computer Vision, Graphics and Image Processing, 2008,
https://www.robots.ox.ac.uk/~vgg/data/flowers/102/.

The split is zero-shot by official class number: 1 to 51 are ``"seen"``, 52 to 102 ``"unseen"``. An
item's id is the photograph's official file name without suffix, wherever the file lies.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from hypuml.data.flowers102.classes import LEVELS, flower_classes
from hypuml.data.flowers102.layouts import (
    CLASS_FOLDERS,
    OFFICIAL,
    class_folders,
    how_to_obtain,
    official,
)
from hypuml.data.images import ImageError, load_image
from hypuml.types import Item


class Flowers102Dataset:
    """The photographs below one data root; see :class:`hypuml.types.Dataset`.

    The official layout wins over class folders when both are there (see
    :mod:`hypuml.data.flowers102.layouts`).
    """

    name = "flowers102"
    licence = (
        "none stated: photographs from the web, collected for research (Nilsback & Zisserman, "
        "Visual Geometry Group, University of Oxford, 2008)"
    )
    levels: tuple[str, ...] = LEVELS

    def __init__(self, root: Path) -> None:
        """List the photographs.

        Args:
            root: the folder in which ``flowers-102`` or ``flowers`` lies.

        Raises:
            ValueError: no photographs there, or not all that were to be downloaded.
        """
        folder, photographs = OFFICIAL, official(root)
        if photographs is None:
            folder, photographs = CLASS_FOLDERS, class_folders(root)
        if photographs is None:
            raise ValueError(
                f"the photographs of flowers102 are not in {str(root)!r}, expected them in its "
                f"folder {OFFICIAL!r}, or in class folders in {CLASS_FOLDERS!r}; "
                f"{how_to_obtain(root)}"
            )
        self._root = (root / folder).resolve()
        self.source: Path | None = self._root
        classes = flower_classes()
        self.items: Sequence[Item] = tuple(
            Item(
                id=photograph.id,
                path=classes[photograph.number].path,
                split=classes[photograph.number].split,
                image=photograph.image,
            )
            for photograph in photographs
        )
        kinds = len({item.path for item in self.items})
        self.description: str = f"{len(self.items):,} photographs of {kinds} kinds of flowers"

    def load(self, index: int, size: int | None = None) -> Image.Image:
        """Decode one photograph at its own size.

        Args:
            index: row of ``items``.
            size: ignored, the original is returned.

        Raises:
            ImageError: the file is gone, was replaced by a link out of the folder, or cannot be
                decoded.
        """
        image = self.items[index].image
        path = self._root / image
        # Listing followed no link, but the folder may have changed since.
        if not path.resolve().is_relative_to(self._root):
            raise ImageError(
                f"{image!r} is a link out of the folder of flowers102; expected a file inside it: "
                "copy the photograph there"
            )
        return load_image(path)
