"""What is sent to the disk, what is refused, and how what comes back is read; without a browser."""

from __future__ import annotations

import json
import math
import re
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from app.disk import component
from app.disk import scene as s
from app.disk import shapes as sh
from tests.support.app_support import ROOT
from tests.support.disk_app import shapes as every_shape

TYPES = (ROOT / "app" / "disk" / "js" / "types.js").read_text(encoding="utf-8")
KINDS = {"geodesic", "line", "path", "ring", "ball", "tree", "handle", "dot"}
A, B = sh.Handle("A", (-0.5, 0.2)), sh.Handle("B", (0.25, 0.0))
POINTS = s.Points(
    points="/p",
    umap="",
    around="/a/{who}",
    card="/c/{row}?to={who}",
    tile="/t/{tile}",
    picture="/{kind}/{row}",
    colours="",
    palette=("#000", "#fff"),
    range=(0.1, 0.9),
    colour="uncertainty",
)
WHOLE = s.Scene(
    "A disk",
    cloud=POINTS,
    query=s.Query((0.1, -0.2), 3, "r3", "a rose", linked=True),
    hits=(s.Hit(4, 0.5, "right"), s.Hit(9, 1.25)),
    shapes=(A, sh.Dot(sh.Row(4))),
    layout="query",
    at=(0.1, 0.2, 0.3, 2.0, 0.0, 0.5),
    threshold=s.Threshold(0.4, 0.0, 1.0, 0.005, "Recall@1 0.9", "how often"),
    highlight=("rosa", "canina"),
    selection=(1, 2),
    badges=(s.Badge("query", "radius is distance", "and so on"),),
    unit=0.75,
)


def sent(scene: s.Scene) -> Any:
    """The scene as the browser reads it: `JSON.parse` knows no NaN."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    return json.loads(scene.to_bytes().decode("utf-8"), parse_constant=refuse)


def one(shape: sh.Shape) -> dict[str, Any]:
    return sent(s.Scene("", shapes=(A, B, shape)))["shapes"][-1]


def written_type(name: str) -> str:
    """The body of a typedef in js/types.js."""
    found = re.search(rf"@typedef \{{([^@]*)\}} {name}\b", TYPES)
    assert found, f"no type {name}"
    return re.sub(r"\n \*", "\n", found[1])


def top_level_words(body: str) -> set[str]:
    """Property names of an object type; those inside nested braces and brackets are others'."""
    flat = body.strip()[1:-1]
    while (less := re.sub(r"\{[^{}]*\}|\([^()]*\)|\[[^\[\]]*\]", "", flat)) != flat:
        flat = less
    return set(re.findall(r"(\w+)\??:", flat))


def test_a_scene_says_everything_in_the_words_of_the_browser():
    said = sent(WHOLE)
    assert set(said) == top_level_words(written_type("Scene"))
    assert said == {
        "label": "A disk",
        "cloud": {
            "points": "/p",
            "umap": "",
            "around": "/a/{who}",
            "card": "/c/{row}?to={who}",
            "tile": "/t/{tile}",
            "picture": "/{kind}/{row}",
            "colours": "",
            "palette": ["#000", "#fff"],
            "range": [0.1, 0.9],
            "colour": "uncertainty",
        },
        "query": {"xy": [0.1, -0.2], "row": 3, "who": "r3", "name": "a rose", "linked": True},
        "hits": [
            {"row": 4, "distance": 0.5, "mark": "right"},
            {"row": 9, "distance": 1.25, "mark": ""},
        ],
        "shapes": said["shapes"],
        "layout": "query",
        "at": [0.1, 0.2, 0.3, 2.0, 0.0, 0.5],
        "threshold": {
            "value": 0.4,
            "low": 0.0,
            "high": 1.0,
            "step": 0.005,
            "says": "Recall@1 0.9",
            "detail": "how often",
        },
        "highlight": ["rosa", "canina"],
        "selection": [1, 2],
        "badges": [{"layout": "query", "text": "radius is distance", "detail": "and so on"}],
        "unit": 0.75,
    }


def test_an_empty_disk_is_a_scene_too():
    said = sent(s.Scene("Nothing yet"))
    assert set(said) == top_level_words(written_type("Scene"))
    assert {k: v for k, v in said.items() if v not in (None, [])} == {
        "label": "Nothing yet",
        "layout": "origin",
        "unit": 1.0,
    }


def test_every_kind_of_shape_has_what_the_browser_needs(monkeypatch):
    monkeypatch.setattr(
        "tests.support.disk_app.st.session_state", type("Kept", (), {"handles": {"A": A.at}})()
    )
    # The page uses B and C as well: the kinds are what matters here.
    kinds = {type(shape): shape for shape in every_shape(False)}
    body = written_type("Shape")
    assert set(re.findall(r'type: "(\w+)"', body)) == KINDS
    assert {kind.__name__.lower() for kind in kinds} == KINDS
    scene = s.Scene("", shapes=(A, B, sh.Handle("C", (0.0, 0.0)), *kinds.values())[1:])
    for said in sent(scene)["shapes"]:
        part = re.search(rf'\{{type: "{said["type"]}"([^{{}}]*)\}}', body)
        assert part
        needed = set(re.findall(r"(\w+):", part[1]))
        assert needed <= set(said), said["type"]
        assert isinstance(said["colour"], str)
        assert said["width"] > 0


def test_shapes_are_written_word_by_word():
    look = {f.name: f.default for f in fields(sh.Shape) if f.name != "layouts"}
    assert look.items() >= {"colour": "accent", "width": 1.5, "dashed": False, "label": ""}.items()
    assert one(sh.Geodesic(sh.At("A"), sh.QUERY, whole=True, label="far")) == look | {
        "type": "geodesic",
        "from": {"handle": "A"},
        "to": {"query": True},
        "whole": True,
        "label": "far",
    }
    assert one(sh.Line(sh.Row(7), (0.5, -0.25), dashed=True, width=3, colour="#abc")) == look | {
        "type": "line",
        "from": {"row": 7},
        "to": [0.5, -0.25],
        "dashed": True,
        "width": 3,
        "colour": "#abc",
    }
    assert one(sh.Path(((0.0, 0.0), sh.At("B")), arrow=True)) == look | {
        "type": "path",
        "through": [[0.0, 0.0], {"handle": "B"}],
        "arrow": True,
    }
    assert one(sh.Ring(2)) == look | {
        "type": "ring",
        "centre": [0.0, 0.0],
        "distance": 2,
        "through": None,
    }
    assert one(sh.Ball(0.5, sh.At("A"))) == look | {
        "type": "ball",
        "centre": {"handle": "A"},
        "distance": 0.5,
        "through": None,
    }
    assert one(sh.Tree((sh.At("A"), (0.1, 0.2)), (-1, 0), ("root", "leaf"))) == look | {
        "type": "tree",
        "nodes": [{"handle": "A"}, [0.1, 0.2]],
        "parents": [-1, 0],
        "names": ["root", "leaf"],
    }
    assert one(sh.Handle("C", (0.1, 0.2), label="C")) == look | {
        "type": "handle",
        "id": "C",
        "at": [0.1, 0.2],
        "label": "C",
    }
    assert one(sh.Dot(sh.Row(0), size=14, hollow=True, layouts=("query", "umap"))) == look | {
        "type": "dot",
        "at": {"row": 0},
        "size": 14,
        "hollow": True,
        "in": ["query", "umap"],
    }


@pytest.mark.parametrize(
    "words", ["</script><img src=x>", "“Rosa” ‘×’ 🌹", 'a "b" \\ \n', "\ud800", "{who}"]
)
def test_labels_are_data_whatever_they_say(words):
    assert one(sh.Dot((0.0, 0.0), label=words))["label"] == words
    said = sent(s.Scene(words, highlight=(words,), query=s.Query((0, 0), None, "t", words, False)))
    assert said["label"] == said["highlight"][0] == said["query"]["name"] == words


def test_numbers_arrive_as_they_are():
    values = (0.1 + 0.2 - 0.3, 1 / 3, -0.0, 5e-324, 1 - 1e-9)
    nodes = tuple((v, 0.0) for v in values)
    said = one(sh.Tree(nodes, (-1,) * len(values)))
    assert said["nodes"] == [list(node) for node in nodes]
    xy = np.array([0.1, 0.7])
    assert one(sh.Dot((xy[0], xy[1])))["at"] == [0.1, 0.7]


NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({"unit": INF}, "inf"),
        ({"at": (0.0, 0.0, NAN, 1.0, 0.0, 0.0)}, "nan"),
        ({"threshold": s.Threshold(NAN, 0, 1, 0.1)}, "nan"),
        ({"query": s.Query((0.0, -INF), None, "t", "", False)}, "-inf"),
        ({"hits": (s.Hit(0, 1.0), s.Hit(1, NAN))}, "nan"),
        ({"cloud": replace(POINTS, range=(NAN, 1.0))}, "nan"),
        ({"shapes": (sh.Dot((0.0, NAN)),)}, "nan"),
        ({"shapes": (sh.Ring(INF),)}, "inf"),
        ({"shapes": (sh.Ball(1.0, width=NAN),)}, "nan"),
        ({"shapes": (sh.Handle("A", (NAN, 0.0)),)}, "nan"),
        ({"shapes": (sh.Path(((0.0, 0.0), (INF, 0.0))),)}, "inf"),
        ({"shapes": (sh.Tree(((0.0, NAN),), (-1,)),)}, "nan"),
        ({"shapes": (sh.Dot((0.0, 0.0), size=np.float64("inf")),)}, "inf"),
    ],
)
def test_what_is_not_finite_is_refused_wherever_it_hides(change, shown):
    with pytest.raises(ValueError, match=rf"^got {shown} in a scene, expected finite numbers$"):
        replace(WHOLE, **{"shapes": ()} | change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"shapes": (A, sh.Geodesic(sh.At("A"), (0.8, 0.6)))},
            "got a place at (0.8, 0.6), expected one inside the unit disk",
        ),
        (
            {"layout": "polar"},
            "got layout 'polar', expected one of origin, query, umap",
        ),
        (
            {"shapes": (A, B, sh.Handle("A", (0.0, 0.0)))},
            "got handles ['A', 'B', 'A'], expected each name once",
        ),
        (
            {"shapes": (A, sh.Geodesic(sh.At("A"), sh.At("Z")))},
            "no handle 'Z' here, expected one of ['A']",
        ),
        (
            {"shapes": (sh.Tree(((0.0, 0.0), (0.1, 0.0)), (-1,)),)},
            "got 2 nodes, 1 parents and 0 names, expected one parent for each node, and one name "
            "or none at all",
        ),
        (
            {"shapes": (sh.Tree(((0.0, 0.0), (0.1, 0.0)), (-1, 0), ("root",)),)},
            "got 2 nodes, 2 parents and 1 names, expected one parent for each node, and one name "
            "or none at all",
        ),
        (
            {"shapes": (sh.Tree(((0.0, 0.0), (0.1, 0.0)), (-1, 2)),)},
            "got parents (-1, 2), expected -1 to 1",
        ),
        (
            {"shapes": (sh.Tree(((0.0, 0.0),), (-2,)),)},
            "got parents (-2,), expected -1 to 0",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused_in_one_sentence(change, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        replace(WHOLE, **change)


@pytest.mark.parametrize(
    "shape",
    [
        sh.Line((0.0, 0.0), sh.At("Z")),
        sh.Geodesic(sh.At("Z"), (0.0, 0.0)),
        sh.Path(((0.1, 0.0), sh.At("Z"))),
        sh.Ring(1.0, sh.At("Z")),
        sh.Ball(1.0, sh.At("Z")),
        sh.Ring(centre=(0.0, 0.0), through=sh.At("Z")),
        sh.Tree((sh.At("Z"),), (-1,)),
        sh.Dot(sh.At("Z")),
    ],
)
def test_no_shape_may_hang_on_a_handle_that_is_not_there(shape):
    with pytest.raises(ValueError, match=r"^no handle 'Z' here"):
        s.Scene("", shapes=(A, shape))
    assert s.Scene("", shapes=(shape, sh.Handle("Z", (0.0, 0.0)))), "order does not matter"


# What a browser, or whoever pretends to be one, may send.
HUGE = 10**400
HOSTILE = [
    None, True, False, -1, HUGE, -HUGE, 1.5, NAN, INF, -INF, "", "1", "origin", b"1", [], {}, [[]],
    [NAN], ["1"], [True], [None], {"rows": None}, {"at": None}, {"id": "A"}, {"path": "a"},
    {"layout": "origin", "at": "123456"}, {"layout": ["origin"]}, {"layout": {}}, {"at": {}}, (),
    {"rows": {"0": 1}}, {"path": [1]}, {"path": [["a"]]}, {"path": {"a": "b"}}, {1: 2}, [{}] * 6,
]  # fmt: skip
READERS = {
    component._row: (int,),
    component._rows: (list,),
    component._number: (float,),
    component._view: (str, object),
    component._dropped: (str, tuple),
    component._branch: (tuple,),
}


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
def test_no_reader_stumbles_and_each_gives_its_own_types_or_nothing(read):
    for value in HOSTILE:
        got = read(value)
        if got is None:
            continue
        assert isinstance(got, tuple), value
        assert len(got) == len(READERS[read])
        for part, kind in zip(got, READERS[read], strict=True):
            assert isinstance(part, kind), value
            assert not isinstance(part, bool), value
            assert not isinstance(part, float) or math.isfinite(part), value


def test_rows():
    assert component._row(0) == (0,)
    assert component._row(17) == (17,)
    for value in (-1, True, 1.0, "1", None, NAN, [1], {"row": 1}):
        assert component._row(value) is None, value
    assert component._rows({"rows": []}) == ([],)
    assert component._rows({"rows": [3, 1, 2], "more": 1}) == ([3, 1, 2],)
    for rows in ([1, -1], [1, True], [1, 2.0], ["1"], [None], [[1]], "12", (1, 2), None, 3):
        assert component._rows({"rows": rows}) is None, rows
    for value in (None, [1, 2], "rows", {}):
        assert component._rows(value) is None, value


def test_numbers():
    assert component._number(0.25) == (0.25,)
    assert component._number(-3) == (-3.0,)
    assert isinstance(component._number(1)[0], float)
    for value in (NAN, INF, -INF, HUGE, "0.5", None, [0.5], {"value": 1}, True):
        assert component._number(value) is None, value


def test_views():
    six = [0.1, -0.2, 3, 2, 0, 0.5]
    got = component._view({"layout": "query", "at": six})
    assert got == ("query", (0.1, -0.2, 3.0, 2.0, 0.0, 0.5))
    assert all(isinstance(v, float) for v in got[1])
    for layout in sh.LAYOUTS:
        assert component._view({"layout": layout, "at": None}) == (layout, None)
        assert component._view({"layout": layout}) == (layout, None)
    for bad in (NAN, INF, HUGE, "1", None, [1], True):
        assert component._view({"layout": "origin", "at": [*six[:5], bad]}) is None, bad
    for at in (six[:5], [*six, 0], "123456", 6, {}, {"length": 6}):
        assert component._view({"layout": "origin", "at": at}) is None, at
    for layout in ("Origin", "", None, 0, ["origin"], {"origin": 1}, "polar"):
        assert component._view({"layout": layout, "at": six}) is None, layout


def test_drops():
    assert component._dropped({"id": "A", "at": [0.5, -1]}) is None
    assert component._dropped({"id": "A", "at": [0.5, -0.25]}) == ("A", (0.5, -0.25))
    assert component._dropped({"id": "", "at": [0, 0]}) == ("", (0.0, 0.0))
    for at in ([1, 0], [0.8, 0.8], [NAN, 0], [0, INF], [HUGE, 0], [0.1], [0.1, 0.2, 0.3], "12",
               ["0", "0"], None, {}, [None, 0], [True, False], [[0], [0]]):  # fmt: skip
        assert component._dropped({"id": "A", "at": at}) is None, at
    for name in (None, 1, ["A"], {"A": 1}, True):
        assert component._dropped({"id": name, "at": [0, 0]}) is None, name
    assert component._dropped({"at": [0, 0]}) is None


def test_branches():
    assert component._branch({"path": []}) == ((),)
    assert component._branch({"path": ["rosa", "<b>"]}) == (("rosa", "<b>"),)
    for path in (None, "rosa", ["rosa", 1], [["rosa"]], {"rosa": 1}, [None], [True]):
        assert component._branch({"path": path}) is None, path
    for value in (None, ["rosa"], "rosa", {}):
        assert component._branch(value) is None, value
