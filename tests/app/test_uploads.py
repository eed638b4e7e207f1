"""Asking with an own picture, without a browser (AppTest)."""

from __future__ import annotations

import io
import shutil

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from app import models
from hypuml.gallery import Gallery
from tests.support.app_pages import address, markup, page, start_app, tiles  # noqa: F401
from tests.support.app_support import small_garden


@pytest.fixture(scope="module")
def garden() -> Gallery:
    return Gallery.open(small_garden())


def upload(at: AppTest, name: str, data: bytes) -> AppTest:
    at.file_uploader[0].upload(name, data, "image/jpeg").run()
    assert not at.exception
    return at


def flower() -> bytes:
    from sklearn.datasets import load_sample_image

    out = io.BytesIO()
    Image.fromarray(load_sample_image("flower.jpg")).save(out, "JPEG")
    return out.getvalue()


def test_a_photograph_is_placed_and_answered(start, garden):
    at = start(small_garden(), k="4")
    upload(at, "my <i>flower</i>.jpg", flower())
    from hypuml.data.images import load_image
    from hypuml.models.hypuml import HypUML

    model = HypUML.from_pretrained(small_garden().parent)
    embedding = model.embed([load_image(flower())])
    assert f"{embedding.uncertainty[0]:.3f}" in page(at)
    assert "my <i>flower</i>.jpg" in page(at)
    assert "<i>flower" not in markup(at)
    expected = garden.search(embedding.points, 4).ids[0].tolist()
    assert [tile["row"] for tile in tiles(at)] == expected
    assert {tile["mark"] for tile in tiles(at)} == {""}
    assert tiles(at, "query")[0]["src"].startswith("data:image/webp;base64,")
    assert "query" not in address(at)
    assert "the link of this page leaves it out" in page(at)
    # Everything else goes on working with it, and another query takes its place.
    at.number_input(key="k").set_value(2).run()
    assert [tile["row"] for tile in tiles(at)] == expected[:2]
    next(b for b in at.button if b.label == "Lowest u").click().run()
    assert tiles(at, "query")[0]["row"] == int(np.argmin(garden.uncertainty))


def test_an_unreadable_upload_leaves_the_query_as_it_was(start, garden):
    at = start(small_garden(), query=garden.ids[5])
    upload(at, "fake <b>.jpg", b"<svg>" * 50)
    assert "fake <b>.jpg: this is" in page(at)
    assert tiles(at, "query")[0]["row"] == 5
    upload(at, "good.jpg", flower())
    assert "fake" not in page(at)


def test_upload_says_when_the_model_is_missing_or_another(start, tmp_path, monkeypatch):
    monkeypatch.setattr(models, "_models", {})
    folder = tmp_path / "moved" / "gallery"
    shutil.copytree(small_garden(), folder)
    at = start(folder)
    upload(at, "flower.jpg", flower())
    assert "cannot read the model" in page(at)
    assert len(tiles(at)) == 10  # its own pictures are still queries

    shutil.copy(small_garden().parent / "config.json", folder.parent)
    (folder.parent / "model.safetensors").write_bytes(b"another model")
    at = start(folder)
    upload(at, "flower.jpg", flower())
    assert "is not the one the gallery" in page(at)


def test_the_widget_takes_every_format_that_is_read(start):
    from hypuml.data.formats import SUFFIXES

    at = start(small_garden())
    assert set(at.file_uploader[0].proto.type) >= SUFFIXES
