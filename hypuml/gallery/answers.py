"""How sure a gallery's answers are: its recorded confidence, put to the nearest images.

Convention: :mod:`hypuml.confidence`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hypuml.confidence import DEPTH, AnswerConfidence, evidence, ranks
from hypuml.gallery.store import AGAIN, MANIFEST, GalleryError
from hypuml.types import FloatArray, Hits, IntArray, TaxonomyPath, has_class

if TYPE_CHECKING:
    from hypuml.gallery.opened import Gallery


def read_confidence(folder: Path, manifest: dict[str, Any]) -> AnswerConfidence | None:
    """The confidence a manifest holds; None for galleries made without one.

    Raises:
        GalleryError: there is one and it is damaged.
    """
    recorded = manifest.get("confidence")
    if recorded is None:
        return None
    try:
        return AnswerConfidence.from_json(recorded)
    except ValueError as error:
        raise GalleryError(f"{folder / MANIFEST} cannot be used: {error}; {AGAIN}") from None


def class_numbers(paths: list[TaxonomyPath]) -> IntArray:
    """Class number of every image ``[N]``, -1 for images without a class.

    Two classes of one name in different places of the taxonomy are two classes.
    """
    known: dict[TaxonomyPath, int] = {}
    numbers = [known.setdefault(path, len(known)) if has_class(path) else -1 for path in paths]
    return np.asarray(numbers, dtype=np.int64)


def answer_confidence(
    gallery: Gallery,
    confidence: AnswerConfidence,
    classes: IntArray,
    points: FloatArray,
    query_uncertainty: FloatArray,
    exclude: IntArray | None,
    hits: Hits | None,
) -> FloatArray:
    """Probability ``[Q]`` that the first hits are right; see ``Gallery.answer_confidence``."""
    inside = np.zeros(len(points), dtype=bool) if exclude is None else np.asarray(exclude) >= 0
    complete = min(DEPTH, len(gallery) - int(inside.any()))
    if hits is None or hits.ids.shape[1] < complete:
        hits = gallery.search(points, DEPTH, exclude=exclude)
    own = np.full(len(points), -1) if exclude is None else np.asarray(exclude)
    seen = ranks(gallery.search, gallery.points, hits, own)
    found = evidence(
        hits,
        seen,
        classes,
        gallery.uncertainty,
        query_uncertainty,
        gallery.curvature,
        inside=inside,
    )
    return confidence.probability(found)
