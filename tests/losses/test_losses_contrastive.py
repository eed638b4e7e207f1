"""Contrastive loss: golden values with their derivation, a naive twin, extreme logits."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from hypuml.losses import ContrastiveLoss


def contrastive_per_anchor(distances, labels, u, temperature):
    return ContrastiveLoss(temperature=temperature).on_distances(distances, labels, u)


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


@pytest.mark.parametrize("seed", range(5))
def test_gradient_is_that_of_the_formula_term_by_term(seed):
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(1 + seed, (12,), generator=generator)
    u = torch.rand(12, generator=generator, dtype=torch.float64)
    weights = torch.rand(12, generator=generator, dtype=torch.float64)
    leaf = torch.rand(12, 12, generator=generator, dtype=torch.float64).mul(3).requires_grad_()
    logits = -leaf * torch.exp(-u / 2)[:, None] / 0.4
    total = torch.zeros((), dtype=torch.float64)
    for i in range(12):
        positives = [p for p in range(12) if p != i and labels[p] == labels[i]]
        for p in positives:
            chosen = torch.cat([logits[i, [p]], logits[i, labels != labels[i]]])
            total = total - weights[i] * chosen.log_softmax(0)[0] / len(positives)
    losses, _ = contrastive_per_anchor(leaf, labels, u, 0.4)
    assert (losses @ weights).item() == pytest.approx(total.item(), rel=1e-10, abs=1e-12)
    (found,) = torch.autograd.grad(losses @ weights, leaf)
    # One class leaves no negatives: every term is 0 and has no graph worth following.
    wanted = torch.autograd.grad(total, leaf)[0] if seed else torch.zeros(12, 12).double()
    torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-12)


def test_extreme_logits_neither_overflow_nor_lose_the_loss():
    # A positive at 24, the negative at 0, t = 1e-3: softplus(24000) = 24000 to all digits.
    distances = torch.tensor([[0.0, 24, 0], [24, 0, 0], [0, 0, 0]]).requires_grad_()
    losses, _ = contrastive_per_anchor(distances, torch.tensor([0, 0, 1]), torch.zeros(3), 1e-3)
    losses.sum().backward()
    assert losses.tolist() == pytest.approx([24000, 24000, 0])
    assert distances.grad[0].tolist() == pytest.approx([0, 1000, -1000])
