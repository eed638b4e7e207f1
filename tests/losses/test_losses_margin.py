"""Margin losses: golden values, the naive loop, exact gradients at ties, float32 rounding."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hypuml.losses import LossConfig, make_loss
from hypuml.losses.margin import margin_per_anchor


def naive(distances, labels, margins):
    """The formula, one anchor, positive and negative at a time."""
    losses = []
    for a in range(len(labels)):
        hinges = [
            max(0.0, distances[a][p] - distances[a][n] + margins[a])
            for p in range(len(labels))
            for n in range(len(labels))
            if p != a and labels[p] == labels[a] != labels[n]
        ]
        losses.append(sum(hinges) / len(hinges) if hinges else 0.0)
    return losses


def listed(distances, labels, margin):
    """All hinges as one ``[B, P, N]`` tensor, for autograd: the gradient to compare with."""
    same = labels[:, None] == labels[None, :]
    positive = same & ~torch.eye(len(labels), dtype=torch.bool)
    triplet = positive[:, :, None] & ~same[:, None, :]
    hinges = (distances[:, :, None] - distances[:, None, :] + margin[:, None, None]).relu()
    return (hinges * triplet).sum((1, 2)) / triplet.sum((1, 2)).clamp(min=1)


# One anchor with a positive at 1.0 and negatives at 1.2 and 3.0, seen from both of its class.
DISTANCES = torch.tensor([[0.0, 1.0, 1.2, 3.0], [1.0, 0.0, 1.2, 3.0], [9, 9, 0, 9], [9, 9, 9, 0]])
LABELS = torch.tensor([0, 0, 1, 2])


def test_golden_values():
    # m_lo = 0.1, m_hi = 0.5, so u = 0 gives m = 0.5 and u = 1 gives m = 0.1:
    #   u = 0: mean(max(0, 1 - 1.2 + 0.5), max(0, 1 - 3 + 0.5)) = (0.3 + 0) / 2 = 0.15
    #   u = 1: mean(max(0, 1 - 1.2 + 0.1), 0) = 0
    # and the reversed form the other way round. Classes of one image have no triplet.
    u = torch.tensor([0.0, 1.0, 0.5, 0.5])
    config = LossConfig(margin_low=0.1, margin_high=0.5)
    losses, valid = make_loss("margin", config).on_distances(DISTANCES, LABELS, u)
    assert losses.tolist() == pytest.approx([0.15, 0.0, 0.0, 0.0])
    assert valid.tolist() == [True, True, False, False]
    losses, _ = make_loss("margin-reversed", config).on_distances(DISTANCES, LABELS, u)
    assert losses.tolist() == pytest.approx([0.0, 0.15, 0.0, 0.0])


def test_golden_gradient():
    # With m = 0.5 one of two triplets of anchor 0 is violated: (p at 1.0, n at 1.2), so its row of
    # the gradient is +1/2 at the positive and -1/2 at that negative.
    leaf = DISTANCES.clone().requires_grad_()
    losses, _ = margin_per_anchor(leaf, LABELS, torch.full((4,), 0.5))
    losses[0].backward()
    assert leaf.grad[0].tolist() == [0, 0.5, -0.5, 0]
    assert leaf.grad[1:].abs().sum() == 0


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("name", ["margin", "margin-reversed"])
def test_equals_the_naive_loop(seed, name):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 5, 15)
    distances = np.abs(rng.normal(size=(15, 15)))
    u = rng.random(15)
    config = LossConfig(margin_low=0.2, margin_high=0.9)
    losses, valid = make_loss(name, config).on_distances(
        *map(torch.from_numpy, (distances, labels, u))
    )
    margins = 0.2 + 0.7 * (u if name == "margin-reversed" else 1 - u)
    assert losses.numpy() == pytest.approx(naive(distances, labels, margins), rel=1e-12, abs=1e-12)
    counts = np.bincount(labels, minlength=5)[labels]
    assert valid.numpy().tolist() == (counts > 1).tolist()


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("ties", [False, True])
def test_gradient_is_that_of_the_listed_hinges(seed, ties):
    # Whole numbers bring equal distances and hinges of exactly 0, whose gradient relu takes as 0.
    generator = torch.Generator().manual_seed(seed)
    size = 24
    labels = torch.randint(1 + seed, (size,), generator=generator)
    distances = torch.rand(size, size, generator=generator, dtype=torch.float64) * 4
    margin = torch.rand(size, generator=generator, dtype=torch.float64) * 2
    if ties:
        distances, margin = distances.round(), margin.round()
    distances.requires_grad_()
    weights = torch.rand(size, generator=generator, dtype=torch.float64)
    ours, _ = margin_per_anchor(distances, labels, margin)
    theirs = listed(distances, labels, margin)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)
    (found,) = torch.autograd.grad(ours @ weights, distances)
    (wanted,) = torch.autograd.grad(theirs @ weights, distances)
    torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("low", "spread"), [(0.0, 2.0), (0.0, 24.0), (23.0, 1e-3), (1.0, 0.0)])
@pytest.mark.parametrize("classes", [2, 60])
def test_float32_error_stays_within_the_documented_bound(low, spread, classes):
    generator = torch.Generator().manual_seed(0)
    size = 120
    labels = torch.randint(classes, (size,), generator=generator)
    distances = low + spread * torch.rand(size, size, generator=generator)
    margin = torch.full((size,), 0.1)
    found, _ = margin_per_anchor(distances, labels, margin)
    wanted = listed(distances.double(), labels, margin.double())
    bound = 4 * torch.finfo(torch.float32).eps * (low + spread + 0.1)
    assert (found - wanted).abs().max() < bound
    assert found.min() >= 0


def test_identical_images_pay_the_margin():
    # Everything at distance 0: each hinge is the margin itself.
    losses, valid = margin_per_anchor(
        torch.zeros(4, 4), torch.tensor([0, 0, 1, 1]), torch.tensor([0.1, 0.2, 0.3, 0.4])
    )
    assert losses.tolist() == pytest.approx([0.1, 0.2, 0.3, 0.4])
    assert valid.all()


def test_satisfied_triplets_cost_nothing_and_pull_nothing():
    leaf = torch.tensor([[0.0, 1, 2], [1, 0, 2], [2, 2, 0]]).requires_grad_()
    losses, _ = margin_per_anchor(leaf, torch.tensor([0, 0, 1]), torch.full((3,), 0.5))
    losses.sum().backward()
    assert losses.tolist() == [0, 0, 0]
    assert leaf.grad.abs().sum() == 0


def test_a_batch_without_images_has_no_losses():
    losses, valid = margin_per_anchor(
        torch.empty(0, 0), torch.empty(0, dtype=torch.long), torch.empty(0)
    )
    assert losses.shape == valid.shape == (0,)


def test_a_broken_distance_is_not_hidden():
    distances = DISTANCES.clone()
    distances[0, 1] = torch.nan
    losses, _ = margin_per_anchor(distances, LABELS, torch.full((4,), 0.5))
    assert losses[0].isnan()
    assert losses[1:].isfinite().all()
