"""The files of a gallery folder: written durably, and read only after their hash fits.

A flipped bit in a file of vectors would otherwise load without a word. So every file is read into
memory once, compared with the size and sha256 in the manifest, and only then parsed, from memory.
Nothing is pickled. What does not fit becomes a :class:`GalleryError`: which file, what, what to do.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
from pathlib import Path
from typing import Any

import numpy as np

FORMAT, VERSION = "hypuml-gallery", 1
MANIFEST, ITEMS, POINTS, THUMBS = (
    "gallery.json",
    "items.parquet",
    "embeddings.safetensors",
    "thumbs",
)
AGAIN = "build the gallery again"

# Values in the manifest that opening depends on, and what they have to be.
_NEEDED: dict[str, type | tuple[type, ...]] = {
    "name": str,
    "title": str,
    "dataset": dict,
    "levels": list,
    "source": (str, type(None)),
    "curvature": (int, float),
    "dimension": int,
    "count": int,
    "model": dict,
    "files": dict,
    "layout": dict,
    "unreadable": dict,
}


class GalleryError(ValueError):
    """A gallery cannot be opened or built; the message is one sentence for the user."""


def write_file(folder: Path, name: str, data: bytes) -> dict[str, Any]:
    """Write one file through to the disk.

    Returns:
        Its entry in the manifest: ``bytes`` and ``sha256``.
    """
    with (folder / name).open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def manifest_bytes(manifest: dict[str, Any]) -> bytes:
    """``gallery.json`` as bytes; numbers that are not finite become null."""
    return (json.dumps(_plain(manifest), indent=2, ensure_ascii=False) + "\n").encode()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read and check ``gallery.json``.

    Raises:
        GalleryError: missing, damaged, of another format, or a value of the wrong kind.
    """
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise GalleryError(
            f"there is no gallery in {folder} (no {MANIFEST}); "
            "make one with: python -m hypuml gallery DATA CHECKPOINT OUT"
        ) from None
    except OSError as error:
        raise GalleryError(f"cannot read {path} ({error.strerror}); check permissions") from None
    except (ValueError, RecursionError):
        raise GalleryError(f"{path} is damaged (no valid JSON); {AGAIN}") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise GalleryError(f"{path} is not the manifest of a gallery; choose another folder")
    if manifest.get("version") != VERSION:
        raise GalleryError(
            f"{path} has format version {manifest.get('version')!r}, this program reads "
            f"{VERSION}; {AGAIN}"
        )
    for key, kind in _NEEDED.items():
        value = manifest.get(key, ...)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise GalleryError(f"{path} is damaged (unusable value for {key!r}); {AGAIN}")
    for where, key, value in (
        ("", "curvature", manifest["curvature"]),
        ("layout.", "dilation", manifest["layout"].get("dilation")),
    ):
        if not (isinstance(value, int | float) and math.isfinite(value) and value > 0):
            raise GalleryError(f"{path} has {where}{key} {value!r}, expected a number > 0; {AGAIN}")
    _check_names(path, manifest)
    return manifest


def _check_names(path: Path, manifest: dict[str, Any]) -> None:
    """The manifest lists exactly the files a gallery has, so no name in it can lead elsewhere."""
    tiles = [name for name in manifest["files"] if re.fullmatch(rf"{THUMBS}/\d{{4,}}\.webp", name)]
    if set(manifest["files"]) != {ITEMS, POINTS, *tiles} or not all(
        isinstance(entry, dict) and isinstance(entry.get("sha256"), str)
        for entry in manifest["files"].values()
    ):
        raise GalleryError(f"{path} is damaged (unexpected list of files); {AGAIN}")


def read_verified(folder: Path, name: str, manifest: dict[str, Any]) -> bytes:
    """Bytes of a file that has the size and hash the manifest gives.

    Raises:
        GalleryError: missing, unreadable, or not the file the manifest describes.
    """
    path, entry = folder / name, manifest["files"][name]
    try:
        # The size is a cheap first question: a huge file is not read just to be refused.
        size = path.stat().st_size
        data = path.read_bytes() if size == entry.get("bytes") else b""
    except OSError as error:
        raise GalleryError(
            f"cannot read {path} ({error.strerror}); copy the whole gallery folder, or {AGAIN}"
        ) from None
    if size != entry.get("bytes"):
        raise GalleryError(
            f"{path} has {size:,} bytes where {MANIFEST} says {entry.get('bytes')!r}: it is "
            f"incomplete or was exchanged; copy it again, or {AGAIN}"
        )
    if hashlib.sha256(data).hexdigest() != entry["sha256"]:
        raise GalleryError(
            f"{path} does not match its sha256 in {MANIFEST}: it is damaged or was exchanged; "
            f"copy it again, or {AGAIN}"
        )
    return data
