"""Intervals by resampling *classes* (convention: :mod:`hypuml.metrics`).

Images of one class stand or fall together, so resampling images would make every interval far too
narrow; a new data set brings new classes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

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


def bootstrap_over_classes(
    statistic: Callable[[IntArray], float | None],
    class_ids: ArrayLike,
    replicates: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval | None:
    """Percentile interval of a statistic, drawing whole classes with replacement.

    For the difference of two statistics on the same rows both see the same classes (a paired
    bootstrap), which gives a much narrower interval than two intervals side by side suggest.

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
    drawn: list[float] = []
    rng = np.random.default_rng(seed)
    for picked in rng.integers(len(members), size=(replicates, len(members))):
        one = statistic(np.concatenate([members[i] for i in picked]))
        if one is not None:
            drawn.append(float(one))
    if 2 * len(drawn) <= replicates:
        return None
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(drawn, [tail, 1.0 - tail])
    return Interval(float(value), float(low), float(high), len(drawn))
