"""What the Explore room gives its disk, and what it makes of what is done there (AppTest)."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from app import retrieval
from app.parts import disk
from hypuml.gallery import Gallery
from tests.support.app_pages import address, markup, on_disk, page, scene, start_app, tiles  # noqa: F401
from tests.support.app_support import pictures_gallery, small_garden


@pytest.fixture(scope="module")
def garden() -> Gallery:
    return Gallery.open(small_garden())


def of(shown: dict, kind: str) -> list[dict]:
    return [shape for shape in shown["shapes"] if shape["type"] == kind]


def test_lines_run_to_the_true_answers_with_their_distances(start, garden):
    at = start(small_garden(), query=garden.ids[7], k="8")
    shown = scene(at)
    found = garden.search(garden.points[7:8], 8, exclude=np.array([7]))
    assert [hit["row"] for hit in shown["hits"]] == found.ids[0].tolist()
    assert [line["to"] for line in of(shown, "geodesic")] == [{"row": r} for r in found.ids[0]]
    assert all(line["from"] == {"query": True} for line in of(shown, "geodesic"))
    assert of(shown, "geodesic")[0]["label"] == f"{found.distances[0, 0]:.2f}"
    wrong = [garden.paths[r] != garden.paths[7] for r in found.ids[0]]
    assert [line["dashed"] for line in of(shown, "geodesic")] == wrong
    (circle,) = of(shown, "ring")
    assert circle["centre"] == {"query": True}
    assert circle["distance"] == pytest.approx(found.distances[0, -1])
    assert circle["in"] == ["query"]  # elsewhere it would not be true


def test_in_two_dimensions_the_circle_is_true_everywhere(garden):
    exact = SimpleNamespace(fidelity={"exact": True})
    who = SimpleNamespace(before=None)
    hits = (disk.Hit(3, 0.5, retrieval.RIGHT),)
    (circle,) = [s for s in disk.shapes(exact, who, hits) if isinstance(s, disk.Ring)]
    assert circle.layouts == ("origin", "query")
    assert disk.shapes(exact, who, ()) != ()  # the query itself


def test_a_link_restores_how_the_disk_is_looked_at(start, garden):
    branch = garden.paths[0][0]
    given = {"query": garden.ids[7], "view": "query", "at": "0.1_-0.2_0.5_2_0.3_-0.1",
             "highlight": branch}  # fmt: skip
    at = start(small_garden(), **given)
    assert given.items() <= address(at).items()
    shown = scene(at)
    assert (shown["layout"], shown["at"]) == ("query", [0.1, -0.2, 0.5, 2, 0.3, -0.1])
    assert shown["highlight"] == [branch]
    assert 'class="notice' not in markup(at)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("view", "<b>top</b>", "no view “<b>top</b>”, only origin, query"),
        ("view", "umap", "no view “umap”"),  # this gallery was built without one
        ("at", "1_2_3", "six numbers"),
        ("at", "0_0_0_1_0_nan", "six numbers"),
        ("at", "<img src=x>", "six numbers, not “<img src=x>”"),
        ("highlight", "<img src=x>", "nothing called “<img src=x>” here to highlight"),
    ],
)
def test_what_the_address_says_wrongly_of_the_disk_is_reported(start, name, value, says):
    at = start(small_garden(), **{name: value})
    assert says in page(at)
    assert "<img src=x" not in markup(at)
    assert name not in address(at)
    at.run()
    assert says not in page(at)  # said once


def test_moving_the_disk_is_written_to_the_address(start):
    at = start(small_garden())
    assert "view" not in address(at)
    on_disk(at, layout="query", at=(0.25, 0.0, 0.0, 1.0, 0.0, 0.0))
    assert address(at)["view"] == "query"
    assert address(at)["at"] == "0.25_0_0_1_0_0"
    on_disk(at, layout="origin", at=None)
    assert {"view", "at"}.isdisjoint(address(at))


def test_another_query_puts_another_middle_in_the_middle(start, garden):
    at = start(small_garden(), view="query", at="0.1_0_0_1_0_0")
    next(b for b in at.button if b.label == "Most unsure").click().run()
    assert address(at)["view"] == "query"
    assert "at" not in address(at)
    at = start(small_garden(), at="0.1_0_0_1_0_0")  # around the origin nothing has moved
    next(b for b in at.button if b.label == "Most unsure").click().run()
    assert address(at)["at"] == "0.1_0_0_1_0_0"


def test_a_selection_is_shown_beside_the_answers_and_forgotten_with_the_gallery(start, tmp_path):
    other = pictures_gallery(tmp_path / "other", [("a",)] * 9)
    at = start(small_garden(), other)
    on_disk(at, selection=(3, 1, 4), panel="selection")
    assert {tile["row"] for tile in tiles(at, "selection")} == {1, 3, 4}
    assert scene(at)["selection"] == [3, 1, 4]
    assert tiles(at, "answers") == []
    at.session_state["panel"] = "answers"
    at.session_state["_acted"] = True
    at.run()
    assert len(tiles(at, "answers")) == 10
    assert scene(at)["selection"] == [3, 1, 4]  # still marked on the disk
    at.selectbox(key="gallery").set_value("other").run()
    assert scene(at)["selection"] == []
    assert not at.exception


def test_clearing_the_selection_brings_the_answers_back(start):
    at = start(small_garden())
    on_disk(at, selection=(3, 1, 4), panel="selection")
    at.button(key="clear_selection").click().run()
    assert scene(at)["selection"] == []
    assert len(tiles(at, "answers")) == 10


def test_names_full_of_markup_reach_the_disk_as_data(start, tmp_path):
    bad = "<img src=http://example.com/a.png onerror=alert(1)>"
    at = start(pictures_gallery(tmp_path / "bad", [(bad, bad)] * 12), highlight=bad)
    assert scene(at)["highlight"] == [bad]
    assert bad in scene(at)["label"]
    assert bad not in markup(at)


def test_an_upload_is_asked_for_by_a_token_and_said_to_be_in_no_link(start, garden):
    import io

    out = io.BytesIO()
    garden.original(3, 96).save(out, "PNG")
    at = start(small_garden())
    at.file_uploader[0].upload("mine.png", out.getvalue(), "image/png").run()
    query = scene(at)["query"]
    assert query["row"] is None
    assert len(query["who"]) == 16
    assert query["name"] == "mine.png"
    assert query["linked"] is False
