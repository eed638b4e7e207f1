"""The study at a glance: every variant as a dot, retrieval across, uncertainty up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hypuml.figures.palette import category_colours, theme_named

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_SYMBOLS = {"grid": "circle", "remedy": "diamond", "baseline": "square", "twin": "triangle-up"}


def study_figure(points: Sequence[dict[str, Any]], theme: str = "light") -> Figure:
    """Scatter of variants.

    Args:
        points: one dict per variant with ``name``, ``group``, ``loss`` and, each a pair of mean and
            half-range over seeds, ``recall`` and ``r_auroc``.
        theme: ``"light"`` or ``"dark"``.
    """
    import plotly.graph_objects as go

    look = theme_named(theme)
    losses = sorted({p["loss"] for p in points})
    colours = category_colours(losses, theme)
    figure = go.Figure()
    for loss in losses:
        for group, symbol in _SYMBOLS.items():
            part = [p for p in points if p["loss"] == loss and p["group"] == group]
            if not part:
                continue
            # The seeds' classes differ, so the bars are long: they must not hide the dots.
            bar = {"thickness": 1, "width": 0, "color": look.grid}
            figure.add_scatter(
                x=[p["recall"][0] for p in part],
                y=[p["r_auroc"][0] for p in part],
                error_x={"array": [p["recall"][1] for p in part], **bar},
                error_y={"array": [p["r_auroc"][1] for p in part], **bar},
                mode="markers",
                name=f"{loss} ({group})",
                text=[p["name"] for p in part],
                marker={
                    "color": colours[loss],
                    "symbol": symbol,
                    "size": 10,
                    "line": {"color": look.edge, "width": 1},
                },
                hovertemplate="%{text}<br>Recall@1 %{x:.3f}<br>R-AUROC %{y:.3f}<extra></extra>",
            )
    figure.add_hline(0.5, line={"color": look.muted, "width": 1, "dash": "dot"})
    figure.update_layout(
        height=560,
        margin={"l": 60, "r": 20, "t": 20, "b": 55},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": look.ink, "family": "system-ui, sans-serif", "size": 13},
        xaxis={"title": "Recall@1 (validation)", "gridcolor": look.grid, "zeroline": False},
        yaxis={"title": "R-AUROC of u (0.5 = useless)", "gridcolor": look.grid, "zeroline": False},
        legend={"orientation": "v"},
    )
    return figure
