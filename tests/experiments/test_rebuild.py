"""Rebuilding what ships: nothing is lost on the way, and what is done is not done again."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from hypuml.card import model_card
from hypuml.data.registry import DATASETS
from hypuml.experiments.commands import main
from hypuml.gallery import Gallery
from hypuml.models.files import read_config
from hypuml.recipes import RECIPES
from tests.support.squares import SquaresDataset
from tests.support.training_support import tiny_config


def test_rebuild_makes_everything_and_replaces_the_old_only_at_the_end(
    tmp_path, monkeypatch, capsys
):
    entry = replace(DATASETS["garden"], factory=lambda root: SquaresDataset())
    for name in ("garden", "gardens"):
        monkeypatch.setitem(DATASETS, name, entry)
    for name in ("garden", "garden-finish"):
        monkeypatch.setitem(RECIPES, name, tiny_config())
    out = tmp_path / "garden"
    out.mkdir()
    (out / "README.md").write_text("the old card")
    # It draws thousands of flowers, whatever the data set.
    monkeypatch.setattr(
        "hypuml.experiments.commands.rebuild.ambiguity_report", lambda model: {"asked": 1}
    )
    monkeypatch.setattr("hypuml.commands.gallery.report", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main(["rebuild", "garden", "--out", str(out)])
    assert (out / "README.md").read_text() == "the old card"
    (out / "thesis.tex").touch()
    with pytest.raises(SystemExit):
        main(["rebuild", "garden", "--out", str(out)])
    assert "thesis.tex" in capsys.readouterr().err
    (out / "thesis.tex").unlink()
    monkeypatch.undo()
    for name in ("garden", "gardens"):
        monkeypatch.setitem(DATASETS, name, entry)
    for name in ("garden", "garden-finish"):
        monkeypatch.setitem(RECIPES, name, tiny_config())
    # Asked already, before the other rebuild broke off.
    monkeypatch.setattr("hypuml.experiments.commands.rebuild.ambiguity_report", lambda model: 1 / 0)
    trained = (tmp_path / "garden.building" / "model.safetensors").stat().st_mtime_ns
    assert main(["rebuild", "garden", "--out", str(out)]) == 0
    assert [p.name for p in tmp_path.iterdir()] == ["garden"]
    assert (out / "model.safetensors").stat().st_mtime_ns == trained  # not trained twice
    gallery = Gallery.open(out / "gallery")
    gallery.check_model(out)
    report = json.loads((out / "evaluation.json").read_text())
    assert report["n"] == len(gallery) == 36
    training = json.loads((out / "config.json").read_text())["training"]
    assert training["started_from"]["steps"] == training["steps"] == 6
    card = (out / "README.md").read_text()
    assert "continuing the run above" in card
    assert "python -m hypuml.experiments rebuild garden" in card
    assert f"{report['recall@1']:.3f}" in card
    assert json.loads((out / "ambiguity.json").read_text()) == {"asked": 1}


def test_rebuild_can_keep_the_weights(tmp_path, monkeypatch, capsys):
    entry = replace(DATASETS["garden"], factory=lambda root: SquaresDataset())
    for name in ("garden", "gardens"):
        monkeypatch.setitem(DATASETS, name, entry)
    for name in ("garden", "garden-finish"):
        monkeypatch.setitem(RECIPES, name, tiny_config())
    monkeypatch.setattr(
        "hypuml.experiments.commands.rebuild.ambiguity_report", lambda model: {"asked": 1}
    )
    out = tmp_path / "garden"
    with pytest.raises(SystemExit):
        main(["rebuild", "garden", "--out", str(out), "--refit"])
    assert "--refit needs a checkpoint to keep" in capsys.readouterr().err
    assert main(["rebuild", "garden", "--out", str(out)]) == 0
    kept = {name: (out / name).read_bytes() for name in ("model.safetensors", "training.json")}
    (out / "evaluation.json").unlink()
    # A training not yet put in place is neither used nor thrown away; a refit broken off is.
    training, broken = tmp_path / "garden.building", tmp_path / "garden.refitting"
    for left in (training, broken):
        left.mkdir()
        (left / "model.safetensors").write_bytes(b"half of it")
    monkeypatch.setattr("hypuml.experiments.commands.rebuild.ambiguity_report", lambda model: 1 / 0)
    monkeypatch.setattr("hypuml.experiments.commands.rebuild.train", lambda *a, **k: 1 / 0)
    assert main(["rebuild", "garden", "--out", str(out), "--refit"]) == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["garden", "garden.building"]
    assert (training / "model.safetensors").read_bytes() == b"half of it"
    assert {name: (out / name).read_bytes() for name in kept} == kept
    assert (out / "evaluation.json").exists()
    assert json.loads((out / "ambiguity.json").read_text()) == {"asked": 1}
    # Squares are never mistaken, so there was nothing to fit, and the card does not claim it.
    assert "fitted anew" not in (out / "README.md").read_text()
    config = read_config(out)
    config["training"]["refitted"] = "2026-11-26T12:00:00+00:00"
    report = json.loads((out / "evaluation.json").read_text())
    card = model_card("garden", config, report, "python -m hypuml.experiments rebuild garden")
    assert "confidence fitted anew, weights untouched, 2026-11-26T12:00:00+00:00\n" in card
    Gallery.open(out / "gallery").check_model(out)
