"""A disk without a gallery in the real app: shapes, handles, views, and what Python hears.

Where something has to be drawn is worked out with hypuml.geometry and read back from the canvas.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from hypuml.geometry import geodesic, mobius_add
from tests.support.browser_support import ROOT, Server, Watched, running_app, watched_page
from tests.support.disk_app import (
    BLUE,
    END,
    GOLD,
    GREEN,
    HANDLES,
    MOVED,
    NAMES,
    PARENTS,
    RED,
    START,
    TREE,
    VIOLET,
)
from tests.support.disk_hook import SNAPSHOT, snapshot, to_screen, wait_for_disk

pytestmark = pytest.mark.browser
PATIENCE = 60_000  # ms; the machine may be busy
REST = 180  # ms after which a view has come to rest, as in js/disk.js

# Keeps what is written on any canvas.
LISTEN = """
const fillText = CanvasRenderingContext2D.prototype.fillText;
window.written = new Set();
CanvasRenderingContext2D.prototype.fillText = function (text, ...where) {
  window.written.add(text);
  return fillText.call(this, text, ...where);
};
"""
# Keeps, frame by frame, every place of a handle.
FOLLOW = f"""(name) => {{
  window.seen = new Set();
  const look = () => {{
    window.seen.add(JSON.stringify({SNAPSHOT}.handles[name]));
    requestAnimationFrame(look);
  }};
  look();
}}"""
FRAME = "() => new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)))"
# Whether something of a colour is drawn within 1.5 CSS pixels of each pixel of the page, on the
# canvas over the points.
DRAWN = """([pixels, colour]) => {
  const root = document.querySelector(".hypdisk");
  const canvas = root.querySelector("canvas.over"), { width, height } = canvas;
  const box = canvas.getBoundingClientRect(), ratio = width / box.width;
  const named = { accent: "var(--accent)", ink: "var(--st-text-color)", muted: "var(--quiet)" };
  const probe = document.createElement("span"), dot = document.createElement("canvas");
  root.append(probe);
  probe.style.color = named[colour] ?? colour;
  const pen = dot.getContext("2d");
  pen.fillStyle = getComputedStyle(probe).color;
  probe.remove();
  pen.fillRect(0, 0, 1, 1);
  const wanted = pen.getImageData(0, 0, 1, 1).data;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  const reach = Math.ceil(1.5 * ratio);
  return pixels.map(([left, top]) => {
    const [x, y] = [left - box.x, top - box.y].map((v) => Math.floor(v * ratio));
    for (let i = x - reach; i <= x + reach; i++) {
      for (let j = y - reach; j <= y + reach; j++) {
        const at = 4 * (width * j + i);
        const same = [0, 1, 2].every((k) => Math.abs(data[at + k] - wanted[k]) < 40);
        if (same && data[at + 3] > 200) return true;
      }
    }
    return false;
  });
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    script = ROOT / "tests" / "support" / "disk_app.py"
    # From the app's folder, where Streamlit finds the app's configuration.
    home = tmp_path_factory.mktemp("home")
    with running_app(home, script=script, cwd=ROOT / "app") as running:
        yield running


@pytest.fixture
def visit(browser, server) -> Iterator[Callable[..., Any]]:
    """Open the page; at the end of the test, make sure that nothing went wrong on it."""
    opened: list[Watched] = []

    def go(**options: Any) -> Any:
        seen = watched_page(browser, **options)
        opened.append(seen)
        page = seen.page
        page.set_default_timeout(PATIENCE)
        page.add_init_script(LISTEN)
        page.goto(server.url)
        wait_for_disk(page, "shot.scene")
        page.wait_for_selector(".st-key-runs")
        page.evaluate(FRAME)
        return page

    yield go
    for seen in opened:
        seen.page.context.close()
        seen.assert_clean()


def drawn(page: Any, points: Any, colour: str) -> float:
    """Share of points of the disk where something of this colour is drawn."""
    return float(np.mean(page.evaluate(DRAWN, [to_screen(page, points).tolist(), colour])))


def on_screen(page: Any, *points: Any) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in to_screen(page, points)]


def path_between(z: Any, w: Any, first: float = 0.1, last: float = 0.9) -> np.ndarray:
    return geodesic(np.array(z), np.array(w), np.linspace(first, last, 81), 1.0)


def circle(centre: Any, distance: float) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    around = np.tanh(distance / 2) * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    return mobius_add(np.array(centre), around, 1.0)


def everything(a: Any, b: Any, c: Any) -> dict[str, tuple[np.ndarray, str]]:
    """Points of each shape of `disk_app`, for handles at a, b, c, and the colour they are drawn in.

    Lines stop short of what lies over their ends.
    """
    t = np.linspace(0.1, 0.9, 81)[:, None]
    edges = [path_between(TREE[p], z) for p, z in zip(PARENTS, TREE, strict=True) if p >= 0]
    return {
        "shortest path": (path_between(a, b), BLUE),
        "straight line": ((1 - t) * np.array(a) + t * np.array(b), RED),
        "whole line": (path_between(b, c, -1.0, 2.0), "muted"),
        "ring": (circle(c, 0.7), VIOLET),
        "ball": (circle(a, 0.45), GOLD),
        "tree": (np.concatenate(edges), GREEN),
        "path": (
            np.concatenate([path_between(START, c), path_between(c, END)]),
            "ink",
        ),
        "dot": (np.array([START]), "accent"),
        "hollow dot": (np.array([END]), "var(--alarm)"),
        "handles": (np.array([a, b, c]), "accent"),
    }


def words(page: Any, key: str) -> str:
    return page.locator(f".st-key-{key}").inner_text().strip()


def runs(page: Any) -> int:
    return int(words(page, "runs").split()[1])


def heard(page: Any, name: str = "") -> list[Any]:
    return [said[1:] for said in json.loads(words(page, "heard")) if name in ("", said[0])]


def wait_for_runs(page: Any, count: int) -> None:
    page.wait_for_function(
        "(text) => document.querySelector('.st-key-runs').innerText.trim() === text",
        arg=f"runs {count}",
    )


def handle(page: Any, name: str) -> list[float]:
    return snapshot(page)["handles"][name]


def wait_for_handle(page: Any, name: str, place: Any) -> None:
    near = "Math.hypot(...[0, 1].map((i) => shot.handles[argument[0]][i] - argument[1][i])) < 1e-9"
    wait_for_disk(page, near, [name, list(place)])


def drag(page: Any, start: Any, end: Any, steps: int = 6) -> None:
    """Drag from one point of the disk to another, both as they are on the screen now."""
    (x0, y0), (x1, y1) = on_screen(page, start, end)
    page.mouse.move(x0, y0)
    page.mouse.down()
    page.mouse.move(x1, y1, steps=steps)
    page.mouse.up()


def view(page: Any) -> dict[str, Any]:
    return snapshot(page)["view"]


def is_home(page: Any) -> bool:
    now = view(page)
    move, still = now["move"], {"a": [1, 0], "b": [0, 0]}
    turned = max(abs(np.subtract(move[k], still[k])).max() for k in still)
    return bool(turned < 1e-9 and now["zoom"] == 1 and now["pan"] == [0, 0])


@pytest.mark.parametrize(
    "options", [{}, {"scheme": "dark", "width": 420, "height": 800}], ids=["light", "dark, narrow"]
)
def test_every_shape_is_drawn_where_it_belongs(visit, options):
    page = visit(**options)
    radius = snapshot(page)["frame"]["radius"]
    for name, (points, colour) in everything(*HANDLES.values()).items():
        if name == "hollow dot":  # its outline has a size in pixels, and no arrow ends above it
            points = np.array([[END[0], END[1] + side * 7 / radius] for side in (-1, 1)])
        assert drawn(page, points, colour) > 0.7, f"{name} is not there"  # labels lie over some
        if colour.startswith("#"):
            assert drawn(page, -points, colour) < 0.1, f"{name} is everywhere"
    written = set(page.evaluate("() => [...window.written]"))
    said = {"shortest path", "straight line", "ball 0.45", "distance 0.70", "from here", "a way"}
    assert said | {"A", "B", "C", "to there", *NAMES} <= written
    width = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert width <= 0


def test_what_hangs_on_a_handle_follows_every_frame_and_python_hears_the_drop_once(visit):
    page = visit()
    before = runs(page)
    a, b, c = (np.array(place) for place in HANDLES.values())
    end = np.array([-0.25, -0.3])
    old = everything(a, b, c)
    (x, y), *way = on_screen(page, a, *(a + t * (end - a) for t in np.linspace(0.1, 1, 10)))
    page.mouse.move(x, y)
    page.mouse.down()
    for px in way:
        page.mouse.move(*px)
        page.evaluate(FRAME)
        now = np.array(handle(page, "A"))
        assert on_screen(page, now)[0] == pytest.approx(px, abs=0.5)
        new = everything(now, b, c)
        for name in ("shortest path", "straight line", "ball"):
            points, colour = new[name]
            assert drawn(page, points, colour) > 0.7, f"{name} stays behind"
        assert drawn(page, [now], "accent") == 1
    for name in ("shortest path", "straight line", "ball"):
        assert drawn(page, *old[name]) < 0.2, f"{name} is still where it was"
    page.wait_for_timeout(300)  # longer than a message to Python and back takes
    assert (runs(page), heard(page)) == (before, [])

    page.mouse.up()
    wait_for_runs(page, before + 1)
    [[name, place]] = heard(page)
    assert name == "A"
    assert np.hypot(*(np.array(place) - end)) < 0.01
    page.wait_for_timeout(500)
    assert (runs(page), len(heard(page))) == (before + 1, 1)
    assert handle(page, "A") == place  # Python's echo moves nothing
    for other in ("B", "C"):
        assert handle(page, other) == list(HANDLES[other])


def test_a_handle_is_dropped_right_on_a_moved_disk_and_never_leaves_it(visit):
    page = visit()
    drag(page, (0.2, 0.15), (-0.2, 0.0))
    page.mouse.move(*on_screen(page, (0.3, 0.2))[0])
    page.mouse.wheel(0, -300)
    page.wait_for_timeout(REST + 300)
    count = runs(page)
    drag(page, HANDLES["B"], (0.35, 0.1))
    wait_for_runs(page, count + 1)
    [[name, place]] = heard(page, "handle")
    assert name == "B"
    assert np.hypot(*(np.array(place) - [0.35, 0.1])) < 0.01

    page.mouse.dblclick(*on_screen(page, (0.1, 0.1))[0])
    wait_for_disk(page, "shot.view.zoom === 1 && !shot.moving")
    wait_for_runs(page, count + 2)
    drag(page, place, (0.9, 0.8))
    wait_for_runs(page, count + 3)
    [_, [name, place]] = heard(page, "handle")
    assert name == "B"
    assert 0.9 < np.hypot(*place) < 1
    assert np.arctan2(*place) == pytest.approx(np.arctan2(0.9, 0.8), abs=0.02)


def test_python_moves_a_handle_and_is_followed_but_never_pulls_one_back(visit):
    page = visit()
    page.get_by_role("button", name="Move A").click()
    wait_for_handle(page, "A", MOVED)
    page.evaluate(FRAME)
    moved = everything(MOVED, HANDLES["B"], HANDLES["C"])
    assert drawn(page, *moved["shortest path"]) > 0.7
    assert drawn(page, *moved["ball"]) > 0.7
    page.get_by_role("button", name="Put all back").click()
    wait_for_handle(page, "A", HANDLES["A"])

    # Dropped twice before the first answer can be there: the answers are echoes, not orders.
    drag(page, HANDLES["A"], (-0.4, 0.0), steps=3)
    drag(page, handle(page, "A"), (-0.1, -0.1), steps=3)
    last = handle(page, "A")
    page.evaluate(FOLLOW, "A")
    page.wait_for_function(
        "(at) => document.querySelector('.st-key-heard').innerText.includes(at)",
        arg=json.dumps(last),
    )
    page.wait_for_timeout(500)
    assert heard(page, "handle")[-1] == ["A", last]
    assert page.evaluate("() => [...window.seen]") == [json.dumps(last, separators=(",", ":"))]
    assert handle(page, "A") == last

    # And back to where it was before anybody moved it.
    page.get_by_role("button", name="Put all back").click()
    wait_for_handle(page, "A", HANDLES["A"])


def test_another_scene_leaves_the_view_alone_and_a_double_click_brings_it_home(visit):
    page = visit()
    page.evaluate("() => { window.first = document.querySelector('.hypdisk .stage'); }")
    frames = snapshot(page)["frames"]
    drag(page, (0.2, 0.15), (-0.3, 0.1))
    page.mouse.wheel(0, -200)
    page.wait_for_timeout(REST + 400)
    there = view(page)
    assert not is_home(page)
    assert there["zoom"] > 1
    page.get_by_role("button", name="Another scene").click()
    wait_for_disk(page, "shot.scene.shapes.some((s) => s.type === 'ring' && s.dashed)")
    page.wait_for_timeout(REST + 400)
    assert view(page) == there
    same = page.evaluate("() => window.first === document.querySelector('.hypdisk .stage')")
    assert same, "the disk was built anew"
    assert snapshot(page)["frames"] > frames

    before = len(heard(page, "handle"))
    page.mouse.dblclick(*on_screen(page, (0.3, 0.1))[0])
    wait_for_disk(page, "shot.view.zoom === 1 && !shot.moving")
    assert is_home(page)
    page.wait_for_timeout(REST + 400)
    assert is_home(page)
    assert len(heard(page, "handle")) == before


def test_the_view_is_told_once_when_it_rests(visit):
    page = visit()
    before = runs(page)
    (x0, y0), (x1, y1) = on_screen(page, (0.2, 0.15), (-0.3, 0.1))
    page.mouse.move(x0, y0)
    page.mouse.down()
    page.mouse.move(x1, y1, steps=8)
    page.wait_for_timeout(REST + 300)
    assert (runs(page), heard(page)) == (before, []), "told although the button is held"
    page.mouse.up()
    wait_for_runs(page, before + 1)
    for _ in range(5):
        page.mouse.wheel(0, -60)
    wait_for_runs(page, before + 2)
    page.wait_for_timeout(500)
    assert runs(page) == before + 2
    packed = snapshot(page)["packed"]
    told = heard(page, "view")
    assert len(told) == 2
    assert told[-1] == packed
    assert told[0][1][:2] != [0, 0]
    assert told[0][1][3] == 1 < told[1][1][3]

    page.mouse.dblclick(x0, y0)
    wait_for_runs(page, before + 3)
    assert heard(page, "view")[-1] == ["origin", None]


HOSTILE = [
    [2, 0, 0, 1, 0, 0],  # outside the disk
    [0, 0, 0, 0, 0, 0],  # no size
    [0, 0, 0, 1e9, 0, 0],
    [0.1, 0, 0, 2, 1e6, 0],  # out of sight
    [0, 0, 1e300, 1, 0, 0],
    [0.1, 0.2],
    [],
    ["0.1", None, {}, [], True, "<b>"],
]


def test_python_may_ask_for_a_view_and_nonsense_is_no_view(visit):
    page = visit()
    field = page.get_by_label("View", exact=True)

    def ask(at: Any) -> None:
        page.evaluate("(at) => { window.asked = JSON.stringify(at); }", at)
        field.fill(json.dumps(at))
        field.press("Enter")
        wait_for_disk(page, "JSON.stringify(shot.scene.at) === window.asked")
        page.evaluate(FRAME)

    good = [0.31, -0.2, 0.5, 1.5, 0.1, -0.05]
    ask(good)
    assert snapshot(page)["packed"] == ["origin", good]
    for at in HOSTILE:
        ask(at)
        assert is_home(page), f"{at} was followed"
        assert drawn(page, *everything(*HANDLES.values())["shortest path"]) > 0.7
    ask(good)
    assert snapshot(page)["packed"] == ["origin", good]


def test_without_a_gallery_there_is_nothing_for_images(visit):
    page = visit()
    names = page.evaluate(
        "() => [...document.querySelectorAll('.hypdisk button')].filter((b) => b.offsetParent)"
        ".map((b) => b.getAttribute('aria-label') ?? b.title)"
    )
    assert len(names) == 1, names
    assert names[0].startswith("Home")
    page.locator(".hypdisk .stage").focus()
    for key in "lbptc":
        page.keyboard.press(key)
    shot = snapshot(page)
    assert (shot["tool"], shot["pictures"]) == ("move", None)


def test_a_second_finger_lets_go_of_a_handle_and_a_lost_press_holds_nothing(visit):
    page = visit()
    before = runs(page)
    fingers = page.context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        touches = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    start, there, other = on_screen(page, HANDLES["A"], (-0.3, 0.1), (0.2, -0.2))
    touch("touchStart", start)
    touch("touchMove", there)
    touch("touchStart", there, other)
    touch("touchEnd", there)
    touch("touchEnd")
    wait_for_runs(page, before + 1)
    [[name, place]] = heard(page, "handle")
    assert name == "A"
    assert np.hypot(*(np.array(place) - [-0.3, 0.1])) < 0.01
    assert handle(page, "A") == place

    touch("touchStart", on_screen(page, (0.1, 0.1))[0])
    touch("touchCancel")
    page.wait_for_timeout(50)
    assert not snapshot(page)["held"]


def test_handles_can_be_moved_with_keys_and_python_hears_when_they_rest(visit):
    page = visit()
    before = runs(page)
    page.locator(".hypdisk .stage").focus()
    page.keyboard.press("]")
    page.keyboard.press("]")
    page.wait_for_function(
        "() => document.querySelector('.hypdisk .live').textContent.startsWith('Handle B')"
    )
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    wait_for_runs(page, before + 1)
    [[name, place]] = heard(page)
    assert name == "B"
    assert place == pytest.approx([HANDLES["B"][0] - 5 * 0.03, HANDLES["B"][1]], abs=1e-6)
    assert is_home(page)
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowLeft")
    assert not is_home(page)
    assert handle(page, "B") == place
