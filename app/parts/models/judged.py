"""How a gallery's own answers turn out: right or wrong, and the scores they had before.

The gallery holds all that is needed, so the curves are there without an evaluation, and belong to
exactly the images that are shown. No Streamlit, no torch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from app import resources
from hypuml.confidence import CONTROLS, DEPTH, assess
from hypuml.gallery import Gallery
from hypuml.metrics import query_rows, risk_coverage
from hypuml.types import FloatArray, Hits, IntArray

# Beyond this many images a random sample is queried: half a minute would be too long to wait.
MOST = 4000
_SLICE = 256  # queries searched at a time
_POINTS = 201  # of a curve; more cannot be seen
_CURVES = ("confidence", "u", "first_distance", "knn_agreement")


@dataclass(frozen=True, eq=False)
class Judged:
    """Answers and their scores.

    Attributes:
        queries: ``[Q]`` rows of the queries.
        possible: how many images could be queries.
        correct: ``[Q]`` whether the first answer has the query's class.
        scores: ``[Q]`` each, high = certain: ``u`` (negated), the controls and, where the gallery
            has one, ``confidence``.
    """

    queries: IntArray
    possible: int
    correct: NDArray[np.bool_]
    scores: dict[str, FloatArray]

    def curves(self) -> dict[str, list[float]]:
        """Risk-coverage curves, as `hypuml.figures.risk_coverage_figure` draws them."""
        count = len(self.correct)
        at = np.unique(np.linspace(0, count - 1, min(count, _POINTS)).astype(int))
        shown = {name: self.scores[name] for name in _CURVES if name in self.scores}
        shown["oracle"] = self.correct.astype(np.float64)
        risks = {name: risk_coverage(score, self.correct)[1] for name, score in shown.items()}
        return {
            "coverage": ((at + 1) / count).tolist(),
            **{name: risk[at].tolist() for name, risk in risks.items()},
        }


@lru_cache(maxsize=8)
def judged(version: str) -> Judged | None:
    """The answers of the gallery with this manifest hash; None where no answer can be right."""
    entry = resources.galleries.by_version(version)
    return None if entry is None or entry.gallery is None else judge(entry.gallery)


def judge(gallery: Gallery, most: int = MOST, seed: int = 0) -> Judged | None:
    """Let the images of a gallery query each other.

    Args:
        gallery: whose images.
        most: how many are queries at most.
        seed: of the sample where there are more.

    Returns:
        None where no image has another one of its class.
    """
    classes = gallery.class_ids
    labelled = np.flatnonzero(classes >= 0)
    possible = labelled[query_rows(classes[labelled])]
    # With one class no answer could be wrong.
    if not len(possible) or len(np.unique(classes[labelled])) < 2:
        return None
    rows = possible
    if len(rows) > most:
        rows = np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))

    def search(points: FloatArray, k: int, exclude: IntArray) -> Hits:
        # In slices, so that a click's own search never waits long for the processor.
        slices = np.array_split(np.arange(len(points)), -(-len(points) // _SLICE))
        parts = [gallery.search(points[part], k, exclude=exclude[part]) for part in slices]
        return Hits(
            np.concatenate([part.ids for part in parts]),
            np.concatenate([part.distances for part in parts]),
        )

    hits = search(gallery.points[rows], min(DEPTH, len(gallery) - 1), rows)
    u = gallery.uncertainty
    reference = replace(gallery.reference, search=search)
    found = assess(reference, hits, u[rows], rows, gallery.confidence)
    scores: dict[str, FloatArray] = {"u": -np.asarray(u[rows], dtype=np.float64)}
    scores |= {name: control(found.features) for name, control in CONTROLS.items()}
    if found.probability is not None:
        scores["confidence"] = found.probability
    return Judged(rows, len(possible), classes[hits.ids[:, 0]] == classes[rows], scores)
