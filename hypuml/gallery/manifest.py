"""The manifest of a gallery and its files: written durably, read only after their hash fits.

A flipped bit in a file of vectors would otherwise load without a word. So every file is read into
memory once, compared with the size and sha256 in the manifest, and only then parsed, from memory.
Nothing is pickled. What does not fit becomes a :class:`GalleryError`: which file, what, what to do.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

FORMAT, VERSION = "hypuml-gallery", 1
MANIFEST, ITEMS, POINTS, THUMBS = (
    "gallery.json",
    "items.parquet",
    "embeddings.safetensors",
    "thumbs",
)
AGAIN = "build the gallery again"

# Exactly the files that a gallery has, so that no name in a manifest can lead elsewhere.
FileName = Annotated[
    str, Meta(pattern=rf"^({re.escape(ITEMS)}|{re.escape(POINTS)}|{THUMBS}/\d{{4,}}\.webp)$")
]

_Positive = Annotated[float, Meta(gt=0)]
_Whole = Annotated[int, Meta(ge=1)]


class Checked(msgspec.Struct, frozen=True):
    """A part of the manifest; further entries are allowed and kept."""


class FileEntry(Checked, frozen=True):
    """Size and hash of a file."""

    bytes: Annotated[int, Meta(ge=0)]
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class ModelEntry(Checked, frozen=True):
    """The checkpoint that made the gallery; no hash where its weights were not at hand."""

    sha256: str | None
    path: str | None = None


class LayoutEntry(Checked, frozen=True):
    """How the disk was laid out, and what it keeps of the model's neighbourhoods."""

    dilation: _Positive
    fidelity: dict[str, Any] = {}


class Preprocessing(Checked, frozen=True):
    """How pictures become the network's input."""

    size: _Whole


class Manifest(Checked, frozen=True):
    """What opening a gallery depends on in its ``gallery.json``.

    ``source`` is the folder of the originals, null where they belong to a data set of the registry;
    ``thumbnails`` is null in a gallery without pictures.
    """

    name: str
    title: str
    dataset: dict[str, Any]
    levels: list[str]
    source: str | None
    curvature: _Positive
    dimension: _Whole
    count: _Whole
    model: ModelEntry
    files: dict[FileName, FileEntry]
    layout: LayoutEntry
    unreadable: dict[str, str]
    preprocessing: Preprocessing | None = None
    thumbnails: dict[str, int] | None = None
    metrics: dict[str, Any] | None = None
    confidence: Any = None


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
    data = msgspec.json.encode(manifest, enc_hook=lambda value: value.tolist())  # NumPy's values
    return msgspec.json.format(data, indent=2) + b"\n"


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read ``gallery.json`` and check the whole of it (:class:`Manifest`).

    Raises:
        GalleryError: missing, damaged, of another format, or a value of the wrong kind.
    """
    path = folder / MANIFEST
    try:
        manifest = msgspec.json.decode(path.read_bytes())
    except FileNotFoundError:
        raise GalleryError(
            f"there is no gallery in {folder} (no {MANIFEST}); "
            "make one with: python -m hypuml gallery DATA CHECKPOINT OUT"
        ) from None
    except OSError as error:
        raise GalleryError(f"cannot read {path} ({error.strerror}); check permissions") from None
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise GalleryError(f"{path} is damaged (no valid JSON); {AGAIN}") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise GalleryError(f"{path} is not the manifest of a gallery; choose another folder")
    if manifest.get("version") != VERSION:
        raise GalleryError(
            f"{path} has format version {manifest.get('version')!r}, this program reads "
            f"{VERSION}; {AGAIN}"
        )
    try:
        msgspec.convert(manifest, Manifest)
    except msgspec.ValidationError as error:
        what, _, where = re.sub(r"`\$\.?([^`]*)`", r"\1", str(error)).partition(" - at ")
        raise GalleryError(
            f"{path} is damaged (at {where or 'the top'}: {what}); {AGAIN}"
        ) from None
    return manifest


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
            f"{path} has {size:,} bytes where {MANIFEST} has {entry.get('bytes')!r}: it is "
            f"incomplete or was exchanged; copy it again, or {AGAIN}"
        )
    if hashlib.sha256(data).hexdigest() != entry["sha256"]:
        raise GalleryError(
            f"{path} does not match its sha256 in {MANIFEST}: it is damaged or was exchanged; "
            f"copy it again, or {AGAIN}"
        )
    return data
