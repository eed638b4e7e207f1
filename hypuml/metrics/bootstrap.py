"""Intervals by resampling *classes* (convention: :mod:`hypuml.metrics`).

Images of one class stand or fall together, so resampling images would make every interval far too
narrow; a new data set brings new classes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hypuml.types import IntArray


@dataclass(frozen=True)
class Interval:
    """A value with its bootstrap interval.

    Attributes:
        value: the statistic on all rows.
        low: lower end of the percentile interval.
        high: upper end.
        replicates: resamples on which the statistic was defined.
    """

    value: float
    low: float
    high: float
    replicates: int


def draw_classes(classes: int, replicates: int, seed: int) -> IntArray:
    """Numbers of the classes drawn with replacement, ``[replicates, classes]``."""
    return np.random.default_rng(seed).integers(classes, size=(replicates, classes))


def percentile_interval(
    value: float | None, drawn: ArrayLike, level: float = 0.95
) -> Interval | None:
    """The interval that holds the middle ``level`` of the resampled values.

    Args:
        value: the statistic on all rows, None where it is not defined.
        drawn: ``[R]`` its values on the resamples, NaN where it is not defined.
        level: coverage of the interval, in (0, 1).

    Returns:
        None when the statistic is undefined on all rows or on half of the resamples or more.

    >>> percentile_interval(0.5, [0.0, 1.0, float("nan")], level=0.5)
    Interval(value=0.5, low=0.25, high=0.75, replicates=2)
    >>> percentile_interval(0.5, [1.0, float("nan")]) is None
    True
    """
    values: NDArray[np.float64] = np.asarray(drawn, dtype=np.float64)
    defined = values[~np.isnan(values)]
    if value is None or 2 * len(defined) <= len(values):
        return None
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(defined, [tail, 1.0 - tail])
    return Interval(float(value), float(low), float(high), len(defined))


def bootstrap_over_classes(
    statistic: Callable[[IntArray], float | None],
    class_ids: ArrayLike,
    replicates: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval | None:
    """Percentile interval of a statistic, drawing whole classes with replacement.

    For any statistic; :mod:`hypuml.metrics.resampling` gives the same intervals of the usual ones
    without calling them a thousand times.

    Args:
        statistic: from row numbers ``[M]`` (repeated where a class was drawn twice) to a value, or
            to None where it is not defined. Per-image outcomes (right or wrong, uncertainty) are to
            be computed once and indexed by the rows, not searched again.
        class_ids: ``[N]`` class of every row.
        replicates: number of resamples.
        level: coverage of the interval, in (0, 1).
        seed: of the draws.

    Returns:
        The interval; None when the statistic is undefined on all rows or on half of the resamples
        or more, or when there is only one class.

    Raises:
        ValueError: ``level`` outside (0, 1) or ``replicates`` < 1.

    >>> right = np.array([1, 1, 1, 0, 0, 0])
    >>> got = bootstrap_over_classes(lambda rows: right[rows].mean(), [0, 0, 0, 1, 1, 1])
    >>> got.value, got.low, got.high
    (0.5, 0.0, 1.0)
    """
    if not 0.0 < level < 1.0 or replicates < 1:
        raise ValueError(
            f"got level {level} and {replicates} replicates, "
            "expected a level between 0 and 1 and at least one replicate"
        )
    ids = np.asarray(class_ids)
    members = [np.flatnonzero(ids == one) for one in np.unique(ids)]
    value = statistic(np.arange(len(ids))) if len(members) > 1 else None
    if value is None:
        return None
    drawn = []
    for picked in draw_classes(len(members), replicates, seed):
        one = statistic(np.concatenate([members[i] for i in picked]))
        drawn.append(np.nan if one is None else float(one))
    return percentile_interval(value, drawn, level)
