"""The selection: its numbers, its order, and the panel, run by Streamlit without a browser."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app import export, resources
from app.parts import selection as part
from hypuml.gallery import Gallery
from hypuml.types import NO_CLASS
from tests.support.app_pages import markup, page, tiles
from tests.support.app_support import pictures_gallery, small_garden


def entry_of(folder: Path) -> resources.Entry:
    return resources.Entry("small", folder, Gallery.open(folder), version="0123456789abcdef")


@pytest.fixture(scope="module")
def garden() -> resources.Entry:
    return entry_of(small_garden())


def draw(entry, with_heading=False):
    """The panel alone; what is selected and what was called lives in the session."""
    import streamlit as st

    from app.parts.selection import selection

    def pick(row: int) -> None:
        st.session_state["picked"] = row

    def clear() -> None:
        st.session_state["rows"] = st.session_state["rows"][:0]

    def heading() -> None:
        st.html("<h2>Switch</h2>")

    rows = st.session_state["rows"]
    selection(entry, entry.gallery, rows, pick, clear, heading if with_heading else None)


def show(entry: resources.Entry, rows, **options) -> AppTest:
    at = AppTest.from_function(draw, args=(entry,), kwargs=options, default_timeout=60)
    at.session_state["rows"] = np.asarray(rows, dtype=np.int64)
    at.run()
    assert not at.exception
    return at


def shown(at: AppTest) -> list[int]:
    return [tile["row"] for tile in tiles(at, "selection")]


def test_a_summary_counts_and_averages(garden):
    gallery = garden.gallery
    rows = np.array([5, 90, 17, 3, 2])
    found = part.summary(gallery, garden, rows)
    assert found == {
        "count": 5,
        "uncertainty": pytest.approx(sum(float(gallery.uncertainty[r]) for r in rows) / 5),
        "classes": len({gallery.paths[r] for r in rows}),
    }
    nothing = {"count": 0, "uncertainty": None, "classes": 0}
    assert part.summary(gallery, garden, rows[:0]) == nothing


def test_images_without_a_class_are_not_a_class(tmp_path):
    entry = entry_of(pictures_gallery(tmp_path / "g", [("a",), (NO_CLASS,), ("a",), (NO_CLASS,)]))
    found = part.summary(entry.gallery, entry, np.arange(4))
    assert found["classes"] == 1
    found = part.summary(entry.gallery, entry, np.array([1, 3]))
    assert found["classes"] == 0
    assert "class" not in part.summary_html(found)


def test_the_order_does_not_depend_on_how_the_rows_came(garden):
    gallery = garden.gallery
    rows = np.random.default_rng(0).permutation(120)[:50]
    for order in part.ORDERS:
        first = part.ordered(gallery, rows, order)
        np.testing.assert_array_equal(first, part.ordered(gallery, rows[::-1], order))
        assert sorted(first) == sorted(rows)
    uncertain = gallery.uncertainty[part.ordered(gallery, rows, part.HIGHEST)]
    assert (np.diff(uncertain) <= 0).all()
    assert (np.diff(gallery.uncertainty[part.ordered(gallery, rows, part.LOWEST)]) >= 0).all()
    by_class = part.ordered(gallery, rows, part.CLASSES)
    keys = [(gallery.paths[row], -gallery.uncertainty[row]) for row in by_class]
    assert keys == sorted(keys)


def test_equal_uncertainties_come_by_row(tmp_path):
    entry = entry_of(pictures_gallery(tmp_path / "g", [("b",), ("a",), ("b",)]))
    entry.gallery.uncertainty = np.full(3, 0.5, np.float32)
    rows = np.array([2, 0, 1])
    assert part.ordered(entry.gallery, rows, part.HIGHEST).tolist() == [0, 1, 2]
    assert part.ordered(entry.gallery, rows, part.LOWEST).tolist() == [0, 1, 2]
    assert part.ordered(entry.gallery, rows, part.CLASSES).tolist() == [1, 0, 2]


def test_the_panel_says_what_is_selected_and_shows_it(garden):
    gallery = garden.gallery
    rows = np.arange(3, 23)
    at = show(garden, rows)
    classes = len({gallery.paths[r] for r in rows})
    mean = f"{gallery.uncertainty[rows].mean():.3f}"
    assert f"Selection20 images · mean u {mean} · {classes} classes" in page(at)
    assert shown(at) == part.ordered(gallery, rows, part.HIGHEST).tolist()
    first = tiles(at, "selection")[0]
    assert first["caption"] == [f"u {gallery.uncertainty[first['row']]:.2f}"]
    assert first["title"].startswith(" › ".join(gallery.paths[first["row"]]))
    assert first["src"] == f"/gallery/{garden.version}/thumb/{first['row']}.webp"
    assert not at.get("pagination")


def test_another_order_shows_and_keeps_it(garden):
    at = show(garden, np.arange(20))
    at.selectbox(key="selection_order").set_value(part.LOWEST).run()
    most_certain = part.ordered(garden.gallery, np.arange(20), part.LOWEST).tolist()
    assert shown(at) == most_certain
    at.session_state["rows"] = np.arange(10)
    at.run()
    assert shown(at) == [row for row in most_certain if row < 10]


def test_many_come_in_pages_which_begin_anew(garden):
    rows = np.arange(0, 120, 2)
    order = part.ordered(garden.gallery, rows, part.HIGHEST).tolist()
    at = show(garden, rows)
    assert shown(at) == order[:24]
    (pages,) = at.get("pagination")
    assert pages.proto.num_pages == 3
    turn_to(at, 3)
    assert shown(at) == order[48:]
    at.session_state["rows"] = np.arange(1, 120, 2)  # other images: the first page
    at.run()
    odd = part.ordered(garden.gallery, np.arange(1, 120, 2), part.HIGHEST).tolist()
    assert shown(at) == odd[:24]
    turn_to(at, 2)
    assert shown(at) == odd[24:48]
    at.selectbox(key="selection_order").set_value(part.CLASSES).run()
    assert (
        shown(at) == part.ordered(garden.gallery, np.arange(1, 120, 2), part.CLASSES)[:24].tolist()
    )


def turn_to(at: AppTest, number: int) -> None:
    (pages,) = at.get("pagination")
    at.session_state[pages.proto.id.split("-", 2)[-1]] = number
    at.run()
    assert not at.exception


def test_a_click_on_a_picture_is_passed_on(garden, monkeypatch):
    given = []
    monkeypatch.setattr(part, "picture_grid", lambda *args: given.append(args))
    at = show(garden, [4, 2])
    _, key, on_pick, _, label = given[-1]
    assert (key, label) == ("selection_grid", "selection")
    assert on_pick.__name__ == "pick"
    assert "picked" not in at.session_state


def test_clear_and_an_empty_selection(garden):
    at = show(garden, [4, 2])
    at.button(key="clear_selection").click().run()
    assert "Nothing is selected" in page(at)
    assert shown(at) == []
    assert not at.button
    assert not at.get("download_button")
    assert not at.selectbox


def test_tables_are_made_when_asked_for_in_the_order_shown(garden, monkeypatch):
    made = []
    rows = np.array([9, 4, 2, 77])
    monkeypatch.setattr(export, "as_csv", lambda g, r: made.append(r))
    offered = {}
    monkeypatch.setattr(
        part.st,
        "download_button",
        lambda label, data, **more: offered.update({label: (data, more)}),
    )
    show(garden, rows)
    assert made == []  # nobody asked yet
    data, more = offered["CSV"]
    assert (more["file_name"], more["mime"]) == ("small-selection.csv", "text/csv")
    data()
    order = part.ordered(garden.gallery, rows, part.HIGHEST)
    np.testing.assert_array_equal(made[0], order)
    import pyarrow.parquet as pq

    data, more = offered["Parquet"]
    assert more["file_name"] == "small-selection.parquet"
    assert pq.ParquetFile(io.BytesIO(data())).read(["row"])["row"].to_pylist() == order.tolist()


def test_real_download_buttons_are_there(garden):
    at = show(garden, [1, 2])
    assert [button.label for button in at.get("download_button")] == ["CSV", "Parquet"]


def test_one_image_is_called_one(garden):
    at = show(garden, [4])
    assert "1 image ·" in page(at)
    assert "1 class" in page(at)
    assert "1 classes" not in page(at)
    assert not at.selectbox  # nothing to order


def test_a_heading_of_ones_own_takes_the_place_of_the_word(garden):
    at = show(garden, [4, 2], with_heading=True)
    assert "Switch2 images" in page(at).replace(" 2 images", "2 images")
    assert "Selection" not in page(at)


def test_names_full_of_markup_stay_text(tmp_path):
    bad = "<script>alert(1)</script> ![x](http://example.com/x.png)"
    at = show(entry_of(pictures_gallery(tmp_path / "bad", [(bad, bad)] * 3)), [0, 2])
    assert tiles(at, "selection")[0]["title"].startswith(f"{bad} › {bad}")
    assert "<script>" not in markup(at)
    assert not [m for m in at.markdown if bad in m.value]


def test_without_classes_there_is_no_order_by_class(tmp_path):
    at = show(entry_of(pictures_gallery(tmp_path / "plain", [(NO_CLASS,)] * 4)), [0, 1, 3])
    assert at.selectbox(key="selection_order").options == [part.HIGHEST, part.LOWEST]


def test_the_order_stays_while_there_is_nothing_to_order(garden):
    at = show(garden, np.arange(9))
    at.selectbox(key="selection_order").set_value(part.LOWEST).run()
    before = shown(at)
    for rows in ([], [3], np.arange(9)):
        at.session_state["rows"] = np.asarray(rows, dtype=np.int64)
        at.run()
    assert shown(at) == before
    assert at.selectbox(key="selection_order").value == part.LOWEST


def test_an_order_that_a_gallery_lacks_is_given_up(tmp_path):
    entry = entry_of(pictures_gallery(tmp_path / "plain", [(NO_CLASS,)] * 4))
    at = AppTest.from_function(draw, args=(entry,), default_timeout=60)
    at.session_state["rows"] = np.array([0, 1, 3])
    at.session_state["selection_order"] = part.CLASSES
    at.run()
    assert not at.exception
    assert at.selectbox(key="selection_order").value == part.HIGHEST
    assert shown(at) == part.ordered(entry.gallery, np.array([0, 1, 3]), part.HIGHEST).tolist()
