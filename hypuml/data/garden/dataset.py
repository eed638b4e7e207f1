"""The garden as a data set: species, individuals and their pictures, all made from one seed.

Convention: rows are ordered by species (tree order), then by individual; ids are
``g<seed>-s<species>-i<individual>`` and never change for a given configuration of the tree.
Hybrids, where there are any, come last, with ids ``g<seed>-h<number>``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from PIL import Image

from hypuml.data.garden.individual import Individual, sample_individual
from hypuml.data.garden.render import draw
from hypuml.data.garden.traits import Traits, hybrid
from hypuml.data.garden.tree import LEVELS, Species, TreeConfig, grow
from hypuml.types import AMBIGUOUS, Item


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
        training_hybrids: pictures of crosses of two training species in each of the gardens, each
            with a mixing ratio of its own in (0, 0.5]; they are ambiguous images.
    """

    seed: int = 0
    tree: TreeConfig = field(default_factory=TreeConfig)
    seen_individuals: int = 100
    unseen_individuals: int = 40
    hard_share: float = 0.17
    size: int = 96
    training_gardens: tuple[int, ...] = ()
    training_individuals: int = 40
    training_hybrids: int = 0

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise ValueError(f"seed has to be 0 or more, got {self.seed}")
        if self.seed in self.training_gardens:
            raise ValueError(f"garden {self.seed} cannot be a further garden of itself")
        if min(self.seen_individuals, self.unseen_individuals, self.training_individuals) < 1:
            raise ValueError("every species needs at least one individual")
        if self.training_hybrids < 0:
            raise ValueError(f"training_hybrids must not be negative, got {self.training_hybrids}")


@dataclass(frozen=True)
class Cross:
    """A hybrid of two species: rows of ``GardenDataset.species``, share of the second parent."""

    first: int
    second: int
    ratio: float


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
        self._crosses = self._cross(len(own))
        for number, cross in enumerate(self._crosses):
            a, b = self.species[cross.first], self.species[cross.second]
            name = f"g{self.config.seed}-h{number:05d}"
            items.append(Item(name, a.path, AMBIGUOUS, other=b.path))
        self.items: Sequence[Item] = tuple(items)

    def _cross(self, size: int) -> list[Cross]:
        """Crosses inside each garden of ``size`` species: siblings, relatives and strangers."""
        rng = np.random.default_rng([self.config.seed, 23])
        found = []
        for start in range(0, len(self.species), size):
            rows = [row for row in range(start, start + size) if self.species[row].split == "seen"]
            for _ in range(self.config.training_hybrids):
                first = int(rng.choice(rows))
                path = self.species[first].path
                # Shared names of the parents: genus, family, or any species of the garden.
                depth = int(rng.choice((3, 2, 0), p=(0.3, 0.3, 0.4)))
                mates = [
                    row
                    for row in rows
                    if row != first and self.species[row].path[:depth] == path[:depth]
                ]
                if mates:
                    ratio = 0.5 * (1.0 - rng.random())
                    found.append(Cross(first, int(rng.choice(mates)), ratio))
        return found

    def __len__(self) -> int:
        return len(self.items)

    def species_index(self, index: int) -> int:
        """Row of ``species`` that item ``index`` belongs to; of a hybrid, its first parent."""
        if index >= len(self._place):
            return self._crosses[index - len(self._place)].first
        return self._place[index][0]

    def traits(self, index: int) -> Traits:
        """Inherited appearance of item ``index``."""
        if index >= len(self._place):
            cross = self._crosses[index - len(self._place)]
            first, second = self.species[cross.first].traits, self.species[cross.second].traits
            return hybrid(first, second, cross.ratio)
        return self.species[self._place[index][0]].traits

    def individual(self, index: int) -> Individual:
        """Parameters of item ``index``."""
        if index >= len(self._place):
            # Individuals far beyond any that a species shows, so that no pose is seen twice.
            return self.sample(self.species_index(index), 1_000_000 + index)
        s, i = self._place[index]
        return self.sample(s, i)

    def sample(self, species: int, number: int) -> Individual:
        """Individual ``number`` (any number from 0 on) of species row ``species``."""
        rng = np.random.default_rng([self.config.seed, species, number, 11])
        return sample_individual(rng, int(rng.integers(2**31)), self.config.hard_share)

    def load(self, index: int, size: int | None = None) -> Image.Image:
        """Draw item ``index`` at ``size`` pixels (the configuration's size by default)."""
        return draw(self.traits(index), self.individual(index), size or self.config.size)
