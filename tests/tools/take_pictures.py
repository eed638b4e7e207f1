"""Take the pictures that the README and the results page show, from what ships.

    python tests/tools/take_pictures.py

Needs the browser of the browser tests. Writes ``assets/{explore,query,degraded}.png``
and ``assets/docs/{garden,study}.webp``.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # as a script, only tests/ is there

from PIL import Image

from tests.support.browser_support import ROOT, chromium, running_app
from tests.support.disk_hook import at_rest

DOCS = ROOT / "assets" / "docs"


def explore(browser: Any, home: Path) -> None:
    """The Explore view as a newcomer finds it, around its query, and with a degraded query."""
    views = {
        "explore": "",
        "query": "/?view=query&colour=family&threshold=0.52",
        "degraded": "/?degrade=blur&level=0.6",
    }
    with running_app(home) as server:
        for name, address in views.items():
            page = browser.new_page(viewport={"width": 1280, "height": 720})
            page.goto(server.url + address)
            page.set_default_timeout(60_000)
            at_rest(page)
            page.wait_for_timeout(8000)  # the first degraded picture also loads the model
            page.screenshot(path=str(ROOT / "assets" / f"{name}.png"))
            page.close()


def charts(browser: Any, folder: Path, names: list[str], target: Path) -> None:
    """Several figure pages, one below the other, as one picture."""
    shots = []
    for name in names:
        page = browser.new_page(viewport={"width": 900, "height": 600})
        page.goto((folder / f"{name}.html").as_uri())
        page.locator(".main-svg").first.wait_for(timeout=60_000)
        page.wait_for_timeout(500)
        shots.append(Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB"))
        page.close()
    whole = Image.new("RGB", (900, sum(shot.height for shot in shots)), "white")
    top = 0
    for shot in shots:
        whole.paste(shot, (0, top))
        top += shot.height
    whole.save(target, quality=85)


def main() -> None:
    """Take all of them."""
    from hypuml.experiments.study.garden_tables import dots
    from hypuml.figures.page import write_page
    from hypuml.figures.study import study_figure

    rows = json.loads((DOCS / "study.json").read_text(encoding="utf-8"))["rows"]
    with tempfile.TemporaryDirectory() as name, chromium() as browser:
        folder = Path(name)
        command = ["evaluate", "checkpoints/garden", "garden", "--figures", str(folder)]
        subprocess.run([sys.executable, "-m", "hypuml", *command], cwd=ROOT, check=True)
        charts(browser, folder, ["risk_coverage", "degradation", "radius"], DOCS / "garden.webp")
        write_page(
            folder,
            "study",
            study_figure(dots(rows)),
            "Every variant of the study",
            "Retrieval across, uncertainty up, on validation classes; bars: half the range of the "
            "seeds.",
        )
        charts(browser, folder, ["study"], DOCS / "study.webp")
        explore(browser, folder / "home")


if __name__ == "__main__":
    main()
