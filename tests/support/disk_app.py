"""A page with one disk, no gallery, and every kind of shape: what `test_layers` drives.

`streamlit run tests/support/disk_app.py`. Below the disk stands what Python heard and how often
the page was run. The buttons are Python's own doing: it moves a handle, it shows another scene, it
asks for the view written in the field.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:  # `streamlit run` puts only tests/ on the import path
    sys.path.insert(0, str(ROOT))

import streamlit as st  # noqa: E402

from app.disk import scene as s  # noqa: E402
from app.disk import shapes as sh  # noqa: E402
from app.disk.component import poincare_disk  # noqa: E402
from app.routes import routes  # noqa: E402

app = st.App(__file__, routes=routes())

HANDLES = {"A": (-0.55, 0.3), "B": (0.5, 0.4), "C": (0.05, -0.5)}
MOVED = (-0.45, -0.05)  # where the button puts A
VIOLET, GOLD, GREEN, BLUE, RED = "#8a5bd6", "#c98a12", "#2d8f4e", "#2f6fd0", "#d02f4a"
TREE = ((-0.1, 0.62), (-0.32, 0.76), (-0.03, 0.85), (0.16, 0.78))
PARENTS = (-1, 0, 0, 0)
NAMES = ("rose", "dog rose", "musk rose", "tea rose")
START, END = (-0.75, -0.25), (0.72, -0.2)


def shapes(other: bool) -> tuple[sh.Shape, ...]:
    """Every kind of shape; most in a colour of their own, so that they can be told apart."""
    at = st.session_state.handles
    a, b, c = sh.At("A"), sh.At("B"), sh.At("C")
    return (
        sh.Ball(0.45, a, colour=GOLD, label="ball 0.45"),
        sh.Ring(0.7, c, colour=VIOLET, label="distance 0.70", dashed=other),
        sh.Geodesic(a, b, colour=BLUE, width=3, label="shortest path"),
        sh.Line(a, b, colour=RED, width=2, label="straight line"),
        sh.Geodesic(b, c, whole=True, colour="muted"),
        sh.Tree(TREE, PARENTS, NAMES, colour=GREEN),
        sh.Path((START, c, END), arrow=True, colour="ink", width=2, label="a way"),
        sh.Dot(START, label="from here"),
        sh.Dot(END, size=14, hollow=True, colour="alarm", label="to there"),
        *(sh.Handle(name, place, label=name) for name, place in at.items()),
    )


def show() -> None:
    """One run of the page."""
    st.set_page_config(page_title="Disk", layout="wide")
    st.html(ROOT / "app" / "style.css")
    kept = st.session_state
    kept.runs = kept.get("runs", 0) + 1
    kept.setdefault("heard", [])
    kept.setdefault("handles", dict(HANDLES))
    kept.setdefault("at", None)
    kept.setdefault("other", False)

    def heard(name: str):
        return lambda *said: kept.heard.append([name, *said])

    def dropped(name: str, place: tuple[float, float]) -> None:
        kept.heard.append(["handle", name, place])
        kept.handles = kept.handles | {name: place}

    def looked(layout: str, at: tuple[float, ...] | None) -> None:
        kept.heard.append(["view", layout, at])
        kept.at = at

    def act(**values: object) -> None:
        kept.update(values)

    def look_as_written() -> None:
        kept.at = tuple(json.loads(kept.written))

    with st.container(key="disk"):
        poincare_disk(
            s.Scene(label="A disk to drag on", shapes=shapes(kept.other), at=kept.at),
            "disk_under_test",
            on_query=heard("query"),
            on_select=heard("select"),
            on_threshold=heard("threshold"),
            on_view=looked,
            on_handle=dropped,
            on_highlight=heard("highlight"),
        )
    with st.container(key="acts", horizontal=True):
        moved = kept.handles | {"A": MOVED}
        st.button("Move A", on_click=act, kwargs={"handles": moved})
        st.button("Put all back", on_click=act, kwargs={"handles": dict(HANDLES)})
        st.button("Another scene", on_click=act, kwargs={"other": not kept.other})
        st.text_input("View", key="written", on_change=look_as_written)
    with st.container(key="heard"):
        st.text(json.dumps(kept.heard))
    # Last, so that whoever sees the new number sees everything of its run.
    with st.container(key="runs"):
        st.text(f"runs {kept.runs}")


if __name__ == "__main__":
    show()
