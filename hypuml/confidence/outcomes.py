"""Queries with known outcomes, from which the answer confidence is fitted.

Zero-shot protocol: every image of classes that the model was not trained on queries all the others.
Galleries come in other sizes too, so beside that whole gallery the fit sees smaller ones drawn from
it: fewer classes, fewer images per class, and every other one with queries that are not in the
gallery, like an upload.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hypuml.confidence.assess import Reference, assess
from hypuml.confidence.features import DEPTH, Features
from hypuml.metrics import query_rows
from hypuml.search import Index
from hypuml.types import FloatArray, IntArray

MIN_CLASSES = 4
_SMALLER = 8  # galleries drawn from the whole
_MAX_QUERIES = 20_000  # per gallery; more would only cost time


@dataclass(frozen=True, eq=False)
class Images:
    """Images of calibration classes.

    Attributes:
        points: ``[N, n]`` in the ball.
        uncertainty: ``[N]`` u.
        classes: ``[N]`` class numbers, negative for images without one.
        curvature: c > 0.
    """

    points: FloatArray
    uncertainty: FloatArray
    classes: IntArray
    curvature: float

    def __post_init__(self) -> None:
        shapes = self.points.shape, self.uncertainty.shape, self.classes.shape
        if self.points.ndim != 2 or not shapes[0][:1] == shapes[1] == shapes[2]:
            raise ValueError(
                f"got points {shapes[0]}, uncertainty {shapes[1]} and class ids {shapes[2]}, "
                "expected points [N, n] and one uncertainty and class per point"
            )

    def of(self, rows: IntArray) -> Images:
        """The images in ``rows`` alone."""
        points, u, classes = self.points[rows], self.uncertainty[rows], self.classes[rows]
        return replace(self, points=points, uncertainty=u, classes=classes)


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Queries of a gallery: features, whether the first hit is right ``[M]``, classes ``[M]``."""

    found: Features
    right: NDArray[np.bool_]
    classes: IntArray


def outcomes_of(images: Images, rng: np.random.Generator) -> list[Outcomes]:
    """Outcomes in the whole gallery and in each of the smaller ones, in that order.

    Empty where fewer than four classes have queries.
    """
    return [_search(images, *drawn) for drawn in _galleries(images.classes, rng)]


def together(galleries: Sequence[Outcomes]) -> Outcomes | None:
    """Outcomes of several galleries in one; None where there is no gallery."""
    if not galleries:
        return None
    found = {k: np.concatenate([g.found[k] for g in galleries]) for k in galleries[0].found}
    right = np.concatenate([g.right for g in galleries])
    return Outcomes(found, right, np.concatenate([g.classes for g in galleries]))


def _galleries(
    ids: IntArray, rng: np.random.Generator
) -> Iterator[tuple[IntArray, IntArray, bool]]:
    """Rows of each gallery, rows that query it, and whether those are in it; the whole first."""
    labelled = np.flatnonzero(ids >= 0)
    possible = labelled[query_rows(ids[labelled])]
    classes, sizes = np.unique(ids[possible], return_counts=True)
    if len(classes) < MIN_CLASSES:
        return
    yield np.arange(len(ids)), _some(possible, _MAX_QUERIES, rng), True
    members = [np.flatnonzero(ids == one) for one in classes]
    for number in range(_SMALLER):
        inside = number % 2 == 0
        count = max(MIN_CLASSES, round(rng.uniform(0.3, 1.0) * len(classes)))
        # Log-uniform: from 2 to 4 images per class changes more than from 20 to 22.
        per_class = round(np.exp(rng.uniform(np.log(2), np.log(max(2, sizes.max())))))
        # From outside, half of a class queries and the other half is there to be found.
        kept = per_class if inside else 2 * per_class
        drawn = rng.choice(len(classes), min(count, len(classes)), replace=False)
        rows = [_some(members[i], kept, rng) for i in drawn]
        if inside:
            gallery = queries = np.sort(np.concatenate(rows))
        else:
            gallery = np.sort(np.concatenate([r[: (len(r) + 1) // 2] for r in rows]))
            queries = np.sort(np.concatenate([r[(len(r) + 1) // 2 :] for r in rows]))
        yield gallery, _some(queries, _MAX_QUERIES, rng), inside


def _some(rows: IntArray, count: int, rng: np.random.Generator) -> IntArray:
    """At most ``count`` of the rows, in random order."""
    return rng.permutation(rows)[:count]


def _search(images: Images, gallery: IntArray, queries: IntArray, inside: bool) -> Outcomes:
    """Search, and keep the queries whose answer has a class."""
    there, query = images.of(gallery), images.of(queries)
    index = Index(there.points, images.curvature)
    exclude = np.searchsorted(gallery, queries) if inside else None
    hits = index.search(query.points, DEPTH, exclude=exclude)
    own = np.full(len(queries), -1) if exclude is None else exclude
    reference = Reference(
        index.search, index.points, there.classes, there.uncertainty, images.curvature
    )
    found = assess(reference, hits, query.uncertainty, own).features
    keep = found["answered"] > 0.0
    right = there.classes[hits.ids[:, 0]] == query.classes
    return Outcomes({k: v[keep] for k, v in found.items()}, right[keep], query.classes[keep])
