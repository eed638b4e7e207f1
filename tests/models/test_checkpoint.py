"""Checkpoints: round trip, what damage is noticed, embedding."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from PIL import Image

from hypuml import HypUML as PublicHypUML
from hypuml.models.files import CONFIG, GRAPH, WEIGHTS, CheckpointError
from hypuml.models.hypuml import HypUML
from tests.support.squares import SquaresDataset
from tests.support.training_support import TINY


@pytest.fixture
def saved(tmp_path, graphs):
    torch.manual_seed(0)
    model = HypUML(TINY)
    model.training_info = {"seed": 3}
    model.save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def test_round_trip(saved):
    torch.manual_seed(0)
    model, again = HypUML(TINY).eval(), PublicHypUML.from_pretrained(saved)
    assert again.config == TINY
    assert again.training_info == {"seed": 3}
    images = [SquaresDataset().load(i) for i in range(5)]
    one, two = model.embed(images), again.embed(images, batch_size=2)
    assert one.points == pytest.approx(two.points, abs=1e-6)
    assert one.uncertainty == pytest.approx(two.uncertainty, abs=1e-6)
    assert one.points.shape == (5, TINY.dim)
    assert one.points.dtype == np.float32
    assert not again.training
    assert sorted(p.name for p in saved.iterdir()) == [CONFIG, GRAPH, WEIGHTS]


def test_embedding_nothing_and_any_size(saved):
    model = HypUML.from_pretrained(saved)
    assert model.embed([]).points.shape == (0, TINY.dim)
    wide = model.embed([Image.new("RGB", (500, 20), "red"), Image.new("L", (24, 24))])
    assert np.isfinite(wide.points).all()


def test_one_flipped_bit_is_noticed(saved):
    data = bytearray((saved / WEIGHTS).read_bytes())
    data[-100] ^= 1
    (saved / WEIGHTS).write_bytes(data)
    with pytest.raises(CheckpointError, match="sha256"):
        HypUML.from_pretrained(saved)


def test_missing_and_foreign_files_are_named(saved, tmp_path):
    with pytest.raises(CheckpointError, match="no checkpoint"):
        HypUML.from_pretrained(tmp_path)
    (saved / WEIGHTS).unlink()
    with pytest.raises(CheckpointError, match=WEIGHTS):
        HypUML.from_pretrained(saved)
    (saved / CONFIG).write_text("{")
    with pytest.raises(CheckpointError, match="not valid JSON"):
        HypUML.from_pretrained(saved)
    (saved / CONFIG).write_text('{"architectures": ["ViT"]}')
    with pytest.raises(CheckpointError, match="not the configuration"):
        HypUML.from_pretrained(saved)


def test_weights_of_another_architecture_are_refused(saved):
    config = json.loads((saved / CONFIG).read_text())
    config["model"]["dim"] = 7
    (saved / CONFIG).write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match="do not fit"):
        HypUML.from_pretrained(saved)


def test_newer_format_is_refused(saved):
    config = json.loads((saved / CONFIG).read_text())
    config["format"] = 99
    (saved / CONFIG).write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match="99"):
        HypUML.from_pretrained(saved)


def test_broken_weights_do_not_give_an_answer(saved):
    model = HypUML.from_pretrained(saved)
    with torch.no_grad():
        model.head.linear.weight.fill_(float("nan"))
    with pytest.raises(ValueError, match="not finite"):
        model.embed([Image.new("RGB", (24, 24))])
