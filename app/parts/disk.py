"""The disk: every image at its true distance from the origin, the query, and lines to answers."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from app import facts, resources, state
from app.parts.text import esc, percent
from app.queries import Asked, View
from hypuml.figures import disk_figure, query_traces
from hypuml.figures.palette import theme_named
from hypuml.gallery import Gallery
from hypuml.types import FloatArray

KEY = "disk_chart"
_RIGHT = {facts.RIGHT: True, facts.WRONG: False, facts.UNKNOWN: None}
_DETAIL = (
    "Distance from the centre is the model's own (times one factor for the whole gallery); only "
    "directions are projected. The share says how many of an image's 10 nearest neighbours in the "
    "model are also among its 10 nearest on the picture; beside it, what random directions and a "
    "UMAP that is free to move the radius reach."
)


class _Prepared(go.Figure):
    """A figure whose parts Plotly has checked already, so that a click does not check them again.

    Copying and checking 2,400 dots takes Plotly 30 ms, sending them 10.
    """

    def __init__(self, spec: dict[str, Any]) -> None:
        super().__init__()
        self._spec = spec

    def to_dict(self) -> dict[str, Any]:
        """The parts as they were given."""
        return self._spec


def disk(
    entry: resources.Entry, gallery: Gallery, view: View, asked: Asked, found: facts.Answers
) -> None:
    """Draw the disk; a click on a dot makes its image the query."""
    theme = "dark" if st.context.theme.type == "dark" else "light"
    dots = _dots(entry.version, view.colour, view.threshold, theme)
    right = [_RIGHT[mark] for mark in found.marks]
    traces = query_traces(gallery, asked.placed.xy, found.rows.tolist(), right, theme)
    if asked.before:
        traces.insert(0, _drift(asked.before.xy, asked.placed.xy, theme))
    overlay = [trace.to_plotly_json() for trace in traces]
    with st.container(key="disk"):
        st.plotly_chart(
            _Prepared({"data": [*dots["data"], *overlay], "layout": dots["layout"]}),
            key=KEY,
            on_select=_clicked,
            selection_mode="points",
            height="stretch",
            theme=None,
            config={"displayModeBar": False, "scrollZoom": True, "doubleClick": "reset"},
            alt=f"Poincaré disk with {len(gallery):,} images; the same images can be chosen with "
            "the Browse button",
        )
        st.html(f'<p class="badge" title="{esc(detail(gallery))}">{badge(gallery)}</p>')


def _drift(start: FloatArray, end: FloatArray, theme: str) -> go.Scattergl:
    """From the untouched picture's place ``[2]``, a ring, to the degraded one's."""
    ink = theme_named(theme).ink
    return go.Scattergl(
        x=[float(start[0]), float(end[0])],
        y=[float(start[1]), float(end[1])],
        mode="lines+markers",
        line={"color": ink, "width": 2},
        opacity=0.75,
        marker={
            "symbol": "circle-open",
            "size": [16, 0],
            "color": ink,
            "line": {"width": 2},
        },
        hoverinfo="skip",
        showlegend=False,
    )


@lru_cache(maxsize=16)
def _dots(version: str, colour: str, threshold: float, theme: str) -> dict[str, Any]:
    """The disk without a query, as checked parts. Shared between sessions and never changed."""
    entry = resources.shelf.by_version(version)
    gallery = entry.gallery if entry else None
    assert gallery is not None  # it is on the shelf, or it would not be shown
    # Half of the last decimal shown is forgiven, as in `facts.keep_mask`.
    figure = disk_figure(gallery, colour=colour, threshold=threshold + 5e-4, theme=theme)
    spec: dict[str, Any] = figure.to_plotly_json()
    return spec


def badge(gallery: Gallery) -> str:
    """What a position on the disk means, and how much of it is projection, in one sentence.

    Returns:
        HTML made of numbers only.
    """
    worth = gallery.fidelity
    if worth.get("exact"):
        return "The disk is the model’s own space: every distance on it is true."
    share = worth.get("overlap@10")
    if share is None:
        return "Radius is true distance from the origin; the angle is projected."
    text = (
        "Radius is true distance; the projected angle keeps "
        f"<b>{percent(share)}</b> of the 10 nearest"
    )
    names = (("random", "random_angle"), ("free UMAP", "free_umap"))
    found = [(name, (worth.get(key) or {}).get("overlap@10")) for name, key in names]
    rivals = [f"{name} {percent(value)}" for name, value in found if value is not None]
    text = f"{text} ({', '.join(rivals)})." if rivals else f"{text}."
    return text + (" Curvature is not used." if _flat(gallery) else "")


def detail(gallery: Gallery) -> str:
    """The long form of the badge, as plain text: how it is measured, and what else was."""
    worth = gallery.fidelity
    parts = [_DETAIL]
    if (share := worth.get("overlap@50")) is not None:
        parts.append(f"Of the 50 nearest it keeps {percent(share)}.")
    if (middle := worth.get("d0_iqr")) is not None:
        low, high = middle
        parts.append(f"The middle half of the images lies {low:.2f} to {high:.2f} from the origin.")
    if (use := _curvature_use(gallery)) is not None:
        parts.append(
            f"Curvature use {use:.2f}: the share of the 10 nearest neighbours that a flat space "
            "would get differently" + ("; hyperbolic in name only." if _flat(gallery) else ".")
        )
    return " ".join(parts)


def _flat(gallery: Gallery) -> bool:
    """Whether the model hardly uses its curvature, as measured when the gallery was built."""
    use = _curvature_use(gallery)
    return use is not None and use < 0.05


def _curvature_use(gallery: Gallery) -> float | None:
    return (gallery.manifest.get("metrics") or {}).get("curvature_use")


def _clicked() -> None:
    """Take the row number of the dot that was clicked; lines and rings carry none."""
    state.act()
    chosen: Any = st.session_state.get(KEY)
    for point in chosen.selection.points if chosen else []:
        data = point.get("customdata")
        row = data[0] if isinstance(data, list) and data else data
        if isinstance(row, int | float) and row >= 0:
            state.pick(int(row))
            return
