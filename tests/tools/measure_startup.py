"""How long a newcomer waits for the first gallery, and what 24 thumbnails cost the server.

    python tests/tools/measure_startup.py [--gallery FOLDER] [--runs 3]

Prints one JSON object. Times are wall-clock seconds or milliseconds on this machine; the start is
compared with an empty Streamlit app in the same run, because both wait for the same server and
the same browser. Bars: ``beyond_empty_s`` <= 3, ``thumbnails_24_ms`` <= 10.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).resolve().parent)]

from tests.support.browser_support import chromium, running_app, watched_page  # noqa: E402

# Dots are painted when their canvas is not blank any more (what WebGL drew cannot be read back
# later, so there the drawing itself has to do); a picture, when it has pixels.
PAINTED = """() => {
  const root = document.querySelector('.st-key-disk .hypdisk');
  const shot = root?.snapshot?.();
  const roots = [...document.querySelectorAll('.st-key-answers *')].map((e) => e.shadowRoot);
  const images = roots.flatMap((root) => (root ? [...root.querySelectorAll('img')] : []));
  if (!shot?.count || !shot.coloured || !images.length
    || !images.every((image) => image.complete && image.naturalWidth > 0)) return false;
  if (shot.renderer === 'webgl') return shot.frames > 0 && !shot.due;
  const small = document.createElement('canvas');
  small.width = small.height = 64;
  const ctx = small.getContext('2d');
  ctx.drawImage(root.querySelector('canvas.points'), 0, 0, 64, 64);
  return ctx.getImageData(0, 0, 64, 64).data.some((byte) => byte > 0);
}"""
EMPTY = "() => document.body.innerText.includes('nothing here')"


def first_view(browser: Any, sign: str, *arguments: str, script: Path | None = None) -> float:
    """Seconds from the start of the process until ``sign`` holds in a fresh browser profile."""
    with tempfile.TemporaryDirectory() as home:
        began = time.perf_counter()
        options = {"script": script} if script else {}
        with running_app(Path(home), *arguments, **options) as server:
            page = watched_page(browser).page
            page.goto(server.url)
            page.wait_for_function(sign, timeout=120_000, polling=20)
            seconds = time.perf_counter() - began
            page.context.close()
    return seconds


def _page(version: str) -> None:
    """A page of nothing but the picture grid; runs inside Streamlit, hence the imports."""
    import time

    import streamlit as st

    from app import routes
    from app.components.picture_grid import Tile, picture_grid

    began = time.perf_counter()
    tiles = [
        Tile(row, routes.picture_url(version, row), f"Answer {i}", caption=("d 0.50", "u 0.50"))
        for i, row in enumerate(st.session_state["rows"])
    ]
    picture_grid(tiles, "grid", print)
    st.session_state["seconds"] = time.perf_counter() - began


def thumbnails(folder: Path, count: int = 24) -> dict[str, float]:
    """Server milliseconds for ``count`` pictures on a rerun: describing and then serving them.

    Medians over ten different pages of pictures, the atlas tiles being warm as after a first view.
    """
    from starlette.applications import Starlette
    from starlette.testclient import TestClient
    from streamlit.testing.v1 import AppTest

    from app import resources, routes

    entry = resources.shelf.add(folder)
    gallery = entry.gallery
    if gallery is None:
        raise SystemExit(entry.problem)
    rows = [[(i + j * count) % len(gallery) for i in range(count)] for j in range(10)]
    described, encoded = [], []
    page = AppTest.from_function(_page, kwargs={"version": entry.version})
    for chosen in rows:
        page.session_state["rows"] = chosen
        page.run()
        described.append(page.session_state["seconds"])
        gallery.thumbnail(chosen[0])  # the tile is decoded once for a hundred pictures
        began = time.perf_counter()
        for row in chosen:
            gallery.thumbnail(row)
        encoded.append(time.perf_counter() - began)
    addresses = [routes.picture_url(entry.version, row) for row in rows[-1]]
    with TestClient(Starlette(routes=routes.routes())) as client:
        began = time.perf_counter()
        for address in addresses:
            assert client.get(address).status_code == 200
        served = time.perf_counter() - began
    return {
        "rerun": 1000 * statistics.median(described),
        "first_encoding": 1000 * statistics.median(encoded),
        "served_over_http": 1000 * served,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gallery", type=Path, help="default: the gallery that ships")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    arguments = ["--gallery", str(options.gallery)] if options.gallery else []
    shown = options.gallery or ROOT / "checkpoints" / "garden" / "gallery"
    empty, full = [], []
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        script = Path(folder) / "empty.py"
        script.write_text("import streamlit as st\nst.write('nothing here')\n", encoding="utf-8")
        for _ in range(options.runs):  # in turns, so that a busy moment hits both
            empty.append(first_view(browser, EMPTY, script=script))
            full.append(first_view(browser, PAINTED, *arguments))
    cost = thumbnails(shown)
    result = {
        "empty_s": empty,
        "first_gallery_s": full,
        "beyond_empty_s": statistics.median(full) - statistics.median(empty),
        "thumbnails_24_ms": cost["rerun"],
        "thumbnails_24_parts_ms": cost,
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
