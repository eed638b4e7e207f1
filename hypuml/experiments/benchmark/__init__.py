"""Benchmarks: ours and the baselines in the same run, as plain data for JSON.

Each is a function of a seed; ``BENCHMARKS`` lists them for the command line.
"""

from __future__ import annotations

from collections.abc import Callable

from hypuml.experiments.benchmark.batches import batches
from hypuml.experiments.benchmark.common import Report
from hypuml.experiments.benchmark.embed import embed
from hypuml.experiments.benchmark.garden import garden
from hypuml.experiments.benchmark.losses import loss
from hypuml.experiments.benchmark.speed import search
from hypuml.experiments.benchmark.step import step

BENCHMARKS: dict[str, Callable[..., Report]] = {
    "batches": batches,
    "embed": embed,
    "garden": garden,
    "loss": loss,
    "search": search,
    "step": step,
}
