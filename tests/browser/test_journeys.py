"""The app in a real browser, started from a fresh HOME as a newcomer would.

Everything a page may do wrong without failing a single assertion is watched as well: errors in
the console, and requests to any host but this machine.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hypuml.gallery import Gallery
from tests.support.app_support import pictures_gallery, sure_garden
from tests.support.browser_support import running_app
from tests.support.explore_page import (  # noqa: F401
    dot,
    drop_threshold,
    fold,
    kept_text,
    lonely_row,
    nearest,
    rows,
    shipped_app,
    shipped_gallery,
    value_of,
    visit_explore,
    wait_for_query,
    wait_for_rows,
)

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def flower(tmp_path_factory) -> Path:
    from sklearn.datasets import load_sample_image

    path = tmp_path_factory.mktemp("photo") / "my flower.jpg"
    Image.fromarray(load_sample_image("flower.jpg")).save(path)
    return path


def test_a_newcomer_explores_the_shipped_gallery(shipped, gallery, visit, flower):
    page = visit(shipped).page
    n, most_certain = len(gallery), int(np.argmin(gallery.uncertainty))
    assert n >= 2000
    assert kept_text(page).startswith(f"kept {n:,} of {n:,}")
    wait_for_query(page, most_certain)
    wait_for_rows(page, nearest(gallery, most_certain, 10))

    # Click a dot.
    row = lonely_row(page, most_certain)
    page.mouse.click(*dot(page, row))
    wait_for_query(page, row)
    wait_for_rows(page, nearest(gallery, row, 10))
    page.wait_for_url(re.compile("query=" + re.escape(gallery.ids[row])))

    # Click an answer; then one with the keyboard.
    second = rows(page)[0]
    page.locator(".st-key-answers .tile").first.click()
    wait_for_query(page, second)
    wait_for_rows(page, nearest(gallery, second, 10))
    third = rows(page)[3]
    page.locator(".st-key-answers .tile").nth(3).focus()
    page.keyboard.press("Enter")
    wait_for_query(page, third)

    # Move the threshold: fewer are kept, and with rejected ones hidden other answers come.
    before = kept_text(page)
    drop_threshold(page, 20)
    page.wait_for_function(
        "text => document.querySelector('.strip .kept').innerText.replace(/\\s+/g, ' ') !== text",
        arg=before,
    )
    page.wait_for_url(lambda url: "threshold=" in url)
    page.get_by_text("hide rejected").click()
    page.wait_for_url(lambda url: "hide=1" in url)
    cut = float(value_of(page, "threshold"))
    keep = gallery.uncertainty <= cut + 5e-4
    assert kept_text(page).startswith(f"kept {keep.sum():,} of {n:,}")
    wait_for_rows(page, [i for i in nearest(gallery, third, n - 1) if keep[i]][:10])

    # Ask with an own photograph.
    page.locator("input[type=file]").set_input_files(flower)
    page.wait_for_selector(".facts h2:has-text('my flower.jpg')")
    wait_for_query(page, -1)
    assert value_of(page, "query") == ""
    assert rows(page)


def test_every_thumbnail_arrives_and_nothing_is_below_the_fold(shipped, visit):
    page = visit(shipped, "/?k=10").page
    page.wait_for_function(
        """() => {
          const roots = [...document.querySelectorAll('*')].map((e) => e.shadowRoot);
          const images = roots.flatMap((root) => (root ? [...root.querySelectorAll('img')] : []));
          return images.length === 11 && images.every((i) => i.complete && i.naturalWidth > 0);
        }"""
    )
    assert fold(page) <= 0


def test_a_link_restores_the_view(shipped, gallery, visit):
    row = 17
    cut = round(float(np.median(gallery.uncertainty)), 2)
    link = f"/?query={gallery.ids[row]}&k=4&threshold={cut}&colour=genus"
    page = visit(shipped, link).page
    wait_for_query(page, row)
    wait_for_rows(page, nearest(gallery, row, 4))
    keep = gallery.uncertainty <= cut + 5e-4
    assert kept_text(page).startswith(f"kept {keep.sum():,} of {len(gallery):,}")
    assert page.locator(".st-key-colour input").input_value() == "colour: genus"


def test_back_goes_to_the_former_query(shipped, gallery, visit):
    page = visit(shipped, f"/?query={gallery.ids[5]}").page
    wait_for_query(page, 5)
    first = rows(page)[0]
    page.locator(".st-key-answers .tile").first.click()
    wait_for_query(page, first)
    page.wait_for_url(re.compile("query=" + re.escape(gallery.ids[first])))
    page.go_back()
    wait_for_query(page, 5)


def test_a_pan_replaces_the_history_entry_and_a_query_pushes_one(shipped, gallery, visit):
    page = visit(shipped, f"/?gallery=garden&query={gallery.ids[5]}").page
    wait_for_query(page, 5)
    page.wait_for_url(lambda url: "threshold=" in url)
    start = page.evaluate("history.length")

    page.locator(".hypdisk .stage").focus()
    for _ in range(2):
        before = value_of(page, "at")
        page.keyboard.press("ArrowRight")
        page.wait_for_function(
            "before => (new URL(location).searchParams.get('at') ?? '') !== before", arg=before
        )
    moved = value_of(page, "at")
    assert page.evaluate("history.length") == start

    first = rows(page)[0]
    page.locator(".st-key-answers .tile").first.click()
    wait_for_query(page, first)
    page.wait_for_url(re.compile("query=" + re.escape(gallery.ids[first])))
    assert page.evaluate("history.length") == start + 1
    page.locator(".st-key-colour input").click()
    page.get_by_role("option", name="colour: genus").click()
    page.wait_for_url(lambda url: "colour=genus" in url)
    assert page.evaluate("history.length") == start + 2

    page.go_back()
    page.wait_for_url(lambda url: "colour=" not in url)
    assert value_of(page, "query") == gallery.ids[first]
    page.go_back()
    wait_for_query(page, 5)
    assert value_of(page, "query") == gallery.ids[5]
    assert value_of(page, "at") == moved  # the pan belongs to the entry it was made in
    page.go_forward()
    wait_for_query(page, first)


def test_choosing_from_the_picture_grid(shipped, gallery, visit):
    page = visit(shipped).page
    page.get_by_role("button", name="Browse").click()
    dialog = page.locator("[role=dialog]")
    dialog.locator(".tile").nth(5).wait_for()
    row = int(dialog.locator(".tile").nth(5).get_attribute("data-row"))
    assert row == int(np.argsort(gallery.uncertainty, kind="stable")[5])
    dialog.locator(".tile").nth(5).click()
    dialog.wait_for(state="detached")
    wait_for_query(page, row)


def test_degrading_the_query_moves_it_and_changes_both_numbers(visit, tmp_path):
    gallery = Gallery.open(sure_garden())
    row = 11
    with running_app(tmp_path / "home", "--gallery", str(sure_garden())) as server:
        page = visit(server, f"/?gallery=sure&query={gallery.ids[row]}").page
        wait_for_query(page, row)
        u = f"{gallery.uncertainty[row]:.3f}"
        numbers = page.locator(".facts dl").inner_text()
        assert u in numbers
        assert "→" not in numbers
        assert "answer confidence" in numbers
        untouched = rows(page)

        slider = page.locator(".st-key-level [role=slider], .st-key-level input[type=range]").first
        slider.focus()
        for _ in range(12):
            page.keyboard.press("ArrowRight")
        page.wait_for_url(lambda url: "degrade=blur" in url and "level=0.6" in url)
        page.wait_for_selector(".facts dl >> text=→")
        degraded = page.locator(".facts dd:not(.whose)").all_inner_texts()
        before, _, now = degraded[0].partition(" → ")
        assert before == u
        assert now != u
        assert "→" in degraded[1]
        picture = page.locator(f'.st-key-query .tile[data-row="{row}"] img')
        assert picture.get_attribute("src").startswith("data:image/webp")
        assert fold(page) <= 0

        # Back to the picture as it is.
        slider.focus()
        page.keyboard.press("Home")
        page.wait_for_url(lambda url: "level" not in url)
        page.wait_for_function("() => !document.querySelector('.facts dl').innerText.includes('→')")
        wait_for_rows(page, untouched)
        assert page.locator(".facts dl").inner_text() == numbers
        page.context.close()  # before the app ends: what it would ask for then is no error


def test_the_server_looks_at_pictures_without_torch(visit, flower, tmp_path):
    maps = Path("/proc/self/maps")
    if not maps.exists():
        pytest.skip("which libraries a process has is known on Linux alone")
    with running_app(tmp_path / "home", "--gallery", str(sure_garden())) as server:
        page = visit(server, "/?gallery=sure").page
        page.locator("input[type=file]").set_input_files(flower)
        page.wait_for_selector(".facts h2:has-text('my flower.jpg')")
        page.locator(".st-key-level [role=slider], .st-key-level input[type=range]").first.focus()
        page.keyboard.press("End")
        page.wait_for_selector(".facts dl >> text=→")
        page.locator(".st-key-page_links a").click()
        page.wait_for_selector(".st-key-models h2")
        mapped = Path(f"/proc/{server.process.pid}/maps").read_text(errors="replace")
        assert "onnxruntime" in mapped
        assert "libtorch" not in mapped
        page.context.close()


def test_dark_and_narrow_work_too(shipped, visit):
    seen = visit(shipped, scheme="dark", width=800, height=900)
    assert "kept" in kept_text(seen.page)
    overflow = seen.page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert overflow <= 0


def test_names_full_of_markup_fetch_nothing(visit, tmp_path):
    bad = (
        "<img src=http://example.com/a.png onerror=alert(1)>",
        "![x](http://example.com/b.png) <script>alert(1)</script>",
    )
    folder = pictures_gallery(tmp_path / "bad", [bad] * 12)
    with running_app(tmp_path / "home", "--gallery", str(folder)) as server:
        page = visit(server, "/?gallery=bad&colour=label&k=%3Cimg%3E").page
        page.mouse.move(*dot(page, 3))
        page.wait_for_selector(".hypdisk-card .name")
        assert bad[1] in page.locator(".hypdisk-card").inner_text()
        assert bad[1] in page.locator(".facts h2").inner_text()
        assert "k has to be a whole number" in page.locator(".notice").inner_text()
        page.context.close()
