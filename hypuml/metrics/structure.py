"""Does the embedding use its geometry: curvature use, radii, agreement with a tree.

Convention: :mod:`hypuml.metrics`; the ball as in :mod:`hypuml.geometry`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hypuml.geometry import (
    dist0,
    frechet_mean,
    logmap0,
    nearest,
    pairwise_dist,
    project_check,
    squared_distances,
)
from hypuml.metrics.calibration import average_ranks

F64 = NDArray[np.float64]
_CHUNK_BYTES = 64 * 2**20  # distance rows are computed in slices of about this size


def curvature_use(
    points: ArrayLike, c: float, k: int = 10, max_queries: int = 2000, seed: int = 0
) -> float | None:
    """How much the curvature changes the answers: ``1 - overlap@k``.

    Overlap@k is the mean share that the k nearest neighbours in the ball have in common with the k
    nearest by Euclidean distance of the tangent vectors ``log0(x)``, the query left out. Near 0 the
    model is hyperbolic in name only (noted in a model card below 0.05).

    Args:
        points: ``[N, n]`` points of the ball.
        c: curvature parameter, > 0.
        k: neighbours compared.
        max_queries: beyond this many points a random sample of them queries the whole set.
        seed: of that sample.

    Returns:
        A value in [0, 1]; None when there are no more than ``k + 1`` points, where every
        neighbourhood is the whole set.

    >>> line = np.linspace(0.1, 0.9, 12)[:, None]  # along one radius both orders agree nearly
    >>> round(curvature_use(line, 1.0, k=1), 3)
    0.0
    """
    x = project_check(points, c)
    if len(x) <= k + 1:
        return None
    tangent = logmap0(x, c)
    rows = np.arange(len(x))
    if len(x) > max_queries:
        rows = np.sort(np.random.default_rng(seed).choice(len(x), max_queries, replace=False))
    shared = 0
    for chunk in np.array_split(rows, max(1, len(rows) * len(x) * 8 // _CHUNK_BYTES)):
        curved = _neighbours(pairwise_dist(x[chunk], x, c), chunk, k)
        flat = _neighbours(np.sqrt(squared_distances(tangent[chunk], tangent)), chunk, k)
        shared += int((curved[:, :, None] == flat[:, None, :]).sum())
    return 1.0 - shared / (len(rows) * k)


def _neighbours(d: F64, rows: NDArray[np.int64], k: int) -> NDArray[np.int64]:
    d[np.arange(len(rows)), rows] = np.inf
    return nearest(d, k)


def radius_summary(points: ArrayLike, c: float) -> dict[str, float]:
    """Percentiles and inter-quartile range of the distance from the origin ``d0``.

    Args:
        points: ``[N, n]`` points of the ball, ``N >= 1``.
        c: curvature parameter, > 0.

    Returns:
        ``{"p1", "p5", "p25", "p50", "p75", "p95", "p99", "iqr"}`` in units of the ball.

    Raises:
        ValueError: no points, or points not in the ball.

    >>> radius_summary([[0.0, 0.0], [0.0, 0.0]], 1.0)["iqr"]
    0.0
    """
    x = project_check(points, c)
    if not len(x):
        raise ValueError("got no points, expected at least one to summarise radii")
    marks = (1, 5, 25, 50, 75, 95, 99)
    values = np.percentile(dist0(x, c), marks)
    summary = {f"p{mark}": float(value) for mark, value in zip(marks, values, strict=True)}
    return summary | {"iqr": summary["p75"] - summary["p25"]}


def spearman(x: ArrayLike, y: ArrayLike) -> float | None:
    """Spearman rank correlation: Pearson's on average ranks.

    Args:
        x: ``[M]``.
        y: ``[M]``.

    Returns:
        A value in [-1, 1]; None for fewer than 3 pairs or when either side is constant.

    >>> spearman([1, 2, 3, 4], [10, 20, 40, 30])
    0.8
    >>> spearman([1, 1, 1], [1, 2, 3]) is None
    True
    """
    a, b = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if a.ndim != 1 or a.shape != b.shape:
        raise ValueError(f"got {a.shape} and {b.shape}, expected two vectors of one length")
    if len(a) < 3 or (a == a[0]).all() or (b == b[0]).all():
        return None
    a, b = average_ranks(a), average_ranks(b)
    a, b = a - a.mean(), b - b.mean()
    return float(np.clip(a @ b / np.sqrt((a @ a) * (b @ b)), -1.0, 1.0))


def matrix_spearman(a: ArrayLike, b: ArrayLike) -> float | None:
    """Spearman correlation of two symmetric distance matrices over pairs of distinct rows.

    With the distances of the *true traits* against the taxonomy's this is the ceiling beside a tree
    correlation: no embedding is expected to follow the tree more closely than the traits do.

    Args:
        a: ``[C, C]`` symmetric.
        b: ``[C, C]`` symmetric.

    Returns:
        A value in [-1, 1]; None below 3 pairs or for constant distances (a flat taxonomy).

    >>> d = np.array([[0, 1, 4], [1, 0, 9], [4, 9, 0]])
    >>> matrix_spearman(d, d ** 2)
    1.0
    """
    a, b = np.asarray(a), np.asarray(b)
    if a.ndim != 2 or a.shape[0] != a.shape[1] or a.shape != b.shape:
        raise ValueError(f"got {a.shape} and {b.shape}, expected two square matrices of one size")
    upper = np.triu_indices(len(a), k=1)
    return spearman(a[upper], b[upper])


def class_means(points: ArrayLike, class_ids: ArrayLike, c: float) -> tuple[F64, NDArray[np.int64]]:
    """Fréchet mean of each class.

    Args:
        points: ``[N, n]`` points of the ball.
        class_ids: ``[N]``.
        c: curvature parameter, > 0.

    Returns:
        ``[C, n]`` means and ``[C]`` the class each belongs to, ascending; classes without a point
        do not appear.

    >>> means, classes = class_means([[0.5, 0], [-0.5, 0], [0, 0.3]], [7, 7, 2], 1.0)
    >>> np.abs(means).round(6).tolist(), classes.tolist()
    ([[0.0, 0.3], [0.0, 0.0]], [2, 7])
    """
    x = project_check(points, c)
    ids = np.asarray(class_ids)
    if ids.shape != x.shape[:1]:
        raise ValueError(f"got {len(x)} points and class ids {ids.shape}, expected one per point")
    classes = np.unique(ids)
    means = [frechet_mean(x[ids == one], c) for one in classes]
    return np.array(means).reshape(len(classes), x.shape[1]), classes.astype(np.int64)


def tree_spearman(
    points: ArrayLike, class_ids: ArrayLike, taxonomy_distances: ArrayLike | None, c: float
) -> float | None:
    """Tree correlation: Spearman of class-mean distances with taxonomy distances.

    Over all pairs of distinct classes present: hyperbolic distance of their Fréchet means against
    the number of edges between them in the taxonomy.

    Args:
        points: ``[N, n]`` points of the ball.
        class_ids: ``[N]`` row of each point's class in ``taxonomy_distances``.
        taxonomy_distances: ``[C, C]`` (``Taxonomy.distance_matrix()``), None without a taxonomy.
        c: curvature parameter, > 0.

    Returns:
        A value in [-1, 1]; None without a taxonomy, for a flat one, or below 3 pairs.

    Raises:
        ValueError: a class id that is no row of the matrix.

    >>> tree = np.array([[0, 2, 4], [2, 0, 4], [4, 4, 0]])
    >>> round(tree_spearman([[0.5, 0], [0.5, 0.1], [-0.5, 0]], [0, 1, 2], tree, 1.0), 3)
    0.866
    """
    if taxonomy_distances is None:
        return None
    means, classes = class_means(points, class_ids, c)
    tree = np.asarray(taxonomy_distances)
    if len(classes) and not (classes[0] >= 0 and classes[-1] < len(tree)):
        raise ValueError(
            f"got class ids from {classes[0]} to {classes[-1]}, "
            f"expected rows of the {len(tree)} x {len(tree)} taxonomy matrix"
        )
    return matrix_spearman(pairwise_dist(means, means, c), tree[np.ix_(classes, classes)])
