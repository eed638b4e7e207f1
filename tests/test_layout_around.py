"""Around a query: the circle through the k-th answer holds exactly the answers."""

from __future__ import annotations

import numpy as np
import pytest

from hypuml.geometry import dist, dist0, expmap0, translate
from hypuml.layout import around, around_xy, fit, fit_layout
from hypuml.layout.around import spread
from hypuml.layout.screen import RIM, dilation_of
from hypuml.search import Index

MOST = 1.0 - 1e-6  # largest radius of the picture


def ball(seed: int, count: int = 400, n: int = 12, c: float = 1.0, far: float = 2.0):
    """Points of very different distances from the origin, up to about ``far`` (at c = 1)."""
    rng = np.random.default_rng(seed)
    v = rng.normal(size=(count, n))
    v *= rng.uniform(0.05, far / 2, (count, 1)) / np.linalg.norm(v, axis=1, keepdims=True)
    return expmap0(v / np.sqrt(c), c).astype(np.float32)


def any_disk(seed: int, count: int) -> np.ndarray:
    """A picture that has nothing to do with the points: only its directions may matter."""
    rng = np.random.default_rng(seed + 1000)
    rho, turn = rng.uniform(0, 0.99, count), rng.uniform(0, 2 * np.pi, count)
    return np.column_stack([rho * np.cos(turn), rho * np.sin(turn)]).astype(np.float32)


@pytest.mark.parametrize("c", [0.1, 1.0, 4.0])
@pytest.mark.parametrize("seed", range(3))
def test_exactly_the_answers_lie_within_the_circle_of_the_last(seed, c):
    points = ball(seed, c=c)
    xy = any_disk(seed, len(points))
    for row in (0, 7, len(points) - 1):
        distances, unit = around(points, points[row], c)
        # As it is sent and drawn: in single precision.
        sent = distances.astype(np.float32)
        drawn = around_xy(xy, xy[row], sent, unit, True).astype(np.float32)
        radius = np.hypot(*drawn.astype(float).T)
        for k in (1, 10, 57):
            best = Index(points, c).search(points[row : row + 1], k, exclude=[row]).ids[0]
            within = np.flatnonzero(sent <= sent[best[-1]])
            assert set(within) == {row, *best}
            inside = np.flatnonzero(radius <= radius[best[-1]] + 2e-7)
            assert {row, *best} <= set(inside)
            tied = np.setdiff1d(inside, [row, *best])  # to what single precision can draw
            assert np.allclose(distances[tied], distances[best[-1]], rtol=1e-5)


@pytest.mark.parametrize("c", [0.3, 1.0])
def test_distances_are_those_of_the_geometry_for_queries_from_anywhere(c):
    points = ball(3, count=70, c=c)
    query = ball(4, count=1, c=c)
    distances, _ = around(points, query, c)
    assert distances.dtype == np.float64
    naive = [float(dist(p, query[0], c)) for p in points]
    assert np.allclose(distances, naive, rtol=1e-13, atol=0)
    translated = dist0(translate(points, query[0].astype(float), c), c)
    assert np.allclose(distances, translated, rtol=1e-9)
    assert np.array_equal(around(points, query[0], c)[0], distances)


def test_blocks_are_only_for_memory(monkeypatch):
    from importlib import import_module

    points = ball(8, count=50)
    whole = around(points, points[3], 1.0)
    monkeypatch.setattr(import_module("hypuml.layout.around"), "_BLOCK", 7)
    parts = around(points, points[3], 1.0)
    assert np.array_equal(parts[0], whole[0])
    assert parts[1] == whole[1]


@pytest.mark.parametrize("c", [0.2, 1.0, 5.0])
def test_the_unit_puts_the_99th_percentile_at_095_of_the_rim(c):
    points = ball(5, c=c)
    distances, unit = around(points, points[11], c)
    far = np.percentile(distances, 99)
    assert np.tanh(unit * far / 2) == pytest.approx(RIM, abs=1e-12)
    # The very rule of the gallery's own picture, after the query was moved to the origin.
    moved = translate(points, points[11].astype(float), c)
    assert unit == pytest.approx(np.sqrt(c) * dilation_of(moved, c), rel=1e-9)


@pytest.mark.parametrize("c", [0.25, 1.0, 3.0])
@pytest.mark.parametrize("row", [0, 5])
def test_in_two_dimensions_the_space_itself_is_moved(c, row):
    points = ball(6, n=2, c=c)
    layout = fit_layout(points, c)
    distances, unit = around(points, points[row], c)
    assert unit == np.sqrt(c)
    drawn = around_xy(layout.xy, layout.xy[row], distances, unit, True)
    space = np.sqrt(c) * translate(points, points[row].astype(float), c)
    assert np.abs(drawn - space).max() < 1e-9


def test_one_dimension_is_moved_along_its_diameter():
    points = ball(9, n=1, count=20)
    distances, unit = around(points, points[2], 1.0)
    xy = fit_layout(points, 1.0).xy
    drawn = around_xy(xy, xy[2], distances, unit, True)
    assert unit == 1.0
    assert np.allclose(drawn[:, 0], translate(points, points[2].astype(float), 1.0)[:, 0])
    assert np.abs(drawn[:, 1]).max() < 1e-15


def test_around_the_origin_the_picture_is_the_gallerys_own(monkeypatch):
    monkeypatch.setattr(fit, "_MANY", 0)  # no UMAP: it takes seconds
    points = ball(10)
    layout = fit_layout(points, 1.0)
    distances, unit = around(points, np.zeros((1, 12)), 1.0)
    assert unit == pytest.approx(layout.dilation, rel=1e-12)
    assert (
        np.abs(around_xy(layout.xy, np.zeros(2), distances, unit, True) - layout.xy).max() < 1e-12
    )


@pytest.mark.parametrize("row", [0, 33, 399])
def test_the_query_is_in_the_middle_and_others_keep_their_direction(row):
    points = ball(7)
    xy = any_disk(7, len(points))
    distances, unit = around(points, points[row], 1.0)
    assert distances[row] == 0.0
    drawn = around_xy(xy, xy[row], distances, unit, True)
    assert np.array_equal(drawn[row], [0.0, 0.0])
    others = np.arange(len(points)) != row
    moved = translate(xy, xy[row].astype(float), 1.0)
    across = moved[:, 0] * drawn[:, 1] - moved[:, 1] * drawn[:, 0]
    assert np.abs(across).max() < 1e-14
    assert ((moved * drawn).sum(axis=1)[others] > 0).all()
    assert np.allclose(np.hypot(*drawn.T), np.tanh(unit * distances / 2), atol=1e-14)


def test_far_points_stay_in_the_disk():
    near = ball(2, count=300)
    far = 0.99999994 * np.eye(12, dtype=np.float32)[:2]  # d0 = 17, the outermost in float32
    points = np.concatenate([near, far])
    xy = any_disk(2, len(points))
    xy[-2:] = [[1.0, 0.0], [0.0, -1.0]]  # rounded onto the rim
    for row in (0, -1):
        distances, unit = around(points, points[row], 1.0)
        drawn = around_xy(xy, xy[row], distances, unit, True)
        assert np.isfinite(drawn).all()
        assert np.hypot(*drawn.astype(np.float32).T).max() < 1
    assert distances[-2] == pytest.approx(2 * 17.3, rel=0.05)
    straight = around_xy([[0.3, 0.0], [0.0, 0.5]], [0.0, 0.0], [200.0, 14.0], 1.0, True)
    assert np.allclose(straight[0], [MOST, 0])
    assert straight[1, 1] == pytest.approx(np.tanh(7.0), abs=1e-15)


def test_identical_points_lie_where_the_query_is():
    points = np.tile(ball(1, count=1), (30, 1))
    xy = np.tile(any_disk(1, 1), (30, 1))
    distances, unit = around(points, points[0], 2.0)
    assert (distances == 0).all()
    assert unit == np.sqrt(2.0)
    assert np.array_equal(around_xy(xy, xy[0], distances, unit, True), np.zeros((30, 2)))


def test_a_point_drawn_at_the_query_but_away_from_it_keeps_its_distance():
    drawn = around_xy([[0.4, 0.2]], [0.4, 0.2], [1.5], 1.0, True)
    assert np.allclose(drawn, [[np.tanh(0.75), 0.0]])


@pytest.mark.parametrize(
    ("points", "query", "word"),
    [
        (np.zeros((0, 3)), np.zeros((1, 3)), "N >= 1"),
        (np.zeros((4, 3)), np.zeros((2, 3)), "expected"),
        (np.zeros((4, 3)), np.zeros((1, 2)), "expected"),
        (np.zeros(3), np.zeros((1, 3)), "expected"),
        (np.zeros((4, 3)), np.full((1, 3), np.nan), "finite"),
        (np.zeros((4, 3)), np.ones((1, 3)), "outside the ball"),
    ],
)
def test_what_does_not_fit_is_refused(points, query, word):
    with pytest.raises(ValueError, match=word):
        around(points, query, 1.0)


@pytest.mark.parametrize("seed", range(5))
def test_directions_are_spread_in_their_order_and_cut_at_the_widest_gap(seed):
    rng = np.random.default_rng(seed)
    beam = rng.normal(2.0, 0.2, 300)  # a narrow beam, as seen from a query near the rim
    theta = np.angle(np.exp(1j * beam))
    wide = spread(theta)
    order = np.argsort(beam, kind="stable")
    assert (np.diff(wide[order]) > 0).all()  # nobody overtakes
    assert 0.9 * 2 * np.pi < np.ptp(wide) < 2 * np.pi  # the whole circle, and only once
    counts = np.histogram(np.mod(wide, 2 * np.pi), 8)[0]
    assert counts.min() > 0  # no part of it is left empty, which seven of eight were
    # Turned as a whole, the picture only turns: where the circle was cut does not matter.
    turned = spread(np.angle(np.exp(1j * (beam + 2.5))))
    off = np.angle(np.exp(1j * (turned - wide - 2.5)))
    assert np.abs(off).max() < 1e-9


def test_few_or_equal_directions_stay_as_they_are():
    assert spread(np.zeros(0)).tolist() == []
    assert spread(np.array([1.3])).tolist() == [1.3]
    assert spread(np.full(4, -0.7)).tolist() == [-0.7] * 4


@pytest.mark.parametrize("seed", range(3))
def test_spreading_directions_moves_nobody_into_the_circle(seed):
    points = ball(seed)
    xy = any_disk(seed, len(points))
    distances, unit = around(points, points[5], 1.0)
    exact = around_xy(xy, xy[5], distances, unit, True)
    drawn = around_xy(xy, xy[5], distances, unit, False)
    np.testing.assert_allclose(np.hypot(*drawn.T), np.hypot(*exact.T), atol=1e-12)
