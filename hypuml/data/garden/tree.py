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
    "petals": (1.0, 0.45, 0.20, 0.10),
    "layers": (1.0, 0.40, 0.20, 0.15),
    "bilateral": (0.5, 0.30, 0.00, 0.00),
    "outline": (1.0, 0.40, 0.20, 0.12),
    "centre": (1.0, 0.30, 0.10, 0.03),
    "marking": (1.0, 0.60, 0.40, 0.35),
    "leaf": (1.0, 0.20, 0.10, 0.00),
}
_STATES = {
    "petals": len(PETALS), "layers": 3, "bilateral": 2, "outline": len(OUTLINES),
    "centre": len(CENTRES), "marking": len(MARKINGS), "leaf": len(LEAVES),
}  # fmt: skip
# Standard deviation of a latent's step per branch, and how much of the parent's value survives.
_STEP = (0.80, 0.55, 0.45, 0.60)
_PULL = 0.92
# The same for hues, in degrees. Petals keep to an arc from blue over red to yellow: no leaf green.
_HUE_STEP = (8.0, 17.0, 13.0, 12.0)
_HUE_FIRST, _HUE_ARC = 245.0, 215.0
# Relatives compete: of this many mutants the one least like its siblings survives.
_GENUS_MUTANTS, _SPECIES_MUTANTS = 6, 24
_KEY_TRAITS = (
    "petals", "layers", "outline", "marking", "centre", "hue", "chroma", "lightness", "gradient",
    "width", "taper", "cup", "ruffle", "centre_size", "centre_hue", "mark_strength", "mark_hue",
)  # fmt: skip


@dataclass(frozen=True)
class TreeConfig:
    """Shape of the tree.

    Attributes:
        families_per_order: one entry per order.
        genera_per_family: genera in each family.
        species_per_genus: species in each genus.
        unseen_genera: genera held out, spread over the families; every family keeps a seen one.
    """

    families_per_order: tuple[int, ...] = (4, 3, 2)
    genera_per_family: int = 4
    species_per_genus: int = 5
    unseen_genera: int = 12

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
    rng = np.random.default_rng([seed, 5])
    families = sum(config.families_per_order)
    genera = names.genus_names(families * config.genera_per_family, rng)
    held = _held_out(families, config, rng)
    ancestor = _Lineage(
        {name: int(rng.integers(count)) for name, count in _STATES.items()},
        {name: 0.0 for name in CONTINUOUS},
    )
    heads = [0, *(1 + (np.arange(len(config.families_per_order)) % 2))]
    homes = rng.permutation((np.arange(len(heads) - 1) + 0.5) / (len(heads) - 1)) * _HUE_ARC
    # Orders parted long ago: these characters differ between all of them (as far as states last).
    dealt = {name: rng.permutation(_STATES[name]) for name in ("leaf", "centre", "outline")}
    species: list[Species] = []
    family_row = 0
    for o, family_count in enumerate(config.families_per_order):
        order = _branch(ancestor, 0, rng, heads[o])
        order.states.update({name: int(deal[o % len(deal)]) for name, deal in dealt.items()})
        order.latents["hue"] = float(homes[o] + rng.normal(0.0, _HUE_STEP[0]))
        order.latents["centre_hue"] = float(rng.normal(85.0, 25.0))
        order.latents["mark_hue"] = float(rng.normal(0.0, 40.0))
        order_label = names.order_name(genera[family_row * config.genera_per_family])
        for _ in range(family_count):
            family = _branch(order, 1, rng, heads[o])
            first = family_row * config.genera_per_family
            family_label = names.family_name(genera[first])
            radiation = _radiate(family, 2, config.genera_per_family, _GENUS_MUTANTS, heads[o], rng)
            for row, genus in enumerate(radiation, first):
                split = "unseen" if row in held else "seen"
                words = names.epithets(config.species_per_genus, rng)
                kinds = _radiate(
                    genus, 3, config.species_per_genus, _SPECIES_MUTANTS, heads[o], rng
                )
                for word, kind in zip(words, kinds, strict=True):
                    label = genera[row]
                    path = (order_label, family_label, label, f"{label} {word}")
                    species.append(Species(path, split, _express(kind, heads[o])))
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
            step = _HUE_STEP[level] * (1.0 if name == "hue" else 2.0)
            latents[name] = value + float(rng.normal(0.0, step))
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


def _radiate(
    parent: _Lineage, level: int, count: int, mutants: int, head: int, rng: np.random.Generator
) -> list[_Lineage]:
    """``count`` descendants that differ visibly: each the mutant farthest from those before."""
    found: list[_Lineage] = []
    seen: list[Traits] = []
    for _ in range(count):
        young = [_branch(parent, level, rng, head) for _ in range(mutants if found else 1)]
        looks = [_express(lineage, head) for lineage in young]
        best = 0
        if found:
            gaps = trait_distance_matrix([*looks, *seen], _KEY_TRAITS)[: len(looks), len(looks) :]
            best = int(gaps.min(1).argmax())
        found.append(young[best])
        seen.append(looks[best])
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
