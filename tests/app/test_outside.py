"""What the page says of pictures that are outside what the model knows (AppTest)."""

from __future__ import annotations

import io

import numpy as np
import pyarrow.parquet as pq
import pytest

from app.export import as_csv, as_parquet
from app.parts.outside import OUTSIDE, mostly_outside
from hypuml.gallery import Gallery
from tests.app.test_uploads import upload
from tests.support.app_pages import markup, page, start_app  # noqa: F401
from tests.support.app_support import small_garden
from tests.support.outside_support import noise, older, telling_gallery, telling_garden


@pytest.fixture(scope="module")
def gallery() -> Gallery:
    return Gallery.open(telling_garden())


def png(image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def test_an_upload_that_is_outside_is_called_so_and_one_inside_is_not(start, gallery):
    inside, out = int(np.argmin(gallery.outside)), int(np.argmax(gallery.outside))
    at = start(telling_garden(), query=gallery.ids[inside])
    assert OUTSIDE not in page(at)
    upload(at, "pagoda <b>.png", png(noise()))
    assert OUTSIDE in page(at)
    assert markup(at).count('class="outside"') == 1
    upload(at, "flower.png", png(gallery.original(inside, 32)))
    assert OUTSIDE not in page(at)
    upload(at, "other.png", png(gallery.original(out, 32)))
    assert OUTSIDE in page(at)


def test_a_picture_of_the_gallery_says_it_too(start, gallery):
    for row in (int(np.argmax(gallery.outside)), int(np.argmin(gallery.outside))):
        at = start(telling_garden(), query=gallery.ids[row])
        assert (OUTSIDE in page(at)) == bool(gallery.outside[row])
        # Two in five are: nothing is said of the whole.
        assert "of this gallery is out of" not in page(at)


def test_what_is_degraded_is_judged_as_it_is_now(start, gallery):
    from hypuml.data.degraded_pictures import degrade_picture
    from hypuml.models.hypuml import HypUML

    model = HypUML.from_pretrained(telling_garden().parent)
    rows = np.flatnonzero(~gallery.outside)
    noisy = [degrade_picture(gallery.original(int(row), 32), "noise", 1.0) for row in rows]
    row = int(rows[np.argmax(model.embed(noisy).outside > 0)])
    at = start(telling_garden(), query=gallery.ids[row], degrade="noise", level="1")
    assert OUTSIDE in page(at)
    at.slider(key="level").set_value(0.0).run()
    assert OUTSIDE not in page(at)


def test_a_gallery_of_which_most_is_outside_says_the_share_once(start, tmp_path):
    folder = telling_gallery(tmp_path / "far", 0.25)
    share = Gallery.open(folder).outside.mean()
    at = start(folder)
    assert markup(at).count('class="notice') == 1
    assert f"{100 * share:.0f} % of this gallery is out of distribution for its model" in page(at)


def test_more_than_half_is_most():
    assert mostly_outside(np.array([True, False])) == ""
    assert mostly_outside(np.array([True, True, False])).startswith("67 % of this gallery")
    assert mostly_outside(np.ones(3, bool)).startswith("100 % of this gallery")
    assert mostly_outside(None) == ""


def test_nothing_is_said_where_nobody_can_tell(start, tmp_path):
    for folder in (small_garden(), older(telling_garden(), tmp_path / "older")):
        at = start(folder)
        upload(at, "pagoda.png", png(noise())) if folder == small_garden() else None
        assert "out of distribution" not in page(at).lower()


def test_tables_have_the_column(gallery, tmp_path):
    rows = np.random.default_rng(0).permutation(len(gallery))[:13]
    table = pq.read_table(io.BytesIO(as_parquet(gallery, rows)))
    assert table["outside"].to_pylist() == gallery.outside[rows].tolist()
    lines = as_csv(gallery, rows).decode("utf-8-sig").splitlines()[1:]
    assert [line.rsplit(",", 1)[1] == "true" for line in lines] == gallery.outside[rows].tolist()
    unknown = Gallery.open(older(telling_garden(), tmp_path / "older"))
    table = pq.read_table(io.BytesIO(as_parquet(unknown, rows)))
    assert table["outside"].to_pylist() == [None] * 13
    assert as_csv(unknown, rows).decode("utf-8-sig").splitlines()[1].endswith(",")
