"""``study``: the ablation on cached features; resumable, with its table and figures."""

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
    from hypuml.figures.study import study_figure
    from hypuml.study import run_study
    from hypuml.study.summary import dots, effects_table, table

    result = run_study(options.out, note, options.workers)
    rows = result["rows"]
    pages = [
        "## Effect of each part (validation, paired)",
        effects_table(rows),
        "## Test classes (finalists)",
        table(rows, "test"),
        "## Every variant (validation)",
        table(rows, "validation"),
    ]
    write_atomically(options.out / "study.md", ("\n\n".join(pages) + "\n").encode())
    html = study_figure(dots(rows)).to_html(include_plotlyjs=True, full_html=True)
    write_atomically(options.out / "study.html", html.encode())
    print(options.out)
    return 0
