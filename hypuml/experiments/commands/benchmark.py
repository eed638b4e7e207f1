"""``benchmark``: speed and difficulty, each beside its baselines in the same run."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from hypuml.commands.common import json_writer
from hypuml.experiments.benchmark import BENCHMARKS


def add_arguments(parser: ArgumentParser, arguments: Sequence[str]) -> None:
    """Declare the options."""
    known = sorted(BENCHMARKS)
    parser.add_argument("name", metavar="NAME", choices=known, help=", ".join(known))
    parser.add_argument(
        "--json", metavar="FILE", help="write the result to a file, or - for stdout (the default)"
    )


def run(options: Namespace) -> int:
    """Measure and write JSON."""
    target = options.json or "-"
    write = json_writer(target)
    result = BENCHMARKS[options.name]()
    write(result)
    if target != "-":
        print(json.dumps(result, indent=2))
    return 0
