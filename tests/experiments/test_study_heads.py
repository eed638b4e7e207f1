"""Heads on features that were computed once: the same as whole models, and parts left out."""

from __future__ import annotations

import copy
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from hypuml.evaluation import measure
from hypuml.experiments.study import heads
from hypuml.experiments.study.shown import PARTS, shown_images, shown_metrics, silence, untaught
from hypuml.models.readout import ReadoutLength
from tests.support.squares import SquaresDataset
from tests.support.training_support import TINY, tiny_config

DATA = SquaresDataset(24)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A cross-fitted head on a frozen backbone: its options, its folder and what it was said."""
    folder = tmp_path_factory.mktemp("heads")
    model = replace(TINY, length="readout", min_length=0.1, cone=3.0, max_distance=1.0)
    config = tiny_config(
        model=model, backbone_lr=0.0, views=1, steps=0, calibration=0.0, calibration_classes=0.0,
        validation_classes=0.15, halvings=1,
    )  # fmt: skip
    figures = heads.train_head(DATA, config, folder / "views", folder / "head")
    return config, folder, figures


def model_of(run):
    config, folder, _ = run
    return heads.trained(DATA, config, folder / "views", folder / "head")


def test_figures_from_features_are_those_from_pictures(run):
    folder = run[1]
    model = model_of(run)
    shown = shown_images(DATA, model, folder / "views")
    found = shown_metrics(model, shown)
    whole = measure(model, DATA, most_degraded=0).result
    for key in ("recall@1", "map@r", "r_auroc", "confidence_auroc", "confidence_ece", "controls"):
        assert found[key] == pytest.approx(whole[key], abs=1e-6), key
    assert found["intervals"].keys() == whole["intervals"].keys()


def test_pictures_are_looked_at_once(run, monkeypatch):
    folder = run[1]
    model = model_of(run)
    first = shown_images(DATA, model, folder / "views")
    monkeypatch.setattr("hypuml.experiments.study.shown.embed_dataset", None)
    again = shown_images(DATA, model, folder / "views")
    assert torch.equal(first.features, again.features)
    assert first.paths == again.paths


def test_what_needs_no_label_is_cosine_of_the_features(run):
    folder = run[1]
    shown = shown_images(DATA, model_of(run), folder / "views")
    x = torch.nn.functional.normalize(shown.features, dim=1)
    cosine = (x @ x.T).fill_diagonal_(-math.inf)
    first = cosine.argmax(1).tolist()
    right = [shown.paths[i] == shown.paths[j] for i, j in enumerate(first)]
    assert untaught(shown)["features"] == pytest.approx(np.mean(right))


def test_a_part_that_is_left_out_says_nothing(run):
    folder = run[1]
    model = model_of(run)
    shown = shown_images(DATA, model, folder / "views")
    head, length = model.head, model.head.length
    assert isinstance(length, ReadoutLength)
    # Weights that matter, whatever so few images have taught.
    with torch.no_grad():
        length.weight.normal_(generator=torch.Generator().manual_seed(0))
        length.damage.out.weight.normal_(generator=torch.Generator().manual_seed(1))
        length.outside_at.fill_(length.residual(shown.features).median())
        error = length.error_score(shown.features).numpy()
        all_parts = length.score(shown.features).numpy()
        whole = head(shown.features).uncertainty.numpy()
    found = shown_metrics(model, shown)
    right = found["parts"]["all parts"]
    assert right == {"recall@1": found["recall@1"], "r_auroc": found["r_auroc"]}
    assert set(found["parts"]) == set(PARTS)
    for parts in (("damage", "outside"), ("error",), ("cone",)):
        other = copy.deepcopy(head)
        for part in parts:
            silence(other, part)
        with torch.inference_mode():
            out = other(shown.features)
            score = other.length.score(shown.features).numpy()
        if parts == ("cone",):
            assert out.points.shape[1] == head.linear.out_features
            assert np.allclose(out.uncertainty, whole, atol=1e-6)
        elif parts == ("error",):
            assert np.ptp(error) > 0
            assert np.allclose(score, all_parts - error + float(length.bias), atol=1e-4)
        else:
            assert np.allclose(score, error, atol=1e-5)


def test_what_was_kept_is_what_was_trained(run):
    figures = run[2]
    first, again = model_of(run), model_of(run)
    assert figures["recall@1"] is not None
    state = again.head.state_dict()
    assert all(torch.equal(v, state[k]) for k, v in first.head.state_dict().items())
    assert float(first.head.linear.weight.detach().abs().max()) > 0


def test_answers_of_a_head_that_learns_come_from_classes_it_has_not_seen(tmp_path):
    config = tiny_config(backbone_lr=0.0, views=1, steps=3, calibration_classes=0.3)
    heads.train_head(DATA, config, tmp_path / "views", tmp_path / "head")
    trainer = heads.Trainer.on(DATA, config, heads.starting_model(config), tmp_path / "views")
    first, second = heads.cross_answered(trainer)
    batches, labels = trainer.data.batches, trainer.data.train.labels
    everyone = np.concatenate([batches.fit_rows, batches.held_rows])
    seen = [set(fold.labels.tolist()) for fold in (first, second)]
    assert not seen[0] & seen[1]
    assert seen[0] | seen[1] == set(labels[everyone].tolist())
    # Each head learned from the other's classes: the two place the same features differently.
    assert len(first.labels) + len(second.labels) == len(everyone)
    assert first.tangent.shape[1] == config.model.dim
