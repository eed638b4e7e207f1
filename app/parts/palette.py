"""The colour of an uncertainty: the same on dots, captions and the query panel."""

from __future__ import annotations

from hypuml.figures import uncertainty_colours
from hypuml.types import FloatArray


def shade(u: float, uncertainty: FloatArray) -> str:
    """CSS colour of ``u`` on the scale that spans a gallery's ``uncertainty`` ``[N]``."""
    lo, hi = float(uncertainty.min()), float(uncertainty.max())
    return uncertainty_colours([u], lo, hi)[0]
