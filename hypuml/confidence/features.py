"""Features of an answer, from the nearest images (convention: :mod:`hypuml.confidence`).

Everything is counted so that it means the same in galleries of other sizes: agreement is the share
of *possible* agreement (three images of a class can agree three times, not ten), and weights fall
off on the query's own scale of distances.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hypuml.confidence.reciprocal_ranks import RANKED
from hypuml.geometry import check_curvature
from hypuml.types import Hits

F64 = NDArray[np.float64]
Features = dict[str, F64]

# Nearest images that are looked at; deeper ones hardly ever have the first hit's class.
DEPTH = 50
_AGREEMENT = (5, 10, 20)
_MUTUAL = 10  # a hit whose nearest so many images include the query is a mutual neighbour
_NEAR = 10  # hits whose mean distance is the query's scale, and whose mean u is ``u_hits``
# Soft votes fall to 1/e at this share of the scale. Measured on six sets of classes (drawn
# flowers, digits, photographs): between 0.1 and 0.2 of it is best for every one, while the best
# absolute length differs between them by a factor of three.
_SOFTNESS = 0.15
# Pseudo-counts of the log-odds, for and against. Shares of m hits can be 0 or 1, so they get
# Jeffreys' 1/2; a soft vote starts at the first hit's own weight 1 and needs less.
_COUNT, _VOTE = 0.5, 0.1
_NEAREST = 1e-9  # sqrt(c) d of duplicates, whose logarithm would be infinite
_BLOCK = 512  # queries compared hit by hit at a time: 512 * 50 * 50 float64 are 10 MB

INPUTS = (
    "first_distance",
    "lead",
    "relative_lead",
    *(f"agreement_{k}" for k in _AGREEMENT),
    "soft_agreement",
    "vote_margin",
    "first_rank",
    "mutual_votes",
    "u_query",
    "u_first",
    "u_hits",
)

# What a confidence has to beat: single inputs as scores, high = certain.
CONTROLS: dict[str, Callable[[Features], F64]] = {
    "first_distance": lambda found: -found["first_distance"],
    "lead": lambda found: found["lead"],
    "knn_agreement": lambda found: found["agreement_10"],
}


def answer_features(
    hits: Hits,
    ranks: ArrayLike,
    labels: ArrayLike,
    uncertainty: ArrayLike,
    query_uncertainty: ArrayLike,
    curvature: float,
    inside: ArrayLike = True,
) -> Features:
    """Features for and against each query's first hit.

    Args:
        hits: nearest *other* images, best first, ``[Q, K]``; :data:`DEPTH` of them or all there
            are. What lies deeper is not looked at.
        ranks: ``[Q, min(RANKED, K)]`` how near each query is as its hits see it
            (:func:`hypuml.confidence.reciprocal_ranks`).
        labels: ``[N]`` class number of every gallery row, negative for an image without a class.
        uncertainty: ``[N]`` u of every gallery row.
        query_uncertainty: ``[Q]`` u of every query.
        curvature: c > 0.
        inside: whether the queries are gallery images themselves, one boolean or ``[Q]``. Such a
            query's class has one image less to be found, and which class that is must not show.

    Returns:
        ``[Q]`` float64 values, all finite, for every name in :data:`INPUTS` and ``"answered"``:

        * ``first_distance``: log of ``sqrt(c) d_1``;
        * ``lead``: ``sqrt(c) (d_other - d_1)``, ``d_other`` the nearest image of another class
          (where all hits share one class the last hit's distance, a lower bound);
        * ``relative_lead``: ``1 - d_1 / d_other``, in [0, 1];
        * ``agreement_k``: log-odds ``log((a + 1/2) / (m - a + 1/2))`` of the ``a`` among the ``m``
          hits after the first that have its class, where ``m = min(k, n, K) - 1`` and ``n`` is the
          number of images of that class (less one for a query from inside the gallery);
        * ``soft_agreement``: log-odds of the first hit's class in votes weighted by
          ``exp(-(d_i - d_1) / (0.15 s))``, ``s`` the mean distance of the first ten hits;
        * ``vote_margin``: log-ratio of those votes to the strongest other class;
        * ``first_rank``: ``-log(1 + rank)`` of the query as the first hit sees it;
        * ``mutual_votes``: log-odds of the first hit's class among the mutual neighbours: those of
          the first 20 hits whose ``min(10, n)`` nearest images would include the query, ``n`` as
          above for the class of each;
        * ``u_query``, ``u_first``, ``u_hits``: u of the query, the first hit, the first ten hits;
        * ``answered``: 1, or 0 where there is no hit or the first one has no class.

    Raises:
        ValueError: shapes that do not fit, a row number outside the gallery, a bad curvature.

    >>> hits = Hits(np.array([[0, 1, 2]]), np.array([[1.0, 1.5, 2.0]]))
    >>> us = [0.1, 0.2, 0.3]
    >>> found = answer_features(hits, [[0, 1, 1]], [4, 4, 7], us, [0.5], 1.0, inside=False)
    >>> found["lead"].tolist(), found["relative_lead"].tolist(), found["u_first"].tolist()
    ([1.0], [0.5], [0.1])
    """
    root = math.sqrt(check_curvature(curvature))
    classes, u = np.asarray(labels), np.asarray(uncertainty, dtype=np.float64)
    query_u = np.asarray(query_uncertainty, dtype=np.float64)
    within = np.asarray(inside, dtype=bool)
    ids, d = hits.ids[:, :DEPTH], root * np.asarray(hits.distances[:, :DEPTH], dtype=np.float64)
    seen = np.asarray(ranks)
    if seen.shape != ids[:, :RANKED].shape:
        raise ValueError(
            f"got ranks {seen.shape} for hits {ids.shape}, expected {ids[:, :RANKED].shape}"
        )
    one_each = query_u.shape == ids.shape[:1] and within.shape in ((), query_u.shape)
    if classes.ndim != 1 or u.shape != classes.shape or not one_each:
        raise ValueError(
            f"got {len(ids)} queries with uncertainties {query_u.shape} and inside {within.shape}, "
            f"a gallery with labels {classes.shape} and uncertainties {u.shape}, "
            "expected one per query and one per gallery row"
        )
    if ids.size and not (ids.min() >= 0 and ids.max() < len(classes)):
        raise ValueError(
            f"got hits from {ids.min()} to {ids.max()}, expected rows of {len(classes)} images"
        )
    if not ids.size:
        return {name: np.zeros(len(ids)) for name in (*INPUTS, "answered")}
    found = classes[ids]
    answered = found[:, 0] >= 0
    # An image without a class agrees with no other: a class of its own, counted once.
    own = np.where(found >= 0, found, -1 - ids)
    sizes = np.bincount(classes[classes >= 0], minlength=1)
    leave_out = np.broadcast_to(within, len(ids))[:, None]
    # Images of each hit's class that can be found beside the query.
    available = np.where(found >= 0, np.maximum(sizes[np.maximum(found, 0)] - leave_out, 1), 1)

    same = own == own[:, :1]
    first = d[:, 0]
    other = np.where(same.all(axis=1), d[:, -1], np.where(same, np.inf, d).min(axis=1))
    result: Features = {
        "first_distance": np.log(np.maximum(first, _NEAREST)),
        "lead": other - first,
        "relative_lead": np.where(
            other > 0.0, 1.0 - first / np.where(other > 0.0, other, 1.0), 0.0
        ),
    }
    agreeing = np.cumsum(same, axis=1) - 1
    for k in _AGREEMENT:
        looked = np.clip(np.minimum(k, available[:, 0]), 1, d.shape[1]) - 1
        a = np.take_along_axis(agreeing, looked[:, None], axis=1)[:, 0]
        result[f"agreement_{k}"] = np.log((a + _COUNT) / (looked - a + _COUNT))
    scale = np.maximum(_SOFTNESS * d[:, :_NEAR].mean(axis=1, keepdims=True), np.finfo(float).tiny)
    weight, votes = _votes(own, np.exp(-(d - first[:, None]) / scale), available)
    rest, rival = weight.sum(axis=1) - votes[:, 0], np.where(same, 0.0, votes).max(axis=1)
    result["soft_agreement"] = np.log((votes[:, 0] + _VOTE) / (np.maximum(rest, 0.0) + _VOTE))
    result["vote_margin"] = np.log((votes[:, 0] + _VOTE) / (rival + _VOTE))
    result["first_rank"] = -np.log1p(seen[:, 0])
    mutual = seen < np.minimum(_MUTUAL, available[:, :RANKED])
    agreed, against = (
        (mutual & side).sum(axis=1) for side in (same[:, :RANKED], ~same[:, :RANKED])
    )
    result["mutual_votes"] = np.log((agreed + _COUNT) / (against + _COUNT))
    result["u_query"], result["u_first"] = query_u, u[ids[:, 0]]
    result["u_hits"] = u[ids[:, :_NEAR]].mean(axis=1)
    result["answered"] = answered.astype(np.float64)
    return result


def _votes(
    classes: NDArray[np.int64], weight: F64, available: NDArray[np.int64]
) -> tuple[F64, F64]:
    """Votes of the hits ``[Q, K]`` and their sum over every hit's class ``[Q, K]``.

    Only the first ``available`` hits of a class vote. Otherwise, in a gallery of few images per
    class, the wrong classes would be recognised by having one image more than the query's own.
    """
    votes = np.empty(weight.shape)
    counted = np.empty(weight.shape)
    for start in range(0, len(weight), _BLOCK):
        part = slice(start, start + _BLOCK)
        same = classes[part, :, None] == classes[part, None, :]
        rank = np.tril(same).sum(axis=2)
        counted[part] = np.where(rank <= available[part], weight[part], 0.0)
        votes[part] = np.matmul(same.astype(np.float64), counted[part, :, None])[:, :, 0]
    return counted, votes
