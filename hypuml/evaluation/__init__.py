"""One report for every model and data set: the protocol and the JSON of the command line.

Every part is a function from arrays to a JSON-able dict; what does not apply is None, so that
readers of the JSON need no case distinction. What each figure means stands in
``assets/docs/metrics.md``.

* :mod:`.retrieval`: figures of the embedding alone.
* :mod:`.answers`: is the answer's confidence right.
* :mod:`.controls`, :mod:`.probe`: what u is worth beside simpler scores, and the most it could be.
* :mod:`.ood`: images of something else. :mod:`.degradation`: damaged images.
* :mod:`.run`: all of it in order.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hypuml.evaluation.embedding import Evaluated, embed_dataset
    from hypuml.evaluation.retrieval import report, tree_correlation
    from hypuml.evaluation.run import Evaluation, evaluate, measure

__all__ = [
    "Evaluated",
    "Evaluation",
    "embed_dataset",
    "evaluate",
    "measure",
    "report",
    "tree_correlation",
]

# Resolved on first use: comparing two galleries needs no torch, which embedding does.
_WHERE = {
    "Evaluated": "embedding",
    "embed_dataset": "embedding",
    "report": "retrieval",
    "tree_correlation": "retrieval",
    "Evaluation": "run",
    "evaluate": "run",
    "measure": "run",
}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'hypuml.evaluation' has no attribute {name!r}")
    return getattr(import_module(f"hypuml.evaluation.{_WHERE[name]}"), name)
