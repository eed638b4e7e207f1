"""Evolution of the garden: traits inherited down a random tree, with mutation.

Convention: a *lineage* carries discrete states and real-valued latents. On every branch discrete
states jump with a small probability and latents take a Gaussian (Ornstein-Uhlenbeck) step; both are
larger high in the tree, so that order > family > genus > species contrast.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from hypuml.data.garden import names
from hypuml.data.garden.traits import (
    ANGLES,
    CENTRES,
    CONTINUOUS,
    HEADS,
    LEAVES,
    MARKINGS,
    OUTLINES,
    PETALS,
    Traits,
    one_hot,
    trait_distance_matrix,
)
from hypuml.types import TaxonomyPath

LEVELS = ("order", "family", "genus", "species")

# Probability that a discrete trait jumps on a branch that founds an order, family, genus, species.
_JUMP = {
    "petals": (1.0, 0.70, 0.15, 0.00),
    "layers": (1.0, 0.50, 0.15, 0.04),
    "bilateral": (0.5, 0.30, 0.00, 0.00),
    "outline": (1.0, 0.60, 0.15, 0.03),
    "centre": (1.0, 0.40, 0.10, 0.00),
    "marking": (1.0, 0.60, 0.40, 0.12),
    "leaf": (1.0, 0.40, 0.15, 0.00),
}
_STATES = {
    "petals": len(PETALS), "layers": 3, "bilateral": 2, "outline": len(OUTLINES),
    "centre": len(CENTRES), "marking": len(MARKINGS), "leaf": len(LEAVES),
}  # fmt: skip
# Standard deviation of a latent's step per branch, and how much of the parent's value survives.
_STEP = (0.75, 0.55, 0.42, 0.50)
_PULL = 0.92
# The same for hues, in degrees. Petals keep to an arc from blue over red to yellow: no leaf green.
_HUE_STEP = (10.0, 24.0, 13.0, 9.0)
_HUE_FIRST, _HUE_ARC = 245.0, 215.0
_SIBLING_TRAITS = (
    "hue", "chroma", "lightness", "gradient", "width", "taper", "curl", "cup", "ruffle",
    "centre_size", "centre_hue", "mark_strength", "mark_hue", "hue_shift", "inner", "marking",
    "layers", "outline",
)  # fmt: skip


@dataclass(frozen=True)
class TreeConfig:
    """Shape of the tree.

    Attributes:
        families_per_order: one entry per order.
        genera_per_family: genera in each family.
        species_per_genus: species in each genus.
        unseen_genera: genera held out, spread over the families; every family keeps a seen one.
        sibling_gap: smallest trait distance (over continuous, visible traits) between siblings.
    """

    families_per_order: tuple[int, ...] = (4, 3, 2)
    genera_per_family: int = 4
    species_per_genus: int = 5
    unseen_genera: int = 12
    sibling_gap: float = 0.125

    def __post_init__(self) -> None:
        families = sum(self.families_per_order)
        most = families * (self.genera_per_family - 1)
        if min((*self.families_per_order, self.genera_per_family, self.species_per_genus)) < 1:
            raise ValueError("every order, family and genus needs at least one member")
        if not 0 <= self.unseen_genera <= most:
            raise ValueError(
                f"unseen_genera has to lie in [0, {most}] so that every family keeps a seen "
                f"genus, got {self.unseen_genera}"
            )


@dataclass(frozen=True)
class Species:
    """A leaf of the tree: name path, split (``"seen"`` or ``"unseen"``) and traits."""

    path: TaxonomyPath
    split: str
    traits: Traits


@dataclass(frozen=True)
class _Lineage:
    states: dict[str, int]
    latents: dict[str, float] = field(default_factory=dict)


def grow(config: TreeConfig, seed: int) -> tuple[Species, ...]:
    """Evolve one garden.

    Args:
        config: shape of the tree.
        seed: another seed is another garden.

    Returns:
        Species in tree order (siblings adjacent), genera intact.
    """
    rng = np.random.default_rng([seed, 7])
    families = sum(config.families_per_order)
    genera = names.genus_names(families * config.genera_per_family, rng)
    held = _held_out(families, config, rng)
    ancestor = _Lineage(
        {name: int(rng.integers(count)) for name, count in _STATES.items()},
        {name: 0.0 for name in CONTINUOUS},
    )
    heads = [0, *(1 + (np.arange(len(config.families_per_order)) % 2))]
    homes = rng.permutation((np.arange(len(heads) - 1) + 0.5) / (len(heads) - 1)) * _HUE_ARC
    species: list[Species] = []
    family_row = 0
    for o, family_count in enumerate(config.families_per_order):
        order = _branch(ancestor, 0, rng, heads[o])
        order.latents["hue"] = float(homes[o] + rng.normal(0.0, _HUE_STEP[0]))
        order.latents["centre_hue"] = float(rng.normal(85.0, 25.0))
        order.latents["mark_hue"] = float(rng.normal(0.0, 40.0))
        order_label = names.order_name(genera[family_row * config.genera_per_family])
        for _ in range(family_count):
            family = _branch(order, 1, rng, heads[o])
            first = family_row * config.genera_per_family
            family_label = names.family_name(genera[first])
            for g in range(config.genera_per_family):
                genus = _branch(family, 2, rng, heads[o])
                label = genera[first + g]
                split = "unseen" if first + g in held else "seen"
                words = names.epithets(config.species_per_genus, rng)
                for word, traits in zip(
                    words, _siblings(genus, heads[o], config, rng), strict=True
                ):
                    path = (order_label, family_label, label, f"{label} {word}")
                    species.append(Species(path, split, traits))
            family_row += 1
    return tuple(species)


def _held_out(families: int, config: TreeConfig, rng: np.random.Generator) -> set[int]:
    """Genus rows held out: dealt round the families, so that each keeps seen relatives."""
    deal = rng.permutation(families)
    held: set[int] = set()
    picks = [rng.permutation(config.genera_per_family) for _ in range(families)]
    for i in range(config.unseen_genera):
        family = int(deal[i % families])
        held.add(family * config.genera_per_family + int(picks[family][i // families]))
    return held


def _branch(parent: _Lineage, level: int, rng: np.random.Generator, head: int) -> _Lineage:
    """One descendant of ``parent``."""
    states = dict(parent.states)
    for name, chances in _JUMP.items():
        if rng.random() < chances[level]:
            allowed = [s for s in _allowed(name, head) if s != states[name]]
            states[name] = int(allowed[rng.integers(len(allowed))])
        elif states[name] not in _allowed(name, head):
            states[name] = int(_allowed(name, head)[0])
    latents = {}
    for name, value in parent.latents.items():
        if name in ANGLES:
            latents[name] = value + float(rng.normal(0.0, _HUE_STEP[level]))
        else:
            latents[name] = _PULL * value + float(rng.normal(0.0, _STEP[level]))
    return _Lineage(states, latents)


def _allowed(name: str, head: int) -> range:
    """States a trait can take: many-rayed, many-layered flowers stand alone on their stem."""
    if name == "petals" and HEADS[head] != "single":
        return range(4)
    if name == "layers":
        return range(3 if HEADS[head] == "single" else 2)
    return range(_STATES[name])


def _siblings(
    genus: _Lineage, head: int, config: TreeConfig, rng: np.random.Generator
) -> list[Traits]:
    """Species of one genus, redrawn until they differ visibly from each other."""
    found: list[Traits] = []
    gap = config.sibling_gap
    while len(found) < config.species_per_genus:
        candidate = _express(_branch(genus, 3, rng, head), head)
        distance = trait_distance_matrix([candidate, *found], _SIBLING_TRAITS)[0, 1:]
        if not len(distance) or distance.min() >= gap:
            found.append(candidate)
        else:
            gap *= 0.995  # a crowded genus settles for the widest gap it can find
    return found


def _express(lineage: _Lineage, head: int) -> Traits:
    """Turn states and latents into the traits that are drawn."""
    s = lineage.states
    values = {n: 0.5 + 0.5 * float(np.tanh(0.85 * lineage.latents[n])) for n in CONTINUOUS}
    return Traits(
        petals=float(PETALS[s["petals"]]),
        layers=float(1 + s["layers"]),
        bilateral=float(s["bilateral"]),
        outline=one_hot(s["outline"], len(OUTLINES)),
        marking=one_hot(s["marking"], len(MARKINGS)),
        centre=one_hot(s["centre"], len(CENTRES)),
        head=one_hot(head, len(HEADS)),
        leaf=one_hot(s["leaf"], len(LEAVES)),
        hue=_petal_hue(lineage.latents["hue"]),
        centre_hue=lineage.latents["centre_hue"] % 360.0,
        mark_hue=_petal_hue(lineage.latents["hue"] + 1.6 * lineage.latents["mark_hue"]),
        **values,
    )


def _petal_hue(angle: float) -> float:
    """Place on the arc of petal hues; lineages that reach an end of the arc turn back."""
    folded = abs((angle + _HUE_ARC) % (2.0 * _HUE_ARC) - _HUE_ARC)
    return float((_HUE_FIRST + folded) % 360.0)
