"""Curves, rings, handles and the grid of the disk, read back from the canvas they are drawn on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hypuml.figures import Dots
from hypuml.figures.grid import _emptiest, ring_distances
from hypuml.geometry import geodesic, mobius_add
from tests.support.disk_canvas import (
    HOME,
    MOVED,
    PRELUDE,
    SLANTED,
    at_pixels,
    close_up,
    distance_to,
    in_frame,
    pixels,
    polar,
    red,
    shown,
)
from tests.support.disk_page import disk_page  # noqa: F401

pytestmark = pytest.mark.browser


@pytest.fixture
def page(disk_page):  # noqa: F811
    opened = disk_page()
    opened.evaluate(PRELUDE)
    return opened


def colours(page, shapes: list[Any], look: dict[str, Any], where: np.ndarray, **stage: Any) -> Any:
    """RGBA ``[N, 4]`` at pixels ``[N, 2]`` after drawing shapes."""
    found = page.evaluate(
        """({shapes, look, where, options}) => {
          const {at} = paint((ctx) => S.drawShapes(ctx, shapes, stage(look, options)));
          return where.map(at);
        }""",
        {"shapes": shapes, "look": look, "where": where.tolist(), "options": stage},
    )
    return np.array(found).reshape(-1, 4)


PAIRS = [
    ([-0.55, 0.25], [0.5, 0.45]),
    ([-0.8, -0.3], [0.1, -0.85]),
    ([0.6, 0.1], [-0.6, -0.1]),  # through the origin: straight at rest
    ([0.30, 0.2], [0.6001, 0.4]),  # all but through the origin: a very large circle
    ([0.93, 0.0], [0.0, 0.93]),
]


@pytest.mark.parametrize("look", [HOME, MOVED, SLANTED], ids=["home", "moved", "slanted"])
def test_geodesics_bend_and_straight_lines_of_the_base_picture_do_not(page, look) -> None:
    t = np.linspace(0.02, 0.98, 401)
    for z, w in (np.array(pair) for pair in PAIRS):
        ways = {
            "geodesic": geodesic(z, w, t, 1.0),
            "line": (1 - t)[:, None] * z + t[:, None] * w,
        }
        for kind, other in (("geodesic", "line"), ("line", "geodesic")):
            shape = {"type": kind, "from": z.tolist(), "to": w.tolist(), "width": 3}
            for view in (look, close_up(look, ways[kind][200], 40.0)):
                on, off = (at_pixels(view, ways[name]) for name in (kind, other))
                off = off[in_frame(off) & (distance_to(off, on) > 12)]
                on = on[in_frame(on)]
                assert len(on) > 4
                found = colours(page, [shape], view, np.concatenate([on, off]))
                assert red(found[: len(on)]).all(), f"{kind} {z} {w} not on its way"
                assert not found[len(on) :, 3].any(), f"{kind} {z} {w} elsewhere"


def test_a_whole_geodesic_goes_on_to_the_rim_and_nothing_leaves_the_disk(page) -> None:
    z, w = np.array([-0.3, 0.2]), np.array([0.2, 0.4])
    on = at_pixels(MOVED, geodesic(z, w, np.array([-2.0, -1.0, 2.0, 3.0]), 1.0))
    shape = {"type": "geodesic", "from": z.tolist(), "to": w.tolist(), "width": 3}
    assert red(colours(page, [shape | {"whole": True}], MOVED, on)).all()
    assert not colours(page, [shape], MOVED, on)[:, 3].any()
    outside = page.evaluate(
        """(look) => {
          const shapes = [
            {type: "geodesic", from: [0.1, 0], to: [0, 0.5], whole: true, width: 9},
            {type: "ring", distance: 9, width: 9}, {type: "ball", distance: 9},
            {type: "line", from: [-0.999, 0], to: [0, 0.999], width: 9},
          ];
          const {at} = paint((ctx) => S.drawShapes(ctx, shapes, stage(look)));
          let painted = 0;
          for (let x = 0.25; x < 400; x += 0.5) for (let y = 0.25; y < 400; y += 0.5) {
            if (Math.hypot(x - 200, y - 200) > 181 && at([x, y])[3]) painted += 1;
          }
          return painted;
        }""",
        MOVED,
    )
    assert outside == 0


@pytest.mark.parametrize("look", [HOME, MOVED, SLANTED], ids=["home", "moved", "slanted"])
@pytest.mark.parametrize("centre", [None, [0.4, 0.5]])
def test_rings_and_balls_keep_their_true_distance(page, look, centre) -> None:
    unit, distance = 0.8, 1.5
    place = np.array(centre or [0.0, 0.0])
    turn = np.linspace(0.0, 2 * np.pi, 24, endpoint=False)
    on, within, beyond = (
        at_pixels(look, mobius_add(place, polar(np.tanh(unit * d / 2), turn), 1.0))
        for d in (distance, 0.7 * distance, 1.4 * distance)
    )
    clear = distance_to(within, on) > 6, distance_to(beyond, on) > 6
    shape = {"distance": distance} | ({"centre": centre} if centre else {})
    layout = {"name": "origin", "unit": unit}
    where = np.concatenate([on, within[clear[0]], beyond[clear[1]]])
    n, m = len(on), len(on) + clear[0].sum()

    found = colours(page, [shape | {"type": "ring", "width": 3}], look, where, layout=layout)
    assert red(found[:n]).all()
    assert not found[n:, 3].any()
    found = colours(page, [shape | {"type": "ball"}], look, where, layout=layout)
    assert ((found[n:m, 3] > 20) & (found[n:m, 3] < 80)).all(), "a ball is filled, translucent"
    assert not found[m:, 3].any()

    nothing = {"name": "umap", "unit": None}  # distances mean nothing there
    both = [shape | {"type": kind} for kind in ("ring", "ball")]
    assert not colours(page, both, look, where, layout=nothing)[:, 3].any()


def test_paths_trees_dots_and_arrows(page) -> None:
    nodes = [[0.1, 0.1], [0.6, 0.3], [-0.2, 0.7], [0.8, 0.1]]
    parents = [-1, 0, 0, 1]
    tree = {"type": "tree", "nodes": nodes, "parents": parents, "colour": "accent", "width": 3}
    middles = [
        geodesic(np.array(nodes[p]), np.array(nodes[i]), 0.5, 1.0)
        for i, p in enumerate(parents)
        if p >= 0
    ]
    assert red(colours(page, [tree], MOVED, at_pixels(MOVED, middles + nodes))).all()
    unlinked = geodesic(np.array(nodes[2]), np.array(nodes[3]), 0.5, 1.0)
    assert not red(colours(page, [tree], MOVED, at_pixels(MOVED, [unlinked]))).any()

    path = {"type": "path", "through": nodes[:3], "width": 3, "arrow": True}
    z, w = (shown(MOVED, node) for node in nodes[1:3])
    tip = pixels(MOVED, w)
    ahead = tip - pixels(MOVED, geodesic(z, w, 0.999, 1.0))
    ahead /= np.linalg.norm(ahead)
    # A head is wider than its line: 9 px before the tip, 3 px to either side of the middle.
    sides = [tip - 9 * ahead + s * 3 * np.array([-ahead[1], ahead[0]]) for s in (-1, 1)]
    assert red(colours(page, [path], MOVED, np.array(sides))).all()
    plain = colours(page, [path | {"arrow": False}], MOVED, np.array(sides))
    assert not red(plain).any()

    dot = {"type": "dot", "at": [0.3, 0.3], "size": 16}
    middle = at_pixels(HOME, [dot["at"]])
    rim = middle + np.array([8.0, 0.0])
    assert red(colours(page, [dot], HOME, middle)).all()
    assert not colours(page, [dot | {"hollow": True}], HOME, middle)[:, 3].any()
    assert red(colours(page, [dot | {"hollow": True}], HOME, rim)).all()


def test_what_has_no_place_is_left_out(page) -> None:
    lost = {"row": 99}
    shapes = [
        {"type": "geodesic", "from": [0, 0], "to": lost, "label": "a"},
        {"type": "line", "from": lost, "to": [0, 0.5], "label": "b"},
        {"type": "path", "through": [[0, 0], lost, [0.5, 0]], "arrow": True, "label": "c"},
        {"type": "path", "through": [[0.2, 0.2]], "label": "d"},
        {"type": "ring", "centre": {"query": True}, "distance": 1, "label": "e"},
        {"type": "ball", "centre": {"handle": "gone"}, "distance": 1, "label": "f"},
        {"type": "tree", "nodes": [[0, 0], lost], "parents": [-1, 0], "names": ["g", "h"]},
        {"type": "dot", "at": lost, "label": "i"},
        {"type": "geodesic", "from": [0.1, 0.1], "to": [0.1, 0.1], "label": "k"},
        {"type": "of a later version"},
    ]
    painted = page.evaluate(
        """({shapes, look}) => {
          const {data, written} = paint((ctx) => S.drawShapes(ctx, shapes, stage(look)));
          return [data.some(Boolean), written];
        }""",
        {"shapes": shapes, "look": MOVED},
    )
    assert painted == [False, []]


def test_handles_are_found_where_they_are_now_and_missed_elsewhere(page) -> None:
    shapes = [
        {"type": "handle", "id": "a", "at": [0.1, 0.1]},
        {"type": "handle", "id": "b", "at": [0.5, -0.2]},
        {"type": "dot", "at": [-0.6, 0.0]},
        {"type": "handle", "id": "c", "at": [0.5, -0.2]},  # over b
        {"type": "handle", "id": "d", "at": [-0.3, -0.6]},  # held elsewhere just now
    ]
    held = {"d": [0.0, 0.7]}
    a, c, dot, old, now = at_pixels(
        MOVED, [[0.1, 0.1], [0.5, -0.2], [-0.6, 0], [-0.3, -0.6], [0, 0.7]]
    )
    shift = np.array([[12.0, 12.0], [13.0, 13.0], [0.0, 17.0]])
    asked = [a, a + shift[0], a + shift[1], c, c + shift[2], dot, old, now]
    found = page.evaluate(
        """({shapes, look, asked, held}) => asked.map(
          (px) => S.handleAt(px, shapes, stage(look, {handles: held})))""",
        {"shapes": shapes, "look": MOVED, "asked": np.array(asked).tolist(), "held": held},
    )
    assert found == ["a", "a", None, "c", "c", None, None, "d"]
    near = {"shapes": shapes[:2], "look": MOVED, "px": ((a + c) / 2 + 0.1 * (c - a)).tolist()}
    script = "({shapes, look, px}) => S.handleAt(px, shapes, stage(look), 500)"
    assert page.evaluate(script, near) == "b", "the nearest of two"
    assert red(colours(page, shapes, MOVED, np.array([a, now]), handles=held)).all()


def test_ring_distances_and_the_emptiest_direction_are_those_of_the_static_figure(page) -> None:
    random = np.random.default_rng(3)
    units = [0.07, 0.3, 0.5, 0.93, 1.0, 1.7, 4.2, 30.0]
    clouds = [polar(random.uniform(0, 0.95, n), random.normal(0, s, n))
              for n, s in ((1, 1), (40, 1), (400, 2), (3000, 9))]  # fmt: skip
    clouds.append(polar(np.full(48, 0.9), (np.arange(48) + 0.5) * np.pi / 24))  # none is emptiest
    found = page.evaluate(
        """({units, clouds}) => [
          units.map((unit) => G.ringDistances(unit)),
          clouds.map((xy) => G.emptiest({count: xy.length / 2, xy: Float32Array.from(xy)})),
        ]""",
        {"units": units, "clouds": [xy.ravel().tolist() for xy in clouds]},
    )
    blank = np.zeros((1, 2))
    for unit, distances in zip(units, found[0], strict=True):
        dots = Dots(blank, np.zeros(1), np.zeros(1), dilation=unit)
        assert 3 <= len(distances) <= 6
        if len(ring_distances(dots)) >= 3:  # there, two are possible
            assert distances == pytest.approx(ring_distances(dots), rel=1e-12)
    expected = [_emptiest(xy.astype(np.float32)) % (2 * np.pi) for xy in clouds]
    assert found[1] == pytest.approx(expected)


@pytest.mark.parametrize("layout", ["origin", "query", "umap"])
@pytest.mark.parametrize("look", [HOME, MOVED], ids=["home", "moved"])
def test_grid(page, look, layout) -> None:
    unit = None if layout == "umap" else 0.9
    turn = np.linspace(0.02, 2 * np.pi, 90, endpoint=False)
    ring = at_pixels(look, polar(np.tanh(unit * 2 / 2) if unit else 0.5, turn))
    ray = at_pixels(look, polar(np.linspace(0.05, 0.95, 30), np.pi / 6))
    rim = pixels(look, polar(1.0, turn))
    for exact in (True, False):
        found, written = page.evaluate(
            """({look, where, options}) => {
              const {at, written} = paint((ctx) => G.drawGrid(ctx, stage(look, options)));
              return [where.map(at), written];
            }""",
            {
                "look": look,
                "where": np.concatenate([rim, ring, ray]).tolist(),
                "options": {"layout": {"name": layout, "unit": unit}, "exact": exact,
                            "xy": [0.5, 0.1]},
            },
        )  # fmt: skip
        rgba = np.array(found)
        assert (rgba[:90, 1] > rgba[:90, 0] + 60).all(), "the rim"
        blue = rgba[90:, 2] > rgba[90:, 0] + 40
        if unit is None:
            assert not blue.any()
            assert not written
            continue
        # Numbers stand on plates, which hide a little of the lines.
        assert blue[:90].mean() > 0.8
        assert blue[90:].mean() > 0.8
        texts = [w["text"] for w in written]
        picture = [" of the picture" in text for text in texts]
        assert picture == [look is MOVED and not exact] + [False] * (len(texts) - 1)
        first = "1 from the query" if layout == "query" else "distance 1"
        assert texts[0].removesuffix(" of the picture") == first
        distances = [1.0] + [float(text) for text in texts[1:]]
        assert distances == sorted(set(distances))
        assert len(distances) >= 3
        for distance, word in zip(distances, written, strict=True):
            circle = at_pixels(look, polar(np.tanh(0.45 * distance), np.linspace(0, 7, 4000)))
            assert distance_to(np.array([[word["x"], word["y"]]]), circle)[0] < 1


def test_enlarging_and_moving_go_on_with_rings_of_the_same_step(page) -> None:
    home, zoomed, moved = page.evaluate(
        "() => [G.ringDistances(0.7), G.ringDistances(0.7, 20), G.ringDistances(0.7, 1, 3)]"
    )
    for more in (zoomed, moved):
        assert more[: len(home)] == home
        assert len(more) > len(home)
        assert np.diff(more) == pytest.approx(home[0])


def test_inset_shows_where_the_origin_went(page) -> None:
    for look in (HOME, MOVED, SLANTED):
        x, y = shown(look, [0.0, 0.0])
        at = [32 + 30 * x, 32 - 30 * y]
        found = page.evaluate(
            """({look, where}) => {
              const {at} = paint((ctx) => I.drawInset(ctx, stage(look), 64));
              return where.map(at);
            }""",
            {"look": look, "where": [at, [at[0], at[1] + 12], [1, 1], [32, 2]]},
        )
        dot, beside, corner, rim = np.array(found)
        assert red(dot[None]).all()
        assert not red(beside[None]).any()
        assert corner[3] == 0
        assert rim[1] > rim[0]
