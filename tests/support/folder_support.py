"""Folders of small pictures, laid out as other people lay them out."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from hypuml.data.folder import FolderDataset, FolderOptions
from hypuml.types import NO_CLASS


def put(root: Path, *names: str) -> Path:
    """Small pictures at relative paths; the width of the n-th is n + 1 pixels."""
    for n, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (n + 1, 4), "red").save(path, "PNG")
    return root


def classes(root: Path, **options) -> dict[str, str]:
    """Class of each image, nested ones with slashes, by the image's path below the folder."""
    data = FolderDataset(root, FolderOptions(**options))
    return {item.id: "" if item.path == (NO_CLASS,) else "/".join(item.path) for item in data.items}


def splits(root: Path, **options) -> dict[str, str]:
    """Split of each image, or nothing where the folder has none."""
    data = FolderDataset(root, FolderOptions(**options))
    column = data.columns.get("split", ())
    return {item.id: split for item, split in zip(data.items, column, strict=bool(column))}


def assumed(root: Path, **options) -> str:
    return "\n".join(FolderDataset(root, FolderOptions(**options)).report.assumed)
