"""The disk of the Explore room in a real browser: moving it, reading it, choosing on it."""

from __future__ import annotations

import csv
import io
import math
import re
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from hypuml.geometry import dist0
from hypuml.layout import around
from tests.support.disk_hook import (
    at_rest,
    points,
    snapshot,
    stage_origin,
    to_base,
    to_screen,
    wait_for_disk,
)
from tests.support.explore_page import (  # noqa: F401
    dot,
    kept_text,
    middle,
    nearest,
    rows,
    shipped_app,
    shipped_gallery,
    value_of,
    visit_explore,
    wait_for_query,
)

pytestmark = pytest.mark.browser


def drag(page: Any, *way: tuple[float, float]) -> None:
    page.mouse.move(*way[0])
    page.mouse.down()
    for stop in way[1:]:
        page.mouse.move(*stop, steps=6)
    page.mouse.up()


def tell(page: Any, name: str) -> str:
    """Wait for a value in the address."""
    page.wait_for_url(lambda url: f"{name}=" in url)
    return value_of(page, name)


def press(page: Any, *keys: str) -> None:
    page.locator(".hypdisk .stage").focus()
    for key in keys:
        page.keyboard.press(key)


def button(page: Any, name: str) -> Any:
    return page.locator(f".hypdisk .tool[aria-label^='{name}']")


def view_of(page: Any) -> dict[str, Any]:
    shot = snapshot(page)
    return shot["view"] | {"layout": shot["layout"]["name"]}


def point_at(page: Any, row: int) -> None:
    """Wait until the disk rings a row."""
    wait_for_disk(page, "shot.hovered === argument", row)


def inside(corners: np.ndarray, xy: np.ndarray) -> set[int]:
    """Rows of ``xy`` [N, 2] inside a polygon ``corners`` [M, 2], by the even-odd rule."""
    (x0, y0), (x1, y1) = corners.T[:, :, None], np.roll(corners, -1, axis=0).T[:, :, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = x0 + (xy[:, 1] - y0) / (y1 - y0) * (x1 - x0)
    crossed = ((y0 > xy[:, 1]) != (y1 > xy[:, 1])) & (xy[:, 0] < crossing)
    return set(np.flatnonzero(crossed.sum(axis=0) % 2).tolist())


def test_a_drag_keeps_the_grabbed_point_and_tells_python_once(shipped, visit):
    seen = visit(shipped)
    page = seen.page
    x, y = middle(page)
    start = (x + 60, y - 40)
    held = to_base(page, start)
    page.mouse.move(*start)
    page.mouse.down()
    before = len(seen.sent)
    for i in range(1, 25):
        at = (start[0] + 5 * i * math.cos(i / 4), start[1] + 5 * i * math.sin(i / 4))
        page.mouse.move(*at)
        assert math.dist(to_screen(page, held), at) < 0.5
    assert len(seen.sent) == before
    page.mouse.up()
    tell(page, "at")
    at_rest(page)
    page.wait_for_timeout(400)
    assert len(seen.sent) == before + 1
    assert page.locator(".hypdisk .inset").is_visible()

    # A rerun brings no geometry again, and does not pull the view back.
    view = view_of(page)
    page.get_by_role("button", name="Random").click()
    page.wait_for_timeout(1000)
    assert view_of(page) == view
    assert sum(path.endswith("points.safetensors") for path in seen.asked) == 1

    # Home by double-click on an empty place; the address forgets it.
    page.mouse.dblclick(x, y)
    page.wait_for_url(lambda url: "at=" not in url)
    assert page.locator(".hypdisk .inset").is_hidden()


def test_the_wheel_zooms_about_the_pointer(shipped, visit):
    page = visit(shipped).page
    x, y = middle(page)
    at = (round(x) + 150, round(y) + 150)  # a wheel's place comes in whole pixels
    held = to_base(page, at)
    page.mouse.move(*at)
    for _ in range(4):
        page.mouse.wheel(0, -240)
    at_rest(page)
    assert view_of(page)["zoom"] > 3
    assert math.dist(to_screen(page, held), at) < 0.5
    shown = page.locator(".hypdisk .shown").inner_text()
    inside, of = (int(n.replace(",", "")) for n in re.findall(r"[\d,]+", shown))
    assert 0 < inside < of == 2400
    button(page, "Home").click()
    page.wait_for_function(
        "() => document.querySelector('.shown').innerText.startsWith('2,400 of')"
    )


def test_a_click_with_shift_glides_there(shipped, visit):
    page = visit(shipped).page
    x, y = middle(page)
    place = to_base(page, (x - 100, y + 60))
    before = value_of(page, "query")
    page.keyboard.down("Shift")
    page.mouse.click(x - 100, y + 60)
    page.keyboard.up("Shift")
    tell(page, "at")
    at_rest(page)
    assert math.dist(to_screen(page, place), (x, y)) < 0.01
    assert value_of(page, "query") == before  # it was no question


def test_hovering_rings_at_once_and_shows_a_card_after_a_while(shipped, visit, gallery):
    seen = visit(shipped, f"/?query={gallery.ids[5]}")
    page, row = seen.page, 77
    before = len(seen.sent)
    page.mouse.move(*dot(page, row))
    row = snapshot(page)["hovered"]  # of several in one place, the upper one
    assert row >= 0
    card = page.locator(".hypdisk-card")
    card.locator(".name").wait_for()
    distances, _ = around(gallery.points, gallery.points[5], gallery.curvature)
    page.wait_for_function("() => !document.querySelector('.hypdisk-card').innerText.includes('…')")
    text = card.inner_text()
    assert gallery.labels[row] in text
    for number in (f"{gallery.uncertainty[row]:.3f}", f"{gallery.radius[row]:.2f}",
                   f"{distances[row]:.2f}"):  # fmt: skip
        assert number in text
    picture = card.locator("img")
    assert picture.evaluate("i => i.complete && i.naturalWidth > 0")
    box = card.bounding_box()
    assert box["x"] >= 0
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= 720
    page.mouse.move(*middle(page))
    card.wait_for(state="hidden")
    assert len(seen.sent) == before  # Python heard nothing


def test_pictures_and_dots_point_at_each_other(shipped, visit, gallery):
    page = visit(shipped, f"/?query={gallery.ids[5]}").page
    first = rows(page)[0]
    page.locator(".st-key-answers .tile").first.hover()
    point_at(page, first)
    page.mouse.move(*dot(page, first))
    pointed = snapshot(page)["hovered"]
    if pointed in rows(page):
        tile = page.locator(f'.st-key-answers .tile[data-row="{pointed}"]')
        assert "pointed" in tile.get_attribute("class")


def test_the_query_centred_view_holds_exactly_the_answers(shipped, visit, gallery):
    for row in (11, 1203):
        page = visit(shipped, f"/?query={gallery.ids[row]}&k=10").page
        wait_for_query(page, row)
        press(page, "c")
        assert tell(page, "view") == "query"
        at_rest(page)
        assert view_of(page)["layout"] == "query"
        drawn, shot = points(page), snapshot(page)
        x, y, radius = (shot["frame"][name] for name in ("cx", "cy", "radius"))
        away = np.hypot(drawn[:, 0] - x, drawn[:, 1] - y)
        answers = nearest(gallery, row, 10)
        others = np.setdiff1d(np.arange(len(gallery)), [*answers, row])
        (ring,) = [s for s in shot["scene"]["shapes"] if s["type"] == "ring"]
        circle = radius * np.tanh(shot["layout"]["unit"] * ring["distance"] / 2)
        assert away[row] < 1e-3
        assert (away[answers] <= circle + 1e-3).all()
        assert (away[others] > circle).all()
        assert "true distance to the query" in page.locator(".hypdisk .badge").inner_text()
        press(page, "c")
        page.wait_for_url(lambda url: "view=" not in url)
        at_rest(page)
        # All the way back.
        home = (points(page) - [x, y]) / [radius, -radius]
        np.testing.assert_allclose(home, gallery.xy, atol=1e-5)


def test_another_query_comes_to_the_middle_even_before_python_knows_of_the_turn(
    shipped, visit, gallery
):
    page = visit(shipped, f"/?query={gallery.ids[11]}").page
    wait_for_query(page, 11)
    press(page, "t")
    page.locator(".hypdisk table tbody button").nth(5).wait_for()
    distances, _ = around(gallery.points, gallery.points[11], gallery.curvature)
    other = int(np.argsort(distances, kind="stable")[6])  # the first row is the query, without one
    # Turned, and queried with another image at once: Python still believes in the former view.
    page.evaluate(
        """() => {
          document.querySelector(".hypdisk .layouts .query").click();
          document.querySelectorAll(".hypdisk table tbody button")[5].click();
        }"""
    )
    wait_for_query(page, other)
    wait_for_disk(page, "shot.scene.query.row === argument", other)
    tell(page, "view")
    wait_for_disk(page, "shot.resting && shot.layout.name === 'query'")
    frame = snapshot(page)["frame"]
    assert points(page)[other] == pytest.approx([frame["cx"], frame["cy"]], abs=1e-3)


def test_the_threshold_is_live_and_python_hears_of_it_once(shipped, visit, gallery):
    seen = visit(shipped)
    page = seen.page
    cut = page.locator(".hypdisk .cut").bounding_box()
    y = cut["y"] + 30
    page.mouse.move(cut["x"] + cut["width"] - 1, y)
    page.mouse.down()
    before, texts = len(seen.sent), set()
    for share in np.linspace(0.95, 0.3, 30):
        page.mouse.move(cut["x"] + share * cut["width"], y)
        texts.add(kept_text(page))
        value = float(page.locator(".hypdisk .cut").get_attribute("aria-valuenow"))
        keep = int((gallery.uncertainty <= value + 5e-4).sum())
        assert kept_text(page).startswith(f"kept {keep:,} of 2,400 coverage")
    assert len(texts) > 20
    assert len(seen.sent) == before
    page.mouse.up()
    page.wait_for_url(lambda url: f"threshold={value:g}" in url)
    page.wait_for_function("() => !document.querySelector('.kept .says').matches('.stale')")
    assert len(seen.sent) == before + 1
    keep = gallery.uncertainty <= value + 5e-4
    hits = gallery.search(gallery.points, 1, exclude=np.arange(len(gallery))).ids[:, 0]
    right = np.array([gallery.paths[i] == gallery.paths[h] for i, h in enumerate(hits)])
    assert f"Recall@1 {right[keep].mean():.3f}" in kept_text(page)


def test_a_lasso_still_holds_after_moving_and_can_be_exported(shipped, visit, gallery):
    page = visit(shipped).page
    x, y = middle(page)
    button(page, "Select with a lasso").click()
    corners = [
        (x + 150 * math.cos(a), y - 140 + 100 * math.sin(a)) for a in np.linspace(0, 6.2, 40)
    ]
    before = points(page) + stage_origin(page)
    drag(page, *corners)
    page.locator(".st-key-selection").wait_for()
    wait_for_disk(page, "shot.scene.selection.length")
    chosen = sorted(snapshot(page)["scene"]["selection"])
    ellipse = (((before - [x, y - 140]) / [150, 100]) ** 2).sum(axis=1)
    assert set(np.flatnonzero(ellipse < 0.95)) <= set(chosen) <= set(np.flatnonzero(ellipse < 1.05))
    assert len(chosen) > 20
    assert f"{len(chosen)} images" in page.locator(".st-key-selection").inner_text()

    # Moved, the outline encloses the same images.
    drag(page, (x, y), (x + 80, y + 110))
    tell(page, "at")
    at_rest(page)
    outline = to_screen(page, snapshot(page)["outline"])
    assert inside(outline, points(page) + stage_origin(page)) == set(chosen)

    with page.expect_download() as csv_file:
        page.get_by_role("button", name="CSV").click()
    table = csv_file.value.path().read_text(encoding="utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(table)))
    assert sorted(line["id"] for line in lines) == sorted(gallery.ids[row] for row in chosen)
    with page.expect_download() as parquet_file:
        page.get_by_role("button", name="Parquet").click()
    assert pq.read_table(parquet_file.value.path()).num_rows == len(chosen)

    press(page, "Escape")
    page.locator(".st-key-selection").wait_for(state="detached")
    wait_for_disk(page, "!shot.scene.selection.length")


def test_highlighting_a_branch_from_the_legend_and_by_name(shipped, visit, gallery):
    page = visit(shipped, "/?colour=order").page
    order = gallery.paths[0][0]
    page.locator(".hypdisk .legend button", has_text=order).click()
    assert tell(page, "highlight") == order
    wait_for_disk(page, "shot.scene.highlight.length && shot.resting")
    dim = np.array(snapshot(page)["flags"]) & 1
    assert dim.tolist() == [int(path[0] != order) for path in gallery.paths]
    wait_for_disk(page, "shot.names.length === 1")
    assert snapshot(page)["names"] == [order]
    page.locator(".hypdisk .legend button", has_text=order).click()
    page.wait_for_url(lambda url: "highlight=" not in url)


def test_the_free_layout_says_that_its_radius_means_nothing(shipped, visit, gallery):
    page = visit(shipped).page
    assert page.locator(".hypdisk .banner").is_hidden()
    assert "Radius is true distance" in page.locator(".hypdisk .badge").inner_text()
    page.get_by_role("button", name="free UMAP").click()
    assert tell(page, "view") == "umap"
    drawn = points(page)
    assert "radius not meaningful" in page.locator(".hypdisk .banner").inner_text()
    x, y, r = (snapshot(page)["frame"][name] for name in ("cx", "cy", "radius"))
    np.testing.assert_allclose((drawn - [x, y]) / [r, -r], gallery.umap_xy, atol=1e-5)
    page.locator(".hypdisk .layouts").get_by_role("button", name="origin").click()
    page.wait_for_url(lambda url: "view=" not in url)
    assert page.locator(".hypdisk .banner").is_hidden()


def test_everything_can_be_done_with_the_keyboard(shipped, visit, gallery):
    page = visit(shipped, f"/?query={gallery.ids[5]}").page
    press(page, "]", "]", "]")
    third = nearest(gallery, 5, 2)[1]
    point_at(page, third)
    said = page.locator(".hypdisk .live").inner_text()
    assert gallery.labels[third] in said
    assert f"uncertainty {gallery.uncertainty[third]:.3f}" in said
    press(page, "[")
    point_at(page, nearest(gallery, 5, 1)[0])
    press(page, "]", "Enter")
    wait_for_query(page, third)
    assert page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle") != "none"
    press(page, "ArrowRight", "ArrowRight", "+")
    x, y, _, zoom, *_ = (float(n) for n in tell(page, "at").split("_"))
    assert x < 0 == round(y, 6)  # the disk went to the right, so its middle came from the left
    assert zoom > 1
    press(page, "0")
    page.wait_for_url(lambda url: "at=" not in url)
    # A box cannot be drawn without a pointer, but what is there can be read and asked for.
    press(page, "t")
    table = page.locator(".hypdisk table")
    table.wait_for()
    lines = table.locator("tbody tr")
    assert gallery.labels[third] in lines.first.inner_text()
    distances, _ = around(gallery.points, gallery.points[third], gallery.curvature)
    order = np.argsort(distances, kind="stable")
    assert f"{distances[order[1]]:.2f}" in lines.nth(1).inner_text()
    assert f"{dist0(gallery.points[order[1]], gallery.curvature):.2f}" in lines.nth(1).inner_text()
    lines.nth(4).get_by_role("button").focus()
    page.keyboard.press("Enter")
    wait_for_query(page, int(order[4]))
    page.keyboard.press("Escape")
    table.wait_for(state="detached" if not table.count() else "hidden")


def test_back_and_forth_restore_the_view(shipped, visit, gallery):
    page = visit(shipped, f"/?query={gallery.ids[5]}").page
    x, y = middle(page)
    drag(page, (x, y), (x + 120, y))
    moved = tell(page, "at")
    press(page, "c")
    tell(page, "view")
    # The address changes a moment before the page hears that Python knows: whoever goes back within
    # that tenth of a second is not followed.
    wait_for_disk(page, "shot.pending === 0")
    page.go_back()
    page.wait_for_url(lambda url: "view=" not in url)
    at_rest(page)
    wait_for_disk(page, "shot.layout.name === 'origin'")
    assert value_of(page, "at") == moved
    at_rest(page)
    middle_now = view_of(page)["move"]
    assert abs(middle_now["b"][0]) > 0.1
    page.reload()
    at_rest(page)
    again = view_of(page)["move"]
    np.testing.assert_allclose(again["b"], middle_now["b"], atol=1e-4)


def test_fingers_drag_and_pinch(shipped, visit):
    seen = visit(shipped, width=420, height=900, has_touch=True)
    page = seen.page
    x, y = middle(page)
    touch = page.context.new_cdp_session(page)

    def send(kind: str, *points: tuple[float, float]) -> None:
        touch.send(
            "Input.dispatchTouchEvent",
            {
                "type": kind,
                "touchPoints": [{"x": a, "y": b, "id": i} for i, (a, b) in enumerate(points)],
            },
        )

    held = to_base(page, (x, y))
    send("touchStart", (x, y))
    for i in range(1, 9):
        send("touchMove", (x + 6 * i, y + 3 * i))
    page.wait_for_timeout(100)  # fingers are heard once a frame
    assert math.dist(to_screen(page, held), (x + 48, y + 24)) < 0.5
    send("touchEnd")
    tell(page, "at")
    send("touchStart", (x - 30, y), (x + 30, y))
    for i in range(1, 9):
        send("touchMove", (x - 30 - 8 * i, y), (x + 30 + 8 * i, y))
    send("touchEnd")
    at_rest(page)
    assert view_of(page)["zoom"] == pytest.approx((60 + 128) / 60, rel=0.05)
    scroll = page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollTop")
    assert scroll == 0  # the page did not move under the fingers


def test_less_motion_means_none(shipped, visit):
    page = visit(shipped, reduced_motion="reduce").page
    press(page, "c")
    wait_for_disk(page, "shot.layout.name === 'query'")
    shot = snapshot(page)
    assert (shot["t"], shot["moving"]) == (1, False)


def test_the_disk_is_crisp_follows_the_window_and_the_theme(shipped, visit):
    page = visit(shipped, device_scale_factor=2).page
    size = """() => [document.querySelector(".hypdisk canvas.points").width,
      document.querySelector(".hypdisk .stage").clientWidth]"""
    pixels, css = page.evaluate(size)
    assert abs(pixels - 2 * css) <= 1
    page.set_viewport_size({"width": 1500, "height": 900})
    page.wait_for_function(
        "(old) => document.querySelector('.hypdisk .stage').clientWidth > old", arg=css
    )
    page.wait_for_timeout(300)
    pixels, css = page.evaluate(size)
    assert abs(pixels - 2 * css) <= 1
    ground = "() => getComputedStyle(document.querySelector('.stApp')).backgroundColor"
    light = page.evaluate(ground)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(
        "(old) => getComputedStyle(document.querySelector('.stApp')).backgroundColor !== old",
        arg=light,
    )
    page.wait_for_function(
        """() => {
          const under = document.querySelector(".hypdisk canvas.under");
          const at = [under.width / 2 + 11, under.height / 2 + 7, 1, 1];
          return under.getContext("2d").getImageData(...at).data[0] < 60;
        }"""
    )


def test_an_uploaded_query_says_that_a_link_leaves_it_out(shipped, visit, tmp_path):
    from PIL import Image
    from sklearn.datasets import load_sample_image

    path = tmp_path / "mine.jpg"
    Image.fromarray(load_sample_image("flower.jpg")).save(path)
    page = visit(shipped).page
    page.locator("input[type=file]").set_input_files(path)
    page.wait_for_selector(".facts h2:has-text('mine.jpg')")
    wait_for_disk(page, "shot.scene.query.linked === false")
    button(page, "Copy a link").click()
    page.wait_for_function(
        "() => document.querySelector('.hypdisk .note').innerText.includes('not in it')"
    )
    press(page, "c")  # its distances are known by a token
    wait_for_disk(page, "shot.resting && shot.layout.name === 'query'")
    assert value_of(page, "query") == ""
