"""The picture keeps radii exactly and neighbours well; queries land where their neighbours are."""

from __future__ import annotations

import numpy as np
import pytest

from hypuml.geometry import dist0, expmap0
from hypuml.layout import fit_layout, place
from hypuml.layout.screen import RIM, chord
from hypuml.search import Index


def clusters(seed: int = 0, groups: int = 12, per: int = 25, n: int = 16, c: float = 0.5):
    """A two-level tree of clusters in the ball, with radii from sure to unsure."""
    rng = np.random.default_rng(seed)
    stems = rng.normal(size=(4, n))[np.arange(groups) % 4]
    centres = stems + 0.7 * rng.normal(size=(groups, n))
    labels = np.repeat(np.arange(groups), per)
    v = centres[labels] * rng.uniform(0.4, 1.0, (len(labels), 1))
    v = v + 0.25 * rng.normal(size=v.shape)
    v *= 0.9 / np.median(np.linalg.norm(v, axis=1)) / np.sqrt(c)
    return expmap0(v, c).astype(np.float32), c, labels


@pytest.fixture(scope="module")
def fitted():
    """One fit with its free UMAP: importing and compiling UMAP is what costs time here."""
    points, c, labels = clusters()
    return points, c, labels, fit_layout(points, c, seed=3)


def screen_radius(points, c, dilation):
    return np.tanh(dilation * np.sqrt(c) * dist0(points, c) / 2)


def test_every_screen_radius_is_the_dilated_true_radius(fitted):
    points, c, _, layout = fitted
    rho = np.hypot(*layout.xy.T)
    assert np.abs(rho - screen_radius(points, c, layout.dilation)).max() < 1e-12
    stored = np.hypot(*layout.xy.astype(np.float32).astype(float).T)
    assert np.abs(stored - rho).max() < 1e-6
    assert np.isclose(np.tanh(np.arctanh(np.percentile(rho, 99))), RIM, atol=2e-3)
    assert rho.max() < 1.0


def test_neighbours_stay_together_as_well_as_in_a_free_umap(fitted):
    worth = fitted[3].fidelity
    assert worth["overlap@10"] >= 0.8 * worth["free_umap"]["overlap@10"]
    assert worth["overlap@10"] > 3 * worth["random_angle"]["overlap@10"]
    assert worth["overlap@50"] > worth["random_angle"]["overlap@50"]
    assert worth["free_umap"]["overlap@10"] > 2 * worth["random_angle"]["overlap@10"]
    assert -1 <= worth["free_umap"]["radius_spearman"] <= 1
    assert worth["measured_on"] == len(fitted[0])
    assert not worth["exact"]


def test_overlap_is_what_counting_by_hand_gives(fitted):
    points, c, _, layout = fitted
    rows = np.arange(len(points))
    truth = Index(points, c).search(points, 10, exclude=rows).ids
    drawn = Index(layout.xy, 1.0).search(layout.xy, 10, exclude=rows).ids
    shared = [
        len(set(a) & set(b)) / 10 for a, b in zip(truth.tolist(), drawn.tolist(), strict=True)
    ]
    assert layout.fidelity["overlap@10"] == pytest.approx(np.mean(shared))


def test_the_free_umap_lies_in_the_disk(fitted):
    free = fitted[3].umap_xy
    assert free.shape == (len(fitted[0]), 2)
    assert (np.hypot(*free.T) < 1).all()


def test_same_seed_same_picture():
    points, c, _ = clusters(5)
    assert np.array_equal(
        fit_layout(points, c, umap=False).xy, fit_layout(points, c, umap=False).xy
    )


@pytest.mark.parametrize("c", [1e-3, 1.0, 10.0])
def test_radius_law_holds_for_every_curvature(c):
    points, _, _ = clusters(2, groups=6, per=12, c=c)
    layout = fit_layout(points, c, umap=False)
    assert np.abs(np.hypot(*layout.xy.T) - screen_radius(points, c, layout.dilation)).max() < 1e-12


def test_radii_beyond_the_99th_percentile_are_bent_by_tanh_alone():
    points, c, _ = clusters(4)
    points = np.concatenate([points, expmap0(4.0 * np.eye(16)[:1] / np.sqrt(c), c)])
    layout = fit_layout(points, c, umap=False)
    rho = np.hypot(*layout.xy.T)
    assert rho[-1] < 1
    assert np.abs(rho - screen_radius(points, c, layout.dilation)).max() < 1e-12


def test_classes_gather_without_labels(fitted):
    _, _, labels, layout = fitted
    theta = np.arctan2(layout.xy[:, 1], layout.xy[:, 0])
    spread = [1 - abs(np.exp(1j * theta[labels == g]).mean()) for g in range(labels.max() + 1)]
    assert np.median(spread) < 0.1


def test_two_dimensions_need_no_projection():
    points, c, _ = clusters(n=2)
    layout = fit_layout(points, c)
    assert layout.dilation == 1.0
    assert layout.fidelity["exact"]
    assert layout.fidelity["overlap@10"] == 1.0
    assert np.allclose(layout.xy, np.sqrt(c) * points, atol=0)
    moved = place(points[:4] * 0.5, points, layout.xy, c, layout.dilation)
    assert np.allclose(moved, np.sqrt(c) * points[:4] * 0.5)


def test_one_dimension_is_a_diameter():
    layout = fit_layout(np.array([[-0.5], [0.25]]), 1.0)
    assert np.allclose(layout.xy, [[-0.5, 0.0], [0.25, 0.0]])


@pytest.mark.parametrize("count", [1, 2, 5, 15])
def test_few_points(count):
    points, c, _ = clusters()
    layout = fit_layout(points[:count], c)
    rho = screen_radius(points[:count], c, layout.dilation)
    assert np.allclose(np.hypot(*layout.xy.T), rho, atol=1e-12)
    assert layout.fidelity["overlap@10"] is None
    assert layout.umap_xy is None


def test_equal_points_share_one_place():
    same = np.repeat(np.full((1, 8), 0.1), 40, axis=0)
    layout = fit_layout(same, 1.0, umap=False)
    assert np.ptp(layout.xy, axis=0).max() == 0.0
    points, c, _ = clusters(1)
    layout = fit_layout(np.concatenate([points, points[:10]]), c, umap=False)
    assert np.array_equal(layout.xy[-10:], layout.xy[:10])


def test_everything_at_the_origin_stays_there():
    layout = fit_layout(np.zeros((30, 8)), 1.0)
    assert layout.dilation == 1.0
    assert not layout.xy.any()
    assert not place(np.zeros((2, 8)), np.zeros((30, 8)), layout.xy, 1.0, 1.0).any()


def test_points_of_one_radius_spread_around_their_circle():
    rng = np.random.default_rng(0)
    v = rng.normal(size=(100, 6))
    layout = fit_layout(expmap0(v / np.linalg.norm(v, axis=1, keepdims=True), 1.0), 1.0, umap=False)
    assert np.allclose(np.hypot(*layout.xy.T), RIM)
    assert np.isfinite(layout.xy).all()
    assert layout.fidelity["overlap@10"] > 2 * layout.fidelity["random_angle"]["overlap@10"]


@pytest.mark.parametrize(
    ("points", "words"),
    [
        (np.zeros((0, 3)), "0 points"),
        (np.full((3, 3), np.nan), "not finite"),
        (np.full((3, 3), 0.9), "outside the ball"),
    ],
)
def test_bad_points_are_refused(points, words):
    with pytest.raises(ValueError, match=words):
        fit_layout(points, 1.0)


def test_a_gallery_point_lands_on_itself(fitted):
    points, c, _, layout = fitted
    assert np.abs(place(points, points, layout.xy, c, layout.dilation) - layout.xy).max() < 1e-9


def test_queries_land_near_where_the_fit_had_put_them(fitted):
    points, c, labels, layout = fitted
    held = np.arange(0, len(points), 7)
    rest = np.setdiff1d(np.arange(len(points)), held)
    xy = place(points[held], points[rest], layout.xy[rest], c, layout.dilation)
    assert np.allclose(np.hypot(*xy.T), screen_radius(points[held], c, layout.dilation))
    turned = np.angle(np.exp(1j * (np.arctan2(*xy.T[::-1]) - np.arctan2(*layout.xy[held].T[::-1]))))
    assert np.median(np.abs(turned)) < 0.05
    seen = Index(layout.xy[rest], 1.0).search(xy, 5).ids
    own = Index(layout.xy[rest], 1.0).search(layout.xy[held], 5).ids
    right = (labels[rest][seen] == labels[held][:, None]).mean()
    assert right >= (labels[rest][own] == labels[held][:, None]).mean() - 0.05


def test_between_two_places_a_query_chooses_one():
    """The mean of opposite directions is no direction that any neighbour has."""
    points = np.array([[0.5, 0.0, 0.01], [0.5, 0.0, 0.02], [0.5, 0.0, -0.015]])
    xy = np.array([[0.0, 0.8], [0.02, 0.8], [0.0, -0.8]])
    rho = screen_radius(points, 1.0, 1.0)
    xy *= (rho / np.hypot(*xy.T))[:, None]
    placed = place(np.array([[0.5, 0.0, 0.0]]), points, xy, 1.0, 1.0)[0]
    assert abs(placed[0]) < 0.05
    assert placed[1] > 0.3


def test_placing_refuses_what_is_no_point(fitted):
    points, c, _, layout = fitted
    with pytest.raises(ValueError, match="coordinates"):
        place(np.zeros((1, 3)), points, layout.xy, c, layout.dilation)


def test_chord_is_the_hyperbolic_distance():
    a, b = np.array([0.3, 0.4]), np.array([-0.6, 0.1])
    d = 2 * np.arctanh(np.linalg.norm(a - b) / np.sqrt(1 - 2 * a @ b + (a @ a) * (b @ b)))
    ra, rb = 2 * np.arctanh(np.linalg.norm(a)), 2 * np.arctanh(np.linalg.norm(b))
    delta = np.arctan2(a[1], a[0]) - np.arctan2(b[1], b[0])
    assert chord(ra, rb, delta) == pytest.approx(4 * np.sinh(d / 2) ** 2)


def test_repulsion_on_the_grid_equals_the_double_sum():
    from hypuml.layout.angles import _Repulsion

    rng = np.random.default_rng(0)
    screen, theta = rng.uniform(0.5, 3.0, 200), rng.uniform(0, 2 * np.pi, 200)
    field = _Repulsion(screen, 0.2)
    field.set_scale(0.8)
    total, push = field(theta)
    delta = theta[:, None] - theta
    w = 1 / (1 + chord(screen[:, None], screen, delta) / 0.8**2)
    slope = 2 * np.sinh(screen[:, None]) * np.sinh(screen) * np.sin(delta)
    assert total == pytest.approx(w.sum() - 200, rel=2e-2)
    exact = (w**2 * slope).sum(axis=1)
    assert np.corrcoef(push, exact)[0, 1] > 0.999
