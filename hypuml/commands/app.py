"""``app``: start the explorer; the same as ``streamlit run app/main.py`` in a checkout."""

from __future__ import annotations

import runpy
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

MANIFEST = "gallery.json"
_PACKAGE = Path(__file__).resolve().parents[1]


def add_arguments(parser: ArgumentParser, arguments: Sequence[str]) -> None:
    """Declare the options."""
    parser.add_argument(
        "galleries",
        metavar="GALLERY",
        nargs="*",
        type=Path,
        help="gallery to open first (a folder that `hypuml gallery` wrote, or a checkpoint with "
        "one); without it the galleries that ship",
    )
    parser.add_argument("--port", type=int, metavar="N", help="port of the page (default: 8501)")
    parser.add_argument(
        "--no-browser",
        dest="browser",
        action="store_false",
        help="print the address and open no browser",
    )


def run(options: Namespace) -> int:
    """Start Streamlit in this process; ends when it is stopped."""
    galleries = [gallery_folder(folder) for folder in options.galleries]
    settings = [] if options.port is None else [f"--server.port={options.port}"]
    if not options.browser:
        settings.append("--server.headless=true")
    named = [word for folder in galleries for word in ("--gallery", str(folder))]
    sys.argv = ["streamlit", "run", str(main_script()), *settings, "--", *named]
    runpy.run_module("streamlit", run_name="__main__")
    return 0


def main_script() -> Path:
    """The app's entry point: in an installed package beside its modules, else in the checkout.

    Raises:
        ValueError: this copy of the package came without the app.
    """
    for root in (_PACKAGE / "_explorer", _PACKAGE.parent):
        script = root / "app" / "main.py"
        if script.is_file():
            return script
    raise ValueError("this copy of hypuml has no app: install it with pip, or use a checkout")


def gallery_folder(folder: Path) -> Path:
    """The gallery that is meant by a folder: itself, or the one inside a checkpoint.

    Raises:
        ValueError: there is none; says how to make one.
    """
    folder = folder.expanduser().resolve()
    for found in (folder, folder / "gallery"):
        if (found / MANIFEST).is_file():
            return found
    if not folder.is_dir():
        raise ValueError(f"there is no folder {folder}")
    raise ValueError(
        f"{folder} is no gallery (it has no {MANIFEST}); if it holds images, make one with: "
        f"hypuml gallery {folder} checkpoints/photos OUT"
    )
