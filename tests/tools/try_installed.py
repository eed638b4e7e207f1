"""Try an installed copy as somebody would who has no checkout: explore, upload, degrade.

    python tests/tools/try_installed.py ENVIRONMENT/bin

Runs `hypuml --help` and `hypuml app` of that environment in an empty folder, in a real browser; it
ends with an error where one of them does not work. An environment without onnxruntime (the plain
`pip install .`) has to explain an upload in one sentence instead.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).resolve().parent)]

from measure_looking import degradation, upload  # noqa: E402
from measure_startup import PAINTED  # noqa: E402
from PIL import Image  # noqa: E402

from tests.support.browser_support import chromium, running_app, watched_page  # noqa: E402


def main() -> None:
    """Try it; prints what was done."""
    programs = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        empty = Path(folder) / "empty"
        empty.mkdir()
        picture = Path(folder) / "own.png"
        Image.effect_noise((64, 64), 60).convert("RGB").save(picture)
        shown = subprocess.run(
            [programs / "hypuml", "--help"], cwd=empty, capture_output=True, text=True, check=True
        )
        assert "gallery" in shown.stdout
        origin = subprocess.run(
            [programs / "python", "-c", "import hypuml; print(hypuml.__file__)"],
            cwd=empty, capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        assert "site-packages" in origin, f"not an installed copy: {origin}"
        complete = subprocess.run(
            [programs / "python", "-c", "import onnxruntime"], cwd=empty, capture_output=True
        ).returncode == 0  # fmt: skip
        with running_app(Path(folder) / "home", cwd=empty, installed=programs) as server:
            watched = watched_page(browser)
            page = watched.page
            page.goto(server.url)
            page.wait_for_function(PAINTED, timeout=120_000, polling=20)
            print("explored")
            if complete:
                degradation(page, picture)
                print("degraded")
                upload(page, picture)
                print("uploaded")
            else:
                page.locator("input[type=file]").set_input_files(picture)
                page.get_by_text("pip install 'hypuml[app]'").first.wait_for()
                print("the missing package was explained")
            watched.assert_clean()


if __name__ == "__main__":
    main()
