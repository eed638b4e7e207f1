"""Running the Explore room without a browser (AppTest), and reading what it shows."""

from __future__ import annotations

import json
import re
import sys
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app import resources
from tests.support.app_support import MAIN


@pytest.fixture(name="start")
def start_app(monkeypatch, tmp_path):
    """Start the app on this machine, with these galleries and nothing that ships."""
    monkeypatch.chdir(tmp_path)  # galleries that ship are looked for in the current folder as well
    monkeypatch.setattr(resources, "is_local", lambda: True)

    def run(*galleries: Path, **address: str) -> AppTest:
        arguments = [f"--gallery={folder}" for folder in galleries]
        monkeypatch.setattr(sys, "argv", ["main.py", *arguments])
        monkeypatch.setattr(resources, "SHIPPED", tmp_path / "nothing ships")
        monkeypatch.setattr(resources, "galleries", resources.GalleryRegistry())
        at = AppTest.from_file(str(MAIN), default_timeout=120)
        for name, value in address.items():
            at.query_params[name] = value
        at.run()
        assert not at.exception
        return at

    return run


def page(at: AppTest) -> str:
    """All HTML the page shows, as visible text with single spaces."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", "", markup(at))))


def markup(at: AppTest) -> str:
    """All HTML the page shows, without the style sheet and the app's own script."""
    parts = (e.value for e in at.get("html") if not e.proto.unsafe_allow_javascript)
    return " ".join(part for part in parts if not part.startswith("<style>"))


def script(at: AppTest) -> str:
    """The one script that the page runs, which holds nothing of a gallery."""
    (element,) = (e for e in at.get("html") if e.proto.unsafe_allow_javascript)
    return str(element.value)


def components(at: AppTest) -> list[dict[str, Any]]:
    """What our own components were given."""
    return [json.loads(component.proto.bytes) for component in at.get("bidi_component")]


def tiles(at: AppTest, label: str = "answers") -> list[dict[str, Any]]:
    return next((given["items"] for given in components(at) if given["label"] == label), [])


def scene(at: AppTest) -> dict[str, Any]:
    """What the disk was given."""
    return next(given for given in components(at) if "shapes" in given)


def on_disk(at: AppTest, /, **changes: Any) -> AppTest:
    """Do as the disk's callbacks do (AppTest runs no JavaScript), and run."""
    for name, value in changes.items():
        at.session_state[name] = value
    at.session_state["_acted"] = True
    return at.run()


def address(at: AppTest) -> dict[str, str]:
    return {k: v[0] if isinstance(v, list) else v for k, v in at.query_params.items()}
