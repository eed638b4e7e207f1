"""``app``: start the explorer; the same as ``streamlit run app/main.py`` in a checkout."""

from __future__ import annotations

import runpy
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from hypuml.commands.options import OPTIONAL
from hypuml.gallery.manifest import MANIFEST

_PACKAGE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Options:
    """Options of ``app``."""

    galleries: Annotated[
        Positional[tuple[Path, ...]], arg(metavar="GALLERY", help_behavior_hint=OPTIONAL)
    ] = ()
    """gallery to open first (a folder that `hypuml gallery` wrote, or a checkpoint with one);
    without it the galleries that ship"""
    port: Annotated[int | None, arg(metavar="N", help_behavior_hint="(default: 8501)")] = None
    """port of the page"""
    browser: bool = True
    """open a browser; --no-browser prints the address alone"""


def run(options: Options) -> int:
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
