"""The trainer from within: no steps, a frozen or slow backbone, and where a head starts."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from hypuml.data.garden import GardenConfig, GardenDataset, TreeConfig
from hypuml.models.head import HyperbolicHead
from hypuml.training import Trainer, train
from hypuml.training.cached_features import CachedFeatures
from hypuml.training.setup import starting_model
from hypuml.types import AMBIGUOUS
from tests.support.squares import SquaresDataset
from tests.support.training_support import TINY, tiny_config


def test_no_steps_write_the_model_as_it_starts(tmp_path):
    config = tiny_config(steps=0)
    model = train(SquaresDataset(), tmp_path, config)
    (entry,) = json.loads((tmp_path / "training.json").read_text())["history"]
    assert entry["step"] == model.training_info["steps"] == 0
    assert entry["recall@1"] is not None
    fresh = starting_model(config)
    assert torch.equal(model.head.linear.weight, fresh.head.linear.weight)
    assert not torch.equal(model.head.log_scale, fresh.head.log_scale)


def a_trainer(**options):
    config = tiny_config(**options)
    return Trainer.on(SquaresDataset(), config, starting_model(config))


def test_a_frozen_backbone_is_looked_through_once_and_stays_as_it_is(tmp_path, monkeypatch):
    trainer = a_trainer(backbone_lr=0.0, steps=3)
    model = trainer.state.model
    before = {k: v.clone() for k, v in model.backbone.state_dict().items()}
    assert isinstance(trainer.source, CachedFeatures)
    # What was kept is what the backbone says of the images, in half precision.
    rows = trainer.data.batches.fit_rows[:5]
    pictures = [np.asarray(SquaresDataset().load(trainer.data.train.rows[i], 27)) for i in rows]
    large = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255
    small = F.interpolate(large, (24, 24), mode="bilinear", antialias=True).clamp(0, 1)
    with torch.no_grad():
        expected = model.backbone(model.backbone.normalise(small))
    found = trainer.source.plain(model, rows)
    assert torch.allclose(found, expected, rtol=2e-3, atol=2e-3 * expected.abs().max().item())
    monkeypatch.setattr(model.backbone, "raw", lambda images: 1 / 0)
    trainer.initialise()
    head = model.head.linear.weight.detach().clone()
    trainer.fit()
    after = model.backbone.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    assert not torch.equal(model.head.linear.weight, head)
    assert not model.train().backbone.training


def test_the_backbone_learns_at_its_share_of_the_rate():
    moved = []
    for share in (1.0, 0.01):
        trainer = a_trainer(backbone_lr=share, weight_decay=0.0, calibration=0.0, warmup=0.0)
        model = trainer.state.model
        (first, *_), linear = model.backbone.parameters(), model.head.linear.weight
        before = [first.detach().clone(), linear.detach().clone()]
        trainer.step()
        pairs = zip((first, linear), before, strict=True)
        # The first step of Adam is the rate, wherever there is a gradient.
        moved.append([(now - old).abs().max().item() for now, old in pairs])
    assert moved[0] == pytest.approx([2e-3, 2e-3], rel=0.01)
    assert moved[1] == pytest.approx([2e-5, 2e-3], rel=0.01)


@pytest.mark.parametrize("share", [1.0, 0.0])
def test_a_head_can_start_from_axes_whether_or_not_the_backbone_learns(share):
    trainer = a_trainer(backbone_lr=share, head_init="axes")
    trainer.initialise()
    model, rows = trainer.state.model, trainer.data.batches.fit_rows
    features = trainer.source.plain(model, rows)
    by_hand = HyperbolicHead(model.config, features.shape[1])
    by_hand.initialise_axes(features, torch.from_numpy(trainer.data.train.labels[rows]))
    assert torch.allclose(model.head.linear.weight, by_hand.linear.weight, atol=1e-5)
    norms = model.head.tangent(features).norm(dim=1)
    assert norms.median().item() == pytest.approx(model.head.r / 2, rel=1e-4)
    # The average, which is what is saved, starts there too.
    assert torch.equal(trainer.state.average["head.linear.weight"], model.head.linear.weight)


def test_only_a_backbone_that_learns_starts_from_a_random_head_unless_told():
    for options, axes in (
        ({}, False),
        ({"backbone_lr": 0.0}, True),
        ({"backbone_lr": 0.0, "head_init": "random"}, False),
    ):
        trainer = a_trainer(**options)
        before = trainer.state.model.head.linear.weight.detach().clone()
        trainer.initialise()
        assert torch.equal(trainer.state.model.head.linear.weight, before) != axes


def test_a_backbone_can_come_from_a_checkpoint_under_a_new_head(tmp_path):
    first = train(SquaresDataset(), tmp_path / "first", tiny_config(steps=2))
    start, wide = str(tmp_path / "first"), replace(TINY, dim=7, length="clip")
    model = starting_model(tiny_config(model=wide, backbone_init=start))
    wanted = first.backbone.state_dict()
    assert all(torch.equal(v, wanted[k]) for k, v in model.backbone.state_dict().items())
    assert model.head.linear.out_features == 7
    other = replace(TINY, backbone_args={"channels": [8, 8, 16, 24]})
    with pytest.raises(ValueError, match="has another backbone"):
        starting_model(tiny_config(model=other, backbone_init=start))
    with pytest.raises(ValueError, match="not both"):
        tiny_config(init=start, backbone_init=start)


def test_hybrids_are_seen_through_a_frozen_backbone_too():
    config = tiny_config(backbone_lr=0.0, ambiguous_share=0.2, calibration_classes=0.0, views=1)
    garden = GardenDataset(
        config=GardenConfig(
            seed=3,
            tree=TreeConfig((2,), 6, 2, unseen_genera=2),
            seen_individuals=3,
            unseen_individuals=2,
            training_hybrids=40,
        )
    )
    trainer = Trainer.on(garden, config, starting_model(config))
    items = [garden.items[row] for row in trainer.data.train.rows]
    mixed = [i for i, item in enumerate(items) if item.split == AMBIGUOUS]
    drawn = {int(row) for step in range(8) for row in trainer.data.batches.batch(step).rows}
    assert drawn & set(mixed)
    assert len(trainer.source.clean) == len(items)
