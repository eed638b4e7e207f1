"""A gallery whose photographs are not here, in a real browser, and what happens when they come."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from hypuml.data.registry import open_dataset
from hypuml.gallery import build_gallery
from tests.support.browser_support import running_app
from tests.support.disk_hook import wait_for_disk
from tests.support.explore_page import dot, fold, lonely_row, visit_explore  # noqa: F401
from tests.support.gallery_doubles import ColourModel

pytestmark = pytest.mark.browser

# All pictures of the page and of its components: shown, broken, and how many are drawings.
PICTURES = """() => {
  const roots = [document, ...[...document.querySelectorAll('*')].map((e) => e.shadowRoot)];
  const all = roots.flatMap((r) => (r ? [...r.querySelectorAll('img')] : []))
    .filter((i) => i.offsetParent || i.getRootNode() !== document);
  return {
    count: all.length,
    broken: all.filter((i) => i.complete && !i.naturalWidth).length,
    waiting: all.filter((i) => !i.complete).length,
    away: all.filter((i) => i.src.includes('?away')).length,
  };
}"""


def squares(root: Path, classes: int = 6, each: int = 5) -> Path:
    """Coloured squares in the place, and with the names, of the photographs of Flowers-102."""
    for i in range(classes * each):
        folder = root / "flowers" / f"{60 + i // each:03d}.some_flower"
        folder.mkdir(parents=True, exist_ok=True)
        colour = np.random.default_rng(i).integers(0, 256, 3)
        picture = Image.new("RGB", (200, 160), tuple(int(v) for v in colour))
        picture.save(folder / f"image_{i + 1:05d}.jpg")
    return root


def settled(page: Any) -> dict[str, int]:
    page.wait_for_function(f"() => {{ const p = ({PICTURES})(); return p.count && !p.waiting; }}")
    return page.evaluate(PICTURES)


def test_it_works_without_photographs_and_they_appear_when_they_come(visit, tmp_path, monkeypatch):
    away, data = squares(tmp_path / "away"), tmp_path / "data"
    data.mkdir()
    flowers = open_dataset("flowers102", away)
    build_gallery(
        flowers, range(30), ColourModel(), tmp_path / "g", model_ref="x", pictures=False, umap=False
    )
    monkeypatch.setenv("HYPUML_DATA", str(data))
    with running_app(tmp_path / "home", "--gallery", str(tmp_path / "g")) as server:
        page = visit(server).page
        notice = page.locator(".st-key-pictures_notice")
        assert notice.get_by_role("button", name="Get the photographs (about 345 MB)").is_visible()
        assert fold(page) <= 0
        found = settled(page)
        assert found == {"count": 11, "broken": 0, "waiting": 0, "away": 11}

        # The card has its place filled, and its numbers.
        query = int(page.locator(".st-key-query .tile").get_attribute("data-row"))
        page.mouse.move(*dot(page, lonely_row(page, query)))
        card = page.locator(".hypdisk-card")
        card.wait_for(state="visible")
        page.wait_for_function(
            "() => document.querySelector('.hypdisk-card img')?.naturalWidth > 0"
        )
        assert "u" in card.inner_text()

        # No pictures on the disk; the key says why.
        page.locator(".hypdisk .stage").focus()
        page.keyboard.press("p")
        assert "not on this machine" in page.locator(".hypdisk .note").inner_text()
        assert page.locator(".hypdisk [aria-disabled=true]").count() == 1
        assert page.locator(".hypdisk .tool[aria-pressed=true]").count() == 0

        # They come, and with the next clicks they are found: nothing is started again.
        (away / "flowers").rename(data / "flowers")
        for _ in range(30):
            page.get_by_role("button", name="Random", exact=True).click()
            page.wait_for_timeout(700)
            if not notice.count():
                break
        page.wait_for_function(f"() => ({PICTURES})().away === 0")
        found = settled(page)
        assert found["broken"] == found["away"] == 0
        assert found["count"] >= 11
        assert fold(page) <= 0
        page.locator(".hypdisk .stage").focus()
        page.keyboard.press("p")
        wait_for_disk(page, "shot.pictures?.length")
