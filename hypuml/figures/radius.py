"""How far from the origin images lie, and whether those near it are the ones answered wrongly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from plotly.subplots import make_subplots

from hypuml.figures.charts import axis, layout, right_and_wrong
from hypuml.figures.palette import theme_named
from hypuml.types import FloatArray

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_BARS = 48
_SHARES = 12  # bins of equal mass in which the share of wrong answers is read


def radius_figure(
    data: Mapping[str, Sequence[Any]],
    uncertainty: bool = False,
    theme: str = "light",
    height: int | None = 520,
) -> Figure:
    """Draw a histogram of d0 by right and wrong, and the share of wrong answers along it.

    Args:
        data: ``d0`` ``[N]``, ``u`` ``[N]`` and ``right`` ``[N]`` (True, False, or None for an image
            that is no query).
        uncertainty: also draw u against d0; worth it where u is not read off the radius.
        theme: ``"light"`` or ``"dark"``.
        height: in pixels.

    Raises:
        ValueError: unknown theme.
    """
    look = theme_named(theme)
    d0, u = np.asarray(data["d0"], dtype=np.float64), np.asarray(data["u"], dtype=np.float64)
    queries = np.asarray([x is not None for x in data["right"]], dtype=bool)
    right = np.asarray([x is True for x in data["right"]], dtype=bool)
    blue, yellow = right_and_wrong()
    groups = [
        ("right answer", right, blue),
        ("wrong answer", queries & ~right, yellow),
        ("no query", ~queries, look.rejected),
    ]
    columns = 2 if uncertainty else 1
    both = bool(right.any() and (queries & ~right).any())
    rows = 2 if both else 1
    specs: list[list[dict[str, int] | None]] = [[{}] for _ in range(rows)]
    if uncertainty:
        # u against d0 fills the second column from top to bottom.
        specs[0].append({"rowspan": rows})
        specs[1:] = [[{}, None] for _ in specs[1:]]
    figure = make_subplots(
        rows=rows,
        cols=columns,
        specs=specs,
        shared_xaxes="columns",
        vertical_spacing=0.06,
        horizontal_spacing=0.11,
        row_heights=[0.66, 0.34][:rows],
    )
    edges = _edges(d0)
    middle = (edges[:-1] + edges[1:]) / 2
    for name, chosen, colour in groups:
        if not chosen.any():
            continue
        figure.add_bar(
            x=middle,
            y=np.histogram(d0[chosen], edges)[0],
            width=0.9 * np.diff(edges),
            name=name,
            legendgroup=name,
            marker={"color": colour, "line": {"width": 0}},
            hovertemplate=f"%{{y:,}} images, {name}<br>d0 about %{{x:.2f}}<extra></extra>",
            row=1,
            col=1,
        )
        if uncertainty:
            figure.add_scattergl(
                x=d0[chosen],
                y=u[chosen],
                mode="markers",
                showlegend=False,
                legendgroup=name,
                marker={"color": colour, "size": 5, "line": {"color": look.edge, "width": 0.6}},
                hovertemplate=f"d0 %{{x:.2f}}, u %{{y:.3f}}, {name}<extra></extra>",
                row=1,
                col=2,
            )
    figure.update_layout(layout(look, height), barmode="stack", bargap=0)
    figure.update_yaxes(axis(look, "images"), row=1, col=1)
    distance = "distance from the origin d0"
    figure.update_xaxes(axis(look, "" if both else distance), row=1, col=1)
    if both:
        x, y = _shares(d0[queries], ~right[queries])
        figure.add_scatter(
            x=x,
            y=y,
            mode="lines+markers",
            showlegend=False,
            line={"color": look.ink, "width": 2},
            hovertemplate="d0 about %{x:.2f}: %{y:.1%} wrong<extra></extra>",
            row=2,
            col=1,
        )
        figure.update_xaxes(axis(look, distance), row=2, col=1)
        wrong = axis(look, "share wrong", rangemode="tozero", tickformat=".0%")
        figure.update_yaxes(wrong, row=2, col=1)
    if uncertainty:
        figure.update_xaxes(axis(look, distance, showticklabels=True), row=1, col=2)
        figure.update_yaxes(axis(look, "uncertainty u"), row=1, col=2)
    return figure


def _edges(d0: FloatArray) -> FloatArray:
    low, high = (float(d0.min()), float(d0.max())) if len(d0) else (0.0, 1.0)
    return np.linspace(low, max(high, low + 1e-6), _BARS + 1)


def _shares(d0: FloatArray, wrong: np.ndarray) -> tuple[FloatArray, FloatArray]:
    """Median d0 and share of wrong answers in bins of equal mass along d0."""
    order = np.argsort(d0, kind="stable")
    parts = np.array_split(order, min(_SHARES, len(order)))
    return (
        np.array([np.median(d0[part]) for part in parts]),
        np.array([wrong[part].mean() for part in parts]),
    )
