"""The list of fields of the view state drives session, address and history."""

from __future__ import annotations

from dataclasses import fields, make_dataclass

import numpy as np
import pytest

from app import resources, retrieval, url_state, view_state
from app.view_fields import choice
from app.view_state import ViewState, usable, view_fields
from hypuml.gallery import Gallery
from tests.support.app_pages import address, on_disk, page, script, start_app  # noqa: F401
from tests.support.app_support import small_garden


@pytest.fixture(scope="module")
def entry() -> resources.Entry:
    return resources.Entry(
        "small", small_garden(), Gallery.open(small_garden()), "0123456789abcdef"
    )


def test_every_field_says_how_it_behaves(entry):
    assert [part.name for part in fields(ViewState)] == list(view_fields())
    names = [how.parameter for how in view_fields().values() if how.parameter]
    assert len(set(names)) == len(names)
    view = usable({}, entry)
    for name, how in view_fields().items():
        default = how.default(entry)
        assert getattr(view, name) == default
        assert default is None or how.fit(default, entry) == default, name
        assert set(how.needs) <= set(list(view_fields())[: list(view_fields()).index(name)])


def test_every_field_of_an_address_comes_back_from_it(entry):
    chosen = {
        "gallery": "small", "query": 7, "k": 3, "threshold": 0.5, "colour": "genus", "hide": True,
        "highlight": list(entry.branches)[1], "degradation": "noise", "level": 0.25,
        "layout": "query", "at": (0.1, -0.2, 0.5, 2.0, 0.3, -0.1), "part": "study",
    }  # fmt: skip
    carried = {name for name, how in view_fields().items() if how.parameter}
    assert carried - {"against"} == set(chosen)  # another gallery has to be open for that one
    view = usable(chosen, entry)
    values, notices = url_state.read(url_state.written(view, entry), entry)
    assert notices == []
    assert usable(values, entry) == view


@pytest.mark.parametrize(
    ("name", "value", "then"),
    [
        ("query", 10_000, "lowest"), ("query", -1, "lowest"), ("k", 10_000, 100), ("k", 0, 1),
        ("threshold", 9.0, "highest"), ("colour", "taste", "uncertainty"), ("level", 7.0, 1.0),
        ("layout", "umap", "origin"), ("highlight", "nothing", ""), ("part", "cellar", "card"),
        ("against", "small", ""), ("selection", (3, 500, 4), (3, 4)), ("panel", "x", "answers"),
    ],
)  # fmt: skip
def test_what_is_not_usable_is_replaced(entry, name, value, then):
    u = entry.opened.uncertainty
    expected = {"lowest": int(np.argmin(u)), "highest": retrieval.bounds(u)[1]}.get(str(then), then)
    assert getattr(usable({name: value}, entry), name) == expected


def test_what_needs_another_value_falls_with_it(entry):
    view = usable({"query": 10_000, "level": 0.5}, entry)
    assert view.level == 0
    view = usable({"layout": "umap", "at": (0.1, 0, 0, 1, 0, 0)}, entry)
    assert view.at is None


def test_queries_galleries_and_colours_push_and_pans_replace():
    replacing = set(url_state.replacing())
    assert {"at", "k", "threshold", "level"} == replacing


def test_a_new_field_is_declared_in_one_place(start, monkeypatch):
    """A view state with one more field: session, address, notices and history know it at once."""
    more = make_dataclass(
        "ViewState",
        [("shade", str, choice(lambda entry: ("light", "dark"), "shade", "No shade “{0}”."))],
        bases=(ViewState,),
        frozen=True,
    )
    monkeypatch.setattr(view_state, "ViewState", more)
    at = start(small_garden(), shade="dark")
    assert address(at)["shade"] == at.session_state["shade"] == "dark"
    on_disk(at, shade="light")
    assert "shade" not in address(at)
    at.query_params["shade"] = "dusk"
    at.run()
    assert "No shade “dusk”." in page(at)
    assert "shade" in url_state.replacing()
    assert '"shade"' in script(at)  # what the browser is told about its history
