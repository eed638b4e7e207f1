"""Head and backbone: laws of lengths, radial uncertainty, scale, gradients, bad options."""

from __future__ import annotations

import math

import pytest
import torch

from hypuml.geometry import torch as geometry_torch
from hypuml.models.backbone import Backbone, check_backbone
from hypuml.models.config import ModelConfig
from hypuml.models.head import HyperbolicHead
from hypuml.models.hypuml import HypUML
from hypuml.models.lengths import LENGTHS, make_length

TINY = {"channels": [8, 8, 16, 16]}


@pytest.mark.parametrize("name", sorted(LENGTHS))
@pytest.mark.parametrize("curvature", [0.1, 1.0, 4.0])
def test_points_stay_in_the_ball_and_uncertainty_is_the_radius(name, curvature):
    torch.manual_seed(0)
    head = HyperbolicHead(ModelConfig(dim=5, curvature=curvature, length=name, min_length=0.0), 12)
    out = head(torch.randn(200, 12) * torch.logspace(-3, 3, 200)[:, None])
    d0 = geometry_torch.dist0(out.points.double(), curvature)
    assert (curvature * out.points.square().sum(-1) < 1).all()
    assert ((out.uncertainty >= 0) & (out.uncertainty <= 1)).all()
    # u = 1 - d0 / (2r) and sqrt(c) 2r = 4; a readout bends its lengths (test_readout).
    expected = 1 - d0 * math.sqrt(curvature) / 4.0
    if name == "readout":
        expected = head.length.uncertainty(d0 / 2)
    assert out.uncertainty.double().detach() == pytest.approx(expected.detach(), abs=2e-5)


def test_clip_is_the_parent_recipe_and_tanh_keeps_a_gradient_where_clip_has_none():
    v = torch.tensor([[0.3, 0.4], [0.0, 2.0], [4.0, 0.0]], requires_grad=True)
    clip, tanh = (
        make_length(ModelConfig(length=name, max_distance=4.6), 1)(v, v[:, :1])
        for name in ("clip", "tanh")
    )
    assert clip.tolist() == pytest.approx([0.5, 2.0, 2.3])
    (pull,) = torch.autograd.grad(clip.sum(), v)
    assert pull.norm(dim=1).tolist() == pytest.approx([1, 1, 0])
    assert tanh.tolist() == pytest.approx([2.3 * math.tanh(x / 2.3) for x in (0.5, 2.0, 4.0)])
    assert (torch.autograd.grad(tanh.sum(), v)[0].norm(dim=1) > 0).all()


def test_scale_initialisation_puts_the_median_at_half_the_bound():
    torch.manual_seed(1)
    head = HyperbolicHead(ModelConfig(dim=8, max_distance=5.0), 20)
    features = torch.randn(101, 20) * 37
    head.initialise_scale(features)
    assert head.tangent(features).norm(dim=-1).median().item() == pytest.approx(head.r / 2)
    with pytest.raises(ValueError, match="zero"):
        head.initialise_scale(torch.zeros(4, 20))


def test_gradients_are_finite_at_zero_and_far_outside():
    head = HyperbolicHead(ModelConfig(dim=4, max_distance=6.0), 6)
    features = torch.stack([torch.zeros(6), torch.full((6,), 1e6), torch.randn(6)])
    features.requires_grad_()
    out = head(features)
    (out.points.sum() + out.uncertainty.sum()).backward()
    assert torch.isfinite(features.grad).all()


def test_head_runs_in_float32_under_autocast():
    network = HypUML(ModelConfig(backbone_args=TINY, image_size=32)).eval()
    with torch.autocast("cpu", torch.bfloat16), torch.no_grad():
        out = network(torch.randn(2, 3, 32, 32))
    assert out.points.dtype == torch.float32


def test_unknown_backbone_suggests_a_close_name():
    with pytest.raises(ValueError, match="resnet18"):
        check_backbone("resnet_18")
    with pytest.raises(ValueError, match="does not take"):
        Backbone("resnet18", arguments={"chanels": [1]})


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("dim", 1),
        ("curvature", 0.0),
        ("curvature", math.nan),
        ("max_distance", -1.0),
        ("max_distance", 40.0),
        ("min_length", 1.5),
        ("image_size", 4),
    ],
)
def test_bad_options_are_refused_with_the_value(option, value):
    with pytest.raises(ValueError, match=str(value)):
        ModelConfig(**{option: value})
