"""Every number the project reports, as pure NumPy functions on arrays.

Convention
----------
* *Neighbours* are row numbers ``[Q, K]``, best first, without the query itself.
* *Class ids* are integers ``[N]``, one per gallery row; the same number means the same class.
* *Uncertainty* ``u`` lies in [0, 1], 1 = unsure; *confidence*: high = likely right.
* A quantity that is not defined for the given data (no errors, one class, ...) is ``None``, never
  a made-up number.
* Ties in a score never depend on the order of the rows: they count half or are averaged.
"""

from __future__ import annotations

from hypuml.metrics.bootstrap import Interval, bootstrap_over_classes
from hypuml.metrics.calibration import (
    MIN_ERRORS,
    aurc,
    auroc,
    average_ranks,
    e_aurc,
    ece,
    errors_removed,
    r_auroc,
    risk_coverage,
)
from hypuml.metrics.gromov import delta_rel
from hypuml.metrics.retrieval import (
    average_precision_at_r,
    first_hit_correct,
    map_at_r,
    query_rows,
    recall_at_k,
    recall_per_level,
)
from hypuml.metrics.structure import (
    class_means,
    curvature_use,
    matrix_spearman,
    radius_summary,
    spearman,
    tree_spearman,
)

__all__ = [
    "MIN_ERRORS",
    "Interval",
    "aurc",
    "auroc",
    "average_precision_at_r",
    "average_ranks",
    "bootstrap_over_classes",
    "class_means",
    "curvature_use",
    "delta_rel",
    "e_aurc",
    "ece",
    "errors_removed",
    "first_hit_correct",
    "map_at_r",
    "matrix_spearman",
    "query_rows",
    "r_auroc",
    "radius_summary",
    "recall_at_k",
    "recall_per_level",
    "risk_coverage",
    "spearman",
    "tree_spearman",
]
