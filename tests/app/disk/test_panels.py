"""The panels around the disk (card, threshold, legend, table, colours), each by itself."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import numpy as np
import pytest

from app import retrieval
from app.disk.component import STYLES
from app.parts.text import percent
from hypuml.figures.palette import THEMES
from tests.support.browser_support import ROOT
from tests.support.disk_page import disk_page  # noqa: F401

pytestmark = pytest.mark.browser
CSS = [ROOT / "app" / "disk" / name for name in STYLES]
HOSTILE = '<img src=x onerror="window.pwned=1">&amp;"\'{row}'
PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")  # a 1 x 1 GIF
LIGHT = "color-scheme:light;background:#ffffff;--st-text-color:#16242b;"
DARK = "color-scheme:dark;background:#10181c;--st-text-color:#edf3f5;"
# Objects are built in the page; what they tell goes to window.told.
START = """async () => {
  document.body.style.margin = 0;
  document.body.innerHTML =
    "<div id=app><div class=hypdisk style='height:600px'><div class=stage tabindex=0></div>" +
    "<div class=strip></div></div></div>";
  window.told = [];
  window.tell = (name) => (value) => told.push([name, value]);
  const load = (name) => import(`/js/${name}.js`);
  const names = ["math/cut", "math/numbers", "layers/theme", "panels/dom", "panels/card",
    "panels/legend", "panels/table", "panels/threshold"];
  Object.assign(window, ...(await Promise.all(names.map(load))));
  window.stage = document.querySelector(".stage");
  window.strip = document.querySelector(".strip");
}"""
# A cloud of [x, y], u and class per image; `names` are paths.
CLOUD = """
  window.cloudOf = ({ xy, u, group, paths, unit = 1 }) => ({
    count: u.length, xy: Float32Array.from(xy.flat()), uncertainty: Float32Array.from(u),
    group: Uint16Array.from(group), paths, levels: [], unit, exact: false, umap: false,
    tiles: { side: 64, columns: 1, perTile: 1 },
  });
  window.sceneOf = (query, hits = []) => ({
    cloud: { card: "/card/{row}/{who}.json", picture: "/pic/{kind}/{row}.gif" }, hits,
    query, threshold: { value: 0.5 },
  });
"""


@pytest.fixture
def panels(disk_page):  # noqa: F811
    """A page with everything from the panels' modules as globals, and the disk's style sheet."""

    def open_page(**options: Any) -> Any:
        pictures = {
            f"/pic/{kind}/{i}.gif": PIXEL for kind in ("thumb", "picture") for i in range(70)
        }
        page = disk_page(files=pictures, **options)
        for sheet in CSS:
            page.add_style_tag(path=str(sheet))
        page.evaluate(START)
        page.evaluate(CLOUD)
        return page

    return open_page


def test_numbers_are_written_as_python_writes_them(panels):
    rng = np.random.default_rng(0)
    shares = [0, 1, 0.001, 0.004999, 0.005, 0.995, 0.99951, 0.125, 0.375, 0.825, 0.0049]
    shares += rng.random(300).tolist() + (np.arange(0, 400) / 400).tolist()
    values = [0.0625, 0.1875, 0.5, 1.5, 2.5, 0.35, 0.25, 2.675, *(4 * rng.random(200)).tolist()]
    got = panels().evaluate(
        """([shares, values]) => [shares.map(percent), values.map((v) => fixed(v, 3)),
          values.map((v) => fixed(v, 1)), values.map((v) => fixed(v, 0)), count(1912)]""",
        [shares, values],
    )
    assert got[0] == [percent(share) for share in shares]
    for digits, written in zip((3, 1, 0), got[1:4], strict=True):
        assert written == [f"{value:.{digits}f}" for value in values]
    assert got[4] == "1,912"


def test_kept_is_counted_as_numpy_counts_it(panels):
    rng = np.random.default_rng(1)
    cuts = [0.0, 0.5, 0.3333, *np.round(rng.random(60), 3).tolist()]
    limits = np.float32(np.array(cuts) + 5e-4)
    edge = [limits, np.nextafter(limits, np.float32(2)), np.nextafter(limits, np.float32(-2))]
    u = np.concatenate([*edge, *edge, rng.random(2000).astype(np.float32)]).astype(np.float32)
    got = panels().evaluate(
        """([u, cuts]) => {
          const sorted = Float32Array.from(u).sort();
          const limits = cuts.map(keepLimit);
          const naive = (i) => u.filter((v) => v <= limits[i]).length;
          return cuts.map((cut, i) => [keptCount(sorted, cut), naive(i)]);
        }""",
        [u.tolist(), cuts],
    )
    expected = [int(retrieval.keep_mask(u, cut).sum()) for cut in cuts]
    assert got == [[n, n] for n in expected]
    # Without the rounding to float32 some of these would be counted differently.
    assert expected != [int((u.astype(np.float64) <= cut + 5e-4).sum()) for cut in cuts]


def test_histogram_is_numpys(panels):
    u = np.random.default_rng(2).beta(4, 6, 5000).astype(np.float32)
    lo, hi = retrieval.bounds(u)
    script = "([u, lo, hi]) => [...histogram(Float32Array.from(u), lo, hi)]"
    page = panels()
    got = page.evaluate(script, [u.tolist(), lo, hi])
    assert got == np.histogram(u, bins=60, range=(lo, hi))[0].tolist()
    assert sum(page.evaluate(script, [[0.5, 0.5, 0.5], 0.49, 0.5])) == 3  # the last bin is closed


def threshold_on(page: Any, u: np.ndarray, value: float = 0.5) -> dict[str, Any]:
    lo, hi = retrieval.bounds(u)
    cut = {"value": value, "low": lo, "high": hi, "step": 0.005, "says": "Recall@1 0.858"}
    page.evaluate(
        """([u, cut]) => {
          window.data = { ...cut, detail: "why", palette: ["#123", "#fed"], range: [0, 1],
            uncertainty: Float32Array.from(u) };
          window.cut = new Threshold(strip, { onMove: tell("move"), onCommit: tell("commit") });
          window.cut.update(data);
        }""",
        [u.tolist(), cut],
    )
    return cut


def told(page: Any) -> list[Any]:
    return page.evaluate("told.splice(0)")


def kept_text(page: Any) -> str:
    return page.locator(".kept").inner_text()


def test_threshold_from_the_keyboard(panels):
    u = np.random.default_rng(3).beta(4, 6, 2400).astype(np.float32)
    page = panels()
    page.clock.install(time=0)
    page.clock.pause_at(1000)  # time passes below alone, however busy the machine is
    cut = threshold_on(page, u)
    kept = int(retrieval.keep_mask(u, 0.5).sum())
    share = percent(kept / 2400)
    assert re.split(r"\s{2,}|\n", kept_text(page)) == [
        f"kept {kept:,} of 2,400",
        f"coverage {share}",
        "Recall@1 0.858",
    ]
    slider = page.get_by_role("slider", name="Reject queries")
    slider.focus()
    for key, value in [
        ("ArrowRight", 0.505),
        ("ArrowUp", 0.51),
        ("ArrowLeft", 0.505),
        ("PageDown", 0.455),
        ("PageUp", 0.505),
        ("Home", cut["low"]),
        ("End", cut["high"]),
    ]:
        slider.press(key)
        assert told(page) == [["move", pytest.approx(value, abs=1e-12)]]
        assert slider.get_attribute("aria-valuenow") == f"{value:g}"
        n = int(retrieval.keep_mask(u, value).sum())
        assert slider.get_attribute("aria-valuetext") == f"{value:.3f}, keeps {n:,} of 2,400"
        assert f"kept {n:,} of" in kept_text(page)
    assert n == 2400
    assert "coverage 100 %" in kept_text(page)
    assert page.locator(".says.stale").count() == 1
    page.clock.run_for(380)
    assert told(page) == [["commit", cut["high"]]]  # once, after the last key
    slider.press("ArrowRight")  # it is at the end already
    page.clock.run_for(380)
    assert told(page) == []
    page.evaluate("cut.update({ ...data, value: data.high, says: 'Recall@1 0.9' })")
    assert page.locator(".says.stale").count() == 0
    slider.press("ArrowLeft")
    slider.evaluate("element => element.blur()")  # leaving does not lose it
    assert [name for name, _ in told(page)] == ["move", "commit"]


def test_threshold_by_pointer(panels):
    u = np.random.default_rng(4).beta(4, 6, 900).astype(np.float32)
    page = panels()
    cut = threshold_on(page, u)
    box = page.locator(".bars").bounding_box()
    strip = page.locator(".cut").bounding_box()
    assert strip["height"] >= 24

    def at(value: float) -> tuple[float, float]:
        share = (value - cut["low"]) / (cut["high"] - cut["low"])
        return box["x"] + share * box["width"], box["y"] + 4

    page.mouse.move(*at(0.4))  # anywhere on the strip, not only at the handle
    page.mouse.down()
    page.mouse.move(*at(0.3), steps=3)
    values = [value for name, value in told(page) if name == "move"]
    assert values[0] == 0.4
    assert values[-1] == 0.3
    assert len(values) >= 2
    # Python repeats itself or says something new while the hand is there: it stays.
    page.evaluate("cut.update(data); cut.update({ ...data, value: 0.45 })")
    assert page.evaluate("cut.value") == 0.3
    page.mouse.up()
    assert told(page) == [["commit", 0.3]]
    page.evaluate("cut.update({ ...data, value: 0.45 })")  # begun before ours was heard
    assert page.evaluate("cut.value") == 0.3
    page.evaluate("cut.update({ ...data, value: 0.3 }); cut.update({ ...data, value: 0.35 })")
    assert page.evaluate("cut.value") == 0.35  # news

    page.mouse.move(*at(0.35))
    page.mouse.down()
    page.mouse.move(*at(0.6))
    page.mouse.move(*at(0.35))
    page.mouse.up()
    assert [name for name, _ in told(page)].count("commit") == 0  # where it was
    page.mouse.down()
    page.mouse.move(*at(0.6))
    page.keyboard.press("Escape")
    page.mouse.up()
    assert told(page)[-1] == ["move", 0.35]
    # Beyond both ends
    page.mouse.down()
    page.mouse.move(-50, 5)
    assert page.evaluate("cut.value") == cut["low"]
    assert "coverage 0 %" in kept_text(page)
    page.mouse.move(5000, 5)
    assert page.evaluate("cut.value") == cut["high"]
    assert "coverage 100 %" in kept_text(page)
    page.mouse.up()
    inside = page.evaluate(
        """() => [0, 0.5, 1].every((share) => {
          cut.setValue(data.low + share * (data.high - data.low));
          const value = document.querySelector(".value").getBoundingClientRect();
          const all = document.querySelector(".cut").getBoundingClientRect();
          return value.left >= all.left - 1 && value.right <= all.right + 1;
        })"""
    )
    assert inside
    assert told(page)[-1][0] == "commit"


def test_card_stands_beside_its_point_and_still(panels):
    page = panels(viewport={"width": 800, "height": 640})
    page.evaluate(
        """(name) => {
          const n = 60;
          window.c = cloudOf({ xy: Array(n).fill([0, 0]), u: Array(n).fill(0.4375 + 1e-4),
            group: Array.from({ length: n }, (_, i) => i % 3),
            paths: [["Rosales", "Rosaceae", name], [], ["Rosa"]] });
          window.s = sceneOf({ who: "q/7", row: 1 });
          window.answers = {};
          window.asked = [];
          window.fetch = (url) => new Promise((resolve, reject) => {
            asked.push(url);
            answers[url] = (facts) => facts ? resolve(new Response(JSON.stringify(facts)))
              : reject(new TypeError("no network"));
          });
          window.card = new Card(stage);
          window.show = (row, px, more) => card.show(row, px, { cloud: c, scene: s,
            distance: null, ...more });
          window.box = () => {
            const b = card.element.getBoundingClientRect();
            return [b.left, b.top, b.right, b.bottom];
          };
          window.values = () => [...card.element.querySelectorAll("dd")].map((d) => d.textContent);
        }""",
        HOSTILE,
    )
    for width, height in ((800, 640), (390, 640), (330, 700), (700, 340)):
        page.set_viewport_size({"width": width, "height": height})
        for x in (2, width / 2, width - 2):
            for y in (2, height / 2, height - 2):
                left, top, right, bottom = page.evaluate(
                    "p => (card.hide(), show(0, p), box())", [x, y]
                )
                assert left >= 0
                assert top >= 0
                assert right <= width
                assert bottom <= height
                assert not (left <= x <= right and top <= y <= bottom), (width, x, y)
    page.set_viewport_size({"width": 800, "height": 640})

    # As text, whatever it is called; never taken for an address either.
    assert page.locator(".hypdisk-card .name").inner_text() == HOSTILE
    assert page.locator(".hypdisk-card .trail").inner_text() == "Rosales › Rosaceae"
    assert page.evaluate("window.pwned") is None
    assert page.locator(".hypdisk-card img").count() == 1
    assert page.evaluate("values()") == ["0.438", "…", "…", "…"]
    assert set(page.evaluate("asked.splice(0)")) == {"/card/0/q%2F7.json"}

    # The same row again, the pointer somewhere else: nothing at all happens.
    changes = page.evaluate(
        """async () => {
          let changes = 0;
          const watch = { attributes: true, childList: true, characterData: true, subtree: true };
          await new Promise((done) => setTimeout(done, 60)); // the larger picture has come
          const observer = new MutationObserver((list) => (changes += list.length));
          observer.observe(card.element, watch);
          show(0, [300, 200]);
          for (let i = 0; i < 20; i += 1) show(0, [300 + i, 200 - i]);
          await new Promise((done) => setTimeout(done));
          return changes;
        }"""
    )
    assert changes == 0
    facts_ = {"id": "a", "path": [], "u": 0.4, "d0": 3.14159, "distance": 12.345,
              "confidence": 0.9951, "reason": ""}  # fmt: skip
    before = page.evaluate("box()")
    page.evaluate("facts => answers['/card/0/q%2F7.json'](facts)", facts_)
    page.wait_for_function("values()[1] !== '…'")
    assert page.evaluate("values()") == ["0.438", "3.14", "12.35", "> 0.99"]
    assert page.evaluate("box()") == before  # room was kept

    # An answer that comes too late is kept, not shown.
    page.evaluate("show(1, [300, 200]); show(2, [310, 200])")
    page.evaluate(
        "facts => answers['/card/1/q%2F7.json'](facts)", {**facts_, "d0": 1.0, "id": "b.jpg"}
    )
    page.evaluate("answers['/card/2/q%2F7.json'](null)")
    page.wait_for_function("values()[1] !== '…'")
    assert page.evaluate("values()") == ["0.438", "–", "–", "–"]
    assert page.locator(".hypdisk-card .trail").is_hidden()
    page.evaluate("asked.length = 0; show(1, [300, 200], { distance: 2, threshold: 0.4 })")
    assert page.evaluate("values()") == ["0.438", "1.00", "2.00", "> 0.99"]
    assert page.evaluate("asked") == []
    assert page.locator(".hypdisk-card .name").inner_text() == "no class"
    assert page.locator(".hypdisk-card .trail").inner_text() == "b.jpg"
    assert page.locator(".hypdisk-card .chip").is_visible()
    page.evaluate("show(0, [300, 200], { threshold: 0.438 })")  # half a thousandth is forgiven
    assert page.locator(".hypdisk-card .chip").is_hidden()
    page.evaluate("card.hide()")
    assert page.locator(".hypdisk-card").is_hidden()
    page.evaluate("card.destroy()")
    assert page.locator(".hypdisk-card").count() == 0


def table_on(page: Any, cloud: dict[str, Any], distances: list[float] | None, **more: Any) -> None:
    page.evaluate(
        """([cloud, distances, { query = null, hits = [], threshold = null }]) => {
          window.table ??= new Table(stage, { onQuery: tell("query"), onClose: tell("close") });
          window.c = cloudOf(cloud);
          window.d = distances && Float32Array.from(distances);
          window.given = { cloud: c, scene: sceneOf(query, hits), distances: d, threshold, hits };
          table.update(given);
          stage.focus();
          table.open();
        }""",
        [cloud, distances, more],
    )


def cells(page: Any) -> list[list[str]]:
    return page.evaluate(
        "[...document.querySelectorAll('.hypdisk tbody tr')].map((row) => "
        "[...row.cells].map((cell) => cell.innerText.replace(/\\s+/g, ' ').trim()))"
    )


def test_table_says_what_the_disk_shows(panels):
    rng = np.random.default_rng(5)
    n, unit = 60, 0.9
    u = np.round(rng.random(n), 2).astype(np.float32)  # with ties
    d0 = 4 * rng.random(n)
    radius, angle = np.tanh(unit * d0 / 2), 2 * np.pi * rng.random(n)
    xy = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).tolist()
    cloud = {"xy": xy, "u": u.tolist(), "group": [i % 2 for i in range(n)], "unit": unit,
             "paths": [["Rosales", HOSTILE], []]}  # fmt: skip
    page = panels()
    table_on(page, cloud, None, threshold=0.5)
    order = np.argsort(u, kind="stable")
    assert page.locator(".table caption").inner_text() == "All images, lowest uncertainty first"
    seen: list[list[str]] = []
    for shown in ("1–25 of 60", "26–50 of 60", "51–60 of 60"):
        assert page.locator(".pager").inner_text() == shown
        seen += cells(page)
        if page.get_by_label("Next page").is_enabled():
            page.get_by_label("Next page").click()
    names = {0: f"{HOSTILE} Rosales", 1: "no class"}
    keep = retrieval.keep_mask(u, 0.5)
    assert seen == [
        [str(i + 1), names[row % 2], f"{u[row]:.3f}", f"{d0[row]:.2f}",
         "kept" if keep[row] else "rejected", "", "query"]
        for i, row in enumerate(order.tolist())
    ]  # fmt: skip
    assert page.evaluate("window.pwned") is None
    # The last page has no next one: the focus goes on to the rows, not to nowhere.
    assert page.evaluate("document.activeElement.className") == "scroller"

    distances = rng.random(n).round(1).tolist()
    distances[7] = 0.0
    found = np.argsort(np.float32(distances), kind="stable").tolist()
    found.remove(7)
    hits = [{"row": found[0], "distance": distances[found[0]], "mark": "right"},
            {"row": found[1], "distance": distances[found[1]], "mark": "wrong"}]  # fmt: skip
    table_on(page, cloud, distances, hits=hits, query={"row": 7, "who": "7"})
    assert page.locator(".table caption").inner_text() == "All images, nearest to the query first"
    assert page.get_by_label("Previous page").is_disabled()  # another order begins at its beginning
    rows = cells(page)
    zeros = [row for row in range(n) if np.float32(distances[row]) == 0]
    assert [row[4] for row in rows[: len(zeros)]] == ["0.00"] * len(zeros)
    assert rows[zeros.index(7)][6:] == ["query", ""]
    answers = {row[6] for row in rows}
    assert {"1st, ✓ right", "2nd, ✕ wrong"} <= answers
    page.locator(".hypdisk tbody button").first.focus()
    page.keyboard.press("Enter")
    first = zeros[0] if zeros[0] != 7 else [*zeros[1:], found[0]][0]
    assert told(page) == [["query", first]]


def test_table_takes_the_focus_and_gives_it_back(panels):
    page = panels()
    cloud = {"xy": [[0, 0]] * 30, "u": [0.5] * 30, "group": [0] * 30, "paths": [["Rosa"]]}
    table_on(page, cloud, None)
    covers = page.evaluate(
        """() => {
          const [a, b] = [table.element, stage].map((e) => e.getBoundingClientRect());
          return Math.abs(a.width - b.width) + Math.abs(a.height - b.height) < 1;
        }"""
    )
    assert covers
    assert page.evaluate("document.activeElement.className") == "scroller"
    page.keyboard.press("PageDown")
    page.wait_for_function("document.querySelector('.scroller').scrollTop > 0")
    page.evaluate("document.querySelector('.hypdisk tbody button').focus(); table.update(given)")
    assert page.evaluate("table.element.contains(document.activeElement)")
    page.evaluate("addEventListener('keydown', () => told.push('escaped'))")
    page.keyboard.press("Escape")
    assert told(page) == [["close", None]]
    assert page.locator(".hypdisk .table").is_hidden()
    assert not page.evaluate("table.isOpen")
    assert page.evaluate("document.activeElement === stage")
    table_on(page, cloud, None)
    page.get_by_label("Close the table").click()
    assert told(page) == [["close", None]]
    table_on(page, {"xy": [], "u": [], "group": [], "paths": []}, None)
    assert page.locator(".pager").inner_text() == "0 of 0"


def test_legend_names_groups_and_hears_them(panels):
    page = panels()
    page.evaluate("window.legend = new Legend(stage, { onPick: tell('pick') })")
    page.evaluate(
        "legend.update({ kind: 'uncertainty', palette: ['#000', '#fff'], range: [0.387, 0.59] })"
    )
    words = page.locator(".legend").inner_text().split()
    assert " ".join(words) == "uncertainty u 0.39 sure unsure 0.59"

    draw = """([names, highlighted]) => legend.update({ kind: "groups", names, highlighted,
      colours: names.map(() => "#abc"), counts: names.map((_, i) => 1000 + (7 * i) % 60) })"""
    few = ["Rosa", HOSTILE, "Malus"]
    page.evaluate(draw, [few, None])
    assert page.locator(".legend .name").all_inner_texts() == few
    page.get_by_role("button", name="Rosa").focus()
    page.keyboard.press("Enter")
    page.evaluate(draw, [few, "Rosa"])  # pressed, and still focused
    assert page.evaluate("document.activeElement.getAttribute('aria-pressed')") == "true"
    assert page.locator(".legend [aria-pressed=true]").count() == 1
    page.keyboard.press("Space")
    assert told(page) == [["pick", "Rosa"], ["pick", "Rosa"]]
    assert page.evaluate("window.pwned") is None

    many = [f"class {i}" for i in range(60)]
    sizes = [1000 + (7 * i) % 60 for i in range(60)]
    page.evaluate(draw, [many, ["class 0"]])
    biggest = sorted(range(60), key=lambda i: (-sizes[i], i))
    shown = [f"class {i}" for i in biggest[:7]] + ["class 0"]  # what stands out is always there
    assert page.locator(".legend .name").all_inner_texts() == shown
    assert "and 52 more: use highlight" in page.locator(".legend").inner_text()
    page.locator(".legend summary").press("Enter")
    page.evaluate(draw, [many, None])
    assert page.locator(".legend ul").is_hidden()  # it stays folded


def test_theme_follows_the_page_and_not_the_system(panels):
    page = panels(color_scheme="dark")
    page.evaluate(
        "([style]) => (document.querySelector('#app').style.cssText = style, window.root ="
        " document.querySelector('.hypdisk'), window.changes = 0, "
        "window.stop = onThemeChange(root, () => (changes += 1)))",
        [LIGHT],
    )
    page.wait_for_timeout(100)
    light = page.evaluate("readTheme(root)")
    page.evaluate("changes = 0")
    page.evaluate("style => (document.querySelector('#app').style.cssText = style)", DARK)
    page.wait_for_function("changes === 1")
    dark = page.evaluate("readTheme(root)")
    assert not light["dark"]
    assert dark["dark"]
    assert light["ground"] == "rgb(255, 255, 255)"
    assert dark["ink"] == "rgb(237, 243, 245)"
    for name, theme in (("light", light), ("dark", dark)):
        for part in ("disk", "grid", "rim", "edge", "rejected"):
            assert theme[part] == getattr(THEMES[name], part), (name, part)
        assert theme["accent"] == page.evaluate("c => { const e = document.createElement('i'); "
            "e.style.color = c; return e.style.color }", THEMES[name].accent)  # fmt: skip
    # What the app defines goes before; a change that changes nothing is not told.
    page.evaluate("document.body.style.setProperty('--accent', 'light-dark(#ff0000, #00ff00)')")
    page.wait_for_function("changes === 2")
    assert page.evaluate("readTheme(root).accent") == "rgb(0, 255, 0)"
    page.evaluate("document.body.className = 'other'")
    page.wait_for_timeout(120)
    assert page.evaluate("changes") == 2
    page.evaluate("stop()")
    page.evaluate("style => (document.querySelector('#app').style.cssText = style)", LIGHT)
    page.wait_for_timeout(120)
    assert page.evaluate("changes") == 2
    assert not page.evaluate("readTheme(root).dark")
    grounds = ["#767676", "oklch(0.2 0.02 200)", "color(srgb 0.9 0.9 0.9)", "rgb(0 0 0 / 10%)"]
    seen = page.evaluate(
        "grounds => grounds.map((g) => (document.querySelector('#app').style.background = g, "
        "document.body.style.background = '#fff', readTheme(root).dark))",
        grounds,
    )
    assert seen == [False, True, False, False]


def test_text_has_contrast_in_both_themes(panels):
    page = panels()
    names = ("ink", "strong", "quiet", "accent", "alarm", "right")
    for style in (LIGHT, DARK):
        ratios = page.evaluate(
            """([style, names]) => {
              const app = document.querySelector("#app");
              app.style.cssText = style;
              const root = document.querySelector(".hypdisk");
              const light = (name) => {
                root.style.color = `var(--d-${name})`;
                return luminance(getComputedStyle(root).color);
              };
              const ground = light("ground");
              return names.map((name) => {
                const [low, high] = [light(name), ground].sort((a, b) => a - b);
                return (high + 0.05) / (low + 0.05);
              });
            }""",
            [style, names],
        )
        assert min(ratios) >= 4.5, dict(zip(names, ratios, strict=True))


def test_style_sheet_keeps_to_the_disk():
    text = "".join(sheet.read_text(encoding="utf-8") for sheet in CSS)
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    for selectors in re.findall(r"([^{};]+)\{", text):
        if selectors.strip().startswith("@"):
            continue
        for selector in re.split(r",(?![^(]*\))", selectors):
            assert re.match(r"\s*\.hypdisk(-card)?(?![\w-])", selector), selector
    assert json.dumps(text).isascii()
