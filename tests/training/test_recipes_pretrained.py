"""Recipes that start from timm's pretrained weights: everything but the download.

The weights are written by timm itself for a network of the same kind, one block deep, and read back
through the same door as the downloaded ones.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
import timm
import torch
from safetensors.torch import save_file

from hypuml.models.hypuml import HypUML
from hypuml.recipes import recipe
from hypuml.training import train
from tests.support.squares import SquaresDataset

NAMES = ("flowers-vit", "flowers-dino", "flowers-deit")
SMALL = {"depth": 1, "embed_dim": 48, "num_heads": 3}


def small(name: str, tmp_path) -> tuple[str, dict]:
    """A recipe's backbone in small, and the arguments that make timm read weights from a file."""
    backbone = recipe(name).model.backbone
    torch.manual_seed(7)
    file = tmp_path / "weights.safetensors"
    save_file(timm.create_model(backbone, **SMALL).state_dict(), file)
    return backbone, SMALL | {"pretrained_cfg_overlay": {"file": str(file)}}


@pytest.mark.parametrize("name", NAMES)
def test_they_name_weights_that_timm_knows(name):
    model = recipe(name).model
    assert model.pretrained
    assert model.backbone in timm.list_pretrained()
    assert model.image_size == 224


@pytest.mark.parametrize("name", NAMES)
def test_training_starts_from_the_weights_of_the_file(name, tmp_path):
    backbone, arguments = small(name, tmp_path)
    config = recipe(name)
    model = replace(config.model, backbone=backbone, backbone_args=arguments)
    started = HypUML(model)
    wanted = timm.create_model(
        backbone, pretrained=True, num_classes=0, **SMALL,
        pretrained_cfg_overlay=arguments["pretrained_cfg_overlay"],
    )  # fmt: skip
    for key, value in wanted.state_dict().items():
        assert torch.equal(started.backbone.net.state_dict()[key], value), key

    trained = train(
        SquaresDataset(),
        tmp_path / "out",
        replace(
            config, model=model, steps=2, classes_per_batch=4, images_per_class=4, eval_every=2,
            save_every=2, device="cpu", precision="float32",
        ),
    )  # fmt: skip
    before, after = started.backbone.state_dict(), trained.backbone.state_dict()
    gaps = [(before[k] - after[k]).abs().max().item() for k in before]
    assert 0 < max(gaps) < 1e-2  # the small rate of the recipe moves them, and not far
    again = HypUML.from_pretrained(tmp_path / "out")  # and nothing is fetched to read it back
    assert torch.equal(again.head.linear.weight, trained.head.linear.weight)


@pytest.mark.parametrize("name", NAMES)
def test_without_a_network_one_sentence_says_so(name, monkeypatch):
    def unreachable(*args, **kwargs):
        raise ConnectionError("no route to host")

    monkeypatch.setattr("timm.models._builder.load_state_dict_from_hf", unreachable)
    monkeypatch.setattr("timm.models._builder.load_state_dict_from_url", unreachable)
    with pytest.raises(OSError, match=r"could not fetch pretrained weights.*--pretrained"):
        HypUML(recipe(name).model)
