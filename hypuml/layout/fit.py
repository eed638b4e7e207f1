"""Fitting the picture of a gallery, and measuring what it is worth."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from hypuml.geometry import dist0, project_check
from hypuml.layout.angles import refine, start
from hypuml.layout.screen import F64, dilation_of, screen_distance, to_xy
from hypuml.metrics import spearman
from hypuml.search import Index
from hypuml.types import FloatArray, Hits, IntArray

# Overlap is measured at these numbers of neighbours, on at most so many points.
OVERLAPS = (10, 50)
_MEASURED = 5_000
# Fewer distinct points than this are not a manifold to be learnt: UMAP cannot start.
_FEW = 16
# Above this a free UMAP, which is only the yardstick, would take longer than all else together.
_MOST_UMAP = 50_000
_UMAP_NEIGHBOURS = 15


@dataclass(frozen=True)
class Layout:
    """A gallery's picture.

    Attributes:
        xy: ``[N, 2]`` float64 in the unit disk, radius-true.
        dilation: factor between true and screen distance from the origin.
        fidelity: what the picture keeps. ``exact`` (True for two dimensions), ``d0_iqr`` (quartiles
            of d0), ``measured_on`` (points), and the share of each point's nearest neighbours in
            the model that are its nearest on the picture, ``overlap@10`` and ``overlap@50``, beside
            the same for ``random_angle`` and for ``free_umap`` (with ``radius_spearman``, the rank
            correlation of its radius with d0). None for what does not apply.
        umap_xy: ``[N, 2]`` the free UMAP, whose radius means nothing; None where there is none.
    """

    xy: F64
    dilation: float
    fidelity: dict[str, Any]
    umap_xy: F64 | None = None


def fit_layout(points: FloatArray, c: float, seed: int = 0, umap: bool = True) -> Layout:
    """Lay a gallery out on the disk.

    The same points and seed give the same picture on one machine. Equal points share one place.

    Args:
        points: ``[N, n]`` in the ball, ``N >= 1``.
        c: curvature parameter, > 0.
        seed: of the free UMAP and of the points that fidelity is measured on.
        umap: whether to fit a free UMAP as well, as a yardstick; above 50,000 distinct points it
            is left out in any case.

    Raises:
        ValueError: no points, not finite, or outside the ball.
    """
    points = project_check(points, c)
    if not len(points):
        raise ValueError("got 0 points, expected at least one to lay out")
    fidelity: dict[str, Any] = {
        "exact": points.shape[1] <= 2,
        "d0_iqr": np.percentile(dist0(points, c), [25, 75]).tolist(),
        "measured_on": None,
        **dict.fromkeys(_names()),
        "random_angle": None,
        "free_umap": None,
    }
    if points.shape[1] <= 2:
        flat = np.zeros((len(points), 2))
        flat[:, : points.shape[1]] = np.sqrt(c) * points
        return Layout(flat, 1.0, fidelity | dict.fromkeys(_names(), 1.0))

    distinct, back = np.unique(points, axis=0, return_inverse=True)
    dilation = dilation_of(points, c)
    screen = screen_distance(distinct, c, dilation)
    theta = start(distinct)
    if len(distinct) < _FEW:
        return Layout(to_xy(screen, theta)[back], dilation, fidelity)

    index = Index(distinct, c)
    neighbours = index.search(distinct, max(OVERLAPS), exclude=np.arange(len(distinct)))
    xy = to_xy(screen, refine(theta, screen, neighbours))
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.permutation(len(distinct))[:_MEASURED])
    truth = neighbours.ids[rows]
    random = to_xy(screen, rng.uniform(0.0, 2.0 * np.pi, len(distinct)))
    fidelity |= {
        "measured_on": len(rows),
        **overlaps(xy, truth, rows),
        "random_angle": overlaps(random, truth, rows),
    }
    if not umap or len(distinct) > _MOST_UMAP:
        return Layout(xy[back], dilation, fidelity)
    umap_xy = free_umap(distinct, c, neighbours, seed)
    fidelity["free_umap"] = {
        **overlaps(umap_xy, truth, rows),
        "radius_spearman": spearman(np.hypot(*umap_xy.T), screen),
    }
    return Layout(xy[back], dilation, fidelity, umap_xy[back])


def _names() -> list[str]:
    return [f"overlap@{k}" for k in OVERLAPS]


def overlaps(xy: F64, truth: IntArray, rows: IntArray) -> dict[str, float | None]:
    """Share of the ``k`` nearest neighbours that are among the k nearest on the picture.

    Args:
        xy: ``[N, 2]`` in the unit disk; distances on the picture are hyperbolic.
        truth: ``[M, K]`` nearest other points of each of ``rows`` in the model's space.
        rows: ``[M]`` points to measure.

    Returns:
        ``overlap@k`` for each k of ``OVERLAPS``; None where the gallery has no more than k others,
        so that any picture would score 1.
    """
    found = Index(xy, 1.0).search(xy[rows], max(OVERLAPS), exclude=rows).ids
    result: dict[str, float | None] = {}
    for name, k in zip(_names(), OVERLAPS, strict=True):
        shared = (found[:, :k, None] == truth[:, None, :k]).sum() / (len(rows) * k)
        result[name] = float(shared) if len(xy) > k + 1 else None
    return result


def free_umap(points: F64, c: float, neighbours: Hits, seed: int) -> F64:
    """An unconstrained hyperboloid UMAP from exact neighbours, as disk points ``[N, 2]``.

    The yardstick for the radius-true picture: it may move every radius, ours none.
    """
    with warnings.catch_warnings():
        # About its own dependencies and about threads and transforms, none of which concern us.
        warnings.simplefilter("ignore")
        from umap import UMAP

        k = min(_UMAP_NEIGHBOURS, len(points) - 1)
        self_first = np.arange(len(points))[:, None]
        ids = np.concatenate([self_first, neighbours.ids[:, : k - 1]], axis=1)
        near = np.sqrt(c) * neighbours.distances[:, : k - 1]
        distances = np.concatenate([np.zeros((len(points), 1)), near], axis=1)
        y = UMAP(
            n_neighbors=k,
            output_metric="hyperboloid",
            precomputed_knn=(ids.astype(np.int32), distances.astype(np.float32)),
            random_state=seed,
            n_jobs=1,
        ).fit_transform(points.astype(np.float32))
    y = np.asarray(y, dtype=np.float64)
    return y / (1.0 + np.sqrt(1.0 + (y**2).sum(axis=1, keepdims=True)))
