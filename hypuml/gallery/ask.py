"""Asking a gallery: its nearest images, and how probable it is that the first of them is right."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hypuml.confidence import DEPTH, AnswerConfidence, Reference, assess
from hypuml.types import Answer, FloatArray, Hits, IntArray


@dataclass(frozen=True, eq=False)
class Queries:
    """Q queries of one gallery.

    Attributes:
        points: ``[Q, n]`` in the ball.
        uncertainty: ``[Q]`` u.
        rows: ``[Q]`` own rows, which are no answers; -1 for a query from outside.
    """

    points: FloatArray
    uncertainty: FloatArray
    rows: IntArray

    @classmethod
    def of(cls, points: ArrayLike, uncertainty: ArrayLike, rows: ArrayLike | None) -> Queries:
        """Take one query ``[n]`` or several ``[Q, n]``; single values count for all of them.

        Raises:
            ValueError: not one uncertainty and row per query.
        """
        x = np.atleast_2d(np.asarray(points))
        u = np.asarray(uncertainty, dtype=np.float64)
        own = np.asarray(-1 if rows is None else rows, dtype=np.int64)
        if not {u.shape, own.shape} <= {(), x.shape[:1]}:
            raise ValueError(
                f"got {len(x)} queries with uncertainties {u.shape} and rows {own.shape}, "
                "expected one each"
            )
        return cls(x, np.broadcast_to(u, len(x)), np.broadcast_to(own, len(x)))


def ask(
    reference: Reference,
    model: AnswerConfidence | None,
    queries: Queries,
    k: int,
    allowed: NDArray[np.bool_] | None,
) -> Answer:
    """Search, and assess the first hits; see :meth:`hypuml.gallery.Gallery.ask`."""
    if k < 1:
        raise ValueError(f"got k = {k}, expected k >= 1")
    labels, rows = reference.labels, queries.rows
    inside = rows >= 0
    if allowed is not None:
        reference = _restricted(reference, allowed)
        inside &= allowed[rows]
    hits = reference.search(queries.points, k if model is None else max(k, DEPTH), rows)
    shown = Hits(hits.ids[:, :k], hits.distances[:, :k])
    if reason := _unanswerable(model, labels, hits):
        return Answer(shown, None, reason)
    alone = _alone(labels, rows)
    if alone.all():
        return Answer(shown, None, "No other image here has its class, so no answer can be right.")
    found = assess(reference, hits, queries.uncertainty, rows, model, inside)
    assert found.probability is not None  # there is a model
    return Answer(shown, np.where(alone, 0.0, found.probability))


def _alone(labels: IntArray, rows: IntArray) -> NDArray[np.bool_]:
    """``[Q]`` images of the gallery, rows ``[Q]`` or -1, that are the only ones of their class."""
    size = np.bincount(labels[labels >= 0], minlength=int(labels.max(initial=0)) + 1)
    return (rows >= 0) & (labels[rows] >= 0) & (size[labels[rows]] == 1)


def _unanswerable(model: AnswerConfidence | None, labels: IntArray, hits: Hits) -> str:
    """Why there is no confidence; empty where there is one."""
    if model is None:
        return "This gallery was made by a model without an answer confidence."
    if not (labels >= 0).any():
        return "No image here has a class, so no answer is right or wrong."
    if not hits.ids.size:
        return "There is no answer."
    if (labels[hits.ids[:, 0]] < 0).all():
        return "The first answer has no class, so it is neither right nor wrong."
    return ""


def _restricted(reference: Reference, allowed: NDArray[np.bool_]) -> Reference:
    """The reference as if it held the allowed rows alone; row numbers stay.

    Hidden images are skipped after the search: more are searched for until enough remain.
    """

    def search(points: FloatArray, k: int, rows: IntArray) -> Hits:
        inside = rows >= 0
        available = len(allowed) - bool(inside.any())
        wanted = min(k, int(allowed.sum()) - bool(allowed[rows[inside]].any()))
        if wanted <= 0:
            return Hits(np.zeros((len(points), 0), np.int64), np.zeros((len(points), 0)))
        depth = wanted
        while True:
            hits = reference.search(points, min(depth, available), rows)
            good = allowed[hits.ids]
            if (good.sum(axis=1) >= wanted).all() or depth >= available:
                break
            depth *= 4
        first = np.argsort(~good, axis=1, kind="stable")[:, :wanted]
        return Hits(
            np.take_along_axis(hits.ids, first, 1), np.take_along_axis(hits.distances, first, 1)
        )

    return replace(reference, search=search, labels=np.where(allowed, reference.labels, -1))
