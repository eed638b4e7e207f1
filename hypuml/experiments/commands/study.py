"""``study``: every part of the method against the others; resumable, with its tables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from tyro.conf import Positional, arg

from hypuml.commands.common import note
from hypuml.commands.options import OPTIONAL, OtherImages, Root
from hypuml.experiments.study import garden, photographs
from hypuml.experiments.study.garden_tables import TABLES as GARDEN
from hypuml.experiments.study.garden_tables import dots
from hypuml.experiments.study.photographs_tables import TABLES as PHOTOGRAPHS
from hypuml.experiments.study.run import Place, run_study
from hypuml.experiments.study.tables import Row
from hypuml.figures.page import write_page
from hypuml.figures.study import study_figure
from hypuml.files import write_atomically

STUDIES = {"garden": garden.STUDY, "flowers102": photographs.STUDY}


if TYPE_CHECKING:
    StudyName = str
else:
    StudyName = Literal[tuple(STUDIES)]


@dataclass(frozen=True)
class Options:
    """Options of ``study``."""

    data: Positional[StudyName]
    """what is studied"""
    out: Annotated[Path, arg(metavar="DIR")]
    """folder of the study; continued"""
    workers: Annotated[int | None, arg(metavar="N", help_behavior_hint=OPTIONAL)] = None
    """processes; one per core unless given"""
    ood: OtherImages = None
    root: Root = None


def run(options: Options) -> int:
    """Run what is missing; write ``study.json`` and ``study.md``, for the garden a figure too."""
    if options.workers is not None and options.workers < 1:
        raise ValueError(f"workers must be at least 1, got {options.workers}")
    place = Place(
        options.out.resolve(),
        None if options.root is None else Path(options.root).expanduser().resolve(),
        None if options.ood is None else Path(options.ood).expanduser().resolve(),
    )
    drawn = options.data == "garden"
    found = run_study(STUDIES[options.data], place, note, options.workers)
    if drawn:
        _draw(options.out, found)
    made = GARDEN if drawn else PHOTOGRAPHS
    tables = [f"## {name}\n\n{make(found)}\n" for name, make in made.items()]
    write_atomically(options.out / "study.md", "\n".join(tables).encode())
    print(options.out)
    return 0


def _draw(out: Path, found: Row) -> None:
    write_page(
        out,
        "study",
        study_figure(dots(found["rows"])),
        "Every variant of the study",
        "Retrieval across, uncertainty up, on classes no head was trained on; bars are half the "
        "range of the seeds.",
    )
