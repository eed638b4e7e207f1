"""How long a newcomer waits for the first answers to an own picture, and to a damaged one.

    python tests/tools/measure_looking.py [--gallery FOLDER] [--runs 3] [--pause 3]

Every run starts a fresh server and a fresh browser, waits until the gallery is painted and the
visitor has looked at it for ``pause`` seconds, and takes one of the two. Prints one JSON object:
seconds from the action to the new numbers on the page, and whether the server has torch mapped.
Bars: both <= 2, never.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).resolve().parent)]

from measure_startup import PAINTED  # noqa: E402

from tests.support.browser_support import Server, chromium, running_app, watched_page  # noqa: E402


def has_torch(server: Server) -> bool:
    """Whether torch's library is mapped into the server's process (Linux)."""
    maps = Path(f"/proc/{server.process.pid}/maps").read_text(encoding="utf-8", errors="replace")
    return "libtorch" in maps


def upload(page: Any, picture: Path) -> float:
    began = time.perf_counter()
    page.locator("input[type=file]").set_input_files(picture)
    page.wait_for_selector(f".facts h2:has-text('{picture.name}')")
    page.wait_for_selector('.st-key-query .tile[data-row="-1"] img')
    return time.perf_counter() - began


def degradation(page: Any, picture: Path) -> float:
    slider = page.locator(".st-key-level [role=slider], .st-key-level input[type=range]").first
    slider.focus()
    began = time.perf_counter()
    page.keyboard.press("End")
    page.wait_for_selector(".facts dl >> text=→")
    return time.perf_counter() - began


def measured(browser: Any, act: Any, picture: Path, pause: float, *arguments: str) -> Any:
    with (
        tempfile.TemporaryDirectory() as home,
        running_app(Path(home), *arguments) as server,
    ):
        page = watched_page(browser).page
        page.goto(server.url)
        page.wait_for_function(PAINTED, timeout=120_000, polling=20)
        time.sleep(pause)
        seconds = act(page, picture)
        page.context.close()
        return seconds, has_torch(server)


def main() -> None:
    from PIL import Image

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gallery", type=Path, help="default: the gallery that ships")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--pause", type=float, default=3.0)
    options = parser.parse_args()
    arguments = ["--gallery", str(options.gallery)] if options.gallery else []
    result: dict[str, Any] = {"torch": False}
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        picture = Path(folder) / "own.jpg"
        Image.effect_noise((1200, 900), 60).convert("RGB").save(picture)
        for act in (upload, degradation):
            result[f"{act.__name__}_s"] = []
            for _ in range(options.runs):
                seconds, torch = measured(browser, act, picture, options.pause, *arguments)
                result[f"{act.__name__}_s"].append(round(seconds, 2))
                result["torch"] |= torch
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
