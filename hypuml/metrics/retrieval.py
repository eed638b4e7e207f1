"""Retrieval: Recall@K and MAP@R from neighbour row numbers (convention: :mod:`hypuml.metrics`).

The protocol: every image queries the gallery of all images without itself. An image whose class has
no other image cannot be answered; it stays in the gallery but is no query, and is counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hypuml.types import IntArray


def _class_sizes(class_ids: IntArray) -> IntArray:
    """Number of images in each image's class, ``[N]``."""
    _, inverse, counts = np.unique(class_ids, return_inverse=True, return_counts=True)
    return counts[inverse].astype(np.int64)


def query_rows(class_ids: ArrayLike) -> IntArray:
    """Rows that can be queries: their class has at least one other image.

    >>> query_rows([0, 0, 1, 2, 2]).tolist()
    [0, 1, 3, 4]
    """
    return np.flatnonzero(_class_sizes(np.asarray(class_ids)) > 1)


def _checked(
    neighbours: ArrayLike, class_ids: ArrayLike, queries: ArrayLike | None, depth: int | None
) -> tuple[IntArray, IntArray, IntArray]:
    """Validate and drop the queries without an answer; ``(neighbours, class_ids, queries)``."""
    ids = np.asarray(neighbours)
    classes = np.asarray(class_ids)
    rows = np.arange(len(classes)) if queries is None else np.asarray(queries, dtype=np.int64)
    if ids.ndim != 2 or classes.ndim != 1 or rows.shape != ids.shape[:1]:
        raise ValueError(
            f"got neighbours {ids.shape}, class ids {classes.shape} and {len(rows)} queries, "
            "expected neighbours [Q, K], class ids [N] and one row number per query"
        )
    if ids.size and not (ids.min() >= 0 and ids.max() < len(classes)):
        raise ValueError(
            f"got neighbours from {ids.min()} to {ids.max()}, expected row numbers "
            f"from 0 to {len(classes) - 1}"
        )
    if (ids == rows[:, None]).any():
        raise ValueError(
            "got a query among its own neighbours, expected neighbours without the query itself; "
            "search with exclude=query rows"
        )
    sizes = _class_sizes(classes)[rows]
    keep = sizes > 1
    needed = depth if depth is not None else int(max(sizes[keep] - 1, default=0))
    if ids.shape[1] < min(needed, len(classes) - 1) and keep.any():
        raise ValueError(
            f"got {ids.shape[1]} neighbours per query, expected at least "
            f"{min(needed, len(classes) - 1)}; search with a larger k"
        )
    return ids[keep].astype(np.int64), classes, rows[keep]


def recall_at_k(
    neighbours: ArrayLike,
    class_ids: ArrayLike,
    ks: Sequence[int] = (1, 2, 4, 8),
    queries: ArrayLike | None = None,
) -> dict[str, float | int | None]:
    """Recall@K: share of queries with at least one image of their class among the first K.

    Args:
        neighbours: ``[Q, K]`` row numbers, best first, the query itself left out. ``K`` must reach
            ``max(ks)``, or all other images.
        class_ids: ``[N]`` class of every gallery row.
        ks: depths to report.
        queries: ``[Q]`` gallery row of each query; every row in order when omitted.

    Returns:
        ``{"recall@1": .., ..., "queries": used, "singletons": left out}``, recalls in [0, 1] and
        None when no query is left.

    Raises:
        ValueError: shapes or row numbers do not fit, a query is its own neighbour, ``K`` too small.

    >>> recall_at_k([[1, 2], [2, 0], [1, 0]], [0, 0, 1], ks=(1, 2))
    {'recall@1': 0.5, 'recall@2': 1.0, 'queries': 2, 'singletons': 1}
    """
    ids, classes, rows = _checked(neighbours, class_ids, queries, max(ks))
    hit = classes[ids] == classes[rows][:, None]
    result: dict[str, float | int | None] = {
        f"recall@{k}": float(hit[:, :k].any(axis=1).mean()) if len(rows) else None for k in ks
    }
    return result | {"queries": len(rows), "singletons": len(np.asarray(neighbours)) - len(rows)}


def first_hit_correct(
    neighbours: ArrayLike, class_ids: ArrayLike, queries: ArrayLike | None = None
) -> tuple[NDArray[np.bool_], IntArray]:
    """Whether each query's first neighbour has the query's class, and which rows were queries.

    Args:
        neighbours: as in :func:`recall_at_k`, at least one column.
        class_ids: ``[N]``.
        queries: ``[Q]`` rows, every row when omitted.

    Returns:
        ``[P]`` booleans and ``[P]`` gallery rows, ``P <= Q``: classes with one image left out.

    >>> correct, rows = first_hit_correct([[1], [2], [1]], [0, 0, 1])
    >>> correct.tolist(), rows.tolist()
    ([True, False], [0, 1])
    """
    ids, classes, rows = _checked(neighbours, class_ids, queries, 1)
    if not len(rows):
        return np.zeros(0, dtype=bool), rows
    return classes[ids[:, 0]] == classes[rows], rows


def average_precision_at_r(
    neighbours: ArrayLike, class_ids: ArrayLike, queries: ArrayLike | None = None
) -> NDArray[np.float64]:
    """Precision at each correct rank up to R, averaged over R, of every query.

    Per query ``(1/R) sum_{i=1..R} rel(i) * P(i)``, where R is the number of *other* images of its
    class, ``rel(i)`` is whether rank i is one of them and ``P(i)`` is the precision up to i.

    Args:
        neighbours: ``[Q, K]``, ``K`` at least the largest class size less one.
        class_ids: ``[N]``.
        queries: ``[Q]`` rows, every row when omitted.

    Returns:
        ``[P]`` values in [0, 1], ``P <= Q``: classes with one image left out.

    Raises:
        ValueError: as in :func:`recall_at_k`.

    >>> near = [[3, 1, 2], [2, 3, 0], [0, 1, 3], [0, 1, 2]]
    >>> average_precision_at_r(near, [0, 0, 0, 1]).tolist()
    [0.25, 0.5, 1.0]
    """
    ids, classes, rows = _checked(neighbours, class_ids, queries, None)
    if not len(rows):
        return np.zeros(0)
    r = _class_sizes(classes)[rows] - 1
    ids = ids[:, : r.max()]
    rank = np.arange(1, ids.shape[1] + 1)
    hit = (classes[ids] == classes[rows][:, None]) & (rank <= r[:, None])
    precision = np.cumsum(hit, axis=1) / rank
    return (hit * precision).sum(axis=1) / r


def map_at_r(
    neighbours: ArrayLike, class_ids: ArrayLike, queries: ArrayLike | None = None
) -> float | None:
    """MAP@R (Musgrave et al. 2020): mean over queries of :func:`average_precision_at_r`.

    Returns:
        A value in [0, 1]; None when no query is left.

    >>> map_at_r([[3, 1, 2], [2, 3, 0], [0, 1, 3], [0, 1, 2]], [0, 0, 0, 1])  # (1/4 + 1/2 + 1) / 3
    0.5833333333333334
    """
    found = average_precision_at_r(neighbours, class_ids, queries)
    return float(found.mean()) if len(found) else None


def recall_per_level(
    neighbours: ArrayLike,
    class_ids: ArrayLike,
    level_ids: Mapping[str, ArrayLike],
    queries: ArrayLike | None = None,
) -> dict[str, float | None]:
    """Recall@1 at each taxonomy level: the first neighbour has the query's name at that level.

    The queries are those of :func:`recall_at_k` (their *class* has another image) at every level,
    so the numbers are comparable and can only rise towards the root.

    Args:
        neighbours: ``[Q, K]``, only the first column is read.
        class_ids: ``[N]``.
        level_ids: level name to ``[N]`` group numbers (see ``Taxonomy.level_ids``), -1 where a path
            does not reach the level; such queries do not count there.
        queries: ``[Q]`` rows, every row when omitted.

    Returns:
        Level name to a value in [0, 1], or None without a query at that level.

    >>> first = [[2], [0], [3], [2]]
    >>> recall_per_level(first, [0, 0, 1, 1], {"genus": [5, 5, 5, 5], "species": [0, 0, 1, 1]})
    {'genus': 1.0, 'species': 0.75}
    """
    ids, _, rows = _checked(neighbours, class_ids, queries, 1)
    result: dict[str, float | None] = {}
    for level, groups in level_ids.items():
        group = np.asarray(groups)
        keep = group[rows] >= 0
        same = group[ids[keep, :1].ravel()] == group[rows[keep]]
        result[level] = float(same.mean()) if keep.any() else None
    return result
