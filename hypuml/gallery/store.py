"""The files of a gallery folder: writing them durably, and reading them only after their hash fits.

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
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import safetensors.numpy
from safetensors import SafetensorError

from hypuml.geometry import dist0, project_check
from hypuml.types import FloatArray, TaxonomyPath

FORMAT, VERSION = "hypuml-gallery", 1
MANIFEST, ITEMS, POINTS, THUMBS = (
    "gallery.json",
    "items.parquet",
    "embeddings.safetensors",
    "thumbs",
)
AGAIN = "build the gallery again"

_TEXT, _REAL = pa.string(), pa.float32()
SCHEMA = pa.schema(
    [(name, _TEXT) for name in ("id", "image", "label")]
    + [("taxonomy", pa.list_(_TEXT)), ("split", _TEXT)]
    + [(name, _REAL) for name in ("uncertainty", "radius", "x", "y", "umap_x", "umap_y")]
)
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


@dataclass(frozen=True)
class Items:
    """The columns of ``items.parquet`` (see the package's docstring), one entry per image."""

    ids: list[str]
    images: list[str]
    labels: list[str]
    paths: list[TaxonomyPath]
    splits: list[str]
    uncertainty: FloatArray
    radius: FloatArray
    xy: FloatArray
    umap_xy: FloatArray | None


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


def items_bytes(items: Items) -> bytes:
    """``items.parquet`` as bytes."""
    n = len(items.ids)
    umap = np.full((n, 2), np.nan, np.float32) if items.umap_xy is None else items.umap_xy
    columns = [items.ids, items.images, items.labels, items.paths, items.splits]
    numbers = [items.uncertainty, items.radius, *items.xy.T, *umap.T]
    arrays = [
        pa.array(column, field.type, from_pandas=True)  # NaN becomes "no value"
        for column, field in zip([*columns, *numbers], SCHEMA, strict=True)
    ]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_arrays(arrays, schema=SCHEMA), sink, compression="zstd")
    return sink.getvalue().to_pybytes()


def points_bytes(points: FloatArray) -> bytes:
    """``embeddings.safetensors`` as bytes."""
    return safetensors.numpy.save({"points": np.ascontiguousarray(points, dtype=np.float32)})


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


def parse_points(data: bytes, manifest: dict[str, Any], path: Path) -> FloatArray:
    """Points ``[N, n]`` float32 out of ``embeddings.safetensors``, each finite and in the ball.

    Raises:
        GalleryError: another shape or type, not finite, or outside the ball (in float64).
    """
    expected = (manifest["count"], manifest["dimension"])
    try:
        tensors = safetensors.numpy.load(data)
    except (SafetensorError, ValueError, KeyError, TypeError):
        raise GalleryError(f"{path} is no safetensors file; {AGAIN}") from None
    points = tensors.get("points")
    if points is None or points.dtype != np.float32 or points.shape != expected:
        found = {name: (str(t.dtype), t.shape) for name, t in tensors.items()}
        raise GalleryError(f"{path} holds {found}, expected points as float32 {expected}; {AGAIN}")
    try:
        project_check(points, manifest["curvature"])
    except ValueError as error:
        raise GalleryError(f"{path} cannot be used: {error}") from None
    return points


def parse_items(data: bytes, manifest: dict[str, Any], points: FloatArray, path: Path) -> Items:
    """Columns of ``items.parquet``, checked against the points.

    Raises:
        GalleryError: other columns or row count, or values that cannot be.
    """
    try:
        table = pq.read_table(pa.BufferReader(data), use_threads=False)
    except (pa.ArrowException, OSError):
        raise GalleryError(f"{path} is no Parquet file; {AGAIN}") from None
    if not table.schema.equals(SCHEMA) or table.num_rows != len(points):
        raise GalleryError(
            f"{path} has {table.num_rows} rows of {table.schema.names}, expected {len(points)} "
            f"of {SCHEMA.names}; {AGAIN}"
        )
    text = {name: table[name].to_pylist() for name in ("id", "image", "label", "split")}
    number = {f.name: table[f.name].to_numpy() for f in SCHEMA if f.type == _REAL}
    xy = np.column_stack([number["x"], number["y"]])
    umap = np.column_stack([number["umap_x"], number["umap_y"]])
    items = Items(
        text["id"],
        text["image"],
        text["label"],
        _paths(table["taxonomy"]),
        text["split"],
        number["uncertainty"],
        number["radius"],
        xy,
        umap if np.isfinite(umap).all() else None,
    )
    if wrong := _contradiction(items, points, manifest):
        raise GalleryError(f"{path} cannot be used: {wrong}; {AGAIN}")
    return items


def _paths(column: pa.ChunkedArray) -> list[TaxonomyPath]:
    """Tuples of names; sliced out of one flat list, which is fast for 100,000 rows."""
    paths: list[TaxonomyPath] = []
    for chunk in column.chunks:
        flat, offsets = chunk.values.to_pylist(), chunk.offsets.to_pylist()
        paths.extend(tuple(flat[a:b]) for a, b in pairwise(offsets))
    return paths


def _contradiction(items: Items, points: FloatArray, manifest: dict[str, Any]) -> str:
    """What cannot be true about the rows, in words; empty when all fits."""
    u = items.uncertainty
    if not (np.isfinite(u).all() and (u >= 0).all() and (u <= 1).all()):
        return "uncertainty is not always within [0, 1]"
    if any(None in column for column in (items.ids, items.images, items.labels, items.splits)):
        return "a name is missing"
    if not all(items.paths) or len(set(items.ids)) != len(items.ids):
        return "an item has no class, or two have one id"
    c, dilation = float(manifest["curvature"]), float(manifest["layout"]["dilation"])
    d0 = dist0(points, c)
    # float32 rounding of a stored radius is 6e-8 of it; 1e-4 is far above and still sees a change.
    if not np.allclose(items.radius, d0, rtol=1e-4, atol=1e-4):
        return f"radius is not the distance from the origin at curvature {-c:g}"
    rho = np.tanh(dilation * np.sqrt(c) * d0 / 2)
    if not np.allclose(np.hypot(*items.xy.T), rho, rtol=0, atol=1e-5):
        return "the layout's radius is not the dilated distance from the origin"
    return ""
