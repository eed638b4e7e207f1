"""The Explore room in a real browser: opening it, reading it, and finding dots on its disk."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from hypuml.gallery import Gallery
from tests.support.browser_support import ROOT, Server, Watched, running_app, watched_page
from tests.support.disk_hook import at_rest, points, stage_origin

SHIPPED = ROOT / "checkpoints" / "garden" / "gallery"
PATIENCE = 60_000  # ms; the machine may be busy


@pytest.fixture(name="shipped", scope="module")
def shipped_app(tmp_path_factory) -> Iterator[Server]:
    """The app as the first README command starts it."""
    with running_app(tmp_path_factory.mktemp("home")) as server:
        yield server


@pytest.fixture(name="gallery", scope="module")
def shipped_gallery() -> Gallery:
    return Gallery.open(SHIPPED)


@pytest.fixture(name="visit")
def visit_explore(browser) -> Iterator[Callable[..., Watched]]:
    """Open a page and, at the end of the test, make sure that nothing went wrong on it."""
    opened: list[Watched] = []

    def go(server: Server, path: str = "", **options: Any) -> Watched:
        seen = watched_page(browser, **options)

        def note(message: Any) -> None:
            seen.sent.append(message)

        opened.append(seen)
        seen.page.set_default_timeout(PATIENCE)
        seen.page.on("websocket", lambda socket: socket.on("framesent", note))
        seen.page.on("request", lambda request: seen.asked.append(urlsplit(request.url).path))
        seen.page.goto(server.url + path)
        at_rest(seen.page)
        seen.page.wait_for_selector(".st-key-answers .tile img")
        return seen

    yield go
    for seen in opened:
        seen.page.context.close()
        seen.assert_clean()


def rows(page: Any) -> list[int]:
    return [int(t.get_attribute("data-row")) for t in page.locator(".st-key-answers .tile").all()]


def wait_for_query(page: Any, row: int) -> None:
    page.wait_for_selector(f'.st-key-query .tile[data-row="{row}"]')


def wait_for_rows(page: Any, expected: list[int]) -> None:
    last = len(expected) - 1
    page.wait_for_function(
        """([n, last, row]) => {
          const hosts = [...document.querySelectorAll('.st-key-answers *')];
          const root = hosts.map((h) => h.shadowRoot).find((s) => s && s.querySelector('.tile'));
          const tiles = root ? [...root.querySelectorAll('.tile')] : [];
          return tiles.length === n && +tiles[last].dataset.row === row;
        }""",
        arg=[len(expected), last, expected[last]],
    )
    assert rows(page) == expected


def kept_text(page: Any) -> str:
    return re.sub(r"\s+", " ", page.locator(".strip .kept").inner_text())


def value_of(page: Any, name: str) -> str:
    return parse_qs(urlsplit(page.url).query).get(name, [""])[0]


def fold(page: Any) -> int:
    """Pixels of the page below the fold."""
    return page.evaluate(
        """() => {
          const main = document.querySelector('[data-testid=stMain]');
          return main.scrollHeight - main.clientHeight;
        }"""
    )


def nearest(gallery: Gallery, row: int, k: int) -> list[int]:
    found = gallery.search(gallery.points[row : row + 1], k, exclude=np.array([row]))
    return [int(i) for i in found.ids[0]]


def dot(page: Any, row: int) -> tuple[float, float]:
    """Where a row is drawn, in pixels of the page, once the disk is at rest."""
    x, y = points(page)[row] + stage_origin(page)
    return float(x), float(y)


def middle(page: Any) -> tuple[float, float]:
    """The middle of the disk, in pixels of the page."""
    box = page.locator(".hypdisk .stage").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def lonely_row(page: Any, avoid: int) -> int:
    """A dot well away from all others on the picture, so that a click cannot miss it."""
    xy = points(page)
    gap = np.array([np.sort(np.hypot(*(xy - p).T))[1] for p in xy])
    gap[avoid] = -1
    return int(np.argmax(gap))


def drop_threshold(page: Any, steps: int) -> None:
    """Move the cut to the left with the keyboard."""
    page.locator(".hypdisk .cut").focus()
    for _ in range(steps):
        page.keyboard.press("ArrowLeft")
