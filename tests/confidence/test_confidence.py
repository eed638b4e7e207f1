"""Answer confidence: the features that nearest images give."""

from __future__ import annotations

import doctest
import math
from dataclasses import replace

import numpy as np
import pytest

from hypuml.confidence import DEPTH, INPUTS
from hypuml.confidence import features as feature_module
from hypuml.confidence.features import answer_features
from hypuml.confidence.reciprocal_ranks import reciprocal_ranks
from hypuml.search import Index
from hypuml.types import Hits
from tests.support.confidence_doubles import ask, cluster, fitted_once
from tests.test_layering import loaded_after


@pytest.fixture
def fitted():
    return fitted_once()


# Seven images; the query finds five of them, at sqrt(c) d = 1, 2, 3, 4, 5 with c = 4.
LABELS = [0, 0, 1, 0, 2, 2, -1]
FIVE = Hits(np.array([[0, 1, 2, 3, 4]]), np.array([[0.5, 1.0, 1.5, 2.0, 2.5]]))
RANKS = [[1, 0, 2, 3, 0]]
U = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]


def nearest_of(hits: Hits) -> np.ndarray:
    """Ranks of queries that are the nearest image of all their hits."""
    return np.zeros(hits.ids[:, :20].shape, int)


def test_golden_values_for_a_query_from_outside():
    found = {
        k: v.item() for k, v in answer_features(FIVE, RANKS, LABELS, U, [0.9], 4.0, False).items()
    }
    assert found["first_distance"] == pytest.approx(math.log(1.0))
    assert found["lead"] == pytest.approx(3.0 - 1.0)  # row 2 is the first of another class
    assert found["relative_lead"] == pytest.approx(1 - 1 / 3)
    # Class 0 has three images: two hits after the first could agree, rows 1 (yes) and 2 (no).
    for k in (5, 10, 20):
        assert found[f"agreement_{k}"] == pytest.approx(math.log(1.5 / 1.5))
    # Scale (1+2+3+4+5)/5 = 3, softness 0.15: votes e^(-(d - 1) / 0.45).
    vote = [math.exp(-i / 0.45) for i in range(5)]
    own = vote[0] + vote[1] + vote[3]
    assert found["soft_agreement"] == pytest.approx(
        math.log((own + 0.1) / (vote[2] + vote[4] + 0.1))
    )
    assert found["vote_margin"] == pytest.approx(math.log((own + 0.1) / (vote[2] + 0.1)))
    assert found["first_rank"] == pytest.approx(-math.log(2))
    # Classes 0, 1, 2 have 3, 1, 2 images: rows 0, 1 (class 0) and 4 (class 2) are mutual.
    assert found["mutual_votes"] == pytest.approx(math.log(2.5 / 1.5))
    assert (found["u_query"], found["u_first"]) == (0.9, 0.1)
    assert found["u_hits"] == pytest.approx(0.3)
    assert found["answered"] == 1.0
    assert set(found) == {*INPUTS, "answered"}


def test_golden_values_for_an_image_of_the_gallery():
    found = {k: v.item() for k, v in answer_features(FIVE, RANKS, LABELS, U, [0.9], 4.0).items()}
    # Of each class one image less can be found: one hit after the first can agree, row 1 does.
    assert found["agreement_10"] == pytest.approx(math.log(1.5 / 0.5))
    vote = [math.exp(-i / 0.45) for i in range(5)]
    own = vote[0] + vote[1]  # row 3 would be the third of class 0, and only two count
    assert found["soft_agreement"] == pytest.approx(
        math.log((own + 0.1) / (vote[2] + vote[4] + 0.1))
    )
    assert found["lead"] == pytest.approx(2.0)
    # Two of class 0 and one of the others can be found: the first hit has no room for rank 2.
    assert found["mutual_votes"] == pytest.approx(math.log(2.5 / 1.5))
    further = answer_features(FIVE, [[2, 0, 1, 0, 1]], LABELS, U, [0.9], 4.0)
    assert further["mutual_votes"].item() == pytest.approx(math.log(2.5 / 0.5))


def naive(ids, d, as_seen, labels, u, query_u, c, inside):
    """The definitions, one query at a time, with lists."""
    d = [math.sqrt(c) * x for x in d][:DEPTH]
    ids = list(ids)[:DEPTH]
    kin = [("class", labels[i]) if labels[i] >= 0 else ("image", i) for i in ids]
    n = {k: max(1, sum(label == k[1] for label in labels) - inside) for k in kin if k[0] == "class"}
    other = next((x for x, k in zip(d, kin, strict=True) if k != kin[0]), d[-1])
    found = {
        "first_distance": math.log(d[0]),
        "lead": other - d[0],
        "relative_lead": 1 - d[0] / other,
        "u_query": query_u,
        "u_first": u[ids[0]],
        "u_hits": sum(u[i] for i in ids[:10]) / len(ids[:10]),
        "answered": float(labels[ids[0]] >= 0),
    }
    for k in (5, 10, 20):
        m = min(k, n.get(kin[0], 1), len(ids)) - 1
        a = sum(one == kin[0] for one in kin[1 : m + 1])
        found[f"agreement_{k}"] = math.log((a + 0.5) / (m - a + 0.5))
    scale, votes, seen = 0.15 * sum(d[:10]) / len(d[:10]), {}, {}
    for x, k in zip(d, kin, strict=True):
        seen[k] = seen.get(k, 0) + 1
        if seen[k] <= n.get(k, 1):
            votes[k] = votes.get(k, 0.0) + math.exp(-(x - d[0]) / scale)
    agreed = against = 0
    for k, rank in zip(kin, as_seen, strict=False):
        if rank < min(10, n.get(k, 1)):
            agreed, against = agreed + (k == kin[0]), against + (k != kin[0])
    found["first_rank"] = -math.log(1 + as_seen[0])
    found["mutual_votes"] = math.log((agreed + 0.5) / (against + 0.5))
    own = votes.pop(kin[0])
    found["soft_agreement"] = math.log((own + 0.1) / (sum(votes.values()) + 0.1))
    found["vote_margin"] = math.log((own + 0.1) / (max(votes.values(), default=0.0) + 0.1))
    return found


@pytest.mark.parametrize(("per_class", "without"), [(1, 0), (2, 5), (7, 20), (60, 3)])
def test_a_plain_loop_says_the_same(per_class, without):
    rng = np.random.default_rng(per_class)
    points, u, ids = cluster(6, per_class, seed=per_class, c=0.3)
    labels = np.where(rng.permutation(len(ids)) < without, -1, rng.permutation(ids))
    inside = rng.random(len(ids)) < 0.5
    rows = np.arange(len(ids))
    index = Index(points, 0.3)
    hits = index.search(points, 70, exclude=rows)
    seen = reciprocal_ranks(index.search, points, hits, rows)
    found = answer_features(hits, seen, labels, u, u, 0.3, inside=inside)
    for q in rows:
        args = (
            hits.ids[q],
            hits.distances[q],
            seen[q],
            labels.tolist(),
            u,
            u[q],
            0.3,
            bool(inside[q]),
        )
        expected = naive(*args)
        got = {name: values[q] for name, values in found.items()}
        assert got == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_the_order_of_the_gallery_does_not_matter():
    points, u, ids = cluster()
    order = np.random.default_rng(3).permutation(len(ids))
    before, _ = ask(points, u, ids)
    after, _ = ask(points[order], u[order], ids[order])
    for name in before:
        np.testing.assert_allclose(after[name], before[name][order], atol=1e-12)


def test_numbers_of_the_classes_do_not_matter():
    points, u, ids = cluster()
    before, after = ask(points, u, ids)[0], ask(points, u, 500 - 7 * ids)[0]
    for name in before:
        np.testing.assert_array_equal(after[name], before[name])


@pytest.mark.parametrize("s", [0.01, 30.0])
def test_the_unit_of_length_does_not_matter(s, fitted):
    points, u, ids = cluster()
    before, after = ask(points, u, ids)[0], ask(s * points, u, ids, 1.0 / s**2)[0]
    for name in before:
        np.testing.assert_allclose(after[name], before[name], rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(fitted.probability(after), fitted.probability(before), atol=1e-7)


def test_possible_agreement_is_full_agreement_in_a_small_gallery(fitted):
    d = np.linspace(0.2, 3.0, 12)[None]
    hits = Hits(np.arange(12)[None], d)
    near, u = nearest_of(hits), U[:1] * 12
    few = answer_features(hits, near, np.repeat(range(4), 3), u, [0.2], 1.0)
    assert few["agreement_5"] == few["agreement_20"] == pytest.approx(math.log(1.5 / 0.5))
    many = answer_features(hits, near, np.repeat(range(2), 6), u, [0.2], 1.0)
    assert few["agreement_20"] > 0
    assert many["agreement_20"] > few["agreement_20"]  # more could have spoken against it


def test_a_wrong_class_is_not_known_by_its_one_image_more():
    # Three images per class: of the query's own only two can be found, of every other three.
    labels = np.repeat(range(4), 3)
    d = np.array([[1.0, 1.1, 1.2, 2.0]])
    hits = Hits(np.array([[0, 1, 2, 3]]), d)
    third = answer_features(hits, nearest_of(hits), labels, np.zeros(12), [0.0], 1.0)
    for k in (5, 10, 20):
        assert third[f"agreement_{k}"] == pytest.approx(math.log(1.5 / 0.5))
    vote = 1 + math.exp(-0.1 / (0.15 * 1.325))
    rest = math.exp(-1.0 / (0.15 * 1.325))
    assert third["soft_agreement"] == pytest.approx(math.log((vote + 0.1) / (rest + 0.1)))


def test_one_class_only_gives_a_lower_bound_of_the_lead(fitted):
    points, u, ids = cluster(1, 8)
    found, right = ask(points, u, ids)
    assert right.all()
    hits = Index(points, 1.0).search(points, DEPTH, exclude=np.arange(8))
    np.testing.assert_allclose(found["lead"], hits.distances[:, -1] - hits.distances[:, 0])
    assert (found["agreement_5"] > 0).all()
    assert np.isfinite(fitted.probability(found)).all()


def test_identical_images_and_single_hits_give_finite_features(fitted):
    same = np.tile([[0.1, 0.2]], (6, 1))
    for labels in ([0, 0, 1, 1, 2, 2], [0] * 6, [-1] * 6, [0, -1, -1, -1, -1, -1]):
        found, _ = ask(same, np.full(6, 0.5), np.asarray(labels))
        assert all(np.isfinite(values).all() for values in found.values())
        p = fitted.probability(found)
        assert ((p >= 0) & (p <= 1)).all()
    one = answer_features(
        Hits(np.array([[1]]), np.zeros((1, 1))), [[0]], [0, 1], [0.1, 0.2], [0.3], 1.0
    )
    assert 0 < fitted.probability(one).item() < 1


def test_without_a_hit_or_a_class_nothing_can_be_right(fitted):
    nothing = np.empty((1, 0), int)
    none = answer_features(Hits(nothing, np.empty((1, 0))), nothing, [0], [0.1], [0.1], 1.0)
    assert fitted.probability(none).tolist() == [0.0]
    first = answer_features(replace(FIVE, ids=FIVE.ids[:, ::-1] + 2), RANKS, LABELS, U, [0.9], 4.0)
    assert first["answered"].tolist() == [0.0]
    assert fitted.probability(first).tolist() == [0.0]
    # An image without a class behind the first hit is simply another one.
    hits = Hits(np.array([[0, 6, 1]]), np.array([[1.0, 1.5, 2.0]]))
    second = answer_features(hits, nearest_of(hits), LABELS, U, [0.9], 1.0)
    assert second["lead"].item() == pytest.approx(0.5)
    assert fitted.probability(second).item() > 0


def test_hits_beyond_the_depth_are_not_looked_at():
    points, u, ids = cluster(3, 60)
    rows = np.arange(len(ids))
    index = Index(points, 1.0)
    deep = index.search(points, 150, exclude=rows)
    found = answer_features(
        deep, reciprocal_ranks(index.search, points, deep, rows), ids, u, u, 1.0
    )
    for name, values in ask(points, u, ids)[0].items():
        np.testing.assert_array_equal(found[name], values)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (dict(labels=LABELS[:-1]), "expected one per query and one per gallery row"),
        (dict(query_uncertainty=[0.1, 0.2]), "expected one per query"),
        (dict(inside=[True, False]), "inside"),
        (dict(labels=LABELS[:4], uncertainty=U[:4]), "expected rows of 4 images"),
        (dict(curvature=-1.0), "curvature"),
        (dict(ranks=[[0, 0]]), "got ranks"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(change, words):
    fits = dict(hits=FIVE, ranks=RANKS, labels=LABELS, uncertainty=U, query_uncertainty=[0.9])
    fits |= dict(curvature=1.0)
    with pytest.raises(ValueError, match=words):
        answer_features(**fits | change)


def test_importing_it_is_light():
    loaded = loaded_after("import hypuml.confidence")
    assert loaded & {"torch", "faiss", "sklearn", "scipy", "umap", "pandas", "streamlit"} == set()


def test_examples_in_the_docstrings():
    result = doctest.testmod(feature_module)
    assert result.attempted > 0
    assert result.failed == 0
