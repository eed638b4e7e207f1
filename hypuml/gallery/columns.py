"""What is inside a gallery's two tables: encoding them, and checking every value when reading.

``items.parquet`` holds one row per image, ``embeddings.safetensors`` one tensor ``points`` [N, n].
The column ``outside`` is there for models with this output; galleries made earlier never have it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import safetensors.numpy
from numpy.typing import NDArray
from safetensors import SafetensorError

from hypuml.gallery.manifest import AGAIN, GalleryError
from hypuml.geometry import dist0, project_check
from hypuml.types import FloatArray, TaxonomyPath

_TEXT, _REAL = pa.string(), pa.float32()
SCHEMA = pa.schema(
    [(name, _TEXT) for name in ("id", "image", "label")]
    + [("taxonomy", pa.list_(_TEXT)), ("split", _TEXT)]
    + [(name, _REAL) for name in ("uncertainty", "radius", "x", "y", "umap_x", "umap_y")]
)

_OUTSIDE = pa.field("outside", pa.bool_())


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
    outside: NDArray[np.bool_] | None = None


def items_bytes(items: Items) -> bytes:
    """``items.parquet`` as bytes."""
    n = len(items.ids)
    umap = np.full((n, 2), np.nan, np.float32) if items.umap_xy is None else items.umap_xy
    columns = [items.ids, items.images, items.labels, items.paths, items.splits]
    numbers = [items.uncertainty, items.radius, *items.xy.T, *umap.T]
    arrays = [
        pa.array(column, field.type)
        for column, field in zip([*columns, *numbers], SCHEMA, strict=True)
    ]
    table = pa.Table.from_arrays(arrays, schema=SCHEMA)
    if items.outside is not None:
        table = table.append_column(_OUTSIDE, pa.array(items.outside, _OUTSIDE.type))
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue().to_pybytes()


def points_bytes(points: FloatArray) -> bytes:
    """``embeddings.safetensors`` as bytes."""
    return safetensors.numpy.save({"points": np.ascontiguousarray(points, dtype=np.float32)})


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
        # Not pq.read_table, and below not to_numpy: both import pandas, which takes a while.
        table = pq.ParquetFile(pa.BufferReader(data)).read(use_threads=False)
    except (pa.ArrowException, OSError):
        raise GalleryError(f"{path} is no Parquet file; {AGAIN}") from None
    has_outside = _OUTSIDE.name in table.schema.names
    schema = SCHEMA.append(_OUTSIDE) if has_outside else SCHEMA
    if not table.schema.equals(schema) or table.num_rows != len(points):
        raise GalleryError(
            f"{path} has {table.num_rows} rows of {table.schema.names}, expected {len(points)} "
            f"of {schema.names}; {AGAIN}"
        )
    text = {name: table[name].to_pylist() for name in ("id", "image", "label", "split")}
    if any(column.null_count for column in table.columns):
        raise GalleryError(f"{path} cannot be used: a value is missing; {AGAIN}")
    number: dict[str, Any] = {
        f.name: np.from_dlpack(table[f.name].combine_chunks()) for f in SCHEMA if f.type == _REAL
    }
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
        np.asarray(table[_OUTSIDE.name].to_pylist(), dtype=bool) if has_outside else None,
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
    if not all(path and None not in path for path in items.paths):
        return "an item has no class"
    if len(set(items.ids)) != len(items.ids):
        return "two items have one id"
    c, dilation = float(manifest["curvature"]), float(manifest["layout"]["dilation"])
    d0 = dist0(points, c)
    # float32 rounding of a stored radius is 6e-8 of it; 1e-4 is far above and still sees a change.
    if not np.allclose(items.radius, d0, rtol=1e-4, atol=1e-4):
        return f"radius is not the distance from the origin at curvature {-c:g}"
    rho = np.tanh(dilation * np.sqrt(c) * d0 / 2)
    if not np.allclose(np.hypot(*items.xy.T), rho, rtol=0, atol=1e-5):
        return "the layout's radius is not the dilated distance from the origin"
    return ""
