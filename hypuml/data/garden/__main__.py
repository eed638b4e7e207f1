"""Contact sheet of the garden: ``python -m hypuml.data.garden OUT.png``."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from hypuml.data.garden.dataset import GardenDataset


def contact_sheet(
    garden: GardenDataset, columns: int, rows: int, size: int, gap: int = 6, start: int = 0
) -> Image.Image:
    """Lay out different species in a grid, in tree order, each by a clear individual.

    Args:
        garden: the data set.
        columns: pictures per row.
        rows: number of rows.
        size: pixels of one picture.
        gap: pixels between pictures.
        start: first individual to try for each species.
    """
    wanted = columns * rows
    chosen = np.linspace(0, len(garden.species) - 1, wanted).round().astype(int)
    sheet = Image.new(
        "RGB", (columns * (size + gap) + gap, rows * (size + gap) + gap), (250, 248, 242)
    )
    from hypuml.data.garden.render import draw

    for cell, s in enumerate(chosen):
        number = next(n for n in range(start, start + 200) if garden.sample(int(s), n).difficulty == 0)
        tile = draw(garden.species[s].traits, garden.sample(int(s), number), size)
        sheet.paste(tile, (gap + cell % columns * (size + gap), gap + cell // columns * (size + gap)))
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
    sheet = contact_sheet(GardenDataset(a.seed), a.columns, a.rows, a.size, start=a.start)
    sheet.save(a.out)


if __name__ == "__main__":
    main()
