"""``python -m hypuml evaluate`` from end to end on a tiny untrained model and a few squares."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from hypuml.commands import main
from hypuml.commands.evaluate import table
from hypuml.models.hypuml import HypUML
from tests.support.squares import SquaresDataset
from tests.support.training_support import TINY

CONTRACT = (
    "n classes recall@1 recall@2 recall@4 recall@8 map@r r_auroc confidence_auroc confidence_ece "
    "aurc e_aurc ood_auroc ood_auroc_matched curvature_use delta_rel tree_spearman degradation "
    "controls radius"
)


def save(dataset, folder: Path) -> Path:
    for i, item in enumerate(dataset.items):
        target = folder.joinpath(*item.path)
        target.mkdir(parents=True, exist_ok=True)
        dataset.load(i).save(target / f"{i}.png")
    return folder


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """A checkpoint, a folder of 6 classes with one file that is no image, and a flat folder."""
    root = tmp_path_factory.mktemp("evaluate")
    HypUML(TINY).save_pretrained(root / "model")
    pictures = save(SquaresDataset(classes=6, each=4), root / "pictures")
    (pictures / "group 0" / "colour 00" / "broken.jpg").write_text("<html>not a picture")
    flat = root / "flat"
    flat.mkdir()
    for i in range(5):
        SquaresDataset().load(i).save(flat / f"{i}.png")
    return root / "model", pictures, flat


def run(*arguments):
    assert main(["evaluate", *map(str, arguments)]) == 0


def refused(capsys, *arguments) -> str:
    with pytest.raises(SystemExit) as stop:
        main(["evaluate", *map(str, arguments)])
    assert stop.value.code == 2
    streams = capsys.readouterr()
    assert streams.out == ""
    assert streams.err.count("\n") == 1
    return streams.err


def test_everything_at_once(places, tmp_path, capsys):
    model, pictures, flat = places
    out = tmp_path / "figures"
    run(
        *(model, pictures, "--ood", flat, "--json", "-", "--figures", out),
        *("--max-degraded", "6"),
    )
    streams = capsys.readouterr()
    result = json.loads(streams.out)
    assert set(CONTRACT.split()) <= set(result)
    assert (result["n"], result["classes"], len(result["unreadable"])) == (24, 6, 1)
    assert "broken.jpg" in streams.err
    assert result["degradation_setup"]["images"] == 6
    assert len(result["degradation"]["blur"]["mean_u"]) == 6
    assert result["degradation"]["blur"]["spearman"] is not None
    assert result["ood_images"] == 5
    assert 0 <= result["ood_auroc"] <= 1
    assert set(result["intervals"]["ood_auroc"]) == {"low", "high"}
    assert result["confidence_auroc"] is None  # nothing was fitted
    pages = ["degradation.html", "radius.html", "risk_coverage.html"]
    assert sorted(p.name for p in out.iterdir()) == sorted(
        [*pages, "figures.json", "plotly.min.js"]
    )
    for name in pages:
        text = (out / name).read_text(encoding="utf-8")
        assert re.findall(r'(?:src|href)="([^"]*)"', text) == ["plotly.min.js"]
        assert "http" not in text
        assert '"showSendToCloud": false' in text
    data = json.loads((out / "figures.json").read_text(encoding="utf-8"))
    assert len(data["radius"]["d0"]) == 24
    assert data["degradation"]["kinds"] == result["degradation"]


def test_the_table_says_what_was_measured_and_what_was_not(places, tmp_path, capsys):
    model, _, flat = places
    target = tmp_path / "report.json"
    run(model, flat, "--no-degradation", "--json", target, "--figures", tmp_path)
    shown = capsys.readouterr().out
    result = json.loads(target.read_text())
    assert shown == table(result) + "\n"
    assert "5 images of 0 classes, 0 queries" in shown
    assert re.search(r"^recall@1 +-$", shown, re.MULTILINE)
    assert "damage" not in shown
    assert result["degradation"] is None
    found = sorted(p.name for p in tmp_path.iterdir())
    assert found == ["figures.json", "plotly.min.js", "radius.html", "report.json"]


def test_bad_options_are_refused_before_any_work(places, tmp_path, capsys):
    model, pictures, _ = places
    file = tmp_path / "file"
    file.touch()
    assert "it is a file" in refused(capsys, "nowhere", pictures, "--figures", file)
    missing = tmp_path / "no" / "figures"
    assert "parent does not exist" in refused(capsys, "nowhere", pictures, "--figures", missing)
    assert "at least 1" in refused(capsys, model, pictures, "--max-degraded", "0")
    assert "at least 1" in refused(capsys, model, pictures, "--max-degraded", "-3")
    both = ("--max-degraded", "3", "--no-degradation")
    assert "not allowed" in refused(capsys, model, pictures, *both)
    assert not missing.parent.exists()


def test_the_table_names_what_beats_ours_and_aligns_its_numbers():
    nothing = dict.fromkeys(
        [
            *("recall@1", "recall@2", "recall@4", "recall@8", "map@r", "confidence_ece", "aurc"),
            *("e_aurc", "ood_auroc_matched", "ood_laplacian_matched", "delta_rel"),
            *("tree_spearman", "outside"),
        ]
    )
    result = nothing | {
        **{"n": 1200, "classes": 60, "queries": 1200, "r_auroc": 0.61, "curvature_use": 0.02},
        "controls": {"tangent_norm": 0.61, "feature_norm": 0.7, "loss_prediction": None},
        "control_differences": {
            "tangent_norm": {"difference": 0.0, "low": 0.0, "high": 0.0},
            "feature_norm": {"difference": -0.09, "low": -0.12, "high": -0.05},
            "loss_prediction": None,
        },
        "tangent_norm_is_u": True,
        "controls_that_beat_u": ["feature_norm"],
        "probe": {"other_classes": 0.66, "same_classes": None},
        "confidence_auroc": 0.9,
        "confidence_controls": {"lead": 0.8, "u": None},
        "controls_that_beat_confidence": [],
        "rejection": {"rejected": 0.2, "confidence": 0.8, "u": 0.3, "oracle": 1.0},
        "ood_auroc": 0.75,
        "ood_laplacian": 0.98,
        "radius": {"p50": 2.5, "iqr": 0.7},
        "degradation": {
            "blur": {"spearman": 1.0, "share_rising": 0.9, "mean_u": [0.3, 0.8], "recall@1": None},
            "noise": {
                **{"spearman": None, "share_rising": 0.0, "mean_u": [0.5, 0.5]},
                "recall@1": [0.8, 0.1],
            },
        },
        "degradation_setup": {"images": 400, "seen_in_training": ["blur"]},
        "intervals": {"r_auroc": {"low": 0.55, "high": 0.66}, "recall@1": None},
    }
    lines = table(result).splitlines()
    assert "  feature_norm         0.700  u is -0.090 [-0.120, -0.050]" in lines
    assert "  tangent_norm         0.610  the same ranking as u" in lines
    assert "r_auroc                0.610  [0.550, 0.660]" in lines
    assert "  laplacian_variance   0.980" in lines
    assert (
        "rejecting 20%          removes of the errors: confidence 80%, u 30%, oracle 100%" in lines
    )
    assert any(re.fullmatch(r"  blur +\+1\.00 +90% .* -   seen in training", s) for s in lines)
    assert any(re.fullmatch(r"  noise +- +0% .* 0\.800 > 0\.100", s) for s in lines)
    assert lines[-1] == "beats u here: feature_norm"
    assert lines[-2].startswith("curvature is not used")
    assert "outside                -" in lines
    lines = table(result | {"outside": 0.504}).splitlines()
    assert "outside                0.504" in lines
    assert lines[-2].startswith("50% of these images are outside what this model knows")
    assert "to be trusted" not in table(result | {"outside": 0.5})
