"""Lengths made from an uncertainty: how one follows from the other, and what raises u."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from hypuml.models import readout as module
from hypuml.models.config import ModelConfig
from hypuml.models.export import write_graph
from hypuml.models.exported import ExportedModel
from hypuml.models.head import HyperbolicHead
from hypuml.models.hypuml import HypUML
from hypuml.models.readout import CENTRES, ReadoutLength
from tests.support.training_support import TINY

# End of the slow part and how far the length falls there.
KNEES = [(0.5, 0.1), (0.95, 0.02), (0.05, 0.5), (0.9, 0.85)]


def filled(length: ReadoutLength, seed: int = 0) -> ReadoutLength:
    """Every buffer set to something, as after a fit."""
    noise = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        length.mean.normal_(generator=noise)
        length.scale.uniform_(0.5, 2, generator=noise)
        length.weight.normal_(std=0.5, generator=noise)
        length.bias.fill_(-1.0)
        # Two axes; the energy of all else is outside.
        length.axes.zero_()
        width = length.axes.shape[1]
        length.axes[:2] = torch.linalg.qr(torch.randn(width, 2, generator=noise))[0].T
        length.outside_at.fill_(0.3)
        length.outside_scale.fill_(0.2)
        length.centres.copy_(torch.linspace(-3, 5, CENTRES))
        length.bandwidth.fill_(0.3)
        length.damage.out.weight.normal_(std=0.1, generator=noise)
    return length


def readout(knee=(0.5, 0.1), shortest=0.1, features=6) -> ReadoutLength:
    torch.manual_seed(0)
    config = ModelConfig(dim=4, length="readout", min_length=shortest, max_distance=3.0)
    length = filled(ReadoutLength(config, features)).requires_grad_(False)
    length.knee.copy_(torch.tensor(knee))
    return length


def scored(length, wanted):
    """Features whose scores are ``wanted``: along one axis, and off all axes by a fixed step."""
    length.damage.out.weight.data.zero_()
    off = torch.randn(length.mean.shape, generator=torch.Generator().manual_seed(4))
    off = off - (off @ length.axes.T) @ length.axes
    start = length.mean + 0.5 * off
    along = length.axes[0]
    missing = torch.as_tensor(wanted) - length.score(start[None])
    return start + (missing / (along / length.scale @ length.weight))[:, None] * along


@pytest.mark.parametrize("knee", KNEES)
def test_u_rises_with_the_score_and_can_be_read_off_the_length(knee):
    length = readout(knee)
    wanted = torch.linspace(-4, 6, 201)
    features = scored(length, wanted)
    # The three parts, one image at a time.
    outside = [np.logaddexp(0, float(length.outside(row[None]))) for row in features]
    damage = np.log1p(np.exp(-2.0))
    errors = length.error_score(features).numpy()
    assert errors + 2 * damage + 4 * np.array(outside) == pytest.approx(wanted.numpy(), abs=1e-3)
    assert torch.allclose(length.score(features), wanted, atol=1e-3)
    lengths = length(torch.zeros(len(wanted), 4), features)
    u = length.uncertainty(lengths)
    assert (u.diff() > 0).all()
    assert (lengths.diff() < 0).all()
    # The formula, one score and one centre at a time.
    by_hand = [
        np.mean([1 / (1 + np.exp(-(s - c) / 0.3)) for c in np.linspace(-3, 5, CENTRES)])
        for s in length.score(features).numpy()
    ]
    # What the slow part takes from the length is little: float32 there limits what is read off.
    assert u.numpy() == pytest.approx(np.array(by_hand), abs=2e-5)
    assert min(by_hand) < knee[0] < max(by_hand)


@pytest.mark.parametrize("knee", KNEES)
def test_lengths_end_at_the_bounds_and_bend_at_the_knee(knee):
    length = readout(knee)
    end, fall = knee
    known = torch.tensor([1.0, 1 - fall / 2, 1 - fall, (1 - fall + 0.1) / 2, 0.1]) * length.r
    expected = [0, end / 2, end, (1 + end) / 2, 1]
    assert length.uncertainty(known).tolist() == pytest.approx(expected, abs=1e-5)
    shares = length.at(torch.tensor([-1e4, 1e4])) / length.r
    assert shares.tolist() == pytest.approx([1, 0.1], abs=1e-6)


def test_before_a_fit_shortest_lengths_near_one_are_kept_too():
    config = ModelConfig(dim=4, length="readout", min_length=0.97)
    length = ReadoutLength(config, 6)
    shares = length(torch.randn(50, 4), torch.randn(50, 6)).detach() / length.r
    assert shares.min() >= 0.97 - 1e-6
    assert shares.max() <= 1
    known = torch.linspace(0.97, 1, 20) * length.r
    assert (length.uncertainty(known).diff() < 0).all()


def test_damage_strangeness_and_likely_errors_each_raise_u():
    torch.manual_seed(1)
    length = readout()
    length.outside_at.fill_(2.0)
    features = length.mean + 0.3 * torch.randn(30, 6)

    def u(x):
        return length.uncertainty(length(torch.zeros(len(x), 4), x))

    before = u(features)
    length.damage.out.bias.data += 1
    assert (u(features) > before).all()
    length.damage.out.bias.data -= 1
    # Nothing but the error score changes along an axis where damage reads nothing.
    length.damage.out.weight.data.zero_()
    before, along = u(features), length.axes[0]
    sign = (along / length.scale @ length.weight).sign()
    assert (u(features + 0.3 * sign * along) > before).all()
    # Nothing but the energy beyond the axes, where no error is told from the features.
    length.weight.zero_()
    length.outside_scale.fill_(2.0)
    before, centred = u(features), features - length.mean
    beyond = centred - (centred @ length.axes.T) @ length.axes
    assert (u(features + 3 * beyond) > before).all()
    assert torch.allclose(u(features + 3 * (centred - beyond)), before, atol=1e-4)


def test_outside_is_counted_in_scales_of_the_logarithm_of_the_energy_beyond_the_axes():
    length = readout()
    energies = torch.tensor([np.exp(0.3), np.exp(0.5), np.exp(-0.1)], dtype=torch.float32)
    free = torch.linalg.qr(torch.cat([length.axes[:2], torch.randn(1, 6)]).T)[0][:, 2]
    inside = torch.randn(3, 2) @ length.axes[:2] * 5
    features = length.mean + inside + energies.sqrt()[:, None] * free
    assert length.residual(features).tolist() == pytest.approx([0.3, 0.5, -0.1], abs=1e-4)
    assert length.outside(features).tolist() == pytest.approx([0, 1, -2], abs=1e-3)
    on_axes = length.residual(length.mean[None] + inside)
    assert torch.isfinite(on_axes).all()
    assert (on_axes < -6).all()


def test_axes_span_where_training_images_vary_most(monkeypatch):
    monkeypatch.setattr(module, "AXES", 3)
    length = ReadoutLength(ModelConfig(dim=4, length="readout"), 6)
    noise = torch.Generator().manual_seed(2)
    turned = torch.linalg.qr(torch.randn(6, 6, generator=noise))[0]
    spread = torch.tensor([9.0, 7.0, 5.0, 0.3, 0.2, 0.1])
    features = torch.randn(400, 6, generator=noise) * spread @ turned.T + 2
    length.fit_axes(features)
    assert torch.allclose(length.mean, features.mean(0), atol=1e-5)
    assert torch.allclose(length.scale, features.std(0), atol=1e-5)
    assert torch.allclose(length.axes @ length.axes.T, torch.eye(3), atol=1e-5)
    # The first axis is the widest, and the three span the wide part.
    assert abs(float(length.axes[0] @ turned[:, 0])) > 0.95
    assert torch.allclose((length.axes @ turned[:, 3:]), torch.zeros(3, 3), atol=0.05)
    energy = np.log(((features - length.mean) @ turned[:, 3:]).square().sum(1).numpy())
    assert np.corrcoef(length.residual(features).numpy(), energy)[0, 1] > 0.95


def test_a_score_takes_the_residual_of_other_axes():
    length, features = readout(), torch.randn(5, 6)
    own = length.residual(features)
    assert torch.equal(length.score(features, own), length.score(features))
    rest = length.score(features) - 4 * F.softplus((own - 0.3) / 0.2)
    other = length.score(features, torch.full((5,), 0.9))
    assert torch.allclose(other, rest + 4 * F.softplus(torch.tensor(3.0)), atol=1e-4)


def test_nothing_pulls_at_features_through_the_length():
    length = readout()
    tangent = torch.randn(5, 4, requires_grad=True)
    features = torch.randn(5, 6, requires_grad=True)
    length.requires_grad_()(tangent, features).sum().backward()
    assert length.damage.out.weight.grad is not None
    assert tangent.grad is None
    assert features.grad is None


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("readout")
    torch.manual_seed(0)
    model = HypUML(replace(TINY, length="readout", min_length=0.1, cone=3.0)).eval()
    filled(model.head.length)
    model.head.length.outside_at.fill_(5.0)
    model.head.length.outside_scale.fill_(2.0)
    model.head.length.knee.copy_(torch.tensor([0.8, 0.3]))
    model.head.initialise_scale(torch.rand(20, model.backbone.num_features))
    model.save_pretrained(folder)
    write_graph(model, folder)
    return folder, model


def test_a_checkpoint_keeps_every_part(kept):
    folder, model = kept
    again = HypUML.from_pretrained(folder)
    parts = {k: v for k, v in model.state_dict().items() if k.startswith("head.length.")}
    assert len(parts) == 10 + 4  # buffers, and the readout of damage
    assert all(torch.equal(again.state_dict()[k], v) for k, v in parts.items())


def test_the_exported_graph_says_the_same(kept):
    folder, model = kept
    noise = np.random.default_rng(3).normal(size=(6, 3, 24, 24)).astype(np.float32)
    noise[1] *= 20
    noise[2] = 0
    expected, found = model.run(noise), ExportedModel.from_pretrained(folder).run(noise)
    assert found.points == pytest.approx(expected.points, abs=1e-5)
    assert found.uncertainty == pytest.approx(expected.uncertainty, abs=1e-5)
    assert np.ptp(expected.uncertainty) > 0.05


@pytest.mark.parametrize("cone", [0.5, 3.0])
def test_a_cone_raises_cosines_and_leaves_lengths(cone):
    torch.manual_seed(0)
    plain = HyperbolicHead(ModelConfig(dim=5, geometry="euclidean"), 8)
    head = HyperbolicHead(ModelConfig(dim=6, geometry="euclidean", cone=cone), 8)
    head.load_state_dict(plain.state_dict())  # the shared direction is a sixth coordinate
    features = torch.randn(40, 8)
    with torch.no_grad():
        x, y = plain(features).points, head(features).points
    assert x.shape[1] == 5
    assert y.shape[1] == 6
    assert torch.allclose(x.norm(dim=1), y.norm(dim=1), atol=1e-6)
    before, after = (F.normalize(p, dim=1) @ F.normalize(p, dim=1).T for p in (x, y))
    assert torch.allclose(after, (before + cone) / (1 + cone), atol=1e-5)
    assert (y[:, -1] > 0).all()


def test_a_cone_in_the_ball_keeps_u_and_the_distance_from_the_origin():
    torch.manual_seed(0)
    plain = HyperbolicHead(ModelConfig(dim=5, curvature=0.5), 8)
    head = HyperbolicHead(ModelConfig(dim=6, curvature=0.5, cone=3.0), 8)
    head.load_state_dict(plain.state_dict())
    features = torch.randn(40, 8)
    with torch.no_grad():
        one, other = plain(features), head(features)
    assert torch.equal(one.uncertainty, other.uncertainty)
    assert torch.allclose(one.points.norm(dim=1), other.points.norm(dim=1), atol=1e-6)
    sphere = HyperbolicHead(ModelConfig(dim=6, geometry="spherical", cone=3.0), 8)
    assert torch.allclose(sphere(features).points.norm(dim=1), torch.ones(40), atol=1e-6)
