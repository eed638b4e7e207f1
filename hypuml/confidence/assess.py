"""The one way from retrieved images to the probability that the first of them is right.

Hits, then reciprocal ranks, then features, then the fitted model: galleries, the app, evaluation
and the fit itself all go through :func:`assess`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hypuml.confidence.features import Features, answer_features
from hypuml.confidence.model import AnswerConfidence
from hypuml.confidence.reciprocal_ranks import Search, reciprocal_ranks
from hypuml.types import FloatArray, Hits, IntArray


@dataclass(frozen=True, eq=False)
class Reference:
    """The searched images, as far as the confidence depends on them.

    Attributes:
        search: ``search(points, k, rows)`` gives the k nearest images, without one row for each.
        points: ``[N, n]`` in the ball.
        labels: ``[N]`` class numbers, negative for an image without a class.
        uncertainty: ``[N]`` u.
        curvature: c > 0.
    """

    search: Search
    points: FloatArray
    labels: IntArray
    uncertainty: FloatArray
    curvature: float


@dataclass(frozen=True, eq=False)
class Assessment:
    """What is known about the first hit of Q queries.

    Attributes:
        features: ``[Q]`` each; see :func:`hypuml.confidence.features.answer_features`.
        probability: ``[Q]`` in [0, 1] that it has the query's class; None without a model.
    """

    features: Features
    probability: FloatArray | None


def assess(
    reference: Reference,
    hits: Hits,
    uncertainty: ArrayLike,
    rows: ArrayLike,
    model: AnswerConfidence | None = None,
    inside: ArrayLike | None = None,
) -> Assessment:
    """Assess the first hit of each query.

    Args:
        reference: the searched images.
        hits: nearest *other* images of Q queries, ``[Q, K]``: ``DEPTH`` of them or all there are.
        uncertainty: ``[Q]`` u of the queries.
        rows: ``[Q]`` the queries' own rows, -1 for a query that is no reference image.
        model: turns features into a probability.
        inside: ``[Q]`` whether a query counts among the reference images of its class; by default
            those with a row do.

    Raises:
        ValueError: arrays that do not fit.
    """
    own = np.asarray(rows)
    ranks = reciprocal_ranks(reference.search, reference.points, hits, own)
    features = answer_features(
        hits,
        ranks,
        reference.labels,
        reference.uncertainty,
        uncertainty,
        reference.curvature,
        inside=own >= 0 if inside is None else inside,
    )
    return Assessment(features, None if model is None else model.probability(features))
