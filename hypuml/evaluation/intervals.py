"""Bootstrap intervals as they stand in the report."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hypuml.metrics import percentile_interval


def as_json(value: float | None, drawn: NDArray[np.float64]) -> dict[str, float] | None:
    """The 95 % interval ``{"low", "high"}`` of a statistic.

    Args:
        value: the statistic itself; None where it is not defined.
        drawn: ``[R]`` its values on resampled classes, NaN where not defined.

    Returns:
        None where there is no interval.
    """
    found = percentile_interval(value, drawn)
    return None if found is None else {"low": found.low, "high": found.high}
