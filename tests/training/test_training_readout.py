"""Whole runs that end in a readout: frozen and learned, resumed, refitted, and read back."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from hypuml.models import readout_fit
from hypuml.models.files import CONFIG
from hypuml.models.head import HyperbolicHead
from hypuml.models.hypuml import HypUML
from hypuml.training import Trainer, crossfit, posthoc, train
from hypuml.training.posthoc import refit
from hypuml.training.state import has_state
from hypuml.training.validation import model_metrics
from tests.support.squares import SquaresDataset
from tests.support.training_support import TINY, tiny_config

READOUT = replace(
    TINY, length="readout", min_length=0.1, cone=1.0, half_weights=True, root_features=True
)
FROZEN = {"backbone_lr": 0.0, "steps": 0, "views": 1}
LEARNED = {"projector": 8, "freeze_statistics": True, "head_init": "axes", "steps": 2}


@pytest.fixture(autouse=True)
def brief(monkeypatch):
    """Exporting takes seconds and changes nothing here."""
    monkeypatch.setattr(readout_fit, "_DAMAGE_STEPS", 20)
    monkeypatch.setattr("hypuml.models.hypuml.write_graph", lambda model, folder: None)


class Murky(SquaresDataset):
    """Colours that vary within a class, so that answers go wrong."""

    def load(self, index, size=None):
        pixels = np.asarray(super().load(index, size)).astype(float)
        off = np.random.default_rng(5000 + index).normal(0, 25, 3)
        return Image.fromarray(np.clip(pixels + off, 0, 255).astype(np.uint8))


def squares():
    return Murky(classes=30, each=8)


def config_of(learned, **options):
    defaults = {
        "model": READOUT, "calibration": 0.0, "calibration_classes": 0.0, "halvings": 1,
        "validation_classes": 0.2, "eval_every": 2,
    }  # fmt: skip
    return tiny_config(**(defaults | (LEARNED if learned else FROZEN) | options))


def same(one, other):
    found = other.state_dict()
    return {name for name, value in one.state_dict().items() if torch.equal(value, found[name])}


def assert_same(one, other):
    assert same(one, other) == set(one.state_dict())
    assert one.confidence == other.confidence


@pytest.mark.parametrize("learned", [True, False])
def test_a_run_ends_in_a_checkpoint_whose_uncertainty_was_cross_fitted(tmp_path, learned):
    config, phases = config_of(learned), set()
    model = train(
        squares(),
        tmp_path / "out",
        config,
        report=lambda done, total, phase, *rest: phases.add(phase),
    )
    again = HypUML.from_pretrained(tmp_path / "out")
    assert_same(model, again)
    assert again.config == replace(READOUT)
    assert again.head.linear.out_features == READOUT.dim - 1
    info = json.loads((tmp_path / "out" / CONFIG).read_text())["training"]
    assert info["steps"] == config.steps
    assert info["crossfit"]["halvings"] == 1
    assert 0 < info["crossfit"]["fall"] < 0.5
    assert 0 < info["validation"]["recall@1"] <= 1
    logged = json.loads((tmp_path / "out" / "training.json").read_text())["config"]
    assert logged["projector"] == config.projector
    assert logged["model"]["length"] == "readout"
    kept = sorted(file.name for file in (tmp_path / "out").glob("crossfit-*"))
    assert kept == (["crossfit-0.safetensors", "crossfit-1.safetensors"] if learned else [])
    assert not has_state(tmp_path / "out")
    assert "cross-fitting" in phases
    # The head is fitted to the features of the weights as they are stored.
    noise = np.random.default_rng(0).normal(size=(4, 3, 24, 24)).astype(np.float32)
    found = again.run(noise)
    assert found.points == pytest.approx(model.run(noise).points, abs=1e-5)
    assert np.ptp(found.uncertainty) > 0


def test_a_learned_backbone_has_moved_and_a_frozen_one_has_not(tmp_path):
    for learned in (True, False):
        config = config_of(learned)
        torch.manual_seed(config.seed)
        start = HypUML(config.trained.model)
        start.backbone.round_weights()
        model = train(squares(), tmp_path / str(learned), config)
        before, after = start.backbone.state_dict(), model.backbone.state_dict()
        equal = {name: torch.equal(value, after[name]) for name, value in before.items()}
        if learned:
            weights = {name for name, value in before.items() if value.ndim > 1}
            assert not any(equal[name] for name in weights)
            assert all(equal[name] for name in equal if "running" in name)
        else:
            assert all(equal.values())


@pytest.mark.parametrize("learned", [True, False])
def test_a_run_broken_off_while_fitting_goes_on_to_the_same_model(tmp_path, monkeypatch, learned):
    config = config_of(learned)
    whole = train(squares(), tmp_path / "whole", config)

    def stop(done, total, phase="", metrics=None):
        if phase == "cross-fitting":
            raise KeyboardInterrupt

    if not learned:  # there is nothing to save before the first step
        assert_same(whole, train(squares(), tmp_path / "again", config))
        return
    with pytest.raises(KeyboardInterrupt):
        train(squares(), tmp_path / "parts", config, report=stop)
    assert has_state(tmp_path / "parts")
    with monkeypatch.context() as patch:
        patch.setattr(posthoc, "fit_to_folds", lambda *given: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            train(squares(), tmp_path / "parts", config, resume=True)
    # The halves lie there: nothing is trained a second time.
    monkeypatch.setattr(crossfit, "starting_model", lambda config: 1 / 0)
    assert_same(whole, train(squares(), tmp_path / "parts", config, resume=True))


@pytest.mark.parametrize("learned", [True, False])
def test_refitting_finds_what_the_run_itself_had_fitted(tmp_path, monkeypatch, learned):
    model = train(squares(), tmp_path, config_of(learned))
    assert model.confidence is not None
    before = (tmp_path / "model.safetensors").read_bytes()
    monkeypatch.setattr(crossfit, "starting_model", lambda config: 1 / 0)
    again = refit(tmp_path, squares())
    assert "refitted" in again.training_info
    told, found = model.training_info["crossfit"], again.training_info["crossfit"]
    if learned:
        # The head's own images come from kept features now, in half precision, and other views of
        # them are degraded; what is learned from the halves is the same.
        assert found.pop("fall") == pytest.approx(told.pop("fall"), abs=0.05)
        assert found.pop("auroc") == pytest.approx(told.pop("auroc"), abs=0.01)
        assert found == told
        noise = np.random.default_rng(1).normal(size=(40, 3, 24, 24)).astype(np.float32)
        one, other = (torch.from_numpy(m.run(noise).points) for m in (model, again))
        assert torch.cosine_similarity(one, other).min() > 0.999
        weights = [m.head.length.weight for m in (model, again)]
        assert torch.allclose(*weights, atol=1e-4)
        assert again.training_info["steps"] == again.training_info["validation"]["step"] == 2
        return
    assert found == told
    assert_same(model, again)
    assert (tmp_path / "model.safetensors").read_bytes() == before
    features = np.random.default_rng(0).normal(size=(5, 16)).astype(np.float32)
    assert np.array_equal(again.loss_prediction(features), model.loss_prediction(features))


def test_refitting_without_the_halves_is_one_sentence_and_changes_nothing(tmp_path):
    train(squares(), tmp_path, config_of(True))
    (tmp_path / "crossfit-1.safetensors").unlink()
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(ValueError, match=r"does not hold the features .* train again"):
        refit(tmp_path, squares())
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_a_projector_below_a_length_that_is_no_readout_leaves_a_head_on_axes(tmp_path):
    config = config_of(True, model=replace(READOUT, length="tanh"), calibration_classes=0.2)
    model = train(squares(), tmp_path, config)
    trainer = Trainer.on(squares(), config.trained, model)
    rows = np.arange(len(trainer.data.train.rows))
    features = trainer.source.plain(model, rows)
    by_hand = HyperbolicHead(config.model, 16)
    by_hand.initialise_axes(features, torch.from_numpy(trainer.data.train.labels))
    assert torch.allclose(by_hand.linear.weight, model.head.linear.weight, rtol=1e-2, atol=1e-3)
    norms = model.head.tangent(features).norm(dim=1)
    assert norms.median().item() == pytest.approx(model.head.r / 2, rel=1e-3)
    # What is told of the model is measured with this head.
    told = model_metrics(model, trainer.data, trainer.source, config)
    found = model.training_info["validation"]
    assert found["recall@1"] == pytest.approx(told["recall@1"], abs=0.05)
    assert found["step"] == 2


def test_features_too_narrow_for_the_head_are_one_sentence(tmp_path):
    config = config_of(False, model=replace(READOUT, dim=18))
    with pytest.raises(ValueError, match=r"16 features have no 17 axes to start from; lower --dim"):
        train(squares(), tmp_path, config)
