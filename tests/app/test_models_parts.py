"""What the Models room reads, says and computes, without Streamlit."""

from __future__ import annotations

import json
import shutil
import time

import numpy as np
import pytest

from app.parts.models import study
from app.parts.models.judged import judge
from app.parts.models.markdown import card_html
from app.parts.models.measured import damage
from app.parts.models.records import parameters_of, read_folder, records
from app.parts.models.tiles import best_control, tiles, tiles_html
from hypuml.gallery import Gallery
from hypuml.metrics import risk_coverage
from hypuml.types import NO_CLASS
from tests.support.app_support import ROOT, pictures_gallery, sure_garden

GARDEN = ROOT / "checkpoints" / "garden"


def values(folder, metrics=None):
    return {tile.title: tile for tile in tiles(read_folder(folder), metrics or {})}


def test_tiles_carry_the_figures_of_the_records():
    report = json.loads((GARDEN / "evaluation.json").read_text(encoding="utf-8"))
    found = values(GARDEN)
    assert found["Recall@1"].value == f"{report['recall@1']:.3f}"
    low, high = (report["intervals"]["r_auroc"][end] for end in ("low", "high"))
    assert found["R-AUROC of u"].spread == f"[{low:.3f}, {high:.3f}]"
    config = json.loads((GARDEN / "config.json").read_text(encoding="utf-8"))
    assert found["Dimensions n"].value == f"{config['model']['dim']}"
    assert "from scratch" in found["Parameters"].beside
    assert found["Trained on"].value == config["training"]["dataset"]
    assert all(tile.meaning for tile in found.values())


def test_stages_of_a_training_are_added_up(tmp_path):
    info = {"steps": 10, "minutes": 2.0, "started_from": {"steps": 5, "minutes": 1.0}}
    (tmp_path / "config.json").write_text(json.dumps({"model": {}, "training": info}))
    tile = values(tmp_path)["Trained for"]
    assert tile.value == "3 min"
    assert "15 steps, in 2 stages" in tile.beside


def test_the_best_control_is_named_and_a_better_one_alarms(tmp_path):
    report = {"r_auroc": 0.6, "controls": {"tangent_norm": 0.9, "sharp_ness": 0.7, "none": None}}
    assert best_control(report, "r_auroc") == ("tangent_norm", 0.9)
    same = report | {"tangent_norm_is_u": True}
    assert best_control(same, "r_auroc") == ("sharp_ness", 0.7)
    (tmp_path / "evaluation.json").write_text(json.dumps(same))
    tile = values(tmp_path)["R-AUROC of u"]
    assert tile.alarm
    assert tile.beside == "best control: sharp ness 0.700"
    assert best_control(report, "recall@1") is None


def test_a_curvature_that_is_not_used_is_said(tmp_path):
    (tmp_path / "evaluation.json").write_text(json.dumps({"curvature_use": 0.01}))
    assert values(tmp_path)["Curvature use"].beside == "curvature is not used"
    assert values(tmp_path)["Recall@1"].value == "–"


def test_without_an_evaluation_the_gallery_s_own_figures_stand_in(tmp_path):
    assert values(tmp_path, {"recall@1": 0.25})["Recall@1"].value == "0.250"


@pytest.mark.parametrize("name", ["garden", "flowers"])
def test_parameters_are_those_that_torch_counts(name):
    from hypuml.models.hypuml import HypUML

    folder = ROOT / "checkpoints" / name
    model = HypUML.from_pretrained(folder)
    trained = sum(p.numel() for p in model.parameters())
    assert abs(parameters_of(folder / "model.safetensors") - trained) <= 2  # the head's own scale


@pytest.mark.parametrize(
    "content", [b"", b"\x00" * 7, b"\xff" * 64, b"\x02\0\0\0\0\0\0\0[]", b"\x09\0\0\0\0\0\0\0{"]
)
def test_weights_that_are_none_have_no_parameters(tmp_path, content):
    (tmp_path / "w").write_bytes(content)
    assert parameters_of(tmp_path / "w") is None
    assert parameters_of(tmp_path / "nowhere") is None


def test_what_is_missing_or_damaged_is_said_with_its_command(tmp_path):
    (tmp_path / "training.json").write_text("{broken")
    (tmp_path / "config.json").write_text("[1]")
    known = read_folder(tmp_path, "garden")
    assert known.lacks("evaluation").reason == "This checkpoint has no evaluation.json."
    assert known.lacks("evaluation").command == (
        f"python -m hypuml evaluate {tmp_path.name} garden --json {tmp_path.name}/evaluation.json"
    )
    assert known.lacks("training").reason == "training.json is damaged (not JSON)."
    assert known.lacks("config").reason == "config.json is damaged (expected an object)."
    assert known.lacks("card").reason == "This checkpoint has no README.md."
    (tmp_path / "README.md").write_bytes(b"\xff\xfe")
    assert read_folder(tmp_path).lacks("card").reason == "README.md cannot be read."
    (tmp_path / "README.md").write_text("x" * 300_000)
    assert "larger than 200 kB" in read_folder(tmp_path).lacks("card").reason


def test_a_gallery_without_its_model_has_no_records(tmp_path):
    gallery = Gallery.open(pictures_gallery(tmp_path / "plain", [("a",)] * 12))
    known = records(gallery)
    assert known.folder is None
    assert {m.what for m in known.missing} == {"card", "evaluation", "training", "config"}
    assert known.bound is None


def test_reports_of_odd_types_make_tiles_all_the_same(tmp_path):
    odd = {"recall@1": "x", "intervals": [], "controls": 3, "r_auroc": [1], "curvature_use": None}
    (tmp_path / "evaluation.json").write_text(json.dumps(odd))
    (tmp_path / "config.json").write_text(json.dumps({"model": 1, "training": {"classes": 2}}))
    assert {t.value for t in tiles(read_folder(tmp_path), {})} == {"–"}
    named = json.dumps({"model": {"backbone": "<script>"}, "training": {"dataset": "<b>"}})
    (tmp_path / "config.json").write_text(named)
    shown = tiles_html(tiles(read_folder(tmp_path), {}))
    assert "<b>" not in shown
    assert "<script>" not in shown


def test_a_card_is_read_as_far_as_cards_go():
    text = (
        "---\na: b\n---\n# Name\n\ntwo\nlines **bold** *it* `a*b*c`\n\n- one\n  more\n- two\n\n"
        "| a | b |\n|---|---|\n| 1 | **2** |\n\n<!-- hidden -->```\nx < y\n```\n"
    )
    html = card_html(text)
    assert "a: b" not in html
    assert "hidden" not in html
    assert "<h3>Name</h3>" in html
    assert "<p>two lines <strong>bold</strong> <em>it</em> <code>a*b*c</code></p>" in html
    assert "<ul><li>one more</li><li>two</li></ul>" in html
    assert "<tr><td>1</td><td><strong>2</strong></td></tr>" in html
    assert "<pre>x &lt; y</pre>" in html


def test_the_shipped_card_reads():
    html = card_html((GARDEN / "README.md").read_text(encoding="utf-8"))
    assert html.count("<table>") == 3
    assert "library_name" not in html
    assert "**" not in html


@pytest.mark.parametrize(
    "evil",
    [
        "<script>alert(1)</script>",
        "![x](http://example.com/x.png)",
        "[![x](http://example.com/x.png)](http://example.com)",
        "[click](javascript:alert(1))",
        '<img src="http://example.com/x.png" onerror=alert(1)>',
        "| <img src=x> | b |\n|---|---|\n| <iframe src=//x> | `<b>` |",
        "# <style>*{display:none}</style>",
        "```\n</pre><script>\n```",
        "- <a href=x onclick=y>z</a>",
        "<http://example.com>",
    ],
)
def test_nothing_in_a_card_is_markup_or_fetches_anything(evil):
    html = card_html(evil)
    known = ("p", "ul", "li", "h3", "pre", "code", "table", "thead", "tbody", "tr", "th", "td")
    for name in known:
        html = html.replace(f"<{name}>", "").replace(f"</{name}>", "")
    assert "<" not in html, "there is no other element, and none has an attribute"


@pytest.mark.parametrize("piece", ["<!--", "**a ", "[", "![a](", "*a", "`", "|", "|-", "- "])
def test_a_card_made_to_be_slow_is_not(piece):
    text = (piece * 200_000)[:200_000]
    start = time.perf_counter()
    card_html(text)
    assert time.perf_counter() - start < 3


def test_the_gallery_judges_itself_as_the_evaluation_does():
    gallery = Gallery.open(sure_garden())
    codes = gallery.class_ids
    found = judge(gallery)
    n = len(gallery)
    first = gallery.search(gallery.points, 1, exclude=np.arange(n)).ids[:, 0]
    assert found.queries.tolist() == list(range(n))
    assert found.correct.tolist() == (codes[first] == codes).tolist()
    answer = gallery.ask(gallery.points, gallery.uncertainty, 1, np.arange(n))
    assert np.allclose(found.scores["confidence"], answer.confidence)
    curves = found.curves()
    _, risk = risk_coverage(-gallery.uncertainty.astype(float), found.correct)
    assert curves["u"][-1] == risk[-1] == 1 - found.correct.mean()
    assert set(curves) == {"coverage", "confidence", "u", "first_distance", "knn_agreement",
                           "oracle"}  # fmt: skip


def test_many_images_are_sampled_and_classless_ones_never_ask(tmp_path):
    paths = [(NO_CLASS,)] * 4 + [("a",), ("a",), ("b",), ("b",), ("alone",)]
    gallery = Gallery.open(pictures_gallery(tmp_path / "some", paths))
    found = judge(gallery)
    assert found.queries.tolist() == [4, 5, 6, 7]
    few = judge(gallery, most=2)
    assert (len(few.queries), few.possible) == (2, 4)
    assert set(few.queries) <= {4, 5, 6, 7}
    nothing = Gallery.open(pictures_gallery(tmp_path / "none", [(NO_CLASS,)] * 4))
    assert judge(nothing) is None


def test_damage_is_read_from_the_report_or_left_out():
    report = json.loads((GARDEN / "evaluation.json").read_text(encoding="utf-8"))
    data = damage(report)
    assert set(data["kinds"]) == set(report["degradation"])
    assert data["levels"] == report["degradation_setup"]["levels"]
    assert damage({}) is None
    assert damage({"degradation": {"blur": {"mean_u": [1]}}, "degradation_setup": {}}) is None


def test_studies_are_found_and_named(tmp_path, monkeypatch):
    monkeypatch.setattr(study, "FOLDER", tmp_path)
    assert study.study_files() == []
    for name in ("study.json", "flowers-study.json", "other.json"):
        shutil.copy(ROOT / "assets" / "docs" / "study.json", tmp_path / name)
    assert [p.name for p in study.study_files()] == ["flowers-study.json", "study.json"]
    assert study.title_of(tmp_path / "flowers-study.json") == "Flowers"
    rows = study.read_rows(tmp_path / "study.json", 1)
    assert len(study.overview(rows, "validation")) == 80
    (tmp_path / "bad-study.json").write_text("{")
    with pytest.raises(ValueError, match="it is not JSON"):
        study.read_rows(tmp_path / "bad-study.json", 1)
