"""How uncertainty follows the ambiguity of images, measured where the truth is known.

The garden is drawn from parameters, so ambiguity can be turned up one notch at a time with the
same plant, pose and light: by crossing two species, and by each hardship (a bud, dusk, tilt, wilt,
a leaf in front of the flower). And because the traits of every species are known, so is how close
its nearest relative looks.

Convention: everything is measured on the *unseen* genera of a garden; ``u`` in [0, 1].
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from hypuml import metrics
from hypuml.data.garden import (
    GardenDataset,
    Individual,
    Traits,
    draw,
    hybrid,
    trait_distance_matrix,
)
from hypuml.data.garden.traits import COUNTED, NAMED, VISIBILITY
from hypuml.evaluation import embed_dataset
from hypuml.evaluation.image_statistics import laplacian_variance
from hypuml.geometry import dist
from hypuml.models.embedder import Embedder
from hypuml.search import Index
from hypuml.types import FloatArray, IntArray

RATIOS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
STEPS = tuple(i / 5 for i in range(6))

# Names shared by the parents of a cross: siblings share three (up to the genus), relatives two.
RELATIONS = {"siblings": 3, "same family": 2, "same order": 1, "strangers": 0}

# What a hardship does to an easy plant at a strength in [0, 1]; the ends are those that
# ``sample_individual`` draws.
HARDSHIPS = {
    "bud": lambda one, s: replace(one, bloom=0.5 - 0.48 * s, tilt=max(one.tilt, 0.55 * s)),
    "dusk": lambda one, s: replace(one, dusk=0.95 * s),
    "tilt": lambda one, s: replace(one, tilt=0.1 + 1.25 * s),
    "wilt": lambda one, s: replace(one, wilt=s, bloom=0.5 + 0.5 * s),
    "hidden": lambda one, s: replace(one, cover=s),
}


def ambiguity_report(model: Embedder, pairs: int = 60, seed: int = 0) -> dict[str, Any]:
    """Relate u to how ambiguous the garden's images are.

    Args:
        model: any model; its own garden is the one of seed 0.
        pairs: pairs of species crossed in each relation, and plants put through each hardship.
        seed: of the choice of pairs and plants.

    Returns:
        A JSON-able dict: ``hybrids`` (per relation and ``all``: ratios, mean u, Spearman),
        ``hardships`` (per kind: strengths, mean u, Spearman, share of plants whose u rises),
        ``one_trait`` (per trait: how far u and the point move when a species changes in it alone),
        ``images`` (the 2,400 test images: correlation of u with difficulty and R-AUROC on clear
        images, inside classes and inside bands of sharpness).
    """
    garden = GardenDataset()
    rng = np.random.default_rng([seed, 41])
    unseen = [i for i, kind in enumerate(garden.species) if kind.split == "unseen"]
    return {
        "hybrids": _hybrids(model, garden, unseen, pairs, rng),
        "hardships": _hardships(model, garden, unseen, pairs, rng),
        "one_trait": _one_trait(model, garden, unseen, pairs, rng),
        "images": _images(model, garden),
    }


def _drawn(
    model: Embedder, traits: list[Traits], plants: list[Individual]
) -> tuple[FloatArray, FloatArray]:
    """Points and u of drawings."""
    size = model.config.image_size
    found = model.embed([draw(t, one, size) for t, one in zip(traits, plants, strict=True)])
    return found.points, found.uncertainty


def _clear_plant(garden: GardenDataset, species: int, number: int) -> Individual:
    """A plant without any hardship, so that what is done to it is the only one."""
    for attempt in range(50):
        one = garden.sample(species, 3_000_000 + 50 * number + attempt)
        if one.difficulty == 0:
            return replace(one, cover=0.0)
    raise AssertionError("most plants are free of hardship")


def _hybrids(
    model: Embedder, garden: GardenDataset, rows: list[int], pairs: int, rng: np.random.Generator
) -> dict[str, Any]:
    found: dict[str, Any] = {"ratios": list(RATIOS)}
    every = []
    for relation, shared in RELATIONS.items():
        traits, plants = [], []
        candidates = [
            (a, b) for a in rows for b in rows if a != b and _shared_names(garden, a, b) == shared
        ]
        if not candidates:
            continue
        for number in range(pairs):
            a, b = candidates[int(rng.integers(len(candidates)))]
            one = _clear_plant(garden, a, number)
            for ratio in RATIOS:
                traits.append(hybrid(garden.species[a].traits, garden.species[b].traits, ratio))
                plants.append(one)
        u = _drawn(model, traits, plants)[1].reshape(pairs, len(RATIOS))
        every.append(u)
        found[relation] = _series(u, RATIOS)
    found["all"] = _series(np.concatenate(every), RATIOS)
    return found


def _shared_names(garden: GardenDataset, a: int, b: int) -> int:
    first, second = garden.species[a].path, garden.species[b].path
    return sum(x == y for x, y in zip(first, second, strict=True))


def _series(u: FloatArray, levels: tuple[float, ...]) -> dict[str, Any]:
    """Mean u ``[L]`` of rows ``[M, L]``, its Spearman with the level, share of rows that rise."""
    mean = u.mean(0)
    return {
        "mean_u": [float(x) for x in mean],
        "spearman": metrics.spearman(mean, levels),
        "share_rising": float((u[:, -1] > u[:, 0]).mean()),
    }


def _hardships(
    model: Embedder, garden: GardenDataset, rows: list[int], pairs: int, rng: np.random.Generator
) -> dict[str, Any]:
    found: dict[str, Any] = {"strengths": list(STEPS)}
    for name, apply in HARDSHIPS.items():
        traits, plants = [], []
        for number in range(pairs):
            species = int(rng.choice(rows))
            one = _clear_plant(garden, species, 1000 + number)
            for strength in STEPS:
                traits.append(garden.species[species].traits)
                plants.append(apply(one, strength))
        u = _drawn(model, traits, plants)[1].reshape(pairs, len(STEPS))
        found[name] = _series(u, STEPS)
    return found


def _one_trait(
    model: Embedder, garden: GardenDataset, rows: list[int], pairs: int, rng: np.random.Generator
) -> dict[str, Any]:
    """Change one trait of a species to another species' and see what moves."""
    found: dict[str, Any] = {}
    c = model.curvature
    for name in (*NAMED, *COUNTED, "hue"):
        if name == "head":
            continue  # a head decides the whole build of the plant
        traits, plants = [], []
        for number in range(4 * pairs):
            a, b = rng.choice(rows, 2, replace=False)
            before, other = garden.species[a].traits, garden.species[b].traits
            if getattr(before, name) == getattr(other, name) or before.head != other.head:
                continue
            one = _clear_plant(garden, int(a), 2000 + number)
            traits += [before, replace(before, **{name: getattr(other, name)})]
            plants += [one, one]
            if len(traits) == 2 * pairs:
                break
        if len(traits) < 20:
            continue
        points, u = _drawn(model, traits, plants)
        moved = np.sqrt(c) * dist(points[::2], points[1::2], c)
        found[name] = {
            "pairs": len(traits) // 2,
            "visibility": VISIBILITY[name],
            "mean_distance": float(moved.mean()),
            "mean_change_of_u": float((u[1::2] - u[::2]).mean()),
        }
    return found


def _images(model: Embedder, garden: GardenDataset) -> dict[str, Any]:
    evaluated = embed_dataset(model, garden, "unseen")
    points, u = evaluated.embedding.points, evaluated.embedding.uncertainty
    rows = evaluated.rows
    species = np.asarray([garden.species_index(int(i)) for i in rows])
    difficulty = np.asarray([garden.individual(int(i)).difficulty for i in rows])
    hits = Index(points, model.curvature).search(points, 1, exclude=np.arange(len(points)))
    correct = species[hits.ids[:, 0]] == species
    sharpness = laplacian_variance(evaluated.pixels)
    names, nearest = _nearest_relative(garden, species)
    by_species = np.asarray([u[species == s].mean() for s in names])
    clear = difficulty == 0
    return {
        "n": len(u),
        "clear_images": int(clear.sum()),
        "u_with_difficulty": metrics.spearman(u, difficulty),
        "u_with_difficulty_among_hard": metrics.spearman(u[~clear], difficulty[~clear]),
        "u_with_sharpness": metrics.spearman(u, sharpness),
        "mean_u_of_species_with_nearest_relative": metrics.spearman(by_species, -nearest),
        "r_auroc": metrics.r_auroc(u, correct),
        "r_auroc_of_difficulty": metrics.r_auroc(difficulty, correct),
        "r_auroc_of_sharpness": metrics.r_auroc(-sharpness, correct),
        "r_auroc_on_clear_images": metrics.r_auroc(u[clear], correct[clear]),
        "r_auroc_on_hard_images": metrics.r_auroc(u[~clear], correct[~clear]),
        "r_auroc_inside_species": within(u, correct, species),
        "r_auroc_inside_bands_of_sharpness": within(u, correct, _bands(sharpness, 10)),
        "r_auroc_inside_bands_of_difficulty": within(u, correct, _bands(difficulty, 10)),
    }


def _nearest_relative(garden: GardenDataset, species: IntArray) -> tuple[IntArray, FloatArray]:
    """Species that occur, and how far (Gower) the most similar other one of them looks."""
    names = np.unique(species)
    gaps = trait_distance_matrix([garden.species[s].traits for s in names])
    return names, np.where(np.eye(len(names), dtype=bool), np.inf, gaps).min(1)


def _bands(values: FloatArray, count: int) -> IntArray:
    """Bands of equal mass ``[N]``; equal values share one."""
    edges = np.unique(np.quantile(values, np.linspace(0, 1, count + 1)[1:-1]))
    return np.searchsorted(edges, values, side="right").astype(np.int64)


def within(u: FloatArray, correct: FloatArray, group: IntArray) -> float | None:
    """AUROC of -u for "right", comparing only images of one group.

    The share of (right, wrong) pairs of one group that u orders correctly, over all groups: what is
    left when the group itself cannot help. None without such a pair.
    """
    ordered, total = 0.0, 0
    for one in np.unique(group):
        part = group == one
        right, wrong = int(correct[part].sum()), int((~correct[part]).sum())
        value = metrics.auroc(-u[part], correct[part])
        if value is not None:
            ordered += value * right * wrong
            total += right * wrong
    return ordered / total if total else None
