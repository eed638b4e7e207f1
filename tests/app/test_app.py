"""The Explore room's logic, run by Streamlit without a browser (AppTest)."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

from app import resources, retrieval
from hypuml.gallery import Gallery
from hypuml.types import NO_CLASS
from tests.support.app_pages import address, markup, on_disk, page, scene, start_app, tiles  # noqa: F401
from tests.support.app_support import MAIN, ROOT, pictures_gallery, small_garden, sure_garden


@pytest.fixture(scope="module")
def garden() -> Gallery:
    return Gallery.open(small_garden())


def test_the_first_view_shows_everything_kept_and_ten_answers(start, garden):
    at = start(small_garden())
    assert re.search(r"\d+ of 10 right", page(at))
    n = len(garden)
    cut = scene(at)["threshold"]
    assert cut["value"] == cut["high"] == retrieval.bounds(garden.uncertainty)[1]
    codes = garden.class_ids
    hits = garden.search(garden.points, 1, exclude=np.arange(n)).ids[:, 0]
    assert cut["says"] == f"Recall@1 {np.mean(codes[hits] == codes):.3f}"
    assert f"over the {n:,} kept images" in cut["detail"]
    surest = int(np.argmin(garden.uncertainty))
    assert tiles(at, "query")[0]["row"] == surest
    expected = garden.search(garden.points[surest : surest + 1], 10, exclude=np.array([surest]))
    assert [tile["row"] for tile in tiles(at)] == expected.ids[0].tolist()
    for tile in tiles(at):
        right = garden.paths[tile["row"]] == garden.paths[surest]
        assert tile["mark"] == ("right" if right else "wrong")


def test_the_address_restores_the_view(start, garden):
    cut = f"{np.median(garden.uncertainty):.2f}".rstrip("0")
    given = {"gallery": "small", "query": garden.ids[7], "k": "5", "threshold": cut,
             "colour": "genus", "hide": "1"}  # fmt: skip
    at = start(small_garden(), **given)
    assert address(at) == given
    assert tiles(at, "query")[0]["row"] == 7
    assert len(tiles(at)) == 5
    keep = retrieval.keep_mask(garden.uncertainty, float(cut))
    assert all(keep[tile["row"]] for tile in tiles(at))
    assert scene(at)["threshold"]["value"] == float(cut)
    assert at.selectbox(key="colour").value == scene(at)["cloud"]["colour"] == "genus"
    assert at.toggle(key="hide").value is True
    assert 'class="notice' not in markup(at)


def test_widgets_write_the_address(start, garden):
    at = start(small_garden())
    at.number_input(key="k").set_value(3).run()
    on_disk(at, threshold=0.5)
    at.selectbox(key="colour").set_value("label").run()
    assert address(at)["k"] == "3"
    assert address(at)["threshold"] == "0.5"
    assert address(at)["colour"] == "label"
    assert len(tiles(at)) == 3
    assert scene(at)["threshold"]["value"] == 0.5


def test_browser_back_restores_the_former_view(start, garden):
    at = start(small_garden(), query=garden.ids[3])
    former = address(at)
    next(b for b in at.button if b.label == "Most unsure").click().run()
    assert address(at)["query"] == garden.ids[int(np.argmax(garden.uncertainty))]
    for name, value in former.items():  # what the browser's back button sends
        at.query_params[name] = value
    at.run()
    assert tiles(at, "query")[0]["row"] == 3


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("gallery", "<b>no</b>", "No gallery called “<b>no</b>” is open here"),
        ("query", "<img src=x onerror=alert(1)>", "has no image “<img src=x onerror=alert(1)>”"),
        ("k", "9999999999", "from 1 to 100"),
        ("k", "0", "from 1 to 100"),
        ("k", "٣", "from 1 to 100"),
        ("threshold", "nan", "has to be a number"),
        ("threshold", "low", "has to be a number"),
        ("colour", "taste", "cannot be coloured by “taste”"),
    ],
)
def test_what_the_address_says_wrongly_is_replaced_and_reported(start, name, value, says):
    at = start(small_garden(), **{name: value})
    assert says in page(at)
    assert "<img src=x" not in markup(at)
    assert "<b>no" not in markup(at)
    assert address(at).get(name) != value
    assert len(tiles(at)) >= 1
    at.run()
    assert says not in page(at)  # said once


def test_a_threshold_out_of_range_keeps_all_or_none(start, garden):
    low, high = retrieval.bounds(garden.uncertainty)
    assert scene(start(small_garden(), threshold="7"))["threshold"]["value"] == high
    at = start(small_garden(), threshold="-1")
    assert scene(at)["threshold"]["value"] == low
    assert scene(at)["threshold"]["says"] == "everything is rejected"
    assert "rejected by the threshold" in page(at)  # the query itself
    assert len(tiles(at)) == 10  # queries are rejected, the gallery stays
    at.toggle(key="hide").set_value(True).run()
    assert tiles(at) == []
    assert "rejected ones are hidden" in page(at)


def test_k_is_bounded_by_the_gallery(start, tmp_path):
    folder = pictures_gallery(tmp_path / "few", [("a",)] * 4)
    at = start(folder, k="50")
    assert "from 1 to 3" in page(at)
    assert len(tiles(at)) == 3


def test_a_gallery_of_one_image(start, tmp_path):
    at = start(pictures_gallery(tmp_path / "one", [("a",)]))
    assert scene(at)["hits"] == []
    assert "one image" in page(at)
    assert tiles(at) == []


def test_images_without_classes_have_no_right_or_wrong(start, tmp_path):
    at = start(pictures_gallery(tmp_path / "plain", [(NO_CLASS,)] * 12))
    assert scene(at)["threshold"]["says"] == "Recall@1 unknown"
    assert {tile["mark"] for tile in tiles(at)} == {""}
    assert at.selectbox(key="colour").options == ["colour: uncertainty"]
    assert not re.search(r"of \d+ right", page(at))


def test_names_full_of_markup_stay_text(start, tmp_path):
    bad = "<script>alert(1)</script> ![x](http://example.com/x.png) $a$ ../../etc"
    at = start(pictures_gallery(tmp_path / "bad", [(bad, bad)] * 3))
    assert bad in page(at)
    assert "<script>" not in markup(at)
    assert not [m for m in at.markdown if bad in m.value]


def test_of_what_ships_the_garden_comes_first(monkeypatch, tmp_path):
    for name in ("zoo", "garden", "digits-2d"):
        pictures_gallery(tmp_path / name / "gallery", [("a",)] * 3)
    monkeypatch.setattr(sys, "argv", ["main.py"])
    monkeypatch.setattr(resources, "SHIPPED", tmp_path)
    keys = [entry.key for entry in resources.Shelf().entries()]
    assert keys == ["garden", "digits-2d", "zoo"]


def test_no_gallery_at_all(start):
    at = start()
    assert "No gallery yet" in page(at)
    assert "python -m hypuml gallery" in page(at)


def test_a_missing_or_damaged_gallery_says_so(start, tmp_path):
    assert "cannot be opened" in page(start(tmp_path / "nowhere"))
    broken = tmp_path / "broken"
    shutil.copytree(small_garden(), broken)
    data = bytearray((broken / "embeddings.safetensors").read_bytes())
    data[-1] ^= 1
    (broken / "embeddings.safetensors").write_bytes(data)
    at = start(broken)
    assert "“broken” cannot be opened" in page(at)
    assert "embeddings.safetensors" in page(at)
    # The other one is still there to go to.
    at = start(broken, small_garden())
    assert "120 images" in scene(at)["label"]


def test_switching_galleries_starts_over_there(start, tmp_path):
    other = pictures_gallery(tmp_path / "other", [("a",)] * 30)
    at = start(small_garden(), other, threshold="0.5", colour="genus")
    at.selectbox(key="gallery").set_value("other").run()
    assert "30 images" in scene(at)["label"]
    assert address(at)["gallery"] == "other"
    assert "colour" not in address(at)
    assert not at.exception


def test_opening_another_folder_by_hand(start, tmp_path):
    other = pictures_gallery(tmp_path / "other", [("a",)] * 30)
    at = start(small_garden())
    at.text_input(key="folder").set_value(str(tmp_path / "no <b>such</b>")).run()
    assert "There is no gallery in" in page(at)
    assert "<b>such" not in markup(at)
    assert "120 images" in scene(at)["label"]
    at.text_input(key="folder").set_value(str(other)).run()
    assert "30 images" in scene(at)["label"]
    assert address(at)["gallery"] == "other"
    assert "There is no gallery" not in page(at)


def test_no_path_field_when_other_machines_can_reach_the_app(start, monkeypatch):
    monkeypatch.setattr(resources, "is_local", lambda: False)
    at = start(small_garden())
    assert not at.text_input
    assert "--gallery FOLDER" in page(at)


def test_the_first_view_imports_nothing_slow():
    code = f"""
import sys
sys.argv = ["main.py", "--gallery", {str(sure_garden())!r}]
from streamlit.testing.v1 import AppTest
at = AppTest.from_file({str(MAIN)!r}, default_timeout=60).run()
assert not at.exception and len(at.get("bidi_component")) == 3
print([m for m in ("torch", "umap", "timm", "geoopt", "pandas", "sklearn") if m in sys.modules])
"""
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=120
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "[]"
