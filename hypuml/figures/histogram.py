"""How uncertainty is distributed, and what a threshold keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from hypuml.figures.palette import theme_named, uncertainty_colours, uncertainty_range
from hypuml.types import FloatArray

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_BARS = 48


def uncertainty_histogram(
    u: FloatArray, threshold: float | None = None, theme: str = "light", height: int = 140
) -> Figure:
    """Histogram of uncertainty, coloured as on the disk; what lies above the threshold is grey.

    Args:
        u: ``[N]`` in [0, 1].
        threshold: largest uncertainty that is kept; None keeps all.
        theme: ``"light"`` or ``"dark"``.
        height: in pixels.

    Raises:
        ValueError: unknown theme.
    """
    look = theme_named(theme)
    low, high = (float(np.min(u)), float(np.max(u))) if len(u) else (0.0, 1.0)
    high = max(high, low + 1e-6)
    cut = high if threshold is None else float(threshold)
    edges = np.linspace(low, high, _BARS + 1)
    kept = np.histogram(u[u <= cut], edges)[0]
    rejected = np.histogram(u[u > cut], edges)[0]
    middle = (edges[:-1] + edges[1:]) / 2
    figure = go.Figure()
    for counts, colour, word in (
        (kept, uncertainty_colours(middle, *uncertainty_range(u)), "kept"),
        (rejected, look.rejected, "rejected"),
    ):
        figure.add_bar(
            x=middle,
            y=counts,
            width=0.86 * (edges[1] - edges[0]),
            marker={"color": colour, "line": {"width": 0}},
            hovertemplate="%{y:,} images " + word + "<br>u about %{x:.3f}<extra></extra>",
        )
    if threshold is not None:
        figure.add_vline(cut, line={"color": look.accent, "width": 2})
        figure.add_annotation(
            x=cut,
            y=1.0,
            yref="paper",
            text=f"kept {int(kept.sum()):,} of {len(u):,}",
            showarrow=False,
            xanchor="right" if cut > (low + high) / 2 else "left",
            xshift=-6 if cut > (low + high) / 2 else 6,
            yanchor="top",
            font={"size": 12, "color": look.ink},
        )
    for x, anchor, text in (
        (0.0, "left", f"{low:.2f} sure"),
        (0.5, "center", "uncertainty u"),
        (1.0, "right", f"unsure {high:.2f}"),
    ):
        words = {"xref": "paper", "yref": "paper", "showarrow": False, "font": {"size": 11}}
        figure.add_annotation(x=x, y=0.0, text=text, xanchor=anchor, yanchor="top", **words)
    span = high - low
    figure.update_layout(
        barmode="stack",
        bargap=0,
        showlegend=False,
        height=height,
        margin={"l": 6, "r": 6, "t": 6, "b": 24},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": look.muted, "size": 12},
        hoverlabel={"bgcolor": look.ground, "bordercolor": look.rim, "font": {"color": look.ink}},
        xaxis={
            "range": [low - 0.01 * span, high + 0.01 * span],
            "showgrid": False,
            "zeroline": False,
            "showticklabels": False,
            "fixedrange": True,
        },
        yaxis={"visible": False, "fixedrange": True},
    )
    return figure
