"""Heads on features that were computed once: the same as whole models, and parts left out."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from squares import SquaresDataset
from training_support import TINY, tiny_config

from hypuml.evaluation import measure
from hypuml.metrics import r_auroc
from hypuml.models.readout import ReadoutLength
from hypuml.study import heads

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


def test_figures_from_features_are_those_from_pictures(run):
    config, folder, _ = run
    model = heads.trained(config, folder / "head")
    shown = heads.shown_images(DATA, model, folder / "views")
    found = heads.shown_figures(model, shown)
    whole = measure(model, DATA, most_degraded=0).result
    for key in ("recall@1", "map@r", "r_auroc", "confidence_auroc", "confidence_ece", "controls"):
        assert found[key] == pytest.approx(whole[key], abs=1e-6), key
    assert found["intervals"].keys() == whole["intervals"].keys()


def test_pictures_are_looked_at_once(run, monkeypatch):
    config, folder, _ = run
    model = heads.trained(config, folder / "head")
    first = heads.shown_images(DATA, model, folder / "views")
    monkeypatch.setattr(heads, "embed_dataset", None)
    again = heads.shown_images(DATA, model, folder / "views")
    assert torch.equal(first.features, again.features)
    assert first.paths == again.paths


def test_what_needs_no_label_is_cosine_of_the_features(run):
    config, folder, _ = run
    shown = heads.shown_images(DATA, heads.trained(config, folder / "head"), folder / "views")
    x = torch.nn.functional.normalize(shown.features, dim=1)
    cosine = (x @ x.T).fill_diagonal_(-math.inf)
    first = cosine.argmax(1).tolist()
    right = [shown.paths[i] == shown.paths[j] for i, j in enumerate(first)]
    assert heads.untaught(shown)["features"] == pytest.approx(np.mean(right))


def test_a_part_that_is_left_out_says_nothing(run):
    config, folder, _ = run
    model = heads.trained(config, folder / "head")
    shown = heads.shown_images(DATA, model, folder / "views")
    head, length = model.head, model.head.length
    assert isinstance(length, ReadoutLength)
    # Weights that matter, whatever so few images have taught.
    with torch.no_grad():
        length.weight.normal_(generator=torch.Generator().manual_seed(0))
        length.damage.out.weight.normal_(generator=torch.Generator().manual_seed(1))
        length.outside_at.fill_(head.tangent(shown.features).norm(dim=1).log().median())
        error = length.error_score(shown.features).numpy()
        whole = head(shown.features).uncertainty.numpy()
    found = heads.shown_figures(model, shown)
    right = found["parts"]["all parts"]
    assert right == {"recall@1": found["recall@1"], "r_auroc": found["r_auroc"]}
    assert set(found["parts"]) == set(heads.PARTS)
    for parts in (("damage", "outside"), ("error",), ("cone",)):
        other = heads.trained(config, folder / "head").head
        other.load_state_dict(head.state_dict())
        for part in parts:
            heads.silence(other, part)
        with torch.inference_mode():
            out = other(shown.features)
            u, score = (
                out.uncertainty.numpy(),
                other.length.score(other.tangent(shown.features), shown.features).numpy(),
            )
        if parts == ("cone",):
            assert out.points.shape[1] == config.model.dim - 1
            assert np.allclose(u, whole, atol=1e-6)
        elif parts == ("error",):
            assert not np.allclose(score, error, atol=1e-2)
        else:
            assert np.allclose(score, error, atol=1e-5)
    assert r_auroc(whole[:0], np.zeros(0, bool)) is None
