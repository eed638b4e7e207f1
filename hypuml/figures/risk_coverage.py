"""Risk against coverage: how wrong the answers are that are left when the unsure ones are refused.

A useful score bends far below the level line (rejecting at random) towards the oracle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from hypuml.figures.charts import axis, layout, right_and_wrong
from hypuml.figures.palette import Theme, theme_named

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

# Key of a curve, what the legend calls it.
_NAMES = {
    "confidence": "answer confidence",
    "u": "uncertainty u",
    "knn_agreement": "agreement of neighbours",
    "first_distance": "distance of the first hit",
    "oracle": "oracle",
}


def risk_coverage_figure(
    curves: Mapping[str, Sequence[float]], theme: str = "light", height: int | None = 460
) -> Figure:
    """Draw risk-coverage curves.

    Args:
        curves: ``coverage`` ``[K]`` rising to 1, and under every other name the risk ``[K]`` among
            the most confident share by this score. Names that are not known are drawn as they are.
        theme: ``"light"`` or ``"dark"``.
        height: in pixels.

    Raises:
        ValueError: unknown theme.
    """
    look = theme_named(theme)
    figure = go.Figure()
    x = list(curves["coverage"])
    names = [name for name in _NAMES if name in curves]
    names += [name for name in curves if name not in _NAMES and name != "coverage"]
    for name in names:
        figure.add_scatter(
            x=x,
            y=list(curves[name]),
            mode="lines",
            name=_NAMES.get(name, name),
            line=_line(name, look),
            hovertemplate="%{fullData.name}: of the surest %{x:.0%}, %{y:.1%} are wrong"
            "<extra></extra>",
        )
    overall = float(curves[names[0]][-1]) if names else 0.0
    figure.add_hline(overall, line={"color": look.rim, "width": 1, "dash": "dot"})
    figure.add_annotation(
        x=0,
        y=overall,
        text=f"all answered: {overall:.1%} wrong",
        showarrow=False,
        xanchor="left",
        yanchor="bottom",
        font={"size": 12, "color": look.muted},
    )
    figure.update_layout(
        layout(look, height),
        xaxis=axis(look, "coverage (share answered)", range=[0, 1.01], tickformat=".0%"),
        yaxis=axis(look, "risk (share of those wrong)", rangemode="tozero", tickformat=".0%"),
    )
    return figure


def _line(name: str, look: Theme) -> dict[str, Any]:
    if name == "confidence":
        return {"color": look.accent, "width": 3}
    if name == "u":
        return {"color": right_and_wrong()[1], "width": 3}
    if name == "oracle":
        return {"color": look.muted, "width": 1.5, "dash": "dash"}
    return {
        "color": look.muted,
        "width": 1.5,
        "dash": "dot" if name == "first_distance" else "solid",
    }
