"""Laws of the ball in NumPy, over seeds, dtypes and curvatures, and against geoopt in float64."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hypuml import geometry as G

CURVATURES = (1e-3, 0.1, 1.0, 10.0)
SEEDS = range(3)


def ball_points(seed, c, count=40, n=5, far=6.0, dtype=np.float64):
    """Points with sqrt(c)*d0 spread from 0 to ``far``."""
    rng = np.random.default_rng(seed)
    v = rng.normal(size=(count, n))
    v *= rng.uniform(0, far / 2, size=(count, 1)) / np.linalg.norm(v, axis=1, keepdims=True)
    return G.expmap0(v / np.sqrt(c), c).astype(dtype)


cases = pytest.mark.parametrize(
    ("seed", "c", "dtype"),
    [(s, c, d) for s in SEEDS for c in CURVATURES for d in (np.float32, np.float64)],
)


@cases
def test_exp_and_log_are_inverse_and_radius_is_twice_the_tangent_norm(seed, c, dtype):
    rng = np.random.default_rng(seed)
    v = (rng.normal(size=(30, 6)) / np.sqrt(c)).astype(dtype)
    x = G.expmap0(v, c)
    assert x.dtype == np.float64
    assert G.in_ball(x, c).all()
    np.testing.assert_allclose(G.logmap0(x, c), v, rtol=1e-9)
    np.testing.assert_allclose(G.dist0(x, c), 2 * np.linalg.norm(v.astype(float), axis=1), 1e-9)
    np.testing.assert_allclose(G.dist(x, np.zeros(6), c), G.dist0(x, c), rtol=1e-9)


@cases
def test_distance_is_geoopts_in_float64(seed, c, dtype):
    geoopt = pytest.importorskip("geoopt")
    import torch

    x, y = ball_points(seed, c, dtype=dtype), ball_points(seed + 100, c, dtype=dtype)
    ball = geoopt.PoincareBall(torch.tensor(c, dtype=torch.float64))
    theirs = ball.dist(torch.from_numpy(x).double(), torch.from_numpy(y).double()).numpy()
    # 1e-7 is geoopt's share: its Moebius sum cancels near the rim, and c passes a softplus.
    np.testing.assert_allclose(G.dist(x, y, c), theirs, rtol=1e-7)
    theirs = ball.mobius_add(torch.from_numpy(x).double(), torch.from_numpy(y).double()).numpy()
    np.testing.assert_allclose(np.sqrt(c) * G.mobius_add(x, y, c), np.sqrt(c) * theirs, atol=1e-9)


@cases
def test_translations_are_isometries(seed, c, dtype):
    x, y = ball_points(seed, c, dtype=dtype), ball_points(seed + 1, c, dtype=dtype)
    p = ball_points(seed + 2, c, count=1, dtype=dtype)[0]
    moved = G.dist(G.translate(x, p, c), G.translate(y, p, c), c)
    np.testing.assert_allclose(np.sqrt(c) * moved, np.sqrt(c) * G.dist(x, y, c), rtol=1e-7)
    np.testing.assert_allclose(G.translate(p, p, c), np.zeros(5), atol=1e-12)
    back = G.mobius_add(p, G.translate(x, p, c), c)
    np.testing.assert_allclose(np.sqrt(c) * back, np.sqrt(c) * x.astype(float), atol=1e-9)


@cases
def test_lorentz_lift_agrees(seed, c, dtype):
    x, y = ball_points(seed, c, dtype=dtype), ball_points(seed + 1, c, dtype=dtype)
    a, b = G.lorentz_lift(x, c), G.lorentz_lift(y, c)
    metric = np.array([-1.0] + [1.0] * 5)
    # The lift's components are cosh(6), and its squared norm cancels down to 1.
    np.testing.assert_allclose(c * ((a * metric) * a).sum(1), -1.0, atol=1e-9)
    np.testing.assert_allclose(
        -c * (a * metric) @ b.T, np.cosh(np.sqrt(c) * G.pairwise_dist(x, y, c)), rtol=1e-8
    )


@cases
def test_distance_is_a_metric(seed, c, dtype):
    x = ball_points(seed, c, count=25, dtype=dtype)
    d = np.sqrt(c) * G.pairwise_dist(x, x, c)
    np.testing.assert_array_equal(d, d.T)
    np.testing.assert_array_equal(d.diagonal(), 0.0)
    assert (d[~np.eye(25, dtype=bool)] > 0).all()
    assert (d[:, None, :] <= d[:, :, None] + d[None, :, :] + 1e-9).all()
    for i in range(5):
        np.testing.assert_allclose(d[i], np.sqrt(c) * G.dist(x[i], x, c), rtol=1e-12)


@cases
def test_geodesic_points_lie_between(seed, c, dtype):
    x, y = ball_points(seed, c, count=2, far=4.0, dtype=dtype)
    t = np.linspace(0, 1, 11)
    line = G.geodesic(x, y, t, c)
    total = G.dist(x, y, c)
    np.testing.assert_allclose(G.dist(x, line, c), t * total, atol=1e-9 * total)
    np.testing.assert_allclose(G.dist(line, y, c), (1 - t) * total, atol=1e-9 * total)


@cases
def test_frechet_mean_is_a_minimiser(seed, c, dtype):
    rng = np.random.default_rng(seed)
    x = ball_points(seed, c, count=15, far=8.0, dtype=dtype)
    w = rng.uniform(0.1, 1.0, size=15)
    mean = G.frechet_mean(x, c, w)
    pull = w @ (np.sqrt(c) * G.logmap0(G.translate(x, mean, c), c))  # the gradient
    assert np.linalg.norm(pull) < 1e-11
    best = w @ G.dist(mean, x, c) ** 2
    for direction in rng.normal(size=(10, 5)):
        near = G.mobius_add(mean, G.expmap0(1e-3 * direction / np.sqrt(c), c), c)
        assert w @ G.dist(near, x, c) ** 2 > best


def test_frechet_mean_of_easy_sets():
    x = ball_points(0, 1.0, count=2, far=4.0)
    np.testing.assert_allclose(G.frechet_mean(x, 1.0), G.geodesic(*x, 0.5, 1.0), atol=1e-12)
    np.testing.assert_allclose(G.frechet_mean(x[:1], 1.0), x[0], atol=1e-12)
    np.testing.assert_allclose(G.frechet_mean(x, 1.0, [0.0, 2.0]), x[1], atol=1e-12)
    far = G.expmap0(np.full((3, 2), 8.0), 1.0)  # sqrt(c)*d0 = 22
    assert G.dist(G.frechet_mean(far, 1.0), far[0], 1.0) < 1e-6
    np.testing.assert_array_equal(G.frechet_mean(np.zeros((3, 2)), 1.0), np.zeros(2))


@pytest.mark.parametrize("c", CURVATURES)
@pytest.mark.parametrize("radius", [0.1, 1.0, 3.0])
def test_ball_circle_is_the_set_at_that_distance(c, radius):
    p = ball_points(4, c, count=1, n=2, far=4.0)[0]
    centre, size = G.ball_circle(p, radius / np.sqrt(c), c)
    angle = np.linspace(0, 2 * np.pi, 17)
    rim = centre + size * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    np.testing.assert_allclose(G.dist(p, rim, c) * np.sqrt(c), radius, rtol=1e-9)


def test_difference_form_is_exact_where_the_inner_product_is_not():
    """Two points on one diameter have the distance |d0 - d0'| in closed form."""
    direction = np.array([0.6, 0.8])
    for step in (1e-3, 1e-6, 1e-9):
        x, y = G.expmap0(0.7 * direction, 1.0), G.expmap0((0.7 + step / 2) * direction, 1.0)
        assert abs(G.dist(x, y, 1.0) - step) < 1e-15 + 1e-9 * step + 4e-16 / step * step
    lifted = G.lorentz_lift(np.stack([x, y]), 1.0)
    cosh = lifted[0, 0] * lifted[1, 0] - lifted[0, 1:] @ lifted[1, 1:]
    assert abs(np.arccosh(max(cosh, 1.0)) - 1e-9) > 5e-10  # arcosh has no such digits left


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=4),
    st.sampled_from(CURVATURES),
)
def test_every_tangent_vector_maps_inside_the_ball(v, c):
    x = G.expmap0(v, c)
    assert G.in_ball(x, c)
    assert G.in_ball(G.mobius_add(x, x, c), c)
    assert np.isfinite(G.logmap0(x, c)).all()
    assert np.isfinite(G.dist0(x, c))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=30), st.data())
def test_nearest_orders_by_distance_then_column(values, data):
    k = data.draw(st.integers(1, len(values)))
    d = np.array([values, values[::-1]], dtype=float)
    expected = [sorted(range(len(row)), key=lambda j, r=row: (r[j], j))[:k] for row in d]
    np.testing.assert_array_equal(G.nearest(d, k), expected)


def test_checks_say_what_is_wrong():
    good = np.zeros((2, 3))
    for c in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match="c > 0"):
            G.dist0(good, c)
    with pytest.raises(ValueError, match="shape"):
        G.project_check(good[0], 1.0)
    with pytest.raises(ValueError, match=r"not finite.*row 1"):
        G.project_check([[0, 0], [np.nan, 0]], 1.0)
    with pytest.raises(ValueError, match=r"outside the ball.*row 0"):
        G.project_check([[1.0, 0.0]], 1.0)
    assert G.in_ball([[0.5], [1.0], [np.nan], [np.inf]], 1.0).tolist() == [True] + 3 * [False]
    # Inside in float64 even though the norm rounds to 1 in float32.
    assert G.in_ball([1 - 1e-9], 1.0)
    with pytest.raises(ValueError, match="at least one point"):
        G.frechet_mean(np.zeros((0, 2)), 1.0)
    with pytest.raises(ValueError, match="sum to 0"):
        G.frechet_mean(good, 1.0, [0, 0])
