"""Lengths from the norm, damped by damage: what sets them, trains them, and what they do."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save
from torch.nn import functional as F

from hypuml.geometry import dist0
from hypuml.models.config import GEOMETRIES, ModelConfig
from hypuml.models.files import CONFIG, WEIGHTS, CheckpointError, read_config
from hypuml.models.head import HyperbolicHead
from hypuml.models.hypuml import HypUML
from tests.support.training_support import TINY

FEATURES = torch.randn(24, 10, generator=torch.Generator().manual_seed(1))


def head_of(geometry: str = "hyperbolic", min_length: float = 0.6) -> HyperbolicHead:
    torch.manual_seed(0)
    config = ModelConfig(
        dim=4,
        curvature=0.7,
        max_distance=3.0,
        length="norm",
        min_length=min_length,
        geometry=geometry,
    )
    head = HyperbolicHead(config, 10)
    head.initialise_scale(FEATURES)
    torch.nn.init.normal_(head.length.damage.out.weight)
    return head


def test_lengths_follow_the_formula_and_u_is_linear_in_them():
    head = head_of()
    with torch.no_grad():
        head.length.log_slope.fill_(0.7)
        head.length.bias.fill_(0.2)
    out = head(FEATURES)
    damage = F.softplus(head.length.damage(FEATURES)).exp()
    # The logistic function of a logarithm is a quotient of powers.
    power = (2 * out.norm / head.r) ** torch.tensor(0.7).exp() * torch.tensor(0.2).exp() / damage
    share = power / (1 + power)
    assert torch.allclose(out.uncertainty, 1 - share, atol=1e-6)
    d0 = dist0(out.points.detach().numpy(), 0.7)
    expected = 2 * head.r * (0.6 + 0.4 * share.detach().numpy())
    assert d0 == pytest.approx(expected, rel=1e-4)


def test_a_longer_vector_is_surer_and_damage_takes_away():
    head = head_of()
    vectors = torch.tensor([[0.5], [1.0], [2.0]]) * torch.ones(1, 4)
    longer = head.length(vectors, FEATURES[:1].expand(3, -1))
    assert 0.6 * head.r < longer[0]
    assert longer[-1] < head.r
    assert (longer.diff() > 0).all()
    before = head(FEATURES).uncertainty
    with torch.no_grad():
        head.length.damage.out.bias += 2
    assert (head(FEATURES).uncertainty > before).all()


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_every_geometry_has_the_same_uncertainty(geometry):
    expected = head_of()(FEATURES).uncertainty
    assert torch.equal(head_of(geometry)(FEATURES).uncertainty, expected)


def test_how_sure_it_is_does_not_pull_at_where_an_image_lies():
    head = head_of()
    head(FEATURES).uncertainty.sum().backward()
    assert head.linear.weight.grad is None
    assert head.length.log_slope.grad.abs() > 0
    assert head.length.bias.grad.abs() > 0


def test_a_vector_of_no_length_is_unsure_with_a_finite_gradient():
    head = head_of()
    out = head(torch.zeros(3, 10))
    assert torch.allclose(out.uncertainty, torch.ones(3))
    out.uncertainty.sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in head.parameters() if p.grad is not None)


def test_damage_is_taught_by_the_degraded_images():
    head = head_of()
    loss = head.length.auxiliary_loss(FEATURES, torch.linspace(0.2, 1, 4))
    assert head.length.auxiliary_loss(FEATURES, torch.zeros(0)) == 0
    loss.backward()
    assert head.length.damage.out.weight.grad.abs().sum() > 0
    assert head.length.log_slope.grad is None


def test_a_checkpoint_keeps_it(tmp_path):
    model = HypUML(replace(TINY, length="norm", min_length=0.7)).eval()
    with torch.no_grad():
        model.head.length.bias.fill_(0.4)
    model.save_pretrained(tmp_path)
    images = torch.rand(2, 3, TINY.image_size, TINY.image_size)
    expected = model(images).uncertainty
    assert torch.equal(HypUML.from_pretrained(tmp_path).eval()(images).uncertainty, expected)


def test_the_weights_and_the_configuration_of_an_older_checkpoint_are_read(tmp_path):
    model = HypUML(replace(TINY, length="norm", min_length=0.7)).eval()
    torch.nn.init.normal_(model.head.length.damage.out.weight)
    model.save_pretrained(tmp_path)
    tensors = {
        name.replace("head.length.", "head.damped."): value.contiguous()
        for name, value in model.state_dict().items()
    }
    weights = save(tensors)
    (tmp_path / WEIGHTS).write_bytes(weights)
    config = json.loads((tmp_path / CONFIG).read_text())
    new = config["model"]
    names = {"max_distance": "diameter", "length": "squash", "min_length": "inner"}
    config["model"] = {names.get(name, name): value for name, value in new.items()}
    config["model"] |= {"squash": "damped", "known_classes": 256}
    config["weights_sha256"] = hashlib.sha256(weights).hexdigest()
    (tmp_path / CONFIG).write_text(json.dumps(config))
    images = torch.rand(2, 3, TINY.image_size, TINY.image_size)
    again = HypUML.from_pretrained(tmp_path)
    assert again.config == model.config
    assert torch.equal(again(images).points, model(images).points)
    assert read_config(tmp_path)["model"] == new
    config["model"]["squash"] = "familiar"
    (tmp_path / CONFIG).write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match="unknown length 'familiar'"):
        HypUML.from_pretrained(tmp_path)
