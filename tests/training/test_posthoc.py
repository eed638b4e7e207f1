"""What is fitted once the weights stand, and that it travels with the checkpoint."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch

from hypuml import loss_prediction
from hypuml.confidence.model import FILE as CONFIDENCE
from hypuml.loss_prediction import LossPrediction, fit_loss_prediction
from hypuml.losses import make_loss
from hypuml.models.files import CheckpointError
from hypuml.models.hypuml import HypUML
from hypuml.training import train
from hypuml.training.posthoc import refit, thinned
from hypuml.training.validation import own_losses
from tests.support.squares import SquaresDataset
from tests.support.training_support import tiny_config


def noisy_squares():
    """Enough images that answers go wrong, so that there is something to be unsure about."""
    return SquaresDataset(classes=30, each=12)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "out"
    config = tiny_config(steps=4, calibration_classes=0.6)
    return out, train(noisy_squares(), out, config)


def test_a_run_leaves_confidence_and_control_beside_the_weights(trained):
    out, model = trained
    again = HypUML.from_pretrained(out)
    assert model.confidence is not None
    assert again.confidence == model.confidence
    features = np.random.default_rng(0).normal(size=(5, 16)).astype(np.float32)
    assert np.array_equal(again.loss_prediction(features), model.loss_prediction(features))


def test_refitting_finds_what_the_run_itself_had_fitted(trained, tmp_path):
    out, model = trained
    folder = tmp_path / "copy"
    shutil.copytree(out, folder)
    (folder / CONFIDENCE).unlink()
    (folder / loss_prediction.FILE).unlink()
    refit(folder, noisy_squares())
    again = HypUML.from_pretrained(folder)
    assert again.confidence == model.confidence
    features = np.random.default_rng(0).normal(size=(5, 16)).astype(np.float32)
    assert np.array_equal(again.loss_prediction(features), model.loss_prediction(features))
    assert (folder / "model.safetensors").read_bytes() == (out / "model.safetensors").read_bytes()
    assert again.training_info.pop("refitted") >= again.training_info["finished"]
    assert again.training_info == model.training_info


def test_refitting_refuses_other_images_and_unreadable_logs(trained, tmp_path):
    out, _ = trained
    folder = tmp_path / "copy"
    shutil.copytree(out, folder)
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    with pytest.raises(ValueError, match="trained on other images"):
        refit(folder, SquaresDataset(classes=5, each=4))
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before
    (folder / "training.json").write_text("[]")
    with pytest.raises(ValueError, match=r"options of the training run in .*training\.json"):
        refit(folder, noisy_squares())


def test_saving_other_weights_removes_what_was_fitted_for_the_old_ones(trained, tmp_path):
    _, model = trained
    model.save_pretrained(tmp_path)
    fresh = HypUML(model.config)
    fresh.save_pretrained(tmp_path)
    again = HypUML.from_pretrained(tmp_path)
    assert again.confidence is None
    assert again.loss_prediction is None


@pytest.mark.parametrize("name", [CONFIDENCE, loss_prediction.FILE])
def test_damaged_parts_are_one_sentence(trained, tmp_path, name):
    _, model = trained
    model.save_pretrained(tmp_path)
    (tmp_path / name).write_bytes(b"\x00 nothing of use")
    with pytest.raises(CheckpointError, match=name):
        HypUML.from_pretrained(tmp_path)


def test_loss_prediction_learns_a_loss_that_shows_in_the_features():
    rng = np.random.default_rng(1)
    features = rng.normal(size=(600, 10)).astype(np.float32)
    losses = np.exp(features[:, 0] + 0.1 * rng.normal(size=600))
    fitted = fit_loss_prediction(features[:400], losses[:400])
    found = np.corrcoef(fitted(features[400:]), np.log(losses[400:]))[0, 1]
    assert found > 0.9


def test_loss_prediction_refuses_values_that_are_not_finite(tmp_path):
    arrays = [np.ones(3), np.ones(3), np.ones((3, 2)), np.ones(2), np.ones((2, 1)), np.ones(1)]
    arrays[1][0] = np.nan
    LossPrediction(*arrays).save(tmp_path)
    with pytest.raises(ValueError, match="not finite"):
        LossPrediction.load(tmp_path)


def test_thinning_keeps_classes_alike():
    ids = np.repeat(np.arange(10), 30)
    rows = np.arange(300) + 1000
    kept = thinned(rows, ids, 100, np.random.default_rng(0))
    assert np.bincount(ids[kept - 1000]).tolist() == [10] * 10
    assert thinned(rows, ids, 300, np.random.default_rng(0)) is rows


def test_own_losses_equal_the_loss_of_the_whole_set_when_it_is_small(trained):
    _, model = trained
    config = tiny_config()
    torch.manual_seed(0)
    out = model.head(torch.randn(24, model.backbone.num_features))
    points, u = out.points.detach().numpy(), out.uncertainty.detach().numpy()
    ids = np.repeat(np.arange(6), 4)
    losses, valid = own_losses(model, points, u, ids, config, np.random.default_rng(0))
    expected, _ = make_loss(config.loss, config.loss_config, model.head.distance).per_anchor(
        *map(torch.from_numpy, (points, ids, u))
    )
    assert valid.all()
    assert losses == pytest.approx(expected.detach().numpy(), rel=1e-4, abs=1e-6)
