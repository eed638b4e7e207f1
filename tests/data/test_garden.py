"""The garden as a data set: its tree, its split, its determinism and its signal."""

import hashlib
import json
import subprocess
import sys
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest

from hypuml.data.garden import (
    GardenConfig,
    GardenDataset,
    TreeConfig,
    draw,
    trait_distance_matrix,
)
from hypuml.experiments.benchmark.garden import tree_ceiling
from hypuml.types import indices_of

GOLDEN_TRAITS = "1ce3ec238679b112"


@pytest.fixture(scope="module")
def garden() -> GardenDataset:
    return GardenDataset(0)


def fingerprint(garden: GardenDataset) -> str:
    rounded = [
        [np.round(v, 5).tolist() for v in astuple(s.traits)] + list(s.path) + [s.split]
        for s in garden.species
    ]
    return hashlib.sha256(json.dumps(rounded).encode()).hexdigest()[:16]


def test_tree_is_large_enough_and_named_consistently(garden: GardenDataset) -> None:
    paths = [s.path for s in garden.species]
    counts = [len({p[: d + 1] for p in paths}) for d in range(4)]
    assert counts[0] >= 3
    assert counts[1] >= 8
    assert counts[2] >= 24
    assert counts[3] >= 120
    assert len({p[3] for p in paths}) == len(paths)
    assert garden.levels == ("order", "family", "genus", "species")
    for order, family, genus, species in paths:
        assert order.endswith("ales")
        assert family.endswith("aceae")
        assert species.startswith(genus + " ")


def test_split_is_by_genus_and_every_family_keeps_seen_genera(garden: GardenDataset) -> None:
    genera = {
        split: {s.path[:3] for s in garden.species if s.split == split}
        for split in ("seen", "unseen")
    }
    assert not genera["seen"] & genera["unseen"]
    assert len(genera["unseen"]) == 12
    families = {path[:2] for path in genera["seen"] | genera["unseen"]}
    assert {path[:2] for path in genera["seen"]} == families
    assert {path[:2] for path in genera["unseen"]} == families
    assert len(indices_of(garden, "unseen")) == 2400


def test_items_are_metadata_with_stable_ids(garden: GardenDataset) -> None:
    ids = [item.id for item in garden.items]
    assert len(set(ids)) == len(ids) == len(garden)
    row = ids.index("g0-s017-i012")
    assert garden.items[row].path == garden.species[17].path
    assert garden.species_index(row) == 17
    assert garden.individual(row) == garden.sample(17, 12)
    assert garden.source is None
    assert all(item.image == "" for item in garden.items)


def test_more_individuals_do_not_change_the_first_ones() -> None:
    few = GardenDataset(config=GardenConfig(unseen_individuals=3, seen_individuals=2))
    many = GardenDataset(config=GardenConfig(unseen_individuals=9, seen_individuals=5))
    by_id = {item.id: row for row, item in enumerate(many.items)}
    for row, item in enumerate(few.items):
        assert few.individual(row) == many.individual(by_id[item.id])


def test_traits_are_the_golden_ones(garden: GardenDataset) -> None:
    assert fingerprint(garden) == GOLDEN_TRAITS


def test_another_seed_is_another_garden(garden: GardenDataset) -> None:
    other = GardenDataset(1)
    assert fingerprint(other) != fingerprint(garden)
    assert {s.path[2] for s in other.species} != {s.path[2] for s in garden.species}


def test_pictures_are_the_same_in_another_process(garden: GardenDataset) -> None:
    rows = [5, 9000, 14000]
    code = (
        "import sys, hashlib; from hypuml.data.garden import GardenDataset; g = GardenDataset(0);"
        f"print([hashlib.sha256(g.load(i, 64).tobytes()).hexdigest() for i in {rows}])"
    )
    root = Path(__file__).resolve().parents[2]
    there = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root
    ).stdout.strip()
    here = [hashlib.sha256(garden.load(i, 64).tobytes()).hexdigest() for i in rows]
    assert str(here) == there


def test_default_size_and_argument(garden: GardenDataset) -> None:
    assert garden.load(0).size == (96, 96)
    assert garden.load(0, 40).size == (40, 40)


def test_phylogenetic_signal_is_strong(garden: GardenDataset) -> None:
    assert 0.75 <= tree_ceiling(garden) <= 0.95
    assert 0.75 <= tree_ceiling(garden, "seen") <= 0.95


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_phylogenetic_signal_holds_in_other_gardens(seed: int) -> None:
    assert tree_ceiling(GardenDataset(seed)) > 0.72


def test_species_of_a_genus_are_distinct(garden: GardenDataset) -> None:
    distances = trait_distance_matrix([s.traits for s in garden.species])
    np.fill_diagonal(distances, np.inf)
    assert distances.min() > 0.03


def test_hue_alone_does_not_tell_species(garden: GardenDataset) -> None:
    shifts = [garden.sample(s, n).hue_shift for s in range(60) for n in range(5)]
    hues = np.array([s.traits.hue for s in garden.species])
    gaps = np.abs((hues[:, None] - hues[None] + 180.0) % 360.0 - 180.0)
    # Within one plant's usual variation of hue a typical species meets many others.
    assert np.median((gaps < np.std(shifts)).sum(1)) >= 15


def test_most_individuals_are_clear_and_some_are_hard(garden: GardenDataset) -> None:
    hard = np.array([garden.sample(s, n).difficulty for s in range(60) for n in range(20)])
    assert 0.75 < (hard < 0.1).mean() < 0.90
    assert 0.06 < (hard > 0.5).mean() < 0.20


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"seed": -1}, "seed"),
        ({"seen_individuals": 0}, "individual"),
    ],
)
def test_bad_configurations_are_refused(kwargs: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GardenConfig(**kwargs)


def test_tree_must_leave_seen_genera() -> None:
    with pytest.raises(ValueError, match="unseen_genera"):
        TreeConfig((1, 1, 1), genera_per_family=2, unseen_genera=4)


def test_size_is_checked(garden: GardenDataset) -> None:
    with pytest.raises(ValueError, match="size"):
        draw(garden.species[0].traits, garden.sample(0, 0), 4)


def test_further_gardens_add_training_species_and_change_nothing_else(
    garden: GardenDataset,
) -> None:
    config = GardenConfig(training_gardens=(5,), training_individuals=2)
    wide = GardenDataset(config=config)
    assert wide.name == "gardens"
    assert list(wide.items[: len(garden.items)]) == list(garden.items)
    added = wide.items[len(garden.items) :]
    assert len(added) == 180 * 2
    assert {item.split for item in added} == {"seen"}
    assert not {item.path[2] for item in added} & {item.path[2] for item in garden.items}
    assert wide.load(len(garden.items), 48).size == (48, 48)
    with pytest.raises(ValueError, match="further garden of itself"):
        GardenConfig(seed=5, training_gardens=(5,))
