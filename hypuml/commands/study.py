"""``study``: the ablation on cached features; resumable, with its tables and figure."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

from hypuml.commands.common import note
from hypuml.files import write_atomically


def add_arguments(parser: ArgumentParser, arguments: Sequence[str]) -> None:
    """Declare the options."""
    parser.add_argument("data", metavar="DATA", choices=("garden",), help="garden")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder of the study; continued"
    )
    parser.add_argument("--workers", type=int, metavar="N", help="processes; one per core")


def run(options: Namespace) -> int:
    """Run what is missing; write ``study.json``, ``study.md`` and ``study.html``."""
    if options.workers is not None and options.workers < 1:
        raise ValueError(f"workers must be at least 1, got {options.workers}")
    from hypuml.figures.page import write_page
    from hypuml.figures.study import study_figure
    from hypuml.study import run_study
    from hypuml.study.page import STUDY
    from hypuml.study.summary import dots

    rows = run_study(options.out, note, options.workers)["rows"]
    tables = [f"## {name}\n\n{make(rows)}\n" for name, make in STUDY.items()]
    write_atomically(options.out / "study.md", "\n".join(tables).encode())
    write_page(
        options.out,
        "study",
        study_figure(dots(rows)),
        "Every variant of the study",
        "Retrieval across, uncertainty up, on classes no head was trained on; bars are half the "
        "range of the seeds.",
    )
    print(options.out)
    return 0
