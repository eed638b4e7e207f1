"""Doubles for the answer confidence: overlapping classes, and every image asking the others."""

from __future__ import annotations

from functools import cache

import numpy as np

from hypuml.confidence import DEPTH, AnswerConfidence, Reference, assess
from hypuml.confidence.fit import fit_confidence
from hypuml.geometry import expmap0
from hypuml.search import Index


def cluster(classes=16, per_class=14, noise=0.5, seed=0, c=1.0):
    """Points of classes that overlap, unsure ones further from their class: points, u, ids."""
    rng = np.random.default_rng(seed)
    ids = np.repeat(np.arange(classes), per_class)
    far = rng.uniform(0.2, 1.8, len(ids))
    centres = rng.normal(size=(classes, 4)) * 0.5
    v = centres[ids] + noise * 0.5 * far[:, None] * rng.normal(size=(len(ids), 4))
    return expmap0(v, c), np.clip(far / 2 + 0.1 * rng.normal(size=len(ids)), 0, 1), ids


def ask(points, u, ids, c=1.0):
    """Every image queries the others: features and whether the first hit is right."""
    index, rows = Index(points, c), np.arange(len(ids))
    hits = index.search(points, DEPTH, exclude=rows)
    found = assess(Reference(index.search, points, ids, u, c), hits, u, rows)
    return found.features, ids[hits.ids[:, 0]] == ids


@cache
def fitted_once() -> AnswerConfidence:
    """The confidence fitted on ``cluster()``."""
    return fit_confidence(*cluster(), 1.0)
