"""A gallery's disk as bytes: what the browser draws, made once per gallery.

Tensors travel as safetensors files, whose header carries the rest as one JSON text under the name
``disk``; `app/disk/js/data.js` reads them, and `app/disk/js/types.js` describes them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from hypuml.figures.palette import category_colours
from hypuml.gallery.thumbs import COLUMNS, PER_TILE, SIDE
from hypuml.layout import around
from hypuml.types import TaxonomyPath, has_class

if TYPE_CHECKING:
    from hypuml.gallery import Gallery

# A gallery is hashed by identity, and what is made of it is never changed.
_GALLERIES = 8
_QUERIES = 16


@dataclass(frozen=True, eq=False)
class Groups:
    """The distinct taxonomy paths of a gallery.

    Attributes:
        paths: as stored, in alphabetical order, which puts relatives side by side.
        of: ``[N]`` each image's number in ``paths``; uint16, or uint32 where that is too small.
        first: ``[P]`` the first image of each path.
    """

    paths: tuple[TaxonomyPath, ...]
    of: NDArray[Any]
    first: tuple[int, ...]


@lru_cache(maxsize=_GALLERIES)
def groups(gallery: Gallery) -> Groups:
    """The distinct paths of a gallery and whose they are."""
    first: dict[TaxonomyPath, int] = {}
    for row, path in enumerate(gallery.paths):
        first.setdefault(path, row)
    paths = sorted(first)
    number = {path: i for i, path in enumerate(paths)}
    kind = np.uint16 if len(paths) < 65_536 else np.uint32
    of = np.fromiter((number[path] for path in gallery.paths), kind, len(gallery))
    return Groups(tuple(paths), of, tuple(first[path] for path in paths))


@lru_cache(maxsize=_GALLERIES)
def points_file(gallery: Gallery) -> bytes:
    """``xy`` [N, 2] and ``uncertainty`` [N] float32, ``group`` [N], and the gallery's facts."""
    known = groups(gallery)
    tensors = {"xy": gallery.xy, "uncertainty": gallery.uncertainty, "group": known.of}
    about = {
        "paths": [path if has_class(path) else () for path in known.paths],
        "levels": gallery.levels,
        "unit": gallery.dilation * gallery.curvature**0.5,
        "exact": gallery.points.shape[1] <= 2,
        "umap": gallery.umap_xy is not None,
        "tiles": {"side": SIDE, "columns": COLUMNS, "perTile": PER_TILE},
    }
    return _file(tensors, about)


@lru_cache(maxsize=_GALLERIES)
def umap_file(gallery: Gallery) -> bytes | None:
    """``xy`` [N, 2] float32 of the free UMAP; None where there is none."""
    return None if gallery.umap_xy is None else _file({"xy": gallery.umap_xy}, {})


@lru_cache(maxsize=_QUERIES)
def around_file(gallery: Gallery, query: tuple[float, ...]) -> bytes:
    """``distances`` [N] float32 of all images to a point [n] of the ball, and their ``unit``."""
    distances, unit = around(gallery.points, query, gallery.curvature)
    # Rounding keeps the order: what is within the k-th distance stays so.
    return _file({"distances": distances.astype(np.float32)}, {"unit": unit})


@lru_cache(maxsize=4 * _GALLERIES)
def colouring(gallery: Gallery, level: str, theme: str) -> bytes:
    """Colours of classes or of their groups, the same as in the figures, as JSON.

    Args:
        gallery: whose.
        level: ``"label"`` or one of its levels.
        theme: ``"light"`` or ``"dark"``.

    Returns:
        ``names``, in an order with relatives side by side; ``codes``, for each path of
        `groups` its number in ``names``; ``colours``, CSS, one per name.

    Raises:
        ValueError: no such level or theme.
    """
    known = groups(gallery)
    names = gallery.labels if level == "label" else gallery.labels_at(level)
    of_path = [names[row] for row in known.first]
    colours = category_colours(list(dict.fromkeys(of_path)), theme)
    number = {name: i for i, name in enumerate(colours)}
    return as_json(
        {
            "names": list(colours),
            "codes": [number[name] for name in of_path],
            "colours": list(colours.values()),
        }
    )


def as_json(value: Any) -> bytes:
    """Compact JSON in UTF-8."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode()


def _file(tensors: Mapping[str, NDArray[Any]], about: Mapping[str, Any]) -> bytes:
    whole = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    return safetensors.numpy.save(whole, {"disk": as_json(about).decode()})
