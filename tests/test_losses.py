"""Losses: golden values with their derivation, a naive twin, empty cases, finite gradients."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hypuml import geometry_torch
from hypuml.losses import LOSSES, Calibration, make_loss
from hypuml.losses.calibration import FLOOR
from hypuml.losses.contrastive import contrastive_per_anchor


def naive(distances, labels, u, temperature):
    """The formula, one anchor, positive and negative at a time."""
    losses = []
    for i in range(len(labels)):
        s = math.exp(-u[i] / 2)
        terms = []
        for p in range(len(labels)):
            if p == i or labels[p] != labels[i]:
                continue
            own = math.exp(-s * distances[i][p] / temperature)
            others = sum(
                math.exp(-s * distances[i][n] / temperature)
                for n in range(len(labels))
                if labels[n] != labels[i]
            )
            terms.append(-math.log(own / (own + others)))
        losses.append(sum(terms) / len(terms) if terms else 0.0)
    return losses


def test_golden_value():
    # Two images of class 0 at distance 1, one of class 1 at distance 3 from both, t = 1, u = 0:
    # l_0 = -log(e^-1 / (e^-1 + e^-3)) = log(1 + e^-2) = 0.126928; the third has no positive.
    distances = torch.tensor([[0.0, 1, 3], [1, 0, 3], [3, 3, 0]])
    losses, valid = contrastive_per_anchor(
        distances, torch.tensor([0, 0, 1]), torch.zeros(3), temperature=1.0
    )
    assert losses.tolist() == pytest.approx([math.log1p(math.exp(-2))] * 2 + [0.0])
    assert valid.tolist() == [True, True, False]


def test_golden_value_of_an_uncertain_anchor():
    # u = 2 log 2 is out of range for a model but makes s = 1/2: log(1 + e^(-(3 - 1) / 2)).
    distances = torch.tensor([[0.0, 1, 3], [1, 0, 3], [3, 3, 0]])
    u = torch.tensor([2 * math.log(2), 0.0, 0.0])
    losses, _ = contrastive_per_anchor(distances, torch.tensor([0, 0, 1]), u, temperature=1.0)
    assert losses[0].item() == pytest.approx(math.log1p(math.exp(-1)))


@pytest.mark.parametrize("seed", range(5))
def test_equals_the_naive_loop(seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 4, 14)
    distances = np.abs(rng.normal(size=(14, 14))) * 3
    u = rng.random(14)
    losses, valid = contrastive_per_anchor(
        torch.from_numpy(distances), torch.from_numpy(labels), torch.from_numpy(u), 0.7
    )
    assert losses.numpy() == pytest.approx(naive(distances, labels, u, 0.7), rel=1e-9)
    counts = np.bincount(labels, minlength=4)[labels]
    assert valid.numpy().tolist() == (counts > 1).tolist()


def test_uncertainty_gets_no_gradient_from_the_contrastive_loss():
    distances = torch.rand(6, 6)
    u = torch.rand(6, requires_grad=True)
    leaf = distances.requires_grad_()
    losses, _ = contrastive_per_anchor(leaf, torch.tensor([0, 0, 1, 1, 2, 2]), u, 0.5)
    losses.sum().backward()
    assert u.grad is None
    assert torch.isfinite(leaf.grad).all()


@pytest.mark.parametrize("labels", [[0, 1, 2, 3], [0, 0, 0, 0], [5]])
def test_no_positives_or_no_negatives_gives_zero_with_a_graph(labels):
    n = len(labels)
    distances = torch.rand(n, n, requires_grad=True)
    losses, _ = contrastive_per_anchor(distances, torch.tensor(labels), torch.zeros(n), 0.2)
    losses.sum().backward()
    assert losses.abs().max() < 1e-6
    assert torch.isfinite(distances.grad).all()


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    size=st.integers(2, 24),
    classes=st.integers(1, 8),
    spread=st.sampled_from([0.0, 1e-6, 1e-2, 1.0, 30.0]),
)
def test_no_batch_gives_a_non_finite_value_or_gradient(seed, size, classes, spread):
    generator = torch.Generator().manual_seed(seed)
    v = torch.randn(size, 5, generator=generator) * spread
    v[size // 2] = v[0]  # duplicates happen: small classes repeat images
    v.requires_grad_()
    points = geometry_torch.expmap0(v.clamp(-2, 2), 1.0)
    labels = torch.randint(classes, (size,), generator=generator)
    u = torch.rand(size, generator=generator)
    eye = torch.eye(size, dtype=torch.bool)
    distances = geometry_torch.pairwise_dist(points, points, 1.0, mask=eye)
    losses, _ = contrastive_per_anchor(distances, labels, u, 0.05)
    losses.sum().backward()
    assert torch.isfinite(losses).all()
    assert torch.isfinite(v.grad).all()


def test_every_loss_in_the_registry_builds_and_runs_backward():
    distances = torch.rand(6, 6)
    for name in LOSSES:
        leaf = distances.clone().requires_grad_()
        labels = torch.tensor([0, 0, 1, 1, 2, 2])
        losses, valid = make_loss(name, 0.3)(leaf, labels, torch.full((6,), 0.5))
        assert losses.shape == (6,)
        assert valid.all()
        losses.mean().backward()
        assert leaf.grad.abs().sum() > 0


def test_unknown_loss_and_bad_temperature_are_refused():
    with pytest.raises(ValueError, match="contrastive"):
        make_loss("triplets", 0.2)
    with pytest.raises(ValueError, match="positive"):
        make_loss("contrastive", 0.0)


def test_calibration_golden_value():
    # One batch sets the ends to the 5th and 95th percentile of log(l + 0.01). With two values the
    # linear percentiles are x0 + 0.05 d and x0 + 0.95 d; u = (0, 1) is then 0.05 d off at each end:
    # SmoothL1 below 1 is half the square.
    calibration = Calibration()
    losses = torch.tensor([1.0, 2.0])
    d = math.log(2 + FLOOR) - math.log(1 + FLOOR)
    value = calibration(losses, torch.tensor([0.0, 1.0]))
    assert value.item() == pytest.approx(0.5 * (0.05 * d) ** 2, rel=1e-4)


def test_calibration_moves_uncertainty_towards_the_loss_and_leaves_the_loss_alone():
    torch.manual_seed(0)
    losses = torch.rand(64).requires_grad_()
    raw = torch.zeros(64, requires_grad=True)
    calibration = Calibration()
    optimizer = torch.optim.Adam([raw], lr=0.1)
    for _ in range(200):
        optimizer.zero_grad()
        calibration(losses, raw.sigmoid()).backward()
        optimizer.step()
    order = torch.corrcoef(torch.stack([losses.detach().log(), raw.sigmoid().detach()]))[0, 1]
    assert order > 0.9
    assert losses.grad is None


@pytest.mark.parametrize("losses", [[0.0, 0.0, 0.0], [1e9, 0.0, 3.0], [2.0]])
def test_calibration_stays_finite_on_degenerate_losses(losses):
    u = torch.full((len(losses),), 0.5, requires_grad=True)
    value = Calibration()(torch.tensor(losses), u)
    value.backward()
    assert math.isfinite(value.item())
    assert torch.isfinite(u.grad).all()
    assert u.grad.abs().max() < 100


def test_calibration_of_an_empty_batch_is_zero_and_keeps_the_ends():
    calibration = Calibration()
    u = torch.empty(0, requires_grad=True)
    value = calibration(torch.empty(0), u)
    value.backward()
    assert value.item() == 0
    assert torch.isnan(calibration.ends).all()
