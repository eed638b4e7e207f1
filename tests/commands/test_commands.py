"""The command line as a contract: exit codes, streams, one-line errors, the whole journey."""

from __future__ import annotations

import json

import pytest

from hypuml.commands import COMMANDS, main
from hypuml.gallery import Gallery
from tests.support.squares import SquaresDataset

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
        text = capsys.readouterr().out
        assert "(default: None)" not in text


def test_the_help_shows_choices_and_the_defaults_of_the_recipe(capsys):
    def help_of(*arguments):
        with pytest.raises(SystemExit):
            main(["train", *arguments, "--help"])
        return " ".join(capsys.readouterr().out.replace("│", " ").split())

    text = help_of()
    assert "--length {tanh,clip," in text
    assert "as JSON, e.g. '{\"channels\": [32, 64, 128, 256]}'" in text
    assert "Dimension n of the Poincaré ball. (default: 32)" in text
    assert "Dimension n of the Poincaré ball. (default: 512)" in help_of("--recipe", "photos")


def test_wrong_words_get_one_line(capsys, tmp_path):
    assert "unknown command" in refused(capsys, "trian")
    assert "garden" in refused(capsys, "train", "no-such-data", "--out", tmp_path / "x")
    assert "recipe" in refused(capsys, "train", "garden", "--out", "x", "--recipe", "soup")
    assert "steps" in refused(capsys, "train", "garden", "--out", tmp_path / "x", "--steps", "-3")
    assert "--steps: invalid" in refused(capsys, "train", "garden", "--out", "x", "--steps", "many")
    assert "--steps: expected" in refused(capsys, "train", "garden", "--out", "x", "--steps")
    assert "missing: --out" in refused(capsys, "train", "garden")
    assert "unknown: more" in refused(capsys, "train", "garden", "more", "--out", "x")
    assert "missing: OUT" in refused(capsys, "gallery", "digits", "x")
    assert "unknown: more" in refused(capsys, "evaluate", "x", "digits", "more")
    assert "expected one of unseen, seen, all" in refused(
        capsys, "gallery", "digits", "x", "y", "--split", "some"
    )
    assert "vit_tiny" in refused(
        capsys, "train", "digits", "--out", tmp_path / "x", "--backbone", "vit_tiny_patch16_224"
    )
    assert "--recipe" in refused(capsys, "train", "garden", "--out", "x", "--recipe")
    assert "--reci" in refused(capsys, "train", "garden", "--out", "x", "--reci", "garden")
    assert "is a folder" in refused(capsys, "evaluate", "x", "digits", "--json", tmp_path)
    assert "no command" in refused(capsys)
    assert "python -m hypuml.experiments rebuild" in refused(capsys, "rebuild", "garden")
    assert "JSON" in refused(capsys, "train", "garden", "--out", "x", "--backbone-args", "a=b")
    assert "no checkpoint" in refused(capsys, "evaluate", tmp_path, "digits")
    assert "folder does not exist" in refused(
        capsys, "evaluate", tmp_path, "digits", "--json", tmp_path / "no" / "x.json"
    )
    assert not (tmp_path / "x").exists()


def test_a_folder_without_classes_cannot_be_trained_on_and_what_can_be_done_is_said(
    tmp_path, capsys
):
    flat = tmp_path / "flat"
    flat.mkdir()
    for i in range(4):
        SquaresDataset().load(i).save(flat / f"{i}.png")
    out = tmp_path / "x"
    error = refused(capsys, "train", flat, "--recipe", "photos", "--out", out)
    assert "training needs sub-folders, one for each class" in error
    assert f"hypuml gallery {flat} checkpoints/photos OUT" in error
    assert not out.exists()


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


def test_model_and_data_can_be_given_by_name(checkpoint, pictures, tmp_path, capsys):
    def evaluated(*arguments):
        assert main(["evaluate", *map(str, arguments), "--json", "-", "--no-degradation"]) == 0
        return json.loads(capsys.readouterr().out)

    expected = evaluated(checkpoint, pictures)
    assert evaluated("--data", pictures, "--model", checkpoint) == expected
    assert evaluated(pictures, "--model", checkpoint) == expected
    out = tmp_path / "gallery"
    named = ["gallery", "--model", str(checkpoint), str(pictures), str(out), "--title", "Named"]
    assert main(named) == 0
    assert Gallery.open(out).title == "Named"


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
