"""Several methods or models in one chart: curves told apart by colour, dash and symbol."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import plotly.graph_objects as go

from hypuml.figures.charts import axis, layout
from hypuml.figures.dots import plain
from hypuml.figures.palette import category_colours, theme_named

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "star")


class Style(NamedTuple):
    """How one of several things looks."""

    colour: str
    dash: str
    symbol: str


def styles(names: Iterable[str], theme: str = "light") -> list[Style]:
    """One style per name, in order; each differs from its neighbours in more than colour."""
    wanted = list(names)
    colours = category_colours(wanted, theme)
    return [
        Style(colours[name], _DASHES[i % len(_DASHES)], _SYMBOLS[i % len(_SYMBOLS)])
        for i, name in enumerate(wanted)
    ]


def risk_by_method_figure(
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    theme: str = "light",
    height: int | None = 460,
) -> Figure:
    """Draw one risk-coverage curve per method.

    Args:
        curves: name to coverage ``[K]`` rising to 1 and the risk ``[K]`` at it.
        theme: ``"light"`` or ``"dark"``.
        height: in pixels.

    Raises:
        ValueError: unknown theme.
    """
    look = theme_named(theme)
    figure = go.Figure()
    for (name, (coverage, risk)), style in zip(curves.items(), styles(curves, theme), strict=True):
        figure.add_scatter(
            x=list(coverage),
            y=list(risk),
            mode="lines",
            name=plain(name),
            line={"color": style.colour, "width": 2.5, "dash": style.dash},
            hovertemplate="of the surest %{x:.0%}, %{y:.1%} are wrong"
            "<extra>%{fullData.name}</extra>",
        )
    figure.update_layout(
        layout(look, height),
        xaxis=axis(look, "coverage (share answered)", range=[0, 1.01], tickformat=".0%"),
        yaxis=axis(look, "risk (share of those wrong)", rangemode="tozero", tickformat=".0%"),
    )
    return figure


def damage_by_method_figure(
    levels: Sequence[float],
    methods: Mapping[str, Sequence[float]],
    kind: str,
    theme: str = "light",
    height: int | None = 360,
) -> Figure:
    """Draw mean u against the level of one kind of damage, one curve per method.

    Args:
        levels: ``[L]`` in [0, 1].
        methods: name to mean u ``[L]``.
        kind: of the damage, for the axis.
        theme: ``"light"`` or ``"dark"``.
        height: in pixels.

    Raises:
        ValueError: unknown theme.
    """
    look = theme_named(theme)
    figure = go.Figure()
    for (name, u), style in zip(methods.items(), styles(methods, theme), strict=True):
        figure.add_scatter(
            x=list(levels),
            y=list(u),
            mode="lines+markers",
            name=plain(name),
            line={"color": style.colour, "width": 2, "dash": style.dash},
            marker={"symbol": style.symbol, "size": 7},
            hovertemplate="level %{x:.2f}: mean u %{y:.3f}<extra>%{fullData.name}</extra>",
        )
    figure.update_layout(
        layout(look, height),
        xaxis=axis(look, f"level of {plain(kind)}", range=[-0.03, 1.03]),
        yaxis=axis(look, "mean uncertainty u"),
    )
    return figure


def u_against_u_figure(
    u: tuple[Sequence[float], Sequence[float]],
    names: tuple[str, str],
    outcomes: Sequence[str],
    theme: str = "light",
    height: int | None = 460,
) -> Figure:
    """Draw each image's u in one model against its u in another.

    Args:
        u: two times ``[N]`` values in [0, 1].
        names: of the two models.
        outcomes: ``[N]`` what to call each image's result; one group of dots for each.
        theme: ``"light"`` or ``"dark"``.
        height: in pixels.

    Raises:
        ValueError: unknown theme.
    """
    look = theme_named(theme)
    figure = go.Figure()
    groups = list(dict.fromkeys(outcomes))
    # The largest group is drawn first, or it would hide the others.
    groups.sort(key=lambda name: -sum(one == name for one in outcomes))
    for name, style in zip(groups, styles(groups, theme), strict=True):
        rows = [i for i, one in enumerate(outcomes) if one == name]
        figure.add_scattergl(
            x=[u[0][i] for i in rows],
            y=[u[1][i] for i in rows],
            mode="markers",
            name=plain(name),
            marker={
                "color": style.colour,
                "symbol": style.symbol,
                "size": 6,
                "line": {"color": look.edge, "width": 0.6},
            },
            hovertemplate="u %{x:.3f} and %{y:.3f}<extra>%{fullData.name}</extra>",
        )
    figure.add_shape(
        type="line", x0=0, y0=0, x1=1, y1=1, line={"color": look.rim, "width": 1, "dash": "dot"}
    )
    figure.update_layout(
        layout(look, height),
        xaxis=axis(look, f"u, {plain(names[0])}", range=[-0.02, 1.02]),
        yaxis=axis(look, f"u, {plain(names[1])}", range=[-0.02, 1.02]),
    )
    return figure
