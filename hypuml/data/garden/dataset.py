"""The garden as a data set: species, individuals and their pictures, all made from one seed.

Convention: rows are ordered by species (tree order), then by individual; ids are
``g<seed>-s<species>-i<individual>`` and never change for a given configuration of the tree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from PIL import Image

from hypuml.data.garden.individual import Individual, sample_individual
from hypuml.data.garden.render import draw
from hypuml.data.garden.tree import LEVELS, Species, TreeConfig, grow
from hypuml.types import Item


@dataclass(frozen=True)
class GardenConfig:
    """Everything a garden is made from.

    Attributes:
        seed: another seed is another garden: other names, other tree, other flowers.
        tree: shape of the tree.
        seen_individuals: pictures per training species.
        unseen_individuals: pictures per test species.
        hard_share: share of individuals with a strong hardship (bud, dusk, tilt, wilt, hidden).
        size: default picture size in pixels.
        training_gardens: seeds of further gardens all of whose species are training species.
        training_individuals: pictures per species of those.
    """

    seed: int = 0
    tree: TreeConfig = field(default_factory=TreeConfig)
    seen_individuals: int = 100
    unseen_individuals: int = 40
    hard_share: float = 0.17
    size: int = 96
    training_gardens: tuple[int, ...] = ()
    training_individuals: int = 40

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise ValueError(f"seed has to be 0 or more, got {self.seed}")
        if self.seed in self.training_gardens:
            raise ValueError(f"garden {self.seed} cannot be a further garden of itself")
        if min(self.seen_individuals, self.unseen_individuals, self.training_individuals) < 1:
            raise ValueError("every species needs at least one individual")


class GardenDataset:
    """A botanic garden whose evolution is known (see ``hypuml.types.Dataset``)."""

    name: str = "garden"
    licence = "drawn by this project's own code, same licence as the code"
    description = "Flowers drawn by code, evolved down a known tree; zero-shot split by genus."
    levels: tuple[str, ...] = LEVELS
    source: Path | None = None

    def __init__(self, seed: int = 0, config: GardenConfig | None = None) -> None:
        """Grow a garden.

        Args:
            seed: shorthand for ``GardenConfig(seed=seed)``.
            config: all parameters; overrides ``seed``.
        """
        self.config = config or GardenConfig(seed=seed)
        own = grow(self.config.tree, self.config.seed)
        # Species of another tree are new classes to learn from and none to be tested on.
        further = [
            replace(kind, split="seen")
            for seed in self.config.training_gardens
            for kind in grow(self.config.tree, seed)
        ]
        self.species: tuple[Species, ...] = (*own, *further)
        if further:
            self.name = "gardens"
        self._place: list[tuple[int, int]] = []
        items: list[Item] = []
        for s, kind in enumerate(self.species):
            seen = kind.split == "seen"
            count = self.config.seen_individuals if seen else self.config.unseen_individuals
            if s >= len(own):
                count = self.config.training_individuals
            for i in range(count):
                self._place.append((s, i))
                items.append(Item(f"g{self.config.seed}-s{s:03d}-i{i:03d}", kind.path, kind.split))
        self.items: Sequence[Item] = tuple(items)

    def __len__(self) -> int:
        return len(self.items)

    def species_index(self, index: int) -> int:
        """Row of ``species`` that item ``index`` belongs to."""
        return self._place[index][0]

    def individual(self, index: int) -> Individual:
        """Parameters of item ``index``."""
        s, i = self._place[index]
        return self.sample(s, i)

    def sample(self, species: int, number: int) -> Individual:
        """Individual ``number`` (any number from 0 on) of species row ``species``."""
        rng = np.random.default_rng([self.config.seed, species, number, 11])
        return sample_individual(rng, int(rng.integers(2**31)), self.config.hard_share)

    def load(self, index: int, size: int | None = None) -> Image.Image:
        """Draw item ``index`` at ``size`` pixels (the configuration's size by default)."""
        kind = self.species[self.species_index(index)]
        return draw(kind.traits, self.individual(index), size or self.config.size)
