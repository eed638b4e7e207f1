"""The colour of an uncertainty: the same on dots, captions and the query panel."""

from __future__ import annotations

from hypuml.figures import uncertainty_colours, uncertainty_range
from hypuml.types import FloatArray


def shades(values: FloatArray, uncertainty: FloatArray) -> list[str]:
    """CSS colours of ``values`` ``[M]`` on the scale of a gallery's ``uncertainty`` ``[N]``."""
    return uncertainty_colours(values, *uncertainty_range(uncertainty))
