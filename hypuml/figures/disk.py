"""The Poincaré disk of a gallery as a static figure.

Only distances from the centre are true here; lines between points are geodesics *of the picture*.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from hypuml.figures.dots import (
    Drawable,
    bar_names,
    by_group,
    by_uncertainty,
    dot_size,
    dots_trace,
)
from hypuml.figures.grid import disk_and_grid, ring_names
from hypuml.figures.palette import Theme, theme_named
from hypuml.geometry import geodesic
from hypuml.types import FloatArray

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def disk_figure(
    data: Drawable,
    *,
    colour: str = "uncertainty",
    threshold: float | None = None,
    query: int | Sequence[float] | FloatArray | None = None,
    hits: Sequence[int] = (),
    right: Sequence[bool | None] | None = None,
    theme: str = "light",
    height: int | None = None,
) -> Figure:
    """Draw every image as a dot at its place in the disk.

    Args:
        data: a gallery, or ``Dots``.
        colour: ``"uncertainty"``, ``"label"``, or a taxonomy level.
        threshold: dots with larger uncertainty are rejected: grey open circles.
        query: row number, or a disk point ``[2]``, that is ringed.
        hits: rows of the answers; lines lead to them.
        right: for each hit whether it is right; lines to wrong ones are dashed, None is unknown.
        theme: ``"light"`` or ``"dark"``.
        height: in pixels; left to the page when omitted.

    Returns:
        A figure whose dots carry their row number as ``customdata``.

    Raises:
        ValueError: unknown theme or level.
    """
    look = theme_named(theme)
    figure = go.Figure()
    figure.update_layout(
        _frame(look, height), shapes=disk_and_grid(data, look), annotations=ring_names(data, look)
    )
    keep = np.ones(len(data.xy), bool) if threshold is None else data.uncertainty <= threshold
    if not keep.all():
        marker = {"symbol": "circle-open", "color": look.rejected, "opacity": 1.0}
        figure.add_trace(
            dots_trace(data, np.flatnonzero(~keep), marker, "rejected", look, "rejected")
        )
    rows = np.flatnonzero(keep)
    if colour == "uncertainty":
        figure.add_trace(dots_trace(data, rows, by_uncertainty(data, rows), "images", look))
        for words in bar_names(data, look):
            figure.add_annotation(words)
    else:
        for name, chosen, marker in by_group(data, rows, colour, theme):
            figure.add_trace(dots_trace(data, chosen, marker, name, look))
            figure.data[-1].showlegend = bool(name)
    if query is not None:
        figure.add_traces(query_traces(data, query, hits, right, theme))
    return figure


def _frame(look: Theme, height: int | None) -> dict[str, Any]:
    axis = {"visible": False, "range": [-1.03, 1.03], "constrain": "domain"}
    return {
        "xaxis": axis,
        "yaxis": axis | {"scaleanchor": "x", "scaleratio": 1},
        # The legend lies over a corner: it must not push the disk aside.
        "margin": {"l": 0, "r": 0, "t": 0, "b": 0, "autoexpand": False},
        "height": height,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": look.ink, "size": 13},
        "dragmode": "pan",
        "hovermode": "closest",
        "hoverdistance": 12,
        "clickmode": "event+select",
        "hoverlabel": {
            "bgcolor": look.ground,
            "bordercolor": look.rim,
            "font": {"color": look.ink},
            "align": "left",
        },
        "legend": {
            "itemsizing": "constant",
            "bgcolor": "rgba(0,0,0,0)",
            "x": 1,
            "xanchor": "left",
            "y": 1,
        },
        "uirevision": "disk",
    }


def query_traces(
    data: Drawable,
    query: int | Sequence[float] | FloatArray,
    hits: Sequence[int] = (),
    right: Sequence[bool | None] | None = None,
    theme: str = "light",
) -> list[Any]:
    """Lines to the answers, rings around them, and the query's own ring, above all dots.

    By themselves they let an interactive page change the query without drawing the dots again.
    Arguments as in `disk_figure`.
    """
    look = theme_named(theme)
    at = np.asarray(
        data.xy[query] if isinstance(query, int | np.integer) else query, dtype=np.float64
    )
    at = at.reshape(2)
    marks = list(right) if right is not None else [None] * len(hits)
    quiet: dict[str, Any] = {"hoverinfo": "skip", "showlegend": False}
    traces = []
    for dash, chosen in (
        ("solid", [h for h, ok in zip(hits, marks, strict=True) if ok is not False]),
        ("dot", [h for h, ok in zip(hits, marks, strict=True) if ok is False]),
    ):
        if not chosen:
            continue
        ends = np.asarray(data.xy[chosen], dtype=np.float64)
        curves = geodesic(at, ends[:, None, :], np.linspace(0.0, 1.0, 25)[None, :], 1.0)
        gaps = np.full((len(ends), 1, 2), np.nan)  # lifts the pen between lines
        path = np.concatenate([curves, gaps], axis=1).reshape(-1, 2)
        line = {"color": look.accent, "width": 1.5, "dash": dash}
        traces.append(
            go.Scattergl(x=path[:, 0], y=path[:, 1], mode="lines", line=line, opacity=0.75, **quiet)
        )
        ring = {
            "symbol": "circle-open",
            "size": dot_size(len(data.xy)) + 6,
            "color": look.accent,
            "line": {"width": 2},
        }
        traces.append(
            go.Scattergl(x=ends[:, 0], y=ends[:, 1], mode="markers", marker=ring, **quiet)
        )
    for size, width, tint in ((22, 6, look.ground), (22, 3, look.accent)):
        ring = {"symbol": "circle-open", "size": size, "color": tint, "line": {"width": width}}
        traces.append(go.Scattergl(x=at[:1], y=at[1:], mode="markers", marker=ring, **quiet))
    dot = {"size": 8, "color": look.accent, "line": {"width": 1.5, "color": look.ground}}
    traces.append(go.Scattergl(x=at[:1], y=at[1:], mode="markers", marker=dot, **quiet))
    return traces
