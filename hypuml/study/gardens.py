"""The gardens of the study: which species teach the backbone, which the heads, which are tested.

No garden shares a species, genus or tree with another. The heads' gardens change roles with the
seed, so that a spread over seeds includes the spread over classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hypuml.data.garden import GardenConfig, GardenDataset, Individual, TreeConfig, draw, hybrid

BACKBONE_GARDENS = (300, 301, 302)
HEAD_GARDENS = (201, 202, 203, 204, 205, 206)
TEST_GARDEN = 0
INDIVIDUALS, HYBRIDS = 16, 240
RATIOS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)


@dataclass(frozen=True)
class Roles:
    """Rows of ``HEAD_GARDENS`` by what they do for one seed."""

    fit: tuple[int, ...]
    calibration: int
    validation: int


def roles(seed: int) -> Roles:
    """One garden validates, the next one calibrates, the others are fit."""
    count = len(HEAD_GARDENS)
    validation, calibration = seed % count, (seed + 1) % count
    fit = tuple(i for i in range(count) if i not in (validation, calibration))
    return Roles(fit, calibration, validation)


def backbone_garden() -> GardenDataset:
    """What the backbone is trained on."""
    first, *further = BACKBONE_GARDENS
    return GardenDataset(
        config=GardenConfig(
            seed=first,
            tree=TreeConfig(unseen_genera=0),
            seen_individuals=24,
            training_gardens=tuple(further),
            training_individuals=24,
        )
    )


def head_garden(seed: int) -> GardenDataset:
    """One garden whose species and hybrids the heads meet; every species is a training species."""
    return GardenDataset(
        config=GardenConfig(
            seed=seed,
            tree=TreeConfig(unseen_genera=0),
            seen_individuals=INDIVIDUALS,
            training_hybrids=HYBRIDS,
        )
    )


@dataclass(frozen=True)
class HybridSeries:
    """Drawn crosses: the same pair and the same individual at every ratio.

    Attributes:
        pixels: ``[P * R, size, size, 3]`` uint8, ratios fastest.
        ratios: the R mixing ratios.
    """

    pixels: np.ndarray
    ratios: tuple[float, ...]


def hybrid_series(
    dataset: GardenDataset, rows: np.ndarray, pairs: int, size: int, seed: int
) -> HybridSeries:
    """Draw crosses of species, the parents taken at random.

    Args:
        dataset: the garden.
        rows: rows of its ``species`` to cross.
        pairs: number P of pairs.
        size: side of the pictures.
        seed: of the choice of pairs.
    """
    rng = np.random.default_rng([seed, 31])
    pictures = []
    for number in range(pairs):
        first, second = rng.choice(rows, 2, replace=False)
        a, b = dataset.species[first].traits, dataset.species[second].traits
        one: Individual = dataset.sample(int(first), 2_000_000 + number)
        pictures += [np.asarray(draw(hybrid(a, b, ratio), one, size)) for ratio in RATIOS]
    return HybridSeries(np.stack(pictures), RATIOS)
