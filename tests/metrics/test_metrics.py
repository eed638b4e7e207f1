"""Metrics: golden values, naive twins, edge cases, and every docstring example."""

import doctest
import importlib
import itertools
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from hypuml import geometry as G
from hypuml import metrics as M

PARTS = ("bootstrap", "calibration", "gromov", "retrieval", "structure")
scored = st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=14)


@pytest.mark.parametrize(
    "module", [*(f"hypuml.metrics.{part}" for part in PARTS), "hypuml.taxonomy"]
)
def test_examples_run(module):
    result = doctest.testmod(importlib.import_module(module))
    assert result.attempted > 0
    assert result.failed == 0


def test_the_examples_of_the_page_on_metrics_run():
    page = Path(__file__).resolve().parents[2] / "assets" / "docs" / "metrics.md"
    result = doctest.testfile(str(page), module_relative=False)
    assert result.attempted > 30
    assert result.failed == 0


def ball(seed, count, n=4, size=0.8):
    return G.expmap0(size * np.random.default_rng(seed).normal(size=(count, n)), 1.0)


def all_neighbours(x):
    d = G.pairwise_dist(x, x, 1.0)
    np.fill_diagonal(d, np.inf)
    return G.nearest(d, len(x) - 1)


# --- retrieval ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_retrieval_equals_its_naive_twin(seed):
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, 8, size=30)
    classes[3] = 99  # alone in its class
    near = all_neighbours(ball(seed, 30))
    queries = [q for q in range(30) if (classes == classes[q]).sum() > 1]
    got = M.recall_at_k(near, classes)
    for k in (1, 2, 4, 8):
        hits = [any(classes[j] == classes[q] for j in near[q][:k]) for q in queries]
        assert got[f"recall@{k}"] == pytest.approx(np.mean(hits))
    assert got["queries"] == len(queries) < 30
    assert got["singletons"] == 30 - len(queries)
    values = []
    for q in queries:
        r = (classes == classes[q]).sum() - 1
        right = [classes[j] == classes[q] for j in near[q][:r]]
        values.append(sum(np.mean(right[: i + 1]) for i in range(r) if right[i]) / r)
    assert M.map_at_r(near, classes) == pytest.approx(np.mean(values))
    correct, rows = M.first_hit_correct(near, classes)
    assert rows.tolist() == queries == M.query_rows(classes).tolist()
    assert correct.mean() == pytest.approx(got["recall@1"])


def test_a_subset_of_queries_and_levels():
    near = np.array([[4, 0], [0, 4]])
    classes, genus = [0, 1, 1, 2, 0], np.array([7, 7, 7, -1, 8])
    got = M.recall_at_k(near, classes, ks=(1, 2), queries=[2, 3])
    assert got == {"recall@1": 0.0, "recall@2": 0.0, "queries": 1, "singletons": 1}
    levels = {"genus": genus, "nothing": np.full(5, -1)}
    assert M.recall_per_level([[0], [4]], classes, levels, queries=[2, 0]) == {
        "genus": 0.5,
        "nothing": None,
    }


def test_retrieval_without_queries_is_none():
    near = [[1, 2], [0, 2], [0, 1]]
    got = M.recall_at_k(near, [0, 1, 2], ks=(1,))
    assert got == {"recall@1": None, "queries": 0, "singletons": 3}
    assert M.map_at_r(near, [0, 1, 2]) is None
    assert M.recall_per_level(near, [0, 1, 2], {"g": [0, 0, 0]}) == {"g": None}
    assert M.first_hit_correct(near, [0, 1, 2])[0].tolist() == []


def test_retrieval_refuses_what_would_give_a_wrong_number():
    with pytest.raises(ValueError, match="among its own neighbours"):
        M.recall_at_k([[0], [0]], [0, 0], ks=(1,))
    with pytest.raises(ValueError, match="got 1 neighbours per query, expected at least 4"):
        M.recall_at_k([[1], [2], [3], [4], [0], [0]], [0] * 6, ks=(1, 4))
    with pytest.raises(ValueError, match="at least 2"):
        M.map_at_r([[1], [2], [0]], [0, 0, 0])
    with pytest.raises(ValueError, match="row numbers from 0 to 1"):
        M.recall_at_k([[1], [-1]], [0, 0], ks=(1,))
    with pytest.raises(ValueError, match="one row number per query"):
        M.recall_at_k([[1]], [0, 0], ks=(1,))
    # All the other images are enough, however few.
    assert M.recall_at_k([[1], [0]], [0, 0])["recall@8"] == 1.0


# --- scores and confidences -----------------------------------------------------------------------


@settings(deadline=None, max_examples=100)
@given(scored)
def test_auroc_counts_pairs(data):
    score, positive = map(np.array, zip(*data, strict=True))
    wins = [
        float(a > b) + 0.5 * (a == b)
        for a, b in itertools.product(score[positive], score[~positive])
    ]
    assert M.auroc(score, positive) == (pytest.approx(np.mean(wins)) if wins else None)


def orders(score):
    """Every order by falling score that ties allow, for small inputs."""
    for order in itertools.permutations(range(len(score))):
        if all(score[a] >= score[b] for a, b in itertools.pairwise(order)):
            yield list(order)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 2), st.booleans()), min_size=1, max_size=6))
def test_aurc_is_the_mean_over_all_orders_of_ties(data):
    score, correct = map(np.array, zip(*data, strict=True))
    k = np.arange(1, len(score) + 1)
    areas = [np.mean(np.cumsum(~correct[order]) / k) for order in orders(score)]
    assert M.aurc(score, correct) == pytest.approx(np.mean(areas))
    best = np.mean(np.cumsum(np.sort(~correct)) / k)
    assert M.e_aurc(score, correct) == pytest.approx(np.mean(areas) - best)
    coverage, risk = M.risk_coverage(score, correct)
    assert coverage[-1] == 1.0
    assert risk[-1] == pytest.approx(np.mean(~correct))


def test_r_auroc_needs_errors():
    rng = np.random.default_rng(0)
    u, correct = rng.uniform(size=100), np.arange(100) >= 30
    assert M.r_auroc(u, correct) == pytest.approx(M.auroc(u, ~correct))
    assert M.r_auroc(u, np.arange(100) >= 29) is None
    assert M.r_auroc(u, np.zeros(100, bool)) is None
    perfect = np.where(correct, 0.1, 0.9)
    assert M.r_auroc(perfect, correct) == 1.0


def test_ece_golden_values_and_naive_twin():
    # One bin: mean confidence 0.7, 60 % right.
    assert M.ece([0.9, 0.8, 0.7, 0.6, 0.5], [1, 1, 1, 0, 0], bins=1) == pytest.approx(0.1)
    # Two bins of one datum each.
    assert M.ece([0.9, 0.2], [0, 1], bins=15) == pytest.approx((0.9 + 0.8) / 2)
    rng = np.random.default_rng(1)
    conf = rng.permutation(150) / 150  # no ties: ten per bin
    correct = rng.uniform(size=150) < conf
    parts = [np.flatnonzero((conf * 15 >= b) & (conf * 15 < b + 1)) for b in range(15)]
    twin = sum(abs(conf[p].mean() - correct[p].mean()) * len(p) for p in parts) / 150
    assert M.ece(conf, correct) == pytest.approx(twin)


@settings(deadline=None, max_examples=50)
@given(scored, st.randoms())
def test_ties_never_depend_on_the_row_order(data, random):
    shuffled = random.sample(data, len(data))
    for fn in (M.auroc, M.aurc, M.e_aurc, M.ece):
        a, b = (fn(np.array([s for s, _ in x]) / 5, [y for _, y in x]) for x in (data, shuffled))
        assert a == (None if b is None else pytest.approx(b, abs=1e-12))


def test_scores_without_data_or_with_bad_data():
    assert M.aurc([], []) is M.e_aurc([], []) is M.ece([], []) is M.auroc([], []) is None
    with pytest.raises(ValueError, match="not finite"):
        M.auroc([np.nan, 1.0], [True, False])
    with pytest.raises(ValueError, match="one length"):
        M.aurc([0.5], [True, False])
    with pytest.raises(ValueError, match=r"in \[0, 1\]"):
        M.ece([1.5], [True])


# --- structure ------------------------------------------------------------------------------------


def test_curvature_use_equals_its_naive_twin_and_vanishes_near_the_origin():
    x = ball(2, 60)
    tangent = G.logmap0(x, 1.0)
    shared = []
    for i in range(60):
        others = [j for j in range(60) if j != i]
        near = sorted(others, key=lambda j, i=i: G.dist(x[i], x[j], 1.0))[:10]
        flat = sorted(others, key=lambda j, i=i: np.linalg.norm(tangent[i] - tangent[j]))[:10]
        shared.append(len(set(near) & set(flat)) / 10)
    assert M.curvature_use(x, 1.0) == pytest.approx(1 - np.mean(shared))
    assert M.curvature_use(x, 1.0) > 0.1
    assert M.curvature_use(G.expmap0(1e-3 * tangent, 1.0), 1.0) < 0.01
    assert M.curvature_use(x[:11], 1.0) is None
    assert M.curvature_use(np.zeros((40, 3)), 1.0) == 0.0  # duplicates: ties by row in both
    sampled = M.curvature_use(x, 1.0, max_queries=30)
    assert sampled == M.curvature_use(x, 1.0, max_queries=30)
    assert abs(sampled - M.curvature_use(x, 1.0)) < 0.1


def test_radius_summary():
    x = G.expmap0(np.linspace(0, 2, 101)[:, None] / 2, 0.25)
    got = M.radius_summary(x, 0.25)
    assert got["p50"] == pytest.approx(1.0)
    assert got["p99"] == pytest.approx(1.98)
    assert got["iqr"] == pytest.approx(1.0)
    with pytest.raises(ValueError, match="no points"):
        M.radius_summary(np.zeros((0, 2)), 1.0)


def naive_delta(d, w):
    g = [[(d[x][w] + d[y][w] - d[x][y]) / 2 for y in range(len(d))] for x in range(len(d))]
    triples = itertools.product(range(len(d)), repeat=3)
    return max(min(g[x][y], g[y][z]) - g[x][z] for x, y, z in triples)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("size", [0.1, 2.0])
def test_gromov_delta_equals_its_naive_twin(seed, size):
    from hypuml.metrics.gromov import gromov_delta

    x = ball(seed, 24, n=3, size=size)
    d = G.pairwise_dist(x, x, 1.0)
    for base in (0, 7):
        assert gromov_delta(d, base) == pytest.approx(naive_delta(d, base), abs=1e-12)


def test_gromov_delta_over_several_blocks_equals_the_plain_product():
    from hypuml.metrics.gromov import gromov_delta

    x = ball(5, 220, n=3)
    d = G.pairwise_dist(x, x, 1.0)
    a = (d[:, [0]] + d[[0]] - d) / 2
    product = np.stack([np.minimum(row[:, None], a).max(axis=0) for row in a])
    assert gromov_delta(d, 0) == pytest.approx((product - a).max(), abs=1e-12)


def test_delta_is_small_where_the_space_is_tree_like():
    v = np.random.default_rng(0).normal(size=(300, 2))
    v /= np.linalg.norm(v, axis=1, keepdims=True)
    near, far = (M.delta_rel(G.expmap0(r * v, 1.0), 1.0) for r in (0.05, 5.0))
    assert far < 0.12 < near  # delta of the plane is bounded by ln 2, the diameter is not
    assert M.delta_rel(G.expmap0(v, 1.0), 1.0, sample=50) is not None
    assert M.delta_rel(v[:3] / 2, 1.0) is None
    assert M.delta_rel(np.zeros((9, 2)), 1.0) is None


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=3, max_size=12))
def test_spearman_is_scipys(pairs):
    x, y = map(list, zip(*pairs, strict=True))
    if len(set(x)) == 1 or len(set(y)) == 1:
        assert M.spearman(x, y) is None
    else:
        assert M.spearman(x, y) == pytest.approx(scipy.stats.spearmanr(x, y).statistic)


def test_tree_spearman():
    """Classes placed like their tree score 1; a flat tree or too few classes score nothing."""
    centres = np.array([[0.8, 0.1], [0.8, -0.1], [-0.8, 0.1], [-0.8, -0.1]])
    tree = np.array([[0, 2, 4, 4], [2, 0, 4, 4], [4, 4, 0, 2], [4, 4, 2, 0]])
    ids = np.repeat(np.arange(4), 3)
    x = np.repeat(centres, 3, axis=0) * np.tile([0.99, 1.0, 1.01], 4)[:, None]
    means, classes = M.class_means(x, ids, 1.0)
    want = scipy.stats.spearmanr(
        G.pairwise_dist(means, means, 1.0)[np.triu_indices(4, 1)], tree[np.triu_indices(4, 1)]
    )
    assert classes.tolist() == [0, 1, 2, 3]
    assert M.tree_spearman(x, ids, tree, 1.0) == pytest.approx(want.statistic)
    assert M.tree_spearman(x, ids, tree, 1.0) > 0.8
    assert M.tree_spearman(x, ids, tree[[0, 3, 2, 1]][:, [0, 3, 2, 1]], 1.0) < 0
    assert M.tree_spearman(x, ids, 2 * (1 - np.eye(4)), 1.0) is None
    assert M.tree_spearman(x, ids, None, 1.0) is None
    assert M.tree_spearman(x[:6], ids[:6], tree, 1.0) is None
    with pytest.raises(ValueError, match="taxonomy matrix"):
        M.tree_spearman(x, ids + 1, tree, 1.0)
    with pytest.raises(ValueError, match="square"):
        M.matrix_spearman(tree, tree[:2])


# --- intervals ------------------------------------------------------------------------------------


def test_bootstrap_over_classes_covers_the_spread_of_classes():
    rng = np.random.default_rng(3)
    ids = np.repeat(np.arange(30), 20)
    rate = rng.uniform(0.2, 0.9, size=30)
    right = rng.uniform(size=600) < rate[ids]
    got = M.bootstrap_over_classes(lambda rows: right[rows].mean(), ids, seed=1)
    assert got == M.bootstrap_over_classes(lambda rows: right[rows].mean(), ids, seed=1)
    assert got.value == pytest.approx(right.mean())
    assert got.replicates == 1000
    # About 1.96 standard errors of a mean over 30 *classes*, not over 600 images.
    per_class = right.reshape(30, 20).mean(axis=1)
    assert (got.high - got.low) / 2 == pytest.approx(1.96 * per_class.std() / 30**0.5, rel=0.15)


def test_bootstrap_edge_cases():
    ids = [0, 0, 1, 1]
    assert M.bootstrap_over_classes(lambda rows: None, ids) is None
    assert M.bootstrap_over_classes(lambda rows: 1.0, [0, 0]) is None
    both = M.bootstrap_over_classes(lambda r: 1.0 if len(set(r)) > 2 else None, ids, 400)
    assert both is None or both.replicates > 200
    rarely = M.bootstrap_over_classes(lambda r: 1.0 if r[0] == 0 and r[3] == 3 else None, ids)
    assert rarely is None  # defined on all rows, but on a quarter of the resamples only
    with pytest.raises(ValueError, match="between 0 and 1"):
        M.bootstrap_over_classes(lambda rows: 1.0, ids, level=95)


def test_errors_removed():
    right = [True, False, True, True, False]
    assert M.errors_removed([0.9, 0.8, 0.7, 0.2, 0.1], right, 0.4) == 0.5
    assert M.errors_removed([0.9, 0.1, 0.7, 0.5, 0.2], right, 0.4) == 1.0
    assert M.errors_removed(np.zeros(5), right, 0.2) == pytest.approx(0.2)  # ties: by chance
    assert M.errors_removed(right, right, 0.2) == 0.5  # the oracle: one rejected, two errors
    assert M.errors_removed([0.5], [True]) is None
    assert M.errors_removed([], []) is None
    assert M.errors_removed(np.arange(100), np.arange(100) >= 29, 0.29) == 1.0
    with pytest.raises(ValueError, match="share of 20"):
        M.errors_removed([0.5], [False], 20)


def test_a_paired_difference_is_narrower_than_its_parts():
    rng = np.random.default_rng(1)
    ids = np.repeat(np.arange(15), 8)
    right = rng.random(120) < 0.2 + 0.6 * np.repeat(rng.random(15), 8)
    other = right.copy()
    other[::10] = ~other[::10]
    a = M.bootstrap_over_classes(lambda rows: right[rows].mean(), ids)
    both = M.bootstrap_over_classes(lambda rows: right[rows].mean() - other[rows].mean(), ids)
    assert both.high - both.low < (a.high - a.low) / 2
