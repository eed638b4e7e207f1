"""The study: every variant as a dot, retrieval against dimensions, spreads over seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from hypuml.figures.charts import axis, layout
from hypuml.figures.dots import plain
from hypuml.figures.methods import styles
from hypuml.figures.palette import category_colours, theme_named
from hypuml.figures.rows import Cell

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
    look = theme_named(theme)
    losses = sorted({p["loss"] for p in points})
    groups = dict.fromkeys([*_SYMBOLS, *(p["group"] for p in points)])
    colours = category_colours(losses, theme)
    figure = go.Figure()
    for loss in losses:
        for group in groups:
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
                name=plain(f"{loss} ({group})"),
                text=[plain(p["name"]) for p in part],
                marker={
                    "color": colours[loss],
                    "symbol": _SYMBOLS.get(group, "pentagon"),
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
        # Above: on a narrow page a legend at the side would leave no room to draw.
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
    )
    return figure


def dimension_figure(
    series: Mapping[str, Sequence[tuple[int, Cell]]],
    title: str = "Recall@1",
    theme: str = "light",
    height: int | None = 420,
) -> Figure:
    """Draw a figure against the number of dimensions n, one curve per geometry.

    Args:
        series: geometry to ``(n, Cell)`` by rising n; bars reach over the range of the seeds.
        title: of what is drawn.
        theme: ``"light"`` or ``"dark"``.
        height: in pixels.

    Raises:
        ValueError: unknown theme.
    """
    look = theme_named(theme)
    figure = go.Figure()
    for (name, found), style in zip(series.items(), styles(series, theme), strict=True):
        figure.add_scatter(
            x=[n for n, _ in found],
            y=[c.mean for _, c in found],
            error_y={"array": [c.half for _, c in found], "thickness": 1.5, "width": 4},
            customdata=[c.seeds for _, c in found],
            mode="lines+markers",
            name=plain(name),
            line={"color": style.colour, "width": 2.5, "dash": style.dash},
            marker={"symbol": style.symbol, "size": 9},
            hovertemplate=f"n = %{{x}}: {title} %{{y:.3f}}, %{{customdata}} seeds"
            "<extra>%{fullData.name}</extra>",
        )
    ticks = sorted({n for found in series.values() for n, _ in found})
    shown = axis(look, "dimensions n", type="log", tickvals=ticks, ticktext=[str(n) for n in ticks])
    figure.update_layout(layout(look, height), xaxis=shown, yaxis=axis(look, title))
    return figure


def spread_figure(
    rows: Sequence[tuple[str, Cell]],
    title: str,
    level: float | None = None,
    theme: str = "light",
) -> Figure:
    """Draw one figure of every variant with its range over seeds, the first variant on top.

    Args:
        rows: variant and its figure.
        title: of the figure.
        level: a value to compare with, such as 0.5 for an AUROC; None for none.
        theme: ``"light"`` or ``"dark"``.

    Raises:
        ValueError: unknown theme.
    """
    look = theme_named(theme)
    figure = go.Figure()
    at = list(range(len(rows)))
    figure.add_scatter(
        x=[c.mean for _, c in rows],
        y=at,
        error_x={
            "array": [c.half for _, c in rows],
            "color": look.accent,
            "thickness": 2,
            "width": 4,
        },
        customdata=[[plain(name), c.seeds] for name, c in rows],
        mode="markers",
        marker={"color": look.accent, "size": 9},
        hovertemplate=f"%{{customdata[0]}}<br>{title} %{{x:.3f}}, %{{customdata[1]}} seeds"
        "<extra></extra>",
    )
    # The name stands above its dot: beside it, on a narrow page, it would leave no room to draw.
    for row, (name, _) in enumerate(rows):
        figure.add_annotation(
            x=0,
            xref="paper",
            y=row,
            text=plain(name),
            showarrow=False,
            xanchor="left",
            yanchor="bottom",
            yshift=4,
            font={"size": 12, "color": look.muted},
        )
    if level is not None:
        figure.add_vline(level, line={"color": look.muted, "width": 1, "dash": "dot"})
    figure.update_layout(
        layout(look, 70 + 34 * max(len(rows), 1)),
        margin={"l": 8, "r": 16, "t": 8, "b": 48},
        xaxis=axis(look, title),
        yaxis={"range": [len(rows) - 0.5, -0.9], "visible": False},
    )
    return figure


def rising_figure(
    methods: Mapping[str, Mapping[str, float]], theme: str = "light", height: int | None = None
) -> Figure:
    """Draw the share of images whose u rises, methods across kinds of damage.

    Args:
        methods: method to kind of damage to a share in [0, 1].
        theme: ``"light"`` or ``"dark"``.
        height: in pixels; by default as the legend needs.

    Raises:
        ValueError: unknown theme.
    """
    look = theme_named(theme)
    figure = go.Figure()
    for (name, shares), style in zip(methods.items(), styles(methods, theme), strict=True):
        figure.add_scatter(
            x=[plain(kind) for kind in shares],
            y=list(shares.values()),
            mode="markers",
            name=plain(name),
            marker={"color": style.colour, "symbol": style.symbol, "size": 11},
            hovertemplate="%{x}: u rises for %{y:.1%}<extra>%{fullData.name}</extra>",
        )
    figure.update_layout(
        layout(look, height or 380 + 20 * len(methods)),
        xaxis=axis(look, ""),
        yaxis=axis(look, "images whose u rises", range=[0, 1.03], tickformat=".0%"),
    )
    return figure
