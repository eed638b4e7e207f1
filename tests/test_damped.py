"""Damped lengths: what sets them, what trains them, and what they do to a point."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F
from training_support import TINY

from hypuml.geometry import dist0
from hypuml.models.config import GEOMETRIES
from hypuml.models.head import HyperbolicHead
from hypuml.models.hypuml import HypUML
from hypuml.training.batches import Batch
from hypuml.training.lengths import length_loss

FEATURES = torch.randn(24, 10, generator=torch.Generator().manual_seed(1))


def head_of(geometry: str = "hyperbolic", inner: float = 0.6) -> HyperbolicHead:
    torch.manual_seed(0)
    head = HyperbolicHead(10, 4, 0.7, 3.0, "damped", "radial", geometry, inner=inner)
    head.initialise_scale(FEATURES)
    torch.nn.init.normal_(head.damped.damage.out.weight)
    return head


def test_lengths_follow_the_formula_and_u_is_linear_in_them():
    head = head_of()
    with torch.no_grad():
        head.damped.log_slope.fill_(0.7)
        head.damped.bias.fill_(0.2)
    out = head(FEATURES)
    damage = F.softplus(head.damped.damage(FEATURES)).exp()
    # The logistic function of a logarithm is a quotient of powers.
    power = (2 * out.norm / head.r) ** torch.tensor(0.7).exp() * torch.tensor(0.2).exp() / damage
    share = power / (1 + power)
    assert torch.allclose(out.uncertainty, 1 - share, atol=1e-6)
    d0 = dist0(out.points.detach().numpy(), 0.7)
    expected = 2 * head.r * (0.6 + 0.4 * share.detach().numpy())
    assert d0 == pytest.approx(expected, rel=1e-4)


def test_a_longer_vector_is_surer_and_damage_takes_away():
    head = head_of()
    longer = head.damped(torch.tensor([0.5, 1.0, 2.0]), FEATURES[:1].expand(3, -1))
    assert (longer.diff() > 0).all()
    before = head(FEATURES).uncertainty
    with torch.no_grad():
        head.damped.damage.out.bias += 2
    assert (head(FEATURES).uncertainty > before).all()


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_every_geometry_has_the_same_uncertainty(geometry):
    expected = head_of()(FEATURES).uncertainty
    assert torch.equal(head_of(geometry)(FEATURES).uncertainty, expected)


def test_how_sure_it_is_does_not_pull_at_where_an_image_lies():
    head = head_of()
    head(FEATURES).uncertainty.sum().backward()
    assert head.linear.weight.grad is None
    assert head.damped.log_slope.grad.abs() > 0
    assert head.damped.bias.grad.abs() > 0


def test_a_vector_of_no_length_is_unsure_with_a_finite_gradient():
    head = head_of()
    out = head(torch.zeros(3, 10))
    assert torch.allclose(out.uncertainty, torch.ones(3))
    out.uncertainty.sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in head.parameters() if p.grad is not None)


def test_damage_is_taught_by_the_degraded_images():
    head = head_of()
    batch = Batch(rows=torch.arange(24).numpy(), fit=16, whole=20, degraded=4)
    loss = length_loss(head, FEATURES, torch.zeros(24, dtype=torch.long), batch, torch.ones(4))
    loss.backward()
    assert head.damped.damage.out.weight.grad.abs().sum() > 0
    assert head.damped.log_slope.grad is None


def test_a_checkpoint_keeps_it(tmp_path):
    model = HypUML(replace(TINY, squash="damped", inner=0.7)).eval()
    with torch.no_grad():
        model.head.damped.bias.fill_(0.4)
    model.save_pretrained(tmp_path)
    images = torch.rand(2, 3, TINY.image_size, TINY.image_size)
    expected = model(images).uncertainty
    assert torch.equal(HypUML.from_pretrained(tmp_path).eval()(images).uncertainty, expected)
