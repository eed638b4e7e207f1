"""The evaluation report on embeddings whose figures are known."""

from __future__ import annotations

import numpy as np
import pytest

from hypuml.evaluation import report
from hypuml.geometry import expmap0
from hypuml.types import Embedding

PATHS = [(f"g{c // 2}", f"c{c}") for c in range(6) for _ in range(10)]


def clusters(spread, seed=0, radius=1.2):
    """Six clusters, two to a group, around orthogonal directions per group."""
    rng = np.random.default_rng(seed)
    centres = np.repeat(np.eye(6)[:3], 2, axis=0) * radius
    centres[np.arange(6), 3 + np.arange(6) % 2] = 0.6
    v = np.repeat(centres, 10, axis=0) + rng.normal(0, spread, (60, 6))
    u = np.clip(rng.random(60), 0, 1).astype(np.float32)
    return Embedding(expmap0(np.clip(v, -2, 2), 1.0).astype(np.float32), u)


def test_perfect_clusters():
    result = report(clusters(0.01), PATHS, 1.0, ("group", "class"), r=2.0)
    assert result["recall@1"] == result["map@r"] == 1
    assert result["recall_per_level"] == {"group": 1.0, "class": 1.0}
    # Ranks of 3 near pairs and 12 far ones, all told apart: sqrt(3 * 3 * 12 / (15^2 - 1)).
    assert result["tree_spearman"] == pytest.approx(np.sqrt(108 / 224), abs=1e-6)
    assert result["r_auroc"] is None  # no errors, nothing to rank
    assert result["radius"]["largest_possible"] == 4
    assert result["confidence_auroc"] is None


def test_noise_is_near_chance_and_has_intervals():
    result = report(clusters(5.0), PATHS, 1.0, ("group", "class"))
    assert result["recall@1"] < 0.5
    low, high = result["intervals"]["recall@1"].values()
    assert low <= result["recall@1"] <= high
    assert 0 <= result["r_auroc"] <= 1


@pytest.mark.parametrize("n", [1, 2])
def test_hardly_any_images(n):
    embedding = clusters(0.1)
    few = Embedding(embedding.points[:n], embedding.uncertainty[:n])
    result = report(few, [(f"c{i}",) for i in range(n)], 1.0)
    assert result["n"] == n
    assert result["queries"] == 0
    assert result["recall@1"] is None
    assert result["tree_spearman"] is None
