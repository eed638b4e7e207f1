"""``study``: every part of the method against the others; resumable, with its tables."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

from hypuml.commands.common import add_root, note
from hypuml.files import write_atomically


def add_arguments(parser: ArgumentParser, arguments: Sequence[str]) -> None:
    """Declare the options."""
    parser.add_argument(
        "data", metavar="DATA", choices=("garden", "flowers102"), help="garden or flowers102"
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder of the study; continued"
    )
    parser.add_argument("--workers", type=int, metavar="N", help="processes; one per core")
    parser.add_argument(
        "--ood", type=Path, metavar="FOLDER", help="images of something else, for flowers102"
    )
    add_root(parser)


def run(options: Namespace) -> int:
    """Run what is missing; write ``study.json`` and ``study.md``, for the garden a figure too."""
    if options.workers is not None and options.workers < 1:
        raise ValueError(f"workers must be at least 1, got {options.workers}")
    tables = _flowers(options) if options.data == "flowers102" else _garden(options)
    write_atomically(options.out / "study.md", "\n".join(tables).encode())
    print(options.out)
    return 0


def _garden(options: Namespace) -> list[str]:
    from hypuml.figures.page import write_page
    from hypuml.figures.study import study_figure
    from hypuml.study import run_study
    from hypuml.study.page import STUDY
    from hypuml.study.summary import dots

    rows = run_study(options.out, note, options.workers)["rows"]
    write_page(
        options.out,
        "study",
        study_figure(dots(rows)),
        "Every variant of the study",
        "Retrieval across, uncertainty up, on classes no head was trained on; bars are half the "
        "range of the seeds.",
    )
    return [f"## {name}\n\n{make(rows)}\n" for name, make in STUDY.items()]


def _flowers(options: Namespace) -> list[str]:
    from hypuml.study.photographs import run_study
    from hypuml.study.photographs.run import Place
    from hypuml.study.photographs.summary import TABLES

    root = None if options.root is None else Path(options.root).expanduser().resolve()
    ood = None if options.ood is None else options.ood.expanduser().resolve()
    study = run_study(Place(options.out.resolve(), root, ood), note, options.workers)
    return [f"## {name}\n\n{make(study)}\n" for name, make in TABLES.items()]
