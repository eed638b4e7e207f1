"""``benchmark``: speed and difficulty, each beside its baselines in the same run."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from tyro.conf import Positional, arg

from hypuml.commands.common import json_writer
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

if TYPE_CHECKING:
    BenchmarkName = str
else:
    BenchmarkName = Literal[tuple(BENCHMARKS)]


@dataclass(frozen=True)
class Options:
    """Options of ``benchmark``."""

    name: Positional[BenchmarkName]
    """what is measured"""
    json: Annotated[str, arg(metavar="FILE")] = "-"
    """write the result to a file, or - for stdout"""


def run(options: Options) -> int:
    """Measure and write JSON."""
    write = json_writer(options.json)
    result = BENCHMARKS[options.name]()
    write(result)
    if options.json != "-":
        print(json.dumps(result, indent=2))
    return 0
