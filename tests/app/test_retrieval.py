"""The numbers the Explore room shows, without Streamlit."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from app import resources, retrieval
from app.parts.browse import ORDERS, ordered
from app.parts.disk import badge, detail
from app.parts.text import esc, percent
from hypuml.gallery import Gallery
from hypuml.taxonomy import class_ids
from tests.support.app_support import pictures_gallery

ROSE, LILY, FERN = ("Rosales", "alba"), ("Liliales", "alba"), ("Ferns", "fern")


def test_kept_counts_coverage_and_recall_by_hand():
    u = np.array([0.1, 0.2, 0.3, 0.4, 0.5], np.float32)
    codes, _ = class_ids([ROSE, ROSE, LILY, LILY, FERN])
    hits = np.array([1, 0, 0, 2, 0])  # right, right, wrong, right, and a class of one image

    assert retrieval.kept(u, codes, hits, 0.5) == retrieval.Kept(5, 5, 4, 0.75)
    assert retrieval.kept(u, codes, hits, 0.3) == retrieval.Kept(3, 5, 3, 2 / 3)
    assert retrieval.kept(u, codes, hits, 0.05) == retrieval.Kept(0, 5, 0, None)
    assert retrieval.kept(u, codes, hits, 0.3).coverage == 0.6


def test_recall_stays_open_until_the_hits_are_known():
    u, codes = np.array([0.1, 0.2], np.float32), np.array([0, 0])
    assert retrieval.kept(u, codes, None, 1.0) == retrieval.Kept(2, 2, 0, None)


@pytest.mark.parametrize("seed", range(5))
def test_slider_ends_reject_everything_and_nothing(seed):
    u = np.random.default_rng(seed).uniform(0, 1, 50).astype(np.float32)
    lo, hi = retrieval.bounds(u)
    assert not retrieval.keep_mask(u, lo).any()
    assert retrieval.keep_mask(u, hi).all()
    flat = np.full(3, u[0], np.float32)
    assert retrieval.bounds(flat)[0] < retrieval.bounds(flat)[1]


def test_a_threshold_at_an_image_keeps_that_image():
    u = np.float32(0.12345678)
    assert retrieval.keep_mask(np.array([u]), round(float(u), 3)).all()


def test_a_query_is_rejected_unless_the_threshold_is_at_its_end():
    u = np.array([0.2, 0.5], np.float32)
    assert retrieval.bounds(u)[1] == 0.5
    assert retrieval.rejects(0.3, 0.4, u)
    assert not retrieval.rejects(0.3, 0.3, u)
    assert retrieval.rejects(0.49, 0.9, u)
    assert not retrieval.rejects(0.5, 0.9, u)  # no image of the gallery is so unsure


@pytest.fixture
def gallery(tmp_path) -> Gallery:
    paths = [ROSE, ROSE, LILY, LILY, FERN, ROSE]
    return Gallery.open(pictures_gallery(tmp_path / "gallery", paths))


def ask(gallery, point, k, row=None, allowed=None) -> retrieval.Answers:
    hits = gallery.ask(point, 0.5, k, row, allowed).hits
    return retrieval.answers(hits, gallery.class_ids, row)


def brute_force(gallery: Gallery, row: int) -> list[int]:
    from hypuml.geometry import pairwise_dist

    distances = pairwise_dist(gallery.points[row : row + 1], gallery.points, 1.0)[0]
    return [int(i) for i in np.argsort(distances) if i != row]


@pytest.mark.parametrize("row", [0, 3, 5])
def test_answers_are_the_nearest_others_with_marks(gallery, row):
    found = ask(gallery, gallery.points[row : row + 1], 3, row)
    assert found.rows.tolist() == brute_force(gallery, row)[:3]
    assert list(found.marks) == [
        "right" if gallery.paths[i] == gallery.paths[row] else "wrong" for i in found.rows
    ]
    assert found.right == found.marks.count("right")


def test_hidden_images_are_skipped_and_replaced(gallery):
    allowed = np.array([True, False, True, False, True, True])
    found = ask(gallery, gallery.points[:1], 3, 0, allowed)
    assert found.rows.tolist() == [i for i in brute_force(gallery, 0) if allowed[i]][:3]


def test_more_answers_than_images_gives_all_of_them(gallery):
    assert len(ask(gallery, gallery.points[:1], 50, 0).rows) == 5
    assert len(ask(gallery, gallery.points[:1], 50).rows) == 6
    nothing = np.zeros(6, bool)
    assert len(ask(gallery, gallery.points[:1], 5, 0, nothing).rows) == 0


def test_a_picture_from_outside_is_neither_right_nor_wrong(gallery):
    assert set(ask(gallery, gallery.points[:1], 5).marks) == {""}


def test_first_hits_on_the_shelf_equal_brute_force(gallery):
    entry = resources.Entry("g", gallery.folder, gallery)
    assert entry.first_hits().tolist() == [brute_force(gallery, i)[0] for i in range(6)]


def test_majority_names_the_most_frequent_class():
    assert retrieval.majority(np.array([2, -1, 1, 1, 2])) == (0, 2)
    assert retrieval.majority(np.array([-1, 3])) == (1, 1)
    assert retrieval.majority(np.array([-1, -1])) == (-1, 0)


def test_browsing_orders_and_filters(gallery):
    u = gallery.uncertainty
    assert (np.diff(u[ordered(gallery, "surest first")]) >= 0).all()
    assert (np.diff(u[ordered(gallery, "least sure first")]) <= 0).all()
    for order in ORDERS:
        assert sorted(ordered(gallery, order)) == list(range(6))
    assert ordered(gallery, "as stored", "fern").tolist() == [4]


def test_gallery_arguments_leave_other_arguments_alone():
    given = ["-q", "--gallery", "a b", "--other", "x", "--gallery=c/d", "--gallery"]
    assert resources.gallery_arguments(given) == [Path("a b"), Path("c/d")]


def test_shelf_names_are_unique_and_safe(tmp_path):
    shelf = resources.Shelf()
    first, second = shelf.add(tmp_path / "A <b>"), shelf.add(tmp_path / "x" / "a-b")
    assert (first.key, second.key) == ("a-b", "a-b-2")
    assert shelf.add(tmp_path / "A <b>").key == "a-b"


def test_text_is_never_markup():
    assert esc('<img src="x">&') == "&lt;img src=&quot;x&quot;&gt;&amp;"
    assert [percent(x) for x in (0, 0.0001, 0.834, 0.9996, 1)] == [
        "0 %", "0.1 %", "83 %", "99.9 %", "100 %",
    ]  # fmt: skip


def test_the_badge_says_what_a_position_is_worth_and_when_curvature_is_idle():
    worth = {
        "exact": False,
        "overlap@10": 0.41,
        "overlap@50": 0.52,
        "d0_iqr": [2.4, 3.1],
        "random_angle": {"overlap@10": 0.03},
        "free_umap": {"overlap@10": 0.44},
    }
    used = SimpleNamespace(
        fidelity=worth, dilation=0.9641, manifest={"metrics": {"curvature_use": 0.12}}
    )
    idle = SimpleNamespace(
        fidelity=worth, dilation=1.0, manifest={"metrics": {"curvature_use": 0.01}}
    )
    unmeasured = SimpleNamespace(fidelity={"exact": True}, dilation=1.0, manifest={})
    assert "41 %" in badge(used)
    assert "free UMAP 44 %" in badge(used)
    assert "not used" not in badge(used)
    assert "Curvature use 0.12" in detail(used)
    assert "52 %" in detail(used)
    assert "the factor 0.964" in detail(used)
    assert "2.40 to 3.10" in detail(used)
    assert "Curvature is not used" in badge(idle)
    assert "in name only" in detail(idle)
    assert "every distance on it is true" in badge(unmeasured)
    assert "Curvature" not in detail(unmeasured)
