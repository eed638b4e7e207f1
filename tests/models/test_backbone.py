"""What a backbone gives and keeps: roots of features, half precision, and frozen parts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from hypuml.models.backbone import Backbone
from hypuml.models.files import WEIGHTS
from hypuml.models.hypuml import HypUML
from hypuml.training import Trainer, train
from hypuml.training.setup import starting_model
from tests.support.squares import SquaresDataset
from tests.support.training_support import TINY, tiny_config


@pytest.fixture
def no_graph(monkeypatch):
    """Exporting takes seconds and changes nothing here."""
    monkeypatch.setattr("hypuml.models.hypuml.write_graph", lambda model, folder: None)


def backbone(**options):
    torch.manual_seed(0)
    return Backbone(TINY.backbone, arguments=TINY.backbone_args, **options)


def test_roots_of_features_by_hand():
    found = backbone(root=True).project(torch.tensor([0.0, 0.03, -0.03, 0.99, -8.99]))
    # sqrt(|x| + 0.01) - 0.1 with the sign of x.
    assert found.tolist() == pytest.approx([0, 0.1, -0.1, 0.9, -2.9], abs=1e-6)
    plain = torch.randn(3, 4)
    assert backbone().project(plain) is plain


def test_roots_grow_are_odd_and_have_a_finite_slope_at_zero():
    up = torch.linspace(0, 20, 201)
    x = torch.cat([-up[1:].flip(0), up, torch.tensor([1e-7, -1e-7, 0.0])])
    x.requires_grad_()
    found = backbone(root=True).project(x)
    assert (found[:401].diff() > 0).all()
    assert torch.equal(found[:401], -found[:401].flip(0))
    (slope,) = torch.autograd.grad(found.sum(), x)
    assert torch.isfinite(slope).all()
    assert slope[401:403].tolist() == pytest.approx([5, 5], rel=1e-3)
    assert slope.max() <= 5 + 1e-3


def test_a_model_takes_the_roots_of_what_its_network_gives():
    images = torch.rand(2, 3, 24, 24, generator=torch.Generator().manual_seed(1))
    torch.manual_seed(0)
    plain = HypUML(TINY).eval()
    rooted = HypUML(replace(TINY, root_features=True)).eval()
    rooted.load_state_dict(plain.state_dict())
    with torch.no_grad():
        features, found = plain.backbone(images), rooted.backbone(images)
    assert found.numpy() == pytest.approx(((features + 0.01).sqrt() - 0.1).numpy(), abs=1e-6)
    assert rooted.backbone.raw_fingerprint() == plain.backbone.raw_fingerprint()


def test_half_weights_halve_the_file_and_come_back_bit_for_bit(tmp_path, no_graph):
    whole = HypUML(replace(TINY, backbone_args={"channels": [16, 32, 64, 64]}))
    half = HypUML(replace(whole.config, half_weights=True))
    half.load_state_dict(whole.state_dict())
    half.backbone.round_weights()
    for name, model in (("whole", whole), ("half", half)):
        model.save_pretrained(tmp_path / name)
    sizes = {n: (tmp_path / n / WEIGHTS).stat().st_size for n in ("whole", "half")}
    assert 0.45 < sizes["half"] / sizes["whole"] < 0.6
    again = HypUML.from_pretrained(tmp_path / "half")
    for name, value in half.state_dict().items():
        assert torch.equal(again.state_dict()[name], value), name
    noise = np.random.default_rng(0).normal(size=(3, 3, 24, 24)).astype(np.float32)
    assert np.array_equal(again.run(noise).points, half.run(noise).points)
    assert not np.array_equal(again.run(noise).points, whole.run(noise).points)


def test_rounding_moves_matrices_little_and_norms_not_at_all():
    net, before = backbone(), backbone()
    net.round_weights()
    moved = 0
    for one, other in zip(net.parameters(), before.parameters(), strict=True):
        if one.ndim > 1:
            assert torch.equal(one, one.half().float())
            assert torch.allclose(one, other, rtol=1e-3, atol=1e-7)
            moved += not torch.equal(one, other)
        else:
            assert torch.equal(one, other)
    assert moved


def test_what_training_returns_is_what_the_file_holds(tmp_path, no_graph):
    config = tiny_config(steps=2, model=replace(TINY, half_weights=True))
    model = train(SquaresDataset(), tmp_path, config)
    again = HypUML.from_pretrained(tmp_path)
    for name, value in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], value), name


def batch_norms(model):
    return [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]


@pytest.mark.parametrize("frozen", [True, False])
def test_frozen_statistics_stay_while_the_weights_learn(frozen):
    config = tiny_config(freeze_statistics=frozen)
    trainer = Trainer.on(SquaresDataset(), config, starting_model(config))
    model = trainer.state.model
    trainer.initialise()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    for _ in range(2):
        trainer.step()
    same = {k: torch.equal(before[k], v) for k, v in model.state_dict().items()}
    statistics = [k for k in same if "running_" in k or "num_batches" in k]
    assert statistics
    assert all(same[k] == frozen for k in statistics)
    learned = [k for k, _ in model.backbone.named_parameters(prefix="backbone")]
    assert not any(same[k] for k in learned)


def test_the_mode_of_a_backbone_follows_what_learns():
    net = backbone()
    assert net.train().training
    assert all(m.training for m in batch_norms(net))
    net.freeze_statistics()
    assert net.training
    assert not any(m.training for m in batch_norms(net))
    assert net.train(False).train().training
    assert not any(m.training for m in batch_norms(net))
    assert all(p.requires_grad for p in net.parameters())
    net.freeze()
    assert not net.train().training
    assert not any(p.requires_grad for p in net.parameters())
