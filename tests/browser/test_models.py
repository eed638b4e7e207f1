"""The Models room in a real browser: the rooms keep their state, and nothing goes wrong."""

from __future__ import annotations

import re

import pytest

from tests.support.browser_support import watched_page
from tests.support.explore_page import (  # noqa: F401
    PATIENCE,
    at_rest,
    rows,
    shipped_app,
    shipped_gallery,
    value_of,
    visit_explore,
    wait_for_query,
)

pytestmark = pytest.mark.browser

# A page below the root: Streamlit first asks for its server below that page, and finds it above.
PROBED = ("the server responded with a status of 404",)
OVERFLOW = """() => [...document.querySelectorAll('.st-key-models *')]
  .filter((e) => !e.closest('table') && e.getBoundingClientRect().right > innerWidth + 1).length"""


def test_going_to_the_models_and_back_keeps_the_view(shipped, gallery, visit):
    page = visit(shipped, f"/?query={gallery.ids[7]}&k=4&colour=family").page
    first = rows(page)[0]
    page.locator(".st-key-answers .tile").first.click()
    wait_for_query(page, first)
    page.wait_for_url(re.compile("query=" + re.escape(gallery.ids[first])))

    # By keyboard, with what the last click changed: the link follows the address a moment later.
    link = page.locator(f".st-key-page_links a[href*='query={gallery.ids[first]}']")
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("dl.tiles")
    page.wait_for_url("**/models?**")
    assert value_of(page, "query") == gallery.ids[first]
    assert page.locator(".st-key-page_links [aria-current=page]").inner_text() == "Models"
    page.get_by_text("Measurements").click()
    page.wait_for_url(lambda url: "part=measured" in url)
    page.locator(".js-plotly-plot .main-svg").first.wait_for()

    page.go_back()
    page.wait_for_url(lambda url: "part=" not in url and "/models?" in url)
    page.wait_for_selector("article.model-card")
    page.go_back()
    wait_for_query(page, first)
    at_rest(page)
    assert value_of(page, "k") == "4"
    assert page.locator(".st-key-colour input").input_value() == "colour: family"

    page.locator(".st-key-page_links a").click()
    page.wait_for_selector("dl.tiles")
    page.locator(".st-key-page_links a").click()
    wait_for_query(page, first)
    page.locator(".st-key-answers .tile").nth(3).wait_for()
    assert len(rows(page)) == 4


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 420)])
def test_a_pasted_link_and_a_reload_open_the_part(shipped, browser, scheme, width):
    seen = watched_page(browser, width, 800, scheme)
    refused: list[str] = []
    page = seen.page
    page.set_default_timeout(PATIENCE)
    page.on("response", lambda r: r.status >= 400 and refused.append(r.url))
    page.goto(shipped.url + "/models?gallery=garden&k=4&part=measured")
    for _ in range(2):
        page.locator(".js-plotly-plot .main-svg").nth(4).wait_for()
        assert value_of(page, "part") == "measured"
        assert value_of(page, "k") == "4"
        assert page.evaluate(OVERFLOW) == 0
        page.reload()
    page.context.close()
    assert all("/models/_stcore/" in url for url in refused)
    seen.assert_clean(PROBED)
