"""Colours, highlighting and selection of the disk's points, beside NumPy twins."""

from __future__ import annotations

import json

import numpy as np
import pytest

from hypuml.figures.palette import THEMES, category_colours, uncertainty_colours, uncertainty_scale
from hypuml.types import NO_CLASS
from tests.support.disk_page import disk_page  # noqa: F401

pytestmark = pytest.mark.browser

PATHS = [["a", "x"], ["a", "y"], [], ["b"], ["a"], ["a › x"]]
GROUP = np.random.default_rng(0).integers(0, len(PATHS), 500)
CLOUD = {"count": len(GROUP), "paths": PATHS, "group": GROUP.tolist()}
# Runs BODY with the module as `m` and the argument as `given`.
RUN = """async (given) => {{
  const m = await import("/js/layers/colours.js");
  const said = async (act) => {{ try {{ await act(); return ""; }} catch (e) {{ return e.message; }} }};
  {body}
}}"""  # noqa: E501


def run(page, body: str, given=None):
    return page.evaluate(RUN.format(body=body), given)


def test_points_get_the_code_of_their_path(disk_page):  # noqa: F811
    codes = [2, 0, 1, 2, 0, 1]
    groups = {"names": ["p", "q", "r"], "codes": codes, "colours": ["#000000"] * 3}
    found = run(
        disk_page(),
        """
        given.cloud.group = Uint16Array.from(given.cloud.group);
        const codes = m.pointCodes(given.cloud, given.groups);
        const other = { ...given.groups, codes: [0, 1] };
        return [[...codes], codes.constructor.name, await said(() => m.pointCodes(given.cloud, other))];
        """,  # noqa: E501
        {"cloud": CLOUD, "groups": groups},
    )
    assert found[0] == np.array(codes)[GROUP].tolist()
    assert found[1] == "Uint16Array"
    assert found[2] == "the colours are of another gallery: 2 classes, expected 6"


def test_uncertainty_has_the_colour_that_python_gives_it(disk_page):  # noqa: F811
    rng = np.random.default_rng(1)
    low, high = 0.37, 0.59
    # Beyond both ends, at them, and exactly between two steps (where halves are rounded to even).
    u = np.concatenate([rng.uniform(0.2, 0.8, 3000), [low, high, 0, 1]]).astype(np.float32)
    halves = ((np.arange(512) + 0.5) / 512).astype(np.float32)
    scale = list(uncertainty_scale())
    steps, even, palette, degenerate = run(
        disk_page(),
        """
        const u = Float32Array.from(given.u);
        const halves = Float32Array.from(given.halves);
        return [
          [...m.uncertaintyCodes(u, given.low, given.high, 256)],
          [...m.uncertaintyCodes(halves, 0, 1, 513)],
          [...m.paletteBytes(given.scale)],
          [...m.uncertaintyCodes(Float32Array.of(0.25, 0.5, 0.75), 0.5, 0.5, 256)],
        ];
        """,
        {"u": u.tolist(), "halves": halves.tolist(), "low": low, "high": high, "scale": scale},
    )
    assert [scale[step] for step in steps] == uncertainty_colours(u, low, high)
    assert even == np.rint(512 * halves.astype(np.float64)).astype(int).tolist()
    as_css = [f"rgb({r}, {g}, {b})" for r, g, b, a in np.reshape(palette, (-1, 4)) if a == 255]
    assert as_css == scale
    assert degenerate == [0, 0, 255]


def test_palettes_are_bytes_of_any_css_colour(disk_page):  # noqa: F811
    names = list(category_colours([str(i) for i in range(60)], "dark").values())
    page = disk_page()
    found = run(
        page,
        """
        const wrong = [];
        for (const css of ["", "no", "#12", "rgb(1,2)", "red; x", "url(x)", "rgb(1.2.3, 0, 0)"]) {
          wrong.push(await said(() => m.paletteBytes([css])));
        }
        return [[...m.paletteBytes(given)], [...m.paletteBytes([])], wrong];
        """,
        [*names, THEMES["light"].rejected, "tomato", "hsl(120 100% 50%)", "#FfF", "transparent",
         "rgb(1 2 3 / 40%)"],
    )  # fmt: skip
    colours = np.reshape(found[0], (-1, 4)).tolist()
    assert [f"#{r:02x}{g:02x}{b:02x}" for r, g, b, _ in colours[:60]] == names
    assert colours[60:64] == [[110, 126, 134, 140], [255, 99, 71, 255], [0, 255, 0, 255], [255] * 4]
    assert colours[64] == [0, 0, 0, 0]
    assert colours[65] == [1, 2, 3, 102]
    assert found[1] == []
    bad = ["", "no", "#12", "rgb(1,2)", "red; x", "url(x)", "rgb(1.2.3, 0, 0)"]
    assert found[2] == [f"not a colour: {css}" for css in bad]


def test_highlight_dims_what_is_not_below_the_branch(disk_page):  # noqa: F811
    flags = np.random.default_rng(2).integers(0, 8, len(GROUP))
    chosen = [[], ["a"], ["a", "x"], ["a › x"], ["nowhere"], ["a", "x", "more"], [NO_CLASS]]
    found = run(
        disk_page(),
        """
        given.cloud.group = Uint32Array.from(given.cloud.group);
        return given.chosen.map((path) => {
          const flags = Uint8Array.from(given.flags);
          m.highlightFlags(given.cloud, path, flags);
          return [...flags];
        });
        """,
        {"cloud": CLOUD, "flags": flags.tolist(), "chosen": chosen},
    )
    # An empty path is an image without a class: it is below no branch but the whole.
    for path, changed in zip(chosen, found, strict=True):
        dim = np.array([PATHS[g][: len(path)] != path for g in GROUP])
        np.testing.assert_array_equal(changed, (flags & ~1) | dim)


def test_selection_marks_these_rows_and_no_others(disk_page):  # noqa: F811
    flags = np.random.default_rng(3).integers(0, 8, 40)
    rows = [0, 39, 7, 7, 40, -1, 1000000]
    some, none = run(
        disk_page(),
        """
        return [given.rows, []].map((rows) => {
          const flags = Uint8Array.from(given.flags);
          m.setSelected(flags, Int32Array.from(rows));
          return [...flags];
        });
        """,
        {"flags": flags.tolist(), "rows": rows},
    )
    expected = flags & ~2
    assert none == expected.tolist()
    expected[[0, 39, 7]] |= 2
    assert some == expected.tolist()


def test_groups_are_asked_for_once_and_failures_are_not_kept(disk_page):  # noqa: F811
    good = {"names": ["<b>a</b>"], "codes": [0, 0], "colours": ["#010203"]}
    files = {"/groups.json": b"{"}
    page = disk_page(files)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    ask = 'return m.fetchGroups("/groups.json").catch((e) => e.message);'
    wrong = "The colours could not be loaded: the answer is not a list of groups"
    assert run(page, ask) == wrong
    for broken in (
        None, [], {}, {**good, "codes": None}, {**good, "names": [1]}, {**good, "codes": [1]},
        {**good, "codes": [-1]}, {**good, "codes": [0.5]}, {**good, "colours": []},
        {**good, "colours": [3]},
    ):  # fmt: skip
        files["/groups.json"] = json.dumps(broken).encode()
        assert run(page, ask) == wrong, broken
    files["/groups.json"] = json.dumps(good).encode()
    asked.clear()
    both = """
      const [a, b] = await Promise.all([given, given].map(m.fetchGroups));
      return [a, a === b];
    """
    assert run(page, both, "/groups.json") == [good, True]
    assert run(page, both, "/groups.json") == [good, True]
    assert len([url for url in asked if "groups" in url]) == 1
    refused = """
      window.fetch = async () => new Response("no", { status: 503 });
      const status = await m.fetchGroups("/other.json").catch((e) => e.message);
      window.fetch = async () => { throw new TypeError("Failed to fetch"); };
      return [status, await m.fetchGroups("/other.json").catch((e) => e.message)];
    """
    assert run(page, refused) == [
        "The colours could not be loaded: the server answered 503",
        "The colours could not be loaded: Failed to fetch",
    ]
