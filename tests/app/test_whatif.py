"""What if the query were blurred: the degraded picture asks, without a browser (AppTest)."""

from __future__ import annotations

import io
import shutil
from functools import cache

import numpy as np
import pytest
from PIL import Image

from app import asked, whatif
from hypuml.data.degradation_scale import KINDS
from hypuml.data.degraded_pictures import degrade_picture
from hypuml.data.folder import FolderDataset
from hypuml.gallery import Gallery
from hypuml.types import Embedding
from tests.support.app_pages import address, markup, page, scene, start_app, tiles  # noqa: F401
from tests.support.app_support import dataset_gallery, pictures_gallery, small_garden, sure_garden

SIZE = 32  # of the small model's input


@cache
def garden() -> Gallery:
    return Gallery.open(sure_garden())


def embed(image: Image.Image) -> Embedding:
    from hypuml.models.hypuml import HypUML

    return HypUML.from_pretrained(sure_garden().parent).embed([image])


def move(at, level: float, kind: str | None = None):
    if kind:
        at.selectbox(key="degrade").set_value(kind)
    at.slider(key="level").set_value(level).run()
    assert not at.exception
    return at


def test_the_degraded_picture_becomes_the_query(start):
    at = start(sure_garden(), query=garden().ids[11])
    untouched = page(at)
    move(at, 0.5, "darkness")
    found = embed(degrade_picture(garden().original(11, SIZE), "darkness", 0.5))
    assert f"{garden().uncertainty[11]:.3f} → {found.uncertainty[0]:.3f}" in page(at)
    expected = garden().search(found.points, 10, exclude=np.array([11]))
    assert [tile["row"] for tile in tiles(at)] == expected.ids[0].tolist()
    before, now = (
        garden().ask(points, u, 1, 11).probability
        for points, u in (
            (garden().points[11:12], garden().uncertainty[11:12]),
            (found.points, found.uncertainty),
        )
    )
    assert f"answer confidence{before:.2f} → {now:.2f}that" in page(at)
    query = tiles(at, "query")[0]
    assert query["row"] == 11
    assert query["src"].startswith("data:image/webp;base64,")
    assert "degraded by darkness at level 0.5" in query["alt"]
    assert address(at)["degrade"] == "darkness"
    assert address(at)["level"] == "0.5"

    move(at, 0.0)
    assert page(at) == untouched
    assert not {"degrade", "level"} & set(address(at))
    assert tiles(at, "query")[0]["src"].startswith("/gallery/")


def test_its_place_on_the_disk_moves_and_the_way_is_drawn(start):
    at = start(sure_garden(), query=garden().ids[11])
    assert scene(at)["query"]["row"] == 11
    assert not [shape for shape in scene(at)["shapes"] if shape["type"] == "path"]
    move(at, 1.0, "occlusion")
    found = embed(degrade_picture(garden().original(11, SIZE), "occlusion", 1.0))
    query = scene(at)["query"]
    assert query["row"] is None
    assert asked.point_of(scene(at)["cloud"]["points"].split("/")[2], query["who"]).shape == (1, 8)
    np.testing.assert_allclose(query["xy"], garden().place(found.points)[0], atol=1e-6)
    (way,) = [shape for shape in scene(at)["shapes"] if shape["type"] == "path"]
    assert way["through"] == [{"row": 11}, {"query": True}]
    assert way["arrow"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_link_restores_it(start, kind):
    given = {"query": garden().ids[5], "degrade": kind, "level": "0.35"}
    at = start(sure_garden(), **given)
    assert given.items() <= address(at).items()
    found = embed(degrade_picture(garden().original(5, SIZE), kind, 0.35))
    assert f"→ {found.uncertainty[0]:.3f}" in page(at)
    assert at.selectbox(key="degrade").value == kind
    assert at.slider(key="level").value == 0.35
    assert 'class="notice' not in markup(at)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"degrade": "<b>rain</b>", "level": "0.5"}, "degraded by “<b>rain</b>”, only by blur, "),
        ({"degrade": "noise", "level": "1.5"}, "number from 0 to 1, not “1.5”"),
        ({"degrade": "noise", "level": "-0.1"}, "number from 0 to 1, not “-0.1”"),
        ({"degrade": "noise", "level": "nan"}, "number from 0 to 1, not “nan”"),
        ({"degrade": "noise", "level": "<i>"}, "number from 0 to 1, not “<i>”"),
    ],
)
def test_what_the_address_says_wrongly_leaves_the_picture_as_it_is(start, given, says):
    at = start(sure_garden(), **given)
    assert says in page(at)
    assert not {"degrade", "level"} & set(address(at))
    assert "→" not in page(at)
    assert "<b>rain" not in markup(at)
    assert at.slider(key="level").value == 0


def test_another_query_starts_untouched_and_the_kind_stays(start):
    at = start(sure_garden(), query=garden().ids[5])
    move(at, 0.5, "crop")
    next(b for b in at.button if b.label == "Most unsure").click().run()
    assert at.slider(key="level").value == 0
    assert at.selectbox(key="degrade").value == "crop"
    assert "→" not in page(at)
    # Back to the link: what it says holds again, and a link without it is untouched.
    at.query_params["query"] = garden().ids[5]
    at.query_params["level"] = "0.5"
    at.run()
    assert "→" in page(at)
    del at.query_params["level"]
    at.run()
    assert "→" not in page(at)


def test_other_controls_do_not_look_at_the_picture_again(start, monkeypatch):
    looked = []
    real = whatif.degrade_picture
    monkeypatch.setattr(whatif, "degrade_picture", lambda *a: looked.append(a[1:]) or real(*a))
    at = start(sure_garden(), query=garden().ids[5])
    assert looked == []
    move(at, 0.5)
    assert set(looked) == {("blur", 0.5)}
    count = len(looked)
    at.number_input(key="k").set_value(3).run()
    assert len(tiles(at)) == 3
    at.toggle(key="hide").set_value(True).run()
    assert len(looked) == count
    move(at, 0.55)
    assert looked[-1] == ("blur", 0.55)


def test_an_upload_can_be_degraded_and_no_link_carries_it(start):
    picture = Image.effect_noise((700, 600), 60).convert("RGB")
    out = io.BytesIO()
    picture.save(out, "PNG")
    at = start(sure_garden())
    at.file_uploader[0].upload("mine.png", out.getvalue(), "image/png").run()
    before = embed(picture).uncertainty[0]
    assert f"uncertainty u{before:.3f}of" in page(at)
    move(at, 0.8)
    reduced = whatif.reduced(picture, whatif.KEPT)
    assert min(reduced.size) == 512
    now = embed(degrade_picture(reduced, "blur", 0.8)).uncertainty[0]
    assert f"{before:.3f} → {now:.3f}" in page(at)
    assert not {"query", "degrade", "level"} & set(address(at))
    # Another upload is another picture, and starts untouched.
    at.file_uploader[0].upload("again.png", out.getvalue(), "image/png").run()
    assert at.slider(key="level").value == 0


def assert_refused(at, says: str) -> None:
    assert at.slider(key="level").disabled
    assert at.selectbox(key="degrade").disabled
    assert says in at.slider(key="level").help
    assert says in markup(at)


def test_without_the_model_it_is_disabled_and_says_why(start, tmp_path):
    folder = tmp_path / "moved" / "gallery"
    shutil.copytree(small_garden(), folder)
    at = start(folder, level="0.5")
    assert_refused(at, "The model that made this gallery is not on this machine")
    assert "This picture cannot be degraded: The model" in page(at)
    assert "level" not in address(at)
    at.run()
    assert "cannot be degraded" not in page(at)  # said once


def test_without_the_originals_it_is_disabled_and_says_why(start, tmp_path):
    folder = pictures_gallery(tmp_path / "pictures", [("a",)] * 12)
    at = start(folder)
    assert_refused(at, "not on this machine")
    photos = tmp_path / "photos"
    photos.mkdir()
    for i in range(12):
        Image.effect_noise((90, 60), 9 * i + 5).convert("RGB").save(photos / f"{i}.png")
    gallery = dataset_gallery(FolderDataset(photos), range(12), tmp_path / "model")
    opened = Gallery.open(gallery)
    first = opened.ids[0]
    at = start(gallery, query=first)
    assert not at.slider(key="level").disabled
    move(at, 0.5)
    assert "→" in page(at)
    # One is deleted, another damaged.
    whatif._original.cache_clear()
    (photos / opened.images[0]).unlink()
    (photos / opened.images[1]).write_bytes(b"no picture")
    at = start(gallery, query=first, level="0.5")
    assert_refused(at, "The original of this picture is not on this machine")
    at = start(gallery, query=opened.ids[1], level="0.5")
    assert "This picture cannot be degraded: The original" in page(at)
    assert at.slider(key="level").value == 0


def test_a_foreign_model_is_refused_when_it_is_used(start, tmp_path, monkeypatch):
    monkeypatch.setattr("app.models._models", {})
    folder = tmp_path / "moved" / "gallery"
    shutil.copytree(small_garden(), folder)
    (folder.parent / "model.safetensors").write_bytes(b"another model")
    at = start(folder)
    move(at, 0.5)
    assert "is not the one the gallery" in page(at)
    assert at.slider(key="level").value == 0
    assert len(tiles(at)) == 10
