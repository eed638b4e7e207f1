"""Uncertainty and retrieval as pictures are damaged more and more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from plotly.subplots import make_subplots

from hypuml.figures.charts import axis, layout
from hypuml.figures.palette import category_colours, theme_named

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "star")


def degradation_figure(
    data: Mapping[str, Any],
    theme: str = "light",
    height: int | None = 460,
    only: str | None = None,
) -> Figure:
    """Draw the mean of u, and Recall@1 where there is one, against the level of the damage.

    Args:
        data: ``levels`` ``[L]``; ``kinds``, for each kind of damage ``mean_u`` ``[L]`` and
            ``recall@1`` ``[L]`` or None; ``seen_in_training``, kinds that are marked, or None.
        theme: ``"light"`` or ``"dark"``.
        height: in pixels.
        only: ``"mean_u"`` or ``"recall@1"`` for that panel alone; both when omitted.

    Raises:
        ValueError: unknown theme, or a panel that there is no data for.
    """
    look = theme_named(theme)
    kinds, seen = data["kinds"], data.get("seen_in_training") or ()
    panels = [("mean_u", "mean uncertainty u")]
    if all(kind["recall@1"] is not None for kind in kinds.values()):
        panels.append(("recall@1", "Recall@1 among undamaged images"))
    if only is not None:
        panels = [panel for panel in panels if panel[0] == only]
        if not panels:
            raise ValueError(f"got no panel {only!r}, expected mean_u, or recall@1 with its data")
    figure = make_subplots(rows=1, cols=len(panels), horizontal_spacing=0.12)
    colours = category_colours(list(kinds), theme)
    for number, (name, kind) in enumerate(kinds.items()):
        for column, (key, title) in enumerate(panels, start=1):
            figure.add_scatter(
                x=list(data["levels"]),
                y=list(kind[key]),
                mode="lines+markers",
                name=f"{name} (seen in training)" if name in seen else name,
                legendgroup=name,
                showlegend=column == 1,
                line={"color": colours[name], "width": 2},
                marker={"symbol": _SYMBOLS[number % len(_SYMBOLS)], "size": 7},
                hovertemplate=f"{name}, level %{{x:.1f}}: {title} %{{y:.3f}}<extra></extra>",
                row=1,
                col=column,
            )
    figure.update_layout(layout(look, height))
    figure.update_xaxes(axis(look, "level of damage", range=[-0.03, 1.03]))
    for column, (_, title) in enumerate(panels, start=1):
        figure.update_yaxes(axis(look, title), row=1, col=column)
        if panels[column - 1][0] == "recall@1":
            figure.update_yaxes(rangemode="tozero", row=1, col=column)
    return figure
