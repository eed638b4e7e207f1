"""Answer confidence: how probable it is that the first hit is right.

Two numbers, never to be confused. The uncertainty ``u`` belongs to an *image* and needs no gallery;
the confidence belongs to an *answer*, and is read off what was found: how near the first hit is,
how far ahead of the nearest image of another class, whether the hits behind it agree with it,
whether the hits would find the query in turn, and how uncertain the model is of query and hits. A
logistic regression on these features, fitted on classes the model was not trained on
(:func:`hypuml.confidence.fit.fit_confidence`), gives the probability; :class:`AnswerConfidence` is
that model, kept as JSON beside the embedding model and inside its galleries, and :func:`assess`
applies it.

Convention: class numbers are integers, one per gallery row; a negative number means *no class*.
Distances are used as ``sqrt(c) * d``, so neither the curvature nor the unit of length matters.
"""

from __future__ import annotations

from hypuml.confidence.assess import Assessment, Reference, assess
from hypuml.confidence.features import CONTROLS, DEPTH, INPUTS, Features
from hypuml.confidence.model import AnswerConfidence

__all__ = [
    "CONTROLS",
    "DEPTH",
    "INPUTS",
    "AnswerConfidence",
    "Assessment",
    "Features",
    "Reference",
    "assess",
]
