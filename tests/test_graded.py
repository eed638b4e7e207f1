"""Graded lengths: what each readout learns from, and what they do to a point."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from training_support import TINY, tiny_config

from hypuml.geometry import dist0
from hypuml.losses import ContrastiveLoss
from hypuml.models.config import GEOMETRIES
from hypuml.models.graded import UNDAMAGED, Graded, damage_loss
from hypuml.models.head import HyperbolicHead
from hypuml.models.hypuml import HypUML
from hypuml.training.batches import Batch
from hypuml.training.lengths import length_loss
from hypuml.training.objective import Objective

FEATURES = torch.randn(24, 10, generator=torch.Generator().manual_seed(1))


def head_of(geometry: str = "hyperbolic", inner: float = 0.6) -> HyperbolicHead:
    torch.manual_seed(0)
    head = HyperbolicHead(10, 4, 0.7, 3.0, "graded", "radial", geometry, inner=inner)
    head.initialise_scale(FEATURES)
    torch.nn.init.normal_(head.graded.own.weight)
    torch.nn.init.normal_(head.graded.damage.out.weight)
    return head


def test_a_new_readout_judges_all_alike():
    share = Graded(10)(FEATURES)
    expected = 1 / (1 + np.exp(np.log1p(np.exp(UNDAMAGED)) - 1))
    assert share.tolist() == pytest.approx([expected] * 24, rel=1e-6)


def test_lengths_follow_the_formula_and_u_is_linear_in_them():
    head = head_of()
    out = head(FEATURES)
    own = head.graded.own(FEATURES).squeeze(-1)
    share = torch.sigmoid(own - F.softplus(head.graded.damage(FEATURES)))
    assert torch.allclose(out.uncertainty, 1 - share, atol=1e-6)
    d0 = dist0(out.points.detach().numpy(), 0.7)
    expected = 2 * head.r * (0.6 + 0.4 * share.detach().numpy())
    assert d0 == pytest.approx(expected, rel=1e-4)


def test_damage_can_only_take_length_away():
    head = head_of()
    before = head(FEATURES).uncertainty
    with torch.no_grad():
        head.graded.damage.out.bias += 2
    assert (head(FEATURES).uncertainty > before).all()


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_every_geometry_has_the_same_uncertainty(geometry):
    out = head_of(geometry)(FEATURES)
    assert torch.isfinite(out.points).all()
    assert torch.allclose(out.uncertainty, head_of()(FEATURES).uncertainty, atol=1e-6)


def test_damage_is_read_off_the_last_of_the_batch():
    said = torch.tensor([-2.0, -1.5, 3.0])  # the last one's level of 0.5 asks for 1: off by 2
    assert damage_loss(said, torch.tensor([0.5])).item() == pytest.approx((0.0625 + 1.5) / 2)

    head = head_of()
    labels = torch.arange(24) % 6
    batch, levels = Batch(np.arange(24), 18, 18, 6), torch.linspace(0, 1, 6)
    length_loss(head, FEATURES, labels, batch, levels).backward()
    assert head.graded.damage.out.weight.grad.abs().sum() > 0
    assert head.graded.own.weight.grad is None
    assert head.linear.weight.grad is None
    assert length_loss(head, FEATURES, labels, batch, levels[:0]) == 0


def test_the_calibration_term_trains_the_own_loss():
    head, labels = head_of(), torch.arange(24) % 6
    found = Objective(ContrastiveLoss(), 1.0)(head(FEATURES), labels, 24)
    found.total.backward()
    assert head.graded.own.weight.grad.abs().sum() > 0


def test_a_checkpoint_keeps_both_readouts(tmp_path):
    torch.manual_seed(0)
    model = HypUML(replace(TINY, squash="graded", inner=0.7)).eval()
    torch.nn.init.normal_(model.head.graded.own.weight)
    torch.nn.init.normal_(model.head.graded.damage.out.weight)
    model.save_pretrained(tmp_path)
    again = HypUML.from_pretrained(tmp_path)
    images = torch.rand(5, 3, tiny_config().model.image_size, tiny_config().model.image_size)
    assert torch.equal(again(images).uncertainty, model(images).uncertainty)
