"""Exact hyperbolic nearest neighbours: FAISS proposes, float64 decides.

Points of the ball (convention: :mod:`hypuml.geometry`) are lifted to the hyperboloid, where
``s = cosh(sqrt(c) d(x, y)) = -c <X, Y>_L`` is monotone in the distance. With the query's time
coordinate negated the Lorentz product is an ordinary inner product, so a flat FAISS inner-product
index lists candidates in hyperbolic order, up to float32 rounding. Near coincidence that rounding
loses the order, hence:

1. take more candidates than asked for (48 or more);
2. rerank them in float64 with the difference form (exact order, ties by row number);
3. **certify** that nothing outside the candidates can be nearer than the k-th of them; a query
   that fails gets 8 and then 64 times the candidates, and in the end a full float64 pass.

The certificate. Let ``u = 2^-24``. Rounding the lifted vectors to float32 and summing ``n + 1``
products in any order changes an inner product by at most ``gamma ||Q|| ||X||`` with
``gamma = (n + 3) u / (1 - (n + 3) u)`` (Higham 2002, chapter 3, and Cauchy-Schwarz). A point that
is no candidate was scored at least ``s_last``, the worst candidate's float32 score, so its true
score is at least ``s_last - eps`` with ``eps = gamma c ||Q|| max ||X||``. Therefore, if
``cosh(sqrt(c) d_k) < s_last - eps`` for the k-th exact distance, the answer is complete. (We use
``2 (n + 2) u``, which is larger than gamma and leaves room for the float64 roundings around it.)

FAISS graph indexes are not used: with inner products on lifted vectors only the query carries the
sign, and they lose most neighbours.
"""

from __future__ import annotations

import math
import operator
from importlib.util import find_spec
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hypuml.geometry import (
    check_curvature,
    difference_form,
    gap,
    nearest,
    pairwise_dist,
    project_check,
    squared_norm,
)
from hypuml.types import FloatArray, Hits, IntArray

# Candidates of each try; more only for queries whose answer was not certified (classes collapsed to
# within float32 rounding). Few at first, since fetching and reranking them is all that a single
# query costs beyond FAISS itself.
_CANDIDATES, _TRIES = 48, (1, 8, 64)
_SMALL = 4096  # up to this many points a float64 pass is as fast as the index (measured)
_CHUNK_BYTES = 64 * 2**20  # size of the float64 working set of one slice of queries
_BLOCK = 8192  # rows widened to float64 at a time in a full pass


class Index:
    """Exact k-nearest-neighbour search in the Poincaré ball.

    Safe for searches from several threads at once. FAISS is imported by the first search that needs
    it; how many threads it uses is the caller's business (``faiss.omp_set_num_threads``).

    Attributes:
        points: ``[N, n]`` the stored points, float32 when given as float32, else float64.
        curvature: ``c > 0``.
    """

    def __init__(self, points: ArrayLike, curvature: float) -> None:
        """Check and keep the points.

        Args:
            points: ``[N, n]`` coordinates in the ball, ``N >= 1``. Not copied if contiguous: do not
                change them afterwards.
            curvature: ``c > 0``, the ball being ``c ||x||^2 < 1``.

        Raises:
            ValueError: no points, wrong shape, values that are not finite, points outside the ball
                (decided in float64), or a bad curvature.
        """
        self.curvature = check_curvature(curvature)
        checked = project_check(points, self.curvature)
        if not len(checked):
            raise ValueError("got 0 points, expected at least one point to search in")
        is_float32 = np.asarray(points).dtype == np.float32
        self.points: FloatArray = np.ascontiguousarray(points if is_float32 else checked)
        self._lock = Lock()
        self._faiss: Any = None
        self._gaps = gap(checked, self.curvature)
        self._highest = 2.0 / float(self._gaps.min()) - 1.0  # max X_0 = (2 - g) / g, curvature -1

    def __len__(self) -> int:
        return len(self.points)

    def search(self, queries: ArrayLike, k: int, exclude: ArrayLike | None = None) -> Hits:
        """Find the ``k`` nearest points of every query.

        Args:
            queries: ``[Q, n]`` points of the ball.
            k: how many, >= 1; clamped to the number of points that can be returned.
            exclude: ``[Q]`` one row number per query that must not be returned (a gallery image
                querying its own gallery), -1 for none.

        Returns:
            ``Hits`` with ids and distances ``[Q, K]``, ordered by (distance, row number), where
            ``K = min(k, N)``, or ``min(k, N - 1)`` when any row is excluded.

        Raises:
            ValueError: ``k`` < 1, queries of the wrong width, not finite or outside the ball, or
                ``exclude`` that does not fit.
        """
        q = self._check_queries(queries)
        skip = self._check_exclude(exclude, len(q))
        try:
            k = operator.index(k)
        except TypeError:
            raise ValueError(f"got k = {k!r}, expected a whole number >= 1") from None
        if k < 1:
            raise ValueError(f"got k = {k}, expected k >= 1")
        k = min(k, len(self) - int(skip is not None and bool((skip >= 0).any())))
        ids = np.empty((len(q), k), dtype=np.int64)
        distances = np.empty((len(q), k))
        if k == 0 or not len(q):
            return Hits(ids, distances)

        todo = np.arange(len(q))
        # A machine that only trains need not have FAISS: there every search is a full pass.
        if len(self) > _SMALL and find_spec("faiss") is not None:
            for times in _TRIES:
                width = times * max(_CANDIDATES, 4 * k)
                if 2 * width > len(self) or not len(todo):
                    break
                todo = self._by_candidates(q, skip, width, todo, ids, distances)
        if len(todo):
            self._by_full_pass(q, skip, todo, ids, distances)
        return Hits(ids, distances)

    def _check_queries(self, queries: ArrayLike) -> NDArray[np.float64]:
        q = project_check(queries, self.curvature, name="queries")
        if q.shape[1] != self.points.shape[1]:
            raise ValueError(
                f"got queries with {q.shape[1]} coordinates, expected {self.points.shape[1]} as in "
                "the index; embed both with the same model"
            )
        return q

    def _check_exclude(self, exclude: ArrayLike | None, count: int) -> IntArray | None:
        if exclude is None:
            return None
        skip = np.asarray(exclude)
        if skip.shape != (count,) or not (np.issubdtype(skip.dtype, np.integer) or not count):
            raise ValueError(
                f"got exclude of shape {skip.shape} and type {skip.dtype}, "
                f"expected {count} row numbers, one per query"
            )
        if count and not (skip.min() >= -1 and skip.max() < len(self)):
            raise ValueError(
                f"got exclude from {skip.min()} to {skip.max()}, "
                f"expected row numbers up to {len(self) - 1}, or -1 for none"
            )
        return skip.astype(np.int64)

    def _lift(self, x: FloatArray, g: NDArray[np.float64]) -> NDArray[np.float32]:
        """``sqrt(c)`` times the Lorentz lift, computed in float64 and stored as float32.

        The scale makes ``s = -<Q, X>_L`` for every c. ``geometry.lorentz_lift`` does the same
        arithmetic; here the gaps ``g`` are known already and every array counts, since a single
        query has little more than FAISS's own time.
        """
        lifted = np.empty((len(x), x.shape[1] + 1), dtype=np.float32)
        lifted[:, 0] = 2.0 / g - 1.0
        lifted[:, 1:] = x * (2.0 * math.sqrt(self.curvature) / g)[:, None]
        return lifted

    def _flat_index(self) -> Any:
        with self._lock:
            if self._faiss is None:
                import faiss

                index = faiss.IndexFlatIP(self.points.shape[1] + 1)
                for start in range(0, len(self), _BLOCK):
                    block = slice(start, start + _BLOCK)
                    index.add(self._lift(self.points[block], self._gaps[block]))
                self._faiss = index
            return self._faiss

    def _by_candidates(
        self,
        q: NDArray[np.float64],
        skip: IntArray | None,
        width: int,
        todo: IntArray,
        ids: IntArray,
        distances: NDArray[np.float64],
    ) -> IntArray:
        """Answer the queries ``todo`` from ``width`` candidates; return those not certified."""
        index = self._flat_index()
        k = ids.shape[1]
        c, n = self.curvature, q.shape[1]
        failed = []
        for rows in self._slices(todo, width * n):
            part = q[rows]
            g = gap(part, c)
            lifted = self._lift(part, g)
            lifted[:, 0] *= -1.0
            scores, found = index.search(lifted, width)
            sq = squared_norm(part[:, None, :] - self.points[found])
            d = difference_form(sq, g[:, None] * self._gaps[found], c)
            if skip is not None:
                d[found == skip[rows, None]] = np.inf
            best = np.arange(len(rows))[:, None], np.lexsort((found, d), axis=1)[:, :k]
            ids[rows], distances[rows] = found[best], d[best]
            # ||X||^2 = 2 X_0^2 - 1 at curvature -1: 2 Q_0 max X_0 bounds ||Q|| max ||X||.
            eps = (4.0 * (n + 2) * 2.0**-24 * self._highest) * (2.0 / g - 1.0)
            reach = np.cosh(math.sqrt(c) * distances[rows, -1])
            failed.append(rows[~(reach < -scores[:, -1] - eps)])
        return np.concatenate(failed)

    def _by_full_pass(
        self,
        q: NDArray[np.float64],
        skip: IntArray | None,
        todo: IntArray,
        ids: IntArray,
        distances: NDArray[np.float64],
    ) -> None:
        """Answer the queries ``todo`` with their float64 distances to every point."""
        for rows in self._slices(todo, len(self)):
            d = np.empty((len(rows), len(self)))
            for start in range(0, len(self), _BLOCK):
                block = slice(start, start + _BLOCK)
                d[:, block] = pairwise_dist(q[rows], self.points[block], self.curvature)
            if skip is not None:
                masked = np.flatnonzero(skip[rows] >= 0)
                d[masked, skip[rows[masked]]] = np.inf
            ids[rows] = nearest(d, ids.shape[1])
            distances[rows] = np.take_along_axis(d, ids[rows], axis=1)

    @staticmethod
    def _slices(rows: IntArray, values_per_query: int) -> list[IntArray]:
        step = max(1, _CHUNK_BYTES // (8 * values_per_query))
        return [rows[start : start + step] for start in range(0, len(rows), step)]
