"""Benchmarks: ours and the baselines in the same run, as plain data for JSON.

Each is a function of a seed; ``BENCHMARKS`` lists them for the command line.
"""

from __future__ import annotations

from collections.abc import Callable

from hypuml.benchmark.common import Report
from hypuml.benchmark.garden import garden
from hypuml.benchmark.speed import loss, search

BENCHMARKS: dict[str, Callable[..., Report]] = {"garden": garden, "loss": loss, "search": search}
