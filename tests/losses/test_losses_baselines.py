"""Baselines: hyp-vit is ours without u, fixed-margin is the package's triplets per anchor."""

from __future__ import annotations

import sys

import pytest
import torch

from hypuml.losses import LossConfig, make_loss
from hypuml.losses.baselines import FixedMarginLoss
from hypuml.losses.margin import margin_per_anchor


def batch(seed, size=20, classes=6):
    generator = torch.Generator().manual_seed(seed)
    distances = 3 * torch.rand(size, size, generator=generator, dtype=torch.float64)
    labels = torch.randint(classes, (size,), generator=generator)
    return distances, labels, torch.rand(size, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("name", ["hyp-vit", "fixed-margin"])
def test_baselines_do_not_know_uncertainty(name):
    distances, labels, u = batch(0)
    loss = make_loss(name, LossConfig())
    assert torch.equal(
        loss.on_distances(distances, labels, u)[0], loss.on_distances(distances, labels, 1 - u)[0]
    )


def test_hyp_vit_is_pairwise_cross_entropy_over_one_positive_and_the_negatives():
    # Hyp-ViT's loss of a pair (i, j) is cross-entropy over the logits (-D_ij, -D_in ...) / t with
    # class 0, written here with torch's own cross_entropy.
    distances, labels, u = batch(1)
    losses, valid = make_loss("hyp-vit", LossConfig(temperature=0.3)).on_distances(
        distances, labels, u
    )
    for i in range(len(labels)):
        others = -distances[i, labels != labels[i]] / 0.3
        pairs = [
            torch.nn.functional.cross_entropy(
                torch.cat([-distances[i, [j]] / 0.3, others]), torch.tensor(0)
            )
            for j in range(len(labels))
            if j != i and labels[j] == labels[i]
        ]
        assert valid[i] == bool(pairs)
        if pairs:
            assert losses[i].item() == pytest.approx(torch.stack(pairs).mean().item())


def test_fixed_margin_golden_value():
    # Anchor 0: positive at 1, negatives at 1.2 and 3; m = margin_high = 0.5:
    # mean(max(0, 1 - 1.2 + 0.5), max(0, 1 - 3 + 0.5)) = 0.15. Anchors 2 and 3 have no positive.
    distances = torch.tensor([[0.0, 1, 1.2, 3], [1, 0, 0.5, 3], [9, 9, 0, 9], [9, 9, 9, 0]])
    loss = FixedMarginLoss(margin_high=0.5)
    losses, valid = loss.on_distances(distances, torch.tensor([0, 0, 1, 2]), torch.zeros(4))
    # Anchor 1: mean(max(0, 1 - 0.5 + 0.5), 0) = 0.5.
    assert losses.tolist() == pytest.approx([0.15, 0.5, 0, 0])
    assert valid.tolist() == [True, True, False, False]


@pytest.mark.parametrize("seed", range(6))
def test_fixed_margin_and_our_margin_loss_agree_at_one_margin(seed):
    """Two implementations, one formula: values and gradients."""
    distances, labels, u = batch(seed, classes=1 + seed)
    distances.requires_grad_()
    theirs, theirs_valid = make_loss("fixed-margin", LossConfig(margin_high=0.7)).on_distances(
        distances, labels, u
    )
    ours, ours_valid = margin_per_anchor(distances, labels, torch.full_like(u, 0.7))
    torch.testing.assert_close(theirs, ours, rtol=1e-12, atol=1e-12)
    assert torch.equal(theirs_valid, ours_valid)
    (a,) = torch.autograd.grad(theirs @ u, distances)
    (b,) = torch.autograd.grad(ours @ u, distances)
    torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-14)


def test_missing_package_is_named_in_one_sentence(monkeypatch):
    # None in sys.modules is how Python is told that there is no such module.
    monkeypatch.setitem(sys.modules, "pytorch_metric_learning", None)
    with pytest.raises(ValueError, match="pip install pytorch-metric-learning") as caught:
        make_loss("fixed-margin", LossConfig())
    assert "\n" not in str(caught.value)
