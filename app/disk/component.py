"""Mounting the disk, and receiving its events.

The JavaScript comes as modules from a route of the app; what Streamlit loads is only the few lines
that import them (a component's inline script has no address to import from). Data go as bytes: in
anything else Streamlit would look for data frames. Geometry is never sent this way: the scene names
addresses, and the browser fetches each once.

Every event causes one rerun, and its callback runs before it: never one per frame.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from app import routes
from app.disk.scene import Scene
from app.disk.shapes import LAYOUTS, Layout

_HERE = Path(__file__).resolve().parent
STYLES = ("disk.css", "panels.css")
_LOADER = """
export default function (args) {
  let stop = null, gone = false;
  import(new URL("MAIN", location.origin)).then(
    (disk) => { if (!gone) stop = disk.mount(args); },
    () => { args.parentElement.textContent = "The disk could not be loaded: reload the page."; },
  );
  return () => { gone = true; if (stop) stop(); };
}
"""
_mount = st.components.v2.component(
    "hypuml_disk",
    html='<div class="hypdisk"></div>',
    css="\n".join((_HERE / name).read_text(encoding="utf-8") for name in STYLES),
    js=_LOADER.replace("MAIN", routes.disk_url("main.js")),
    # In the page itself, not in a shadow tree: it takes the page's fonts and colours.
    isolate_styles=False,
)


def poincare_disk(
    scene: Scene,
    key: str,
    *,
    on_query: Callable[[int], None] | None = None,
    on_select: Callable[[list[int]], None] | None = None,
    on_threshold: Callable[[float], None] | None = None,
    on_view: Callable[[Layout, tuple[float, ...] | None], None] | None = None,
    on_handle: Callable[[str, tuple[float, float]], None] | None = None,
    on_highlight: Callable[[tuple[str, ...]], None] | None = None,
) -> None:
    """Show ``scene``. Values from the browser are checked before a callback gets them.

    Args:
        scene: what to show.
        key: stable name of this disk.
        on_query: an image was chosen as the query, by its row.
        on_select: rows were selected by lasso or box; none to clear.
        on_threshold: the cut was let go at this uncertainty.
        on_view: the view came to rest: layout, and six numbers, or None for the start.
        on_handle: a handle was dropped at a point of the unit disk.
        on_highlight: a taxonomy branch was chosen in the legend; empty to clear.
    """

    def event(name: str, read: Callable[[Any], tuple[Any, ...] | None], callback: Any) -> Any:
        def received() -> None:
            arguments = read(getattr(st.session_state.get(key), name, None))
            if arguments is not None and callback is not None:
                callback(*arguments)

        return received

    _mount(
        key=key,
        data=scene.to_bytes(),
        on_query_change=event("query", _row, on_query),
        on_select_change=event("select", _rows, on_select),
        on_threshold_change=event("threshold", _number, on_threshold),
        on_view_change=event("view", _view, on_view),
        on_handle_change=event("handle", _dropped, on_handle),
        on_highlight_change=event("highlight", _branch, on_highlight),
    )


def _is_row(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _finite(values: Any, count: int) -> bool:
    # Compared, because `isfinite` raises for an integer of 400 digits. No NaN passes.
    return (
        isinstance(values, Sequence)
        and len(values) == count
        and all(
            isinstance(v, int | float) and not isinstance(v, bool) and abs(v) <= 1e9 for v in values
        )
    )


def _row(value: Any) -> tuple[int] | None:
    return (value,) if _is_row(value) else None


def _rows(value: Any) -> tuple[list[int]] | None:
    rows = value.get("rows") if isinstance(value, dict) else None
    return (rows,) if isinstance(rows, list) and all(map(_is_row, rows)) else None


def _number(value: Any) -> tuple[float] | None:
    return (float(value),) if _finite([value], 1) else None


def _view(value: Any) -> tuple[Layout, tuple[float, ...] | None] | None:
    if not isinstance(value, dict) or value.get("layout") not in LAYOUTS:
        return None
    at = value.get("at")
    if at is None:
        return value["layout"], None
    return (value["layout"], tuple(float(v) for v in at)) if _finite(at, 6) else None


def _dropped(value: Any) -> tuple[str, tuple[float, float]] | None:
    if not isinstance(value, dict) or not _finite(value.get("at"), 2):
        return None
    x, y = (float(v) for v in value["at"])
    name = value.get("id")
    return (name, (x, y)) if isinstance(name, str) and math.hypot(x, y) < 1 else None


def _branch(value: Any) -> tuple[tuple[str, ...]] | None:
    path = value.get("path") if isinstance(value, dict) else None
    if not isinstance(path, list) or not all(isinstance(name, str) for name in path):
        return None
    return (tuple(path),)
