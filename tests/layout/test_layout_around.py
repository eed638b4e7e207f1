"""Around a query: the circle through the k-th answer holds exactly the answers."""

from __future__ import annotations

import numpy as np
import pytest

from hypuml.geometry import dist, dist0, expmap0, translate
from hypuml.layout import around, around_xy, fit_layout
from hypuml.layout.recenter import spread
from hypuml.layout.screen import RIM, dilation_of
from hypuml.search import Index

MOST = 1.0 - 1e-6  # largest radius of the picture
TURN = 2 * np.pi
ROOM = 0.97 * TURN  # what directions are spread over


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


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("c", [0.1, 1.0, 4.0])
@pytest.mark.parametrize("seed", range(3))
def test_exactly_the_answers_lie_within_the_circle_of_the_last(seed, c, exact):
    points = ball(seed, c=c)
    xy = any_disk(seed, len(points))
    for row in (0, 7, len(points) - 1):
        distances, unit = around(points, points[row], c)
        # As it is sent and drawn: in single precision.
        sent = distances.astype(np.float32)
        drawn = around_xy(xy, xy[row], sent, unit, exact).astype(np.float32)
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
    monkeypatch.setattr(import_module("hypuml.layout.recenter"), "_BLOCK", 7)
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
    drawn = around_xy(layout.xy, layout.xy[row], distances, unit, exact=True)
    space = np.sqrt(c) * translate(points, points[row].astype(float), c)
    assert np.abs(drawn - space).max() < 1e-9


def test_one_dimension_is_moved_along_its_diameter():
    points = ball(9, n=1, count=20)
    distances, unit = around(points, points[2], 1.0)
    xy = fit_layout(points, 1.0).xy
    drawn = around_xy(xy, xy[2], distances, unit, exact=True)
    assert unit == 1.0
    assert np.allclose(drawn[:, 0], translate(points, points[2].astype(float), 1.0)[:, 0])
    assert np.abs(drawn[:, 1]).max() < 1e-15


def test_around_the_origin_the_picture_is_the_gallerys_own():
    points = ball(10)
    layout = fit_layout(points, 1.0, umap=False)
    distances, unit = around(points, np.zeros((1, 12)), 1.0)
    assert unit == pytest.approx(layout.dilation, rel=1e-12)
    drawn = around_xy(layout.xy, np.zeros(2), distances, unit, exact=True)
    assert np.abs(drawn - layout.xy).max() < 1e-12


@pytest.mark.parametrize("row", [0, 33, 399])
def test_the_query_is_in_the_middle_and_others_keep_their_direction(row):
    points = ball(7)
    xy = any_disk(7, len(points))
    distances, unit = around(points, points[row], 1.0)
    assert distances[row] == 0.0
    drawn = around_xy(xy, xy[row], distances, unit, exact=True)
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
        for exact in (True, False):
            drawn = around_xy(xy, xy[row], distances, unit, exact)
            assert np.isfinite(drawn).all()
            assert np.hypot(*drawn.astype(np.float32).T).max() < 1
    assert distances[-2] == pytest.approx(2 * 17.3, rel=0.05)
    straight = around_xy([[0.3, 0.0], [0.0, 0.5]], [0.0, 0.0], [200.0, 14.0], 1.0, exact=True)
    assert np.allclose(straight[0], [MOST, 0])
    assert straight[1, 1] == pytest.approx(np.tanh(7.0), abs=1e-15)


def test_identical_points_lie_where_the_query_is():
    points = np.tile(ball(1, count=1), (30, 1))
    xy = np.tile(any_disk(1, 1), (30, 1))
    distances, unit = around(points, points[0], 2.0)
    assert (distances == 0).all()
    assert unit == np.sqrt(2.0)
    for exact in (True, False):
        assert np.array_equal(around_xy(xy, xy[0], distances, unit, exact), np.zeros((30, 2)))


def test_a_point_drawn_at_the_query_but_away_from_it_keeps_its_distance():
    for exact in (True, False):
        drawn = around_xy([[0.4, 0.2]], [0.4, 0.2], [1.5], 1.0, exact)
        assert np.allclose(drawn, [[np.tanh(0.75), 0.0]])


def test_seen_from_near_the_rim_the_beam_is_opened_and_radii_stay():
    points = ball(12)
    xy = any_disk(12, len(points))
    xy[0] = [0.999, 0.0]
    distances, unit = around(points, points[0], 1.0)
    true, drawn = (around_xy(xy, xy[0], distances, unit, exact) for exact in (True, False))
    assert np.allclose(np.hypot(*drawn.T), np.hypot(*true.T), atol=1e-14)
    # Everyone is to the left of a query at the right rim.
    beam, opened = (np.arctan2(z[1:, 1], z[1:, 0]) % TURN for z in (true, drawn))
    assert np.mean(np.abs(beam - np.pi) < 0.1) > 0.9
    assert np.mean(np.abs(opened - np.pi) < 0.1) < 0.1
    # Steps are at least half as long as even ones: nowhere more than twice an even share.
    assert np.histogram(opened, 8, (0, TURN))[0].max() <= 2 * len(opened) / 8 / 0.97 + 1
    assert np.histogram(opened, 8, (0, TURN))[0].min() > 0
    assert (np.argsort(beam) == np.argsort(opened)).all()


def angles(seed: int, count: int, most: float = TURN) -> np.ndarray:
    """Random directions in (-pi, pi], within an arc of ``most`` around any direction."""
    rng = np.random.default_rng(seed)
    theta = rng.uniform(0, TURN) + most * rng.uniform(0, 1, count) ** rng.uniform(0.5, 4)
    return np.arctan2(np.sin(theta), np.cos(theta))


ARCS = [(2, 1.0), (3, TURN), (7, 0.001), (40, 5.0), (300, 0.2), (300, TURN)]


@pytest.mark.parametrize(("count", "most"), ARCS)
@pytest.mark.parametrize("seed", range(3))
def test_directions_keep_their_order_from_the_largest_gap_on(seed, count, most):
    theta = angles(seed, count, most)
    order = np.argsort(theta)
    gaps = np.append(np.diff(theta[order]), theta[order[0]] + TURN - theta[order[-1]])
    cut = int(np.argmax(gaps)) + 1
    order = np.roll(order, -cut)
    along = np.cumsum(np.append(0.0, np.delete(np.roll(gaps, -cut), -1)))
    found = spread(theta)[order]
    # In order, inside one turn, and about the same middle as before.
    steps = np.diff(found)
    room = max(ROOM, TURN - gaps.max())
    assert steps.min() >= room / (count - 1) / 2 * (1 - 1e-9)
    assert found[-1] - found[0] == pytest.approx(room, rel=1e-12)
    assert found[-1] - found[0] < TURN
    before = theta[order[0]] + along[-1] / 2
    # Sines and cosines differ in their last digits between processors, and so does their mean.
    assert (found[0] + found[-1]) / 2 == pytest.approx(before, abs=1e-10)
    # Half even, half as before: what is twice as far apart stays further apart.
    even = np.full(count - 1, room / (count - 1))
    assert np.allclose(steps, (even + np.diff(along) * room / along[-1]) / 2, atol=1e-12)


@pytest.mark.parametrize(("count", "most"), ARCS)
def test_spreading_turns_and_mirrors_with_the_directions(count, most):
    theta = angles(5, count, most)
    truth = np.exp(1j * spread(theta))
    for turn in (0.3, 2.0, -2.9):
        turned = np.angle(np.exp(1j * (theta + turn)))
        assert np.allclose(np.exp(1j * spread(turned)), truth * np.exp(1j * turn), atol=1e-8)
    assert np.allclose(np.exp(1j * spread(-theta)), truth.conj(), atol=1e-8)
    other = np.random.default_rng(0).permutation(count)
    assert np.allclose(spread(theta[other]), spread(theta)[other], atol=1e-12)


def test_known_spreads():
    assert np.array_equal(spread(np.array([])), [])
    assert np.array_equal(spread(np.array([2.5])), [2.5])
    assert np.array_equal(spread(np.full(5, -0.7)), np.full(5, -0.7))
    # Two go to the ends, whichever comes first; across the cut of arctan2 as well.
    assert np.allclose(spread(np.array([0.1, -0.1])), [ROOM / 2, -ROOM / 2])
    apart = spread(np.array([np.pi - 0.1, -np.pi + 0.1]))
    assert np.allclose(apart, [np.pi - ROOM / 2, np.pi + ROOM / 2])
    # Those of one direction lie side by side, in their order.
    sides = 0.5 + ROOM * np.concatenate([np.arange(50), np.arange(50) + 149]) / 99 / 2 - ROOM / 2
    assert np.allclose(spread(np.repeat([0.0, 1.0], 50)), sides)
    assert np.allclose(spread(np.tile([1.0, 0.0], 50)), sides.reshape(2, 50)[::-1].T.ravel())
    # Nothing to gain: what is spread evenly over more than the room stays.
    even = np.arange(50) * TURN / 50 - 3
    assert np.allclose(np.exp(1j * spread(even)), np.exp(1j * even), atol=1e-12)


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
