"""Bootstrap intervals as they stand in the report."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hypuml.metrics import bootstrap_over_classes
from hypuml.types import FloatArray, IntArray

Statistic = Callable[[IntArray], float | None]


def interval(statistic: Statistic, classes: IntArray) -> dict[str, float] | None:
    """The 95 % interval ``{"low", "high"}`` of a statistic, by bootstrap over classes.

    Args:
        statistic: from rows ``[M]``, repeated where a class was drawn twice, to its value, or to
            None where it is not defined.
        classes: ``[N]`` class of every row.

    Returns:
        None where there is no interval.
    """
    found = bootstrap_over_classes(statistic, classes)
    return None if found is None else {"low": found.low, "high": found.high}


def on_rows(
    figure: Callable[[FloatArray, NDArray[np.bool_]], float | None],
    score: FloatArray,
    correct: NDArray[np.bool_],
) -> Statistic:
    """A figure of scores ``[N]`` and outcomes ``[N]`` as a function of the rows."""
    return lambda rows: figure(score[rows], correct[rows])


def difference(one: Statistic, other: Statistic) -> Statistic:
    """The first statistic less the second on the same rows; None where either is not defined."""

    def less(rows: IntArray) -> float | None:
        a, b = one(rows), other(rows)
        return None if a is None or b is None else a - b

    return less
