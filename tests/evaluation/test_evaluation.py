"""The evaluation report on embeddings whose figures are known."""

from __future__ import annotations

import numpy as np
import pytest

from hypuml import metrics
from hypuml.evaluation import report
from hypuml.evaluation.retrieval import retrieve
from hypuml.geometry import expmap0
from hypuml.types import NO_CLASS, Embedding

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
    assert result["intervals"]["r_auroc"] is None
    assert result["radius"]["largest_possible"] == 4
    for key in ("confidence_auroc", "ood_auroc_matched", "degradation", "controls", "probe"):
        assert result[key] is None


def test_noise_is_near_chance_and_has_the_intervals_of_the_plain_bootstrap():
    embedding = clusters(5.0)
    result = report(embedding, PATHS, 1.0, ("group", "class"))
    assert result["recall@1"] < 0.5
    found = retrieve(embedding.points, 1.0, PATHS)
    u, correct, ids = embedding.uncertainty, found.correct, found.class_ids
    assert 0 <= result["r_auroc"] <= 1
    for key, statistic in (
        ("recall@1", lambda rows: float(correct[rows].mean())),
        ("map@r", lambda rows: float(found.precision[rows].mean())),
        ("r_auroc", lambda rows: metrics.r_auroc(u[rows], correct[rows])),
    ):
        want = metrics.bootstrap_over_classes(statistic, ids)
        got = result["intervals"][key]
        assert result[key] == pytest.approx(want.value)
        assert (got["low"], got["high"]) == pytest.approx((want.low, want.high))
        assert got["low"] < result[key] < got["high"]


@pytest.mark.parametrize("n", [1, 2])
def test_hardly_any_images(n):
    embedding = clusters(0.1)
    few = Embedding(embedding.points[:n], embedding.uncertainty[:n])
    result = report(few, [(f"c{i}",) for i in range(n)], 1.0)
    assert result["n"] == n
    assert result["queries"] == 0
    assert result["recall@1"] is None
    assert result["tree_spearman"] is None


def test_one_class_has_no_figure_since_no_answer_could_be_wrong():
    result = report(clusters(0.1), [("c",)] * 60, 1.0)
    assert (result["classes"], result["queries"], result["singletons"]) == (1, 0, 0)
    assert result["recall@1"] is result["map@r"] is result["r_auroc"] is None
    assert result["intervals"] == {}
    assert result["curvature_use"] is not None


def test_images_without_a_class_answer_nobody_and_ask_nothing():
    embedding = clusters(0.01)
    paths = [*PATHS[:30], *[(NO_CLASS,)] * 30]
    result = report(embedding, paths, 1.0, ("group", "class"))
    assert (result["n"], result["classes"]) == (60, 3)
    assert (result["queries"], result["singletons"]) == (30, 30)
    assert result["recall@1"] == 1
    assert retrieve(embedding.points, 1.0, paths).labels[30:].tolist() == [-1] * 30
    nothing = report(embedding, [(NO_CLASS,)] * 60, 1.0)
    assert nothing["classes"] == nothing["queries"] == 0
    assert nothing["recall@1"] is None
    assert nothing["map@r"] is None
    assert nothing["tree_spearman"] is None
    assert nothing["curvature_use"] is not None


def test_slices_of_queries_do_not_change_the_figures(monkeypatch):
    whole = report(clusters(0.6), PATHS, 1.0)
    found = retrieve(clusters(0.6).points, 1.0, PATHS, depth=20)
    monkeypatch.setattr("hypuml.evaluation.retrieval._CELLS", 50)
    sliced = report(clusters(0.6), PATHS, 1.0)
    assert whole["map@r"] == pytest.approx(sliced["map@r"])
    assert whole["recall@4"] == sliced["recall@4"]
    assert 0 < whole["map@r"] < 1
    again = retrieve(clusters(0.6).points, 1.0, PATHS, depth=20)
    assert found.hits.ids.shape == (60, 20)
    np.testing.assert_array_equal(found.hits.ids, again.hits.ids)


def test_the_curvature_of_a_flat_twin_works_like_any_other():
    flat = clusters(0.6)
    got = retrieve(flat.points, 1e-6, PATHS)
    d = np.linalg.norm(flat.points[:, None] - flat.points[None].astype(np.float64), axis=2)
    np.fill_diagonal(d, np.inf)
    np.testing.assert_array_equal(got.hits.ids, np.argsort(d, axis=1, kind="stable")[:, :8])
    assert report(flat, PATHS, 1e-6)["curvature_use"] == 0
