"""Names of lengths and of their options in checkpoints, today's and earlier ones."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch

from hypuml.models.files import CONFIG, CheckpointError, read_config
from hypuml.models.hypuml import HypUML
from tests.support.training_support import TINY


def test_the_configuration_of_an_older_checkpoint_is_read(tmp_path):
    model = HypUML(replace(TINY, length="clip", min_length=0.7)).eval()
    model.save_pretrained(tmp_path)
    config = json.loads((tmp_path / CONFIG).read_text())
    new = config["model"]
    names = {"max_distance": "diameter", "length": "squash", "min_length": "inner"}
    config["model"] = {names.get(name, name): value for name, value in new.items()}
    config["model"] |= {"known_classes": 256}
    (tmp_path / CONFIG).write_text(json.dumps(config))
    images = torch.rand(2, 3, TINY.image_size, TINY.image_size)
    again = HypUML.from_pretrained(tmp_path)
    assert again.config == model.config
    assert torch.equal(again(images).points, model(images).points)
    assert read_config(tmp_path)["model"] == new


@pytest.mark.parametrize("gone", ["damped", "norm", "familiar"])
def test_a_length_that_is_gone_is_named(tmp_path, gone):
    HypUML(TINY).save_pretrained(tmp_path)
    config = json.loads((tmp_path / CONFIG).read_text())
    config["model"]["length"] = gone
    (tmp_path / CONFIG).write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match=f"unknown length '{gone}', expected one of tanh"):
        HypUML.from_pretrained(tmp_path)
