"""The command line as a contract: exit codes, streams, one-line errors, the whole journey."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from squares import SquaresDataset
from training_support import tiny_config

from hypuml.card import model_card
from hypuml.commands import COMMANDS, main
from hypuml.data.registry import DATASETS
from hypuml.gallery import Gallery
from hypuml.models.files import read_config
from hypuml.recipes import RECIPES

TRAIN = [
    *("--steps", "4", "--classes-per-batch", "3", "--image-size", "24", "--dim", "4"),
    *("--backbone", "resnet10t", "--backbone-args", '{"channels": [8, 8, 16, 16]}'),
    *("--validation-classes", "0", "--calibration-classes", "0", "--device", "cpu"),
]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A folder of 6 classes in 2 groups with one file that is no image."""
    folder = tmp_path_factory.mktemp("pictures")
    dataset = SquaresDataset(classes=6, each=6)
    for i, item in enumerate(dataset.items):
        target = folder.joinpath(*item.path)
        target.mkdir(parents=True, exist_ok=True)
        dataset.load(i).save(target / f"{i}.png")
    (folder / "group 0" / "colour 00" / "broken.jpg").write_text("<html>not a picture")
    return folder


@pytest.fixture(scope="module")
def checkpoint(pictures, tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "model"
    assert main(["train", str(pictures), "--out", str(out), *TRAIN]) == 0
    return out


def refused(capsys, *arguments):
    """Run, expect exit code 2 and one line on stderr; return it."""
    with pytest.raises(SystemExit) as stop:
        main([str(a) for a in arguments])
    assert stop.value.code == 2
    streams = capsys.readouterr()
    assert streams.out == ""
    assert streams.err.count("\n") == 1
    return streams.err


def test_overview_and_help_of_every_command(capsys):
    assert main(["--help"]) == 0
    overview = capsys.readouterr().out
    for name in COMMANDS:
        assert name in overview
        with pytest.raises(SystemExit) as stop:
            main([name, "--help"])
        assert stop.value.code == 0
        assert "None  " not in capsys.readouterr().out


def test_wrong_words_get_one_line(capsys, tmp_path):
    assert "unknown command" in refused(capsys, "trian")
    assert "garden" in refused(capsys, "train", "no-such-data", "--out", tmp_path / "x")
    assert "recipe" in refused(capsys, "train", "garden", "--out", "x", "--recipe", "soup")
    assert "steps" in refused(capsys, "train", "garden", "--out", tmp_path / "x", "--steps", "-3")
    assert "invalid int" in refused(capsys, "train", "garden", "--out", "x", "--steps", "many")
    assert "vit_tiny" in refused(
        capsys, "train", "digits", "--out", tmp_path / "x", "--backbone", "vit_tiny_patch16_224"
    )
    assert "--recipe" in refused(capsys, "train", "garden", "--out", "x", "--recipe")
    assert "--reci" in refused(capsys, "train", "garden", "--out", "x", "--reci", "garden")
    assert "is a folder" in refused(capsys, "evaluate", "x", "digits", "--json", tmp_path)
    assert "no command" in refused(capsys)
    assert "JSON" in refused(capsys, "train", "garden", "--out", "x", "--backbone-args", "a=b")
    assert "no checkpoint" in refused(capsys, "evaluate", tmp_path, "digits")
    assert "folder does not exist" in refused(
        capsys, "evaluate", tmp_path, "digits", "--json", tmp_path / "no" / "x.json"
    )
    assert not (tmp_path / "x").exists()


def test_data_lists_and_describes(capsys):
    assert main(["data"]) == 0
    assert "garden" in capsys.readouterr().out
    assert main(["data", "digits"]) == 0
    assert "1,797 images of 10 classes" in capsys.readouterr().out


def test_evaluate_writes_the_contract_to_stdout(checkpoint, pictures, capsys):
    assert main(["evaluate", str(checkpoint), str(pictures), "--json", "-"]) == 0
    result = json.loads(capsys.readouterr().out)
    keys = (
        "n classes recall@1 recall@2 recall@4 recall@8 map@r r_auroc confidence_auroc "
        "confidence_ece aurc e_aurc ood_auroc ood_auroc_matched curvature_use delta_rel "
        "tree_spearman degradation controls radius"
    )
    assert set(keys.split()) <= set(result)
    assert (result["n"], result["classes"], len(result["unreadable"])) == (36, 6, 1)
    assert result["ood_auroc"] is None
    assert 0 <= result["recall@1"] <= result["recall@8"] <= 1
    assert result["radius"]["p1"] <= result["radius"]["p50"] <= result["radius"]["p99"]


def test_foreign_images_are_told_apart_by_uncertainty(checkpoint, pictures, capsys):
    arguments = ["evaluate", str(checkpoint), str(pictures), "--ood", str(pictures), "--json", "-"]
    assert main(arguments) == 0
    assert json.loads(capsys.readouterr().out)["ood_auroc"] == 0.5  # the same images twice


def test_gallery_can_leave_the_pictures_out(checkpoint, pictures, tmp_path):
    out = tmp_path / "gallery"
    assert main(["gallery", str(pictures), str(checkpoint), str(out), "--no-pictures"]) == 0
    gallery = Gallery.open(out)
    assert len(gallery) == 36
    assert not gallery.has_pictures
    assert not [p for p in out.rglob("*") if p.suffix == ".webp"]
    assert str(pictures) not in (out / "gallery.json").read_text(encoding="utf-8")


def test_gallery_leaves_out_what_it_cannot_read_and_says_so(checkpoint, pictures, tmp_path, capsys):
    out = tmp_path / "gallery"
    assert main(["gallery", str(pictures), str(checkpoint), str(out)]) == 0
    streams = capsys.readouterr()
    assert "broken.jpg" in streams.err
    assert streams.out.strip() == str(out)
    gallery = Gallery.open(out)
    assert len(gallery) == 36
    assert list(gallery.manifest["unreadable"]) == ["group 0/colour 00/broken.jpg"]
    assert gallery.manifest["metrics"]["recall@1"] is not None


def test_nothing_readable_is_an_error_and_leaves_no_folder(checkpoint, tmp_path, capsys):
    bad = tmp_path / "bad"
    bad.mkdir()
    (bad / "a.jpg").write_bytes(b"")
    out = tmp_path / "gallery"
    with pytest.raises(SystemExit) as stop:
        main(["gallery", str(bad), str(checkpoint), str(out)])
    assert stop.value.code == 2
    assert not out.exists()
    assert [p.name for p in tmp_path.iterdir()] == ["bad"]


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
    monkeypatch.setattr("hypuml.study.ambiguity.ambiguity_report", lambda model: {"asked": 1})
    monkeypatch.setattr("hypuml.evaluation.report", lambda *a, **k: 1 / 0)
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
    monkeypatch.setattr("hypuml.study.ambiguity.ambiguity_report", lambda model: 1 / 0)
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
    assert "python -m hypuml rebuild garden" in card
    assert f"{report['recall@1']:.3f}" in card
    assert json.loads((out / "ambiguity.json").read_text()) == {"asked": 1}


def test_rebuild_can_keep_the_weights(tmp_path, monkeypatch, capsys):
    entry = replace(DATASETS["garden"], factory=lambda root: SquaresDataset())
    for name in ("garden", "gardens"):
        monkeypatch.setitem(DATASETS, name, entry)
    for name in ("garden", "garden-finish"):
        monkeypatch.setitem(RECIPES, name, tiny_config())
    monkeypatch.setattr("hypuml.study.ambiguity.ambiguity_report", lambda model: {"asked": 1})
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
    monkeypatch.setattr("hypuml.study.ambiguity.ambiguity_report", lambda model: 1 / 0)
    monkeypatch.setattr("hypuml.training.train", lambda *a, **k: 1 / 0)
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
    card = model_card("garden", config, report, "python -m hypuml rebuild garden")
    assert "confidence fitted anew, weights untouched, 2026-11-26T12:00:00+00:00\n" in card
    Gallery.open(out / "gallery").check_model(out)
