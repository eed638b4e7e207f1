"""Exactness of the search against float64 brute force, with every path it can take."""

import sys
import threading

import numpy as np
import pytest

from hypuml import geometry as G
from hypuml import search
from hypuml.search import Index


def shell(seed, c, count, n, far, spread=0.3):
    """Points around sqrt(c)*d0 = far, as float32."""
    rng = np.random.default_rng(seed)
    v = rng.normal(size=(count, n))
    v /= np.linalg.norm(v, axis=1, keepdims=True)
    v *= far / 2 * rng.uniform(1 - spread, 1, size=(count, 1)) / np.sqrt(c)
    return G.expmap0(v, c).astype(np.float32)


def collapsed(seed, c, classes, per_class, n, far, spacing):
    """Classes whose members are ``spacing`` apart, a few of them duplicates."""
    rng = np.random.default_rng(seed)
    centres = shell(seed, c, classes, n, far)
    step = rng.normal(size=(classes, per_class, n)) * spacing / 2 / np.sqrt(n * c)
    x = G.mobius_add(centres[:, None, :], G.expmap0(step, c), c).reshape(-1, n)
    x[1::7] = x[::7][: len(x[1::7])]
    return x.astype(np.float32)


def assert_exact(points, c, queries, k, exclude=None):
    """Recall 1 with ties within 1e-12, exact distances, ordered by (distance, row)."""
    hits = Index(points, c).search(queries, k, exclude)
    brute = np.stack([G.dist(q, points, c) for q in queries])
    if exclude is not None:
        rows = np.flatnonzero(exclude >= 0)
        brute[rows, exclude[rows]] = np.inf
    best = np.sort(brute, axis=1)[:, :k]
    found = np.take_along_axis(brute, hits.ids, axis=1)
    unit = np.sqrt(c)
    assert (unit * np.sort(found, axis=1) <= unit * best + 1e-12).all()
    np.testing.assert_allclose(unit * hits.distances, unit * best, rtol=1e-9, atol=1e-12)
    assert all(len(set(row)) == k for row in hits.ids.tolist())
    step, later = np.diff(hits.distances, axis=1), np.diff(hits.ids, axis=1) > 0
    assert ((step > 0) | ((step == 0) & later)).all()
    return hits


@pytest.fixture
def paths(monkeypatch):
    """Record which path answers how many queries, with the index used for any size."""
    monkeypatch.setattr(search, "_SMALL", 0)
    seen = {"full": 0, "tries": 0}
    full, tries = Index._by_full_pass, Index._by_candidates

    def count_full(self, q, skip, todo, ids, distances):
        seen["full"] += len(todo)
        return full(self, q, skip, todo, ids, distances)

    def count_tries(self, *args):
        seen["tries"] += 1
        return tries(self, *args)

    monkeypatch.setattr(Index, "_by_full_pass", count_full)
    monkeypatch.setattr(Index, "_by_candidates", count_tries)
    return seen


@pytest.mark.parametrize("c", [1e-3, 0.1, 1.0, 10.0])
@pytest.mark.parametrize("far", [0.5, 1.45, 4.0, 8.0])
def test_exact_at_every_radius(paths, c, far):
    x = shell(1, c, 3000, 16, far)
    assert_exact(x, c, x[:40], 10, exclude=np.arange(40))
    assert_exact(x, c, shell(2, c, 10, 16, far * 0.7), 10)
    assert paths["tries"] > 0
    if far <= 4:  # the certificate is no mere formality: it spares the full pass
        assert paths["full"] == 0


@pytest.mark.parametrize("spacing", [1e-2, 1e-3, 1e-5])
@pytest.mark.parametrize("far", [0.5, 1.45, 4.0, 8.0])
@pytest.mark.parametrize("per_class", [30, 700])
def test_exact_in_collapsed_classes(paths, spacing, far, per_class):
    x = collapsed(3, 0.1, 2100 // per_class, per_class, 12, far, spacing)
    rows = np.arange(0, len(x), 70)
    assert_exact(x, 0.1, x[rows], 10, exclude=rows)
    assert paths["tries"] > 0


def test_float32_candidates_alone_would_be_wrong(paths):
    """What the rerank and the certificate are for: the order of FAISS in a collapsed class."""
    faiss = pytest.importorskip("faiss")
    x = collapsed(3, 0.1, 3, 700, 12, 1.45, 1e-4)
    lifted = np.sqrt(0.1) * G.lorentz_lift(x, 0.1)
    flat = faiss.IndexFlatIP(13)
    flat.add(lifted.astype(np.float32))
    flipped = lifted[:50] * ([-1.0] + [1.0] * 12)
    theirs = flat.search(flipped.astype(np.float32), 10)[1]
    ours = assert_exact(x, 0.1, x[:50], 10).ids
    overlap = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(theirs, ours, strict=True)])
    assert overlap < 0.5
    assert paths["full"] > 0


def test_all_points_identical(paths):
    x = np.full((500, 3), 0.2, dtype=np.float32)
    hits = assert_exact(x, 1.0, x[:3], 10, exclude=np.arange(3))
    assert hits.ids[0].tolist() == list(range(1, 11))
    assert hits.ids[2].tolist() == [0, 1, *range(3, 11)]
    assert (hits.distances == 0).all()
    assert paths["full"] == 3


def test_small_and_large_sets_agree(monkeypatch):
    x = shell(5, 1.0, 2500, 8, 3.0).astype(np.float64)
    plain = Index(x, 1.0).search(x[:50], 12)
    monkeypatch.setattr(search, "_SMALL", 0)
    by_index = Index(x, 1.0).search(x[:50], 12)
    np.testing.assert_array_equal(plain.ids, by_index.ids)
    np.testing.assert_allclose(plain.distances, by_index.distances, rtol=1e-12, atol=1e-15)
    assert plain.ids.dtype == np.int64
    assert plain.distances.dtype == np.float64


def test_slices_do_not_change_the_answer(monkeypatch):
    x = shell(6, 1.0, 300, 4, 2.0)
    want = Index(x, 1.0).search(x, 5)
    for small in (0, 10_000):
        monkeypatch.setattr(search, "_SMALL", small)
        monkeypatch.setattr(search, "_CHUNK_BYTES", 20_000)
        monkeypatch.setattr(search, "_BLOCK", 64)
        got = Index(x, 1.0).search(x, 5)
        np.testing.assert_array_equal(got.ids, want.ids)


def test_certificate_bounds_the_float32_error():
    """The measured error of float32 scores stays inside eps, for every query and point."""
    for far in (0.5, 4.0, 8.0):
        x = shell(7, 1.0, 2000, 64, far)
        lifted = G.lorentz_lift(x, 1.0)
        f32 = lifted.astype(np.float32)
        score = np.outer(f32[:, 0], f32[:, 0]) - f32[:, 1:] @ f32[:, 1:].T
        error = np.abs(score - np.cosh(G.pairwise_dist(x, x, 1.0)))
        eps = 2 * (64 + 2) * 2.0**-24 * np.outer(*2 * [np.linalg.norm(lifted, axis=1)])
        assert (error <= eps).all()
        assert error.max() > 1e-3 * eps.max()  # and is not vanishingly small against it


def test_k_is_clamped_and_exclusion_shrinks_it():
    x = shell(8, 1.0, 6, 3, 1.0)
    assert Index(x, 1.0).search(x, 100).ids.shape == (6, 6)
    hits = Index(x, 1.0).search(x, 100, exclude=np.arange(6))
    assert hits.ids.shape == (6, 5)
    assert (hits.ids != np.arange(6)[:, None]).all()
    mixed = Index(x, 1.0).search(x[:2], 100, exclude=np.array([-1, 3]))
    assert mixed.ids.shape == (2, 5)
    assert 3 not in mixed.ids[1]
    assert mixed.ids[0, 0] == 0
    assert Index(x[:1], 1.0).search(x[:1], 4, exclude=np.array([0])).ids.shape == (1, 0)
    assert Index(x, 1.0).search(x[:0], 4).ids.shape == (0, 4)


def test_bad_input_is_refused_in_one_sentence():
    x = shell(9, 1.0, 5, 3, 1.0)
    index = Index(x, 1.0)
    for k in (0, -1, 2.5, "3"):
        with pytest.raises(ValueError, match="k ="):
            index.search(x, k)
    for bad, message in [
        (x[0], "queries of shape"),
        (x[:, :2], "2 coordinates, expected 3"),
        (np.full((1, 3), np.nan), "not finite"),
        (np.full((1, 3), 0.6), "outside the ball"),
    ]:
        with pytest.raises(ValueError, match=message):
            index.search(bad, 1)
    for bad in (np.zeros(2, int), np.full(5, 5), np.full(5, -2), np.zeros(5)):
        with pytest.raises(ValueError, match="exclude"):
            index.search(x, 1, exclude=bad)
    for points in (np.zeros((0, 3)), np.zeros(3), np.full((2, 2), np.inf), np.eye(2)):
        with pytest.raises(ValueError, match="expected"):
            Index(points, 1.0)
    with pytest.raises(ValueError, match="c > 0"):
        Index(x, 0.0)


def test_searches_from_many_threads_agree(monkeypatch):
    monkeypatch.setattr(search, "_SMALL", 0)
    x = shell(10, 1.0, 3000, 8, 2.0)
    want = Index(x, 1.0).search(x[:200], 5).ids
    index, results = Index(x, 1.0), {}

    def work(part):
        results[part] = index.search(x[part * 50 : part * 50 + 50], 5).ids

    threads = [threading.Thread(target=work, args=(part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(np.concatenate([results[part] for part in range(4)]), want)


def test_a_small_gallery_needs_no_faiss(monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)  # importing it would raise
    x = shell(11, 1.0, 2304, 8, 2.0)
    assert Index(x, 1.0).search(x[:1], 10).ids[0, 0] == 0


def test_without_faiss_every_answer_is_the_same(monkeypatch):
    x = shell(8, 0.5, 2500, 6, 3.0)
    exclude = np.where(np.arange(40) % 2, np.arange(40), -1)
    monkeypatch.setattr(search, "_SMALL", 0)
    want = Index(x, 0.5).search(x[:40], 7, exclude)

    monkeypatch.setattr(search, "find_spec", lambda name: None)
    monkeypatch.setitem(sys.modules, "faiss", None)  # importing it would fail
    index = Index(x, 0.5)
    got = index.search(x[:40], 7, exclude)
    np.testing.assert_array_equal(got.ids, want.ids)
    np.testing.assert_allclose(got.distances, want.distances, rtol=1e-12, atol=1e-15)
    assert index._faiss is None
