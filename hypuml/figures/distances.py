"""Distances from the origin of one or several sets of images, with the model's bound."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from hypuml.figures.charts import axis, layout
from hypuml.figures.methods import styles
from hypuml.figures.palette import theme_named
from hypuml.types import FloatArray

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_BARS = 60


def distances_figure(
    groups: Mapping[str, FloatArray],
    bounds: Mapping[str, float] | None = None,
    theme: str = "light",
    height: int | None = 420,
) -> Figure:
    """Draw a histogram of d0 for each group, on the same bars.

    Args:
        groups: name to ``[N]`` distances from the origin.
        bounds: name to the largest distance its head can give (2r); marked where it is known.
        theme: ``"light"`` or ``"dark"``.
        height: in pixels.

    Raises:
        ValueError: unknown theme.
    """
    look = theme_named(theme)
    figure = go.Figure()
    known = bounds or {}
    values = [np.asarray(d, dtype=np.float64) for d in groups.values() if len(d)]
    top = max([*(float(v.max()) for v in values), *known.values(), 1e-6])
    edges = np.linspace(0.0, 1.02 * top, _BARS + 1)
    middle = (edges[:-1] + edges[1:]) / 2
    several = len(groups) > 1
    drawn: dict[float, list[str]] = {}
    for (name, d0), style in zip(groups.items(), styles(groups, theme), strict=True):
        figure.add_bar(
            x=middle,
            y=np.histogram(np.asarray(d0, dtype=np.float64), edges)[0],
            width=edges[1] - edges[0],
            name=name,
            opacity=0.6 if several else 1.0,
            showlegend=several,
            marker={"color": style.colour if several else look.accent, "line": {"width": 0}},
            hovertemplate="%{y:,} images, d0 about %{x:.2f}<extra>%{fullData.name}</extra>",
        )
        if name in known:
            drawn.setdefault(known[name], []).append(name)
    for bound, names in drawn.items():
        figure.add_vline(bound, line={"color": look.muted, "width": 1.5, "dash": "dash"})
        whose = f" ({', '.join(names)})" if len(drawn) > 1 else ""
        figure.add_annotation(
            x=bound,
            y=1.0,
            yref="paper",
            text=f"bound 2r = {bound:.2f}{whose}",
            showarrow=False,
            xanchor="right",
            xshift=-6,
            yanchor="top",
            yshift=-18 * list(drawn).index(bound),
            font={"size": 12, "color": look.muted},
        )
    figure.update_layout(
        layout(look, height),
        barmode="overlay",
        bargap=0,
        xaxis=axis(look, "distance from the origin d0", range=[0, edges[-1]]),
        yaxis=axis(look, "images"),
    )
    return figure
