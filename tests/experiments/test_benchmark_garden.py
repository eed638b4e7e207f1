"""What can be had in the garden without learning."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from hypuml.data.garden import GardenConfig, GardenDataset, TreeConfig
from hypuml.experiments.benchmark.garden import (
    colour_histogram,
    measure,
    recall_at_1,
    thumbnail_pixels,
)


def test_a_small_garden_is_neither_trivial_nor_hopeless():
    config = GardenConfig(
        tree=TreeConfig((2, 1, 1), genera_per_family=3, species_per_genus=4, unseen_genera=4),
        unseen_individuals=10,
        seen_individuals=1,
    )
    found = measure(GardenDataset(config=config), size=48)
    assert found["species"] == 16
    assert found["images"] == 160
    assert set(found["recall@1"]) == {"colour_histogram", "pixels", "random_network"}
    assert all(1 / 16 < value < 0.75 for value in found["recall@1"].values())
    assert found["tree_ceiling"] > 0.5


def test_recall_counts_nearest_neighbours():
    features = np.array([[1.0, 0.0], [0.9, 0.436], [0.0, 1.0], [0.1, 0.995]])
    assert recall_at_1(features, np.array([0, 0, 1, 1])) == 1.0
    assert recall_at_1(features, np.array([0, 1, 1, 1])) == 0.5


def test_features_are_unit_vectors_and_tell_colours_apart():
    red, blue = Image.new("RGB", (40, 40), "red"), Image.new("RGB", (40, 40), "blue")
    for describe in (colour_histogram, thumbnail_pixels):
        a, b = describe(red), describe(blue)
        assert float(a @ a) == pytest.approx(1, abs=1e-5)
        assert float(a @ b) < 0.5
