"""Which checkpoint made a gallery: where it lies, and the sha256 of its weights."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from hypuml.gallery.manifest import AGAIN, GalleryError

WEIGHTS = "model.safetensors"


def model_entry(model_ref: str | Path, out: Path) -> dict[str, Any]:
    """The manifest's entry for the checkpoint ``model_ref`` of a gallery at ``out``.

    A checkpoint at most two folders up is recorded relative to the gallery, so that both can be
    moved together (a gallery inside its checkpoint's folder records ``..``).
    """
    folder = Path(model_ref).expanduser()
    if not (folder / WEIGHTS).is_file():
        return {"path": str(model_ref), "sha256": None}
    near = os.path.relpath(folder.resolve(), out)
    path = near if near.split(os.sep).count("..") <= 2 else str(folder.resolve())
    return {"path": path, "sha256": sha256_of(folder / WEIGHTS)}


def checkpoint_of(gallery: Path, manifest: dict[str, Any]) -> Path | None:
    """Folder of the checkpoint that made a gallery; None when it is not on this machine."""
    recorded = manifest["model"].get("path")
    path = (gallery / recorded).resolve() if recorded else None
    return path if path is not None and path.is_dir() else None


def check_weights(checkpoint: Path, gallery: Path, manifest: dict[str, Any]) -> None:
    """Check that a checkpoint made a gallery.

    Raises:
        GalleryError: another model, or none.
    """
    path, expected = checkpoint / WEIGHTS, manifest["model"]["sha256"]
    try:
        found = sha256_of(path)
    except OSError as error:
        raise GalleryError(f"cannot read the model {path} ({error.strerror})") from None
    if found != expected:
        raise GalleryError(
            f"the model in {path.parent} is not the one the gallery in {gallery} was made "
            f"with (sha256 {found[:8]}, recorded {str(expected)[:8]}); {AGAIN} with this model"
        )


def sha256_of(path: Path) -> str:
    """Hex sha256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
