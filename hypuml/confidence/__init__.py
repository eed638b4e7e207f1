"""Answer confidence: how probable it is that the first hit is right.

Two numbers, never to be confused. The uncertainty ``u`` belongs to an *image* and needs no gallery;
the confidence belongs to an *answer*, and is read off what was found: how near the first hit is,
how far ahead of the nearest image of another class, whether the hits behind it agree with it,
whether the hits would find the query in turn (:func:`ranks`), and how unsure the model is of query
and hits. :func:`evidence` measures that, a logistic regression fitted on classes the model was not
trained on weighs it (:func:`fit_confidence`), and :class:`AnswerConfidence` keeps the weights as
JSON beside the model and inside its galleries.

Convention: class numbers are integers, one per gallery row; a negative number means *no class*.
Distances are used as ``sqrt(c) * d``, so neither the curvature nor the unit of length matters.
"""

from __future__ import annotations

from hypuml.confidence.evidence import CONTROLS, DEPTH, INPUTS, Evidence, evidence
from hypuml.confidence.fit import fit_confidence
from hypuml.confidence.ranks import ranks
from hypuml.confidence.weights import AnswerConfidence

__all__ = [
    "CONTROLS",
    "DEPTH",
    "INPUTS",
    "AnswerConfidence",
    "Evidence",
    "evidence",
    "fit_confidence",
    "ranks",
]
