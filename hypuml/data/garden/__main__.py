"""Contact sheet of the garden: ``python -m hypuml.data.garden OUT.png``."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from hypuml.data.garden.dataset import GardenDataset
from hypuml.data.garden.individual import Individual
from hypuml.data.garden.render import draw

_PAPER = (250, 248, 242)
_CANDIDATES = 40


def best_view(garden: GardenDataset, species: int, start: int = 0) -> Individual:
    """The individual of a species that a photographer would pick: open, facing us, well lit."""

    def appeal(one: Individual) -> float:
        return (
            -3.0 * one.difficulty - 2.0 * one.dusk - one.wilt - 0.35 * one.tilt
            - 2.0 * max(0.0, 1.04 - one.exposure) - abs(one.x) - abs(one.y + 0.1)
            + 0.5 * one.background_light
        )  # fmt: skip

    numbers = range(start, start + _CANDIDATES)
    return max((garden.sample(species, number) for number in numbers), key=appeal)


def contact_sheet(
    garden: GardenDataset, columns: int, rows: int, size: int, gap: int = 6, start: int = 0
) -> Image.Image:
    """Lay out species in a grid, in tree order, each by its most photogenic individual.

    Args:
        garden: the data set.
        columns: pictures per row.
        rows: number of rows.
        size: pixels of one picture.
        gap: pixels between pictures.
        start: first individual to consider for each species.
    """
    chosen = np.linspace(0, len(garden.species) - 1, columns * rows).round().astype(int)
    step = size + gap
    sheet = Image.new("RGB", (columns * step + gap, rows * step + gap), _PAPER)
    for cell, row in enumerate(chosen.tolist()):
        tile = draw(garden.species[row].traits, best_view(garden, row, start), size)
        sheet.paste(tile, (gap + cell % columns * step, gap + cell // columns * step))
    return sheet


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python -m hypuml.data.garden", description=__doc__)
    parser.add_argument("out", type=Path, help="picture to write (.png or .webp)")
    parser.add_argument("--seed", type=int, default=0, help="which garden")
    parser.add_argument("--columns", type=int, default=10)
    parser.add_argument("--rows", type=int, default=6)
    parser.add_argument("--size", type=int, default=160, help="pixels of one picture")
    parser.add_argument("--start", type=int, default=0, help="first individual to consider")
    a = parser.parse_args()
    contact_sheet(GardenDataset(a.seed), a.columns, a.rows, a.size, start=a.start).save(a.out)


if __name__ == "__main__":
    main()
