"""Options of a run: from the command line, and from the log of an earlier one."""

from __future__ import annotations

import json
from dataclasses import asdict, fields

import pytest

from hypuml.commands.options import read
from hypuml.commands.train import Options, prepare
from hypuml.losses import LOSSES, LossConfig
from hypuml.recipes import RECIPES
from hypuml.training import TrainConfig
from tests.support import ROOT


def parsed(*arguments):
    given, default = prepare(["squares", "--out", "somewhere", *arguments])
    return read(Options, given, "train", "", default).config


def test_every_option_of_every_loss_is_one_of_the_command_line():
    for loss in LOSSES.values():
        for field in fields(loss.Config):
            option = "--" + field.name.replace("_", "-")
            assert getattr(parsed(option, "0.45").loss_config, field.name) == 0.45


def test_a_recipe_keeps_its_own_options_beside_those_given():
    config = parsed("--recipe", "garden", "--margin-high", "0.75")
    assert config.loss_config == LossConfig(temperature=0.25, margin_high=0.75)


def test_a_wrong_option_of_a_loss_is_one_line(capsys):
    with pytest.raises(SystemExit):
        parsed("--temperature", "-1")
    error = capsys.readouterr().err
    assert "temperature must be a finite number above 0, got -1" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("old", "said"),
    [
        ("--squash", "--squash is called --length now"),
        ("--diameter=2", "--diameter is called --max-distance now"),
        ("--inner", "--inner is called --min-length now"),
        ("--known-classes", "--known-classes is gone"),
        ("--loss=parent", "--loss parent is called --loss hyp-vit now"),
    ],
)
def test_options_by_their_old_names_say_the_new_ones(old, said):
    with pytest.raises(ValueError, match=said):
        parsed(old, "2")


@pytest.mark.parametrize("name", RECIPES)
def test_the_options_of_a_recipe_are_its_own(name):
    assert parsed("--recipe", name) == RECIPES[name]


@pytest.mark.parametrize(
    ("arguments", "pretrained"),
    [
        (["--pretrained"], True),
        (["--pretrained", "true"], True),
        (["--pretrained=False"], False),
        (["--nopretrained"], False),
        (["--no-pretrained"], False),
    ],
)
def test_switches_are_understood_in_every_spelling(arguments, pretrained):
    base = ["--recipe", "default" if pretrained else "photos"]
    assert parsed(*base).model.pretrained is not pretrained
    assert parsed(*base, *arguments).model.pretrained is pretrained


def test_lists_and_objects_are_read():
    config = parsed("--further", "small", "digits", "--backbone-args", '{"channels": [8, 16]}')
    assert config.further == ("small", "digits")
    assert config.model.backbone_args == {"channels": [8, 16]}


@pytest.mark.parametrize("name", RECIPES)
def test_a_log_brings_the_options_back(name):
    logged = json.loads(json.dumps(asdict(RECIPES[name]))) | {"dataset": "squares", "items": "x"}
    assert TrainConfig.from_log(logged) == RECIPES[name]


def test_logs_from_before_losses_had_options_of_their_own_are_read():
    logged = {"loss": "parent", "temperature": 0.3, "margin_low": 0.2, "steps": 7}
    config = TrainConfig.from_log(logged)
    assert (config.loss, config.steps) == ("hyp-vit", 7)
    assert config.loss_config == LossConfig(temperature=0.3, margin_low=0.2)


@pytest.mark.parametrize("name", ["flowers", "garden", "digits-2d"])
def test_the_logs_of_the_shipped_models_are_read(name):
    logged = json.loads((ROOT / "checkpoints" / name / "training.json").read_text())["config"]
    config = TrainConfig.from_log(logged)
    assert config.loss == "contrastive"
    known = logged.get("loss_config", logged)
    assert config.loss_config.temperature == known["temperature"]
