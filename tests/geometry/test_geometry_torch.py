"""The torch twin: agreement with NumPy, accuracy as documented, finite gradients everywhere."""

import numpy as np
import pytest
import torch

from hypuml import geometry as G
from hypuml.geometry import torch as T

CURVATURES = (1e-3, 0.1, 1.0, 10.0)
EPS = {torch.float32: 1.2e-7, torch.float64: 2.3e-16}
cases = pytest.mark.parametrize(
    ("seed", "c", "dtype"),
    [(s, c, d) for s in range(2) for c in CURVATURES for d in (torch.float32, torch.float64)],
)


def tangents(seed, c, count=30, n=6, far=4.0):
    rng = np.random.default_rng(seed)
    v = rng.normal(size=(count, n))
    v *= rng.uniform(0, far / 2, size=(count, 1)) / np.linalg.norm(v, axis=1, keepdims=True)
    return v / np.sqrt(c)


def same(torch_value, numpy_value, dtype, unit):
    """Equal up to what the dtype holds at sqrt(c)*d0 <= 4, and to geoopt's c + 1e-15."""
    assert torch_value.dtype == dtype
    got = torch_value.detach().numpy()
    atol = 500 * EPS[dtype] + 2e-14 / unit**2
    np.testing.assert_allclose(got * unit, numpy_value * unit, rtol=0, atol=atol)


@cases
def test_twins_agree(seed, c, dtype):
    v = torch.from_numpy(tangents(seed, c)).to(dtype)
    x = T.expmap0(v, c)
    unit = np.sqrt(c)
    same(x, G.expmap0(v, c), dtype, unit)
    y = x.flip(0).roll(1, 0)
    xn, yn = x.numpy(), y.numpy()
    same(T.logmap0(x, c), G.logmap0(xn, c), dtype, unit)
    same(T.dist0(x, c), G.dist0(xn, c), dtype, unit)
    same(T.dist(x, y, c), G.dist(xn, yn, c), dtype, unit)
    same(T.mobius_add(x, y, c), G.mobius_add(xn, yn, c), dtype, unit)
    same(T.translate(x, y[0], c), G.translate(xn, yn[0], c), dtype, unit)
    lift = G.lorentz_lift(xn, c)
    np.testing.assert_allclose(T.lorentz_lift(x, c), lift, rtol=500 * EPS[dtype])


@cases
def test_gram_form_is_as_accurate_as_documented(seed, c, dtype):
    x = T.expmap0(torch.from_numpy(tangents(seed, c)).to(dtype), c)
    y = T.expmap0(torch.from_numpy(tangents(seed, c) * (1 + 1e-5)).to(dtype), c)
    got = np.sqrt(c) * T.pairwise_dist(x, y, c).numpy()
    want = np.sqrt(c) * G.pairwise_dist(x.numpy(), y.numpy(), c)
    gaps = np.outer(G.gap(x.numpy().astype(float), c), G.gap(y.numpy().astype(float), c))
    near = np.eye(len(x), dtype=bool)  # the diagonal: pairs 1e-5 apart
    error, eps = np.abs(got - want), EPS[dtype]
    assert (error <= 4 * np.sqrt(eps / gaps)).all()  # near coincidence
    apart = ~near
    lost = 1 / gaps[apart] / np.sinh(want[apart]) + 1 / gaps[apart]
    assert (error[apart] <= 4 * eps * lost).all()
    # The difference form keeps its digits at the same pairs.
    rowwise = np.sqrt(c) * T.dist(x, y, c).numpy()
    bound = 8 * eps / np.sqrt(gaps[near])
    assert (np.abs(rowwise - want[near]) <= bound * want[near]).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("c", CURVATURES)
def test_gradients_are_finite_at_zero_at_coincidence_and_at_the_rim(c, dtype):
    radius = 1 / np.sqrt(c)
    v = torch.tensor([[0.0, 0.0], [0.3, 0.1], [0.3, 0.1], [9.0, 0.0], [40.0, 1.0]], dtype=dtype)
    v = (v * radius).requires_grad_()
    x = T.expmap0(v, c)
    assert G.in_ball(x.detach().numpy(), c).all()
    outputs = {
        "expmap0": x,
        "logmap0": T.logmap0(x, c),
        "dist0": T.dist0(x, c),
        "dist": T.dist(x[:, None], x[None], c),
        "pairwise": T.pairwise_dist(x, x, c),
        "masked": T.pairwise_dist(x, x, c, torch.eye(5, dtype=torch.bool)),
        "mobius": T.mobius_add(x[:, None], -x[None], c),
        "lift": T.lorentz_lift(x, c),
    }
    for name, value in outputs.items():
        assert value.isfinite().all(), name
        (grad,) = torch.autograd.grad(value.sum(), v, retain_graph=True)
        assert grad.isfinite().all(), name


@pytest.mark.parametrize("c", CURVATURES)
def test_gradients_are_right(c):
    """Against finite differences, and the Gram form against the difference form."""
    v = torch.from_numpy(tangents(3, c, count=5, n=3)).requires_grad_()
    mask = torch.eye(5, dtype=torch.bool)
    weight = torch.rand(5, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)

    def gram(v):
        x = T.expmap0(v, c)
        return (weight * T.pairwise_dist(x, x, c, mask)).sum()

    def difference(v):
        x = T.expmap0(v, c)
        d = T.dist(x[:, None], x[None], c)
        return (weight * d.masked_fill(mask, 0.0)).sum()

    assert torch.autograd.gradcheck(gram, (v,), eps=1e-6 / np.sqrt(c), atol=1e-5, rtol=1e-5)
    (a,), (b,) = torch.autograd.grad(gram(v), v), torch.autograd.grad(difference(v), v)
    torch.testing.assert_close(a, b, rtol=1e-7, atol=1e-9)


def test_masked_entries_are_zero_and_carry_no_gradient():
    x = torch.tensor([[0.1, 0.0], [0.2, 0.3], [0.0, -0.4]], requires_grad=True)
    mask = torch.tensor([[1, 0, 1], [1, 1, 1], [1, 1, 1]], dtype=torch.bool)
    d = T.pairwise_dist(x, x, 1.0, mask)
    assert d[mask].eq(0).all()
    assert d[0, 1] > 0
    d.sum().backward()
    assert x.grad[2].eq(0).all()
    assert x.grad[:2].ne(0).any()


def test_half_precision_and_autocast_are_widened():
    v = torch.randn(8, 4, generator=torch.Generator().manual_seed(1))
    full = T.pairwise_dist(T.expmap0(v, 0.1), T.expmap0(v, 0.1), 0.1)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        x = T.expmap0(v, 0.1)
        under = T.pairwise_dist(x, x, 0.1)
        assert T.expmap0(v.bfloat16(), 0.1).dtype == torch.float32
        assert T.lorentz_lift(x, 0.1).dtype == T.dist0(x, 0.1).dtype == torch.float32
    assert under.dtype == torch.float32
    torch.testing.assert_close(under, full, rtol=0, atol=0)


def test_curvature_may_be_learned():
    c = torch.tensor(0.5, requires_grad=True)
    x = T.expmap0(torch.tensor([[0.3, 0.2], [-0.1, 0.4]]), c)
    T.pairwise_dist(x, x, c).sum().backward()
    assert c.grad.isfinite()
    assert c.grad != 0


def test_golden_values():
    """Closed forms: d0 = 2 artanh(1/2) = ln 3 at c = 1; opposite points add their radii."""
    x = torch.tensor([[0.5, 0.0], [-0.5, 0.0]], dtype=torch.float64)
    assert T.dist0(x, 1.0)[0].item() == pytest.approx(np.log(3.0))
    assert T.pairwise_dist(x, x, 1.0)[0, 1].item() == pytest.approx(2 * np.log(3.0))
    assert G.pairwise_dist(x, x, 1.0)[0, 1] == pytest.approx(2 * np.log(3.0))
    # At curvature -c lengths shrink by sqrt(c): the same picture in a ball of radius 1/2.
    assert G.dist([0.25, 0.0], [-0.25, 0.0], 4.0) == pytest.approx(np.log(3.0))
