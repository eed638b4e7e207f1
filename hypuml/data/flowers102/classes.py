"""The classes of Flowers-102 and where they stand among the plants: a table of facts.

``taxonomy.csv`` beside this file names its sources. Several classes carry a name that botanists
use for another plant; they are filed under what their photographs show, and a note says so.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from hypuml.types import TaxonomyPath

LEVELS = ("order", "family", "genus", "species")
# Classes up to this official number are for training, the later ones for testing.
LAST_SEEN = 51
_TABLE = Path(__file__).with_name("taxonomy.csv")


@dataclass(frozen=True)
class FlowerClass:
    """One row of the table.

    Attributes:
        number: official class number, 1 to 102.
        name: the data set's common name, in lower case.
        species: Latin name, ``"Genus sp."`` for several species, empty where nothing can be said.
        genus: accepted genus.
        family: family of APG IV.
        order: order of APG IV.
        note: what has to be known about the name; mostly empty.
    """

    number: int
    name: str
    species: str
    genus: str
    family: str
    order: str
    note: str

    @property
    def path(self) -> TaxonomyPath:
        """One name for each of ``LEVELS``; the last is the common name, unlike the Latin unique."""
        return (self.order, self.family, self.genus, self.name)

    @property
    def split(self) -> str:
        """``"seen"`` or ``"unseen"``."""
        return "seen" if self.number <= LAST_SEEN else "unseen"


@cache
def flower_classes() -> dict[int, FlowerClass]:
    """All 102 classes by official number, in ascending order."""
    with _TABLE.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        classes = [FlowerClass(number=int(row.pop("number")), **row) for row in rows]
    return {entry.number: entry for entry in classes}
