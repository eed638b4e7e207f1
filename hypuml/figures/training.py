"""How a training went: one small chart for each thing that was recorded along its steps.

What is recorded differs between versions and recipes, so a chart exists where at least one step has
its values. A history is a list of entries, each a dict with ``step`` and any other figures.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from hypuml.figures.charts import axis, layout
from hypuml.figures.palette import Theme, theme_named

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

Entry = Mapping[str, Any]
_DASHES = ("solid", "dash", "dot")
_BANDS = (("radius_q05", "radius_q95"), ("radius_q25", "radius_q75"))
_RADII = tuple(name for band in _BANDS for name in band)
RADIUS = "radius"


@dataclass(frozen=True)
class Panel:
    """One chart of a training.

    Attributes:
        title: what it shows.
        words: how to read it, one sentence.
        lines: key of an entry to what the legend calls it.
        level: a value to compare with, drawn as a level line; None for none.
        from_zero: whether the axis starts at 0, so that a small change looks small.
    """

    title: str
    words: str
    lines: Mapping[str, str]
    level: float | None = None
    from_zero: bool = True


PANELS: dict[str, Panel] = {
    "loss": Panel(
        "Loss",
        "The metric loss falls while classes are pulled together.",
        {"loss": "metric loss"},
    ),
    "calibration": Panel(
        "Calibration loss",
        "How far u is from the rank of the image's own loss; lower is better.",
        {"calibration": "calibration loss"},
    ),
    "recall@1": Panel(
        "Recall@1 on validation classes",
        "How often the first answer is right, on classes that are not trained on.",
        {"recall@1": "Recall@1", "map@r": "MAP@R"},
    ),
    "r_auroc": Panel(
        "R-AUROC of u on validation classes",
        "How well u tells which answers are wrong; 0.5 is useless.",
        {"r_auroc": "R-AUROC of u"},
        0.5,
        from_zero=False,
    ),
    "curvature_use": Panel(
        "Curvature use",
        "Share of the ten nearest neighbours that a flat space would get differently.",
        {"curvature_use": "curvature use"},
    ),
    RADIUS: Panel(
        "Distance from the origin",
        "Half of the validation images lie inside the dark band; a band that narrows to a line "
        "leaves no room for uncertainty.",
        {},
    ),
    "clipped": Panel(
        "Clipped share",
        "Share of images at the largest radius, where the radius can no longer learn.",
        {"clipped": "clipped"},
    ),
    "rank": Panel(
        "Rank correlation of u with the loss",
        "1 means that u orders the images as their losses do.",
        {"calibration_fit": "fit classes", "calibration_validation": "validation classes"},
        0.0,
        from_zero=False,
    ),
}


def training_panels(history: Sequence[Entry]) -> list[str]:
    """Keys of `PANELS` that this history has values for."""

    def has(name: str) -> bool:
        return any(_value(entry, name) is not None for entry in history)

    return [
        key
        for key, panel in PANELS.items()
        if any(has(name) for name in (panel.lines or _RADII[2:]))
    ]


def training_figure(
    history: Sequence[Entry],
    panel: str,
    bound: float | None = None,
    theme: str = "light",
    height: int | None = 260,
) -> Figure:
    """Draw one panel along the steps.

    Args:
        history: entries in order; values that are missing or no finite numbers leave a gap.
        panel: a key of `PANELS`.
        bound: the largest possible radius, marked in the chart of radii.
        theme: ``"light"`` or ``"dark"``.
        height: in pixels.

    Raises:
        ValueError: unknown panel or theme.
    """
    look = theme_named(theme)
    if panel not in PANELS:
        raise ValueError(f"unknown panel {panel!r}, expected one of {', '.join(PANELS)}")
    chosen = PANELS[panel]
    figure = go.Figure()
    steps = [_value(entry, "step") for entry in history]
    if panel == RADIUS:
        _bands(figure, history, steps, look)
        if bound is not None:
            figure.add_hline(bound, line={"color": look.muted, "width": 1, "dash": "dash"})
    shown = [n for n in chosen.lines if any(_value(e, n) is not None for e in history)]
    for name, dash in zip(shown, _DASHES, strict=False):
        figure.add_scatter(
            x=steps,
            y=[_value(entry, name) for entry in history],
            mode="lines+markers",
            name=chosen.lines[name],
            showlegend=len(shown) > 1,
            line={"color": look.accent, "width": 2.5, "dash": dash},
            marker={"size": 6},
            hovertemplate="step %{x:,}: %{y:.3f}<extra>%{fullData.name}</extra>",
        )
    if chosen.level is not None:
        figure.add_hline(chosen.level, line={"color": look.muted, "width": 1, "dash": "dot"})
    figure.update_layout(
        layout(look, height),
        margin={"l": 48, "r": 12, "t": 28 if len(shown) > 1 else 8, "b": 44},
        xaxis=axis(look, "step", rangemode="tozero", nticks=6),
        yaxis=axis(look, "", nticks=6, rangemode="tozero" if chosen.from_zero else "normal"),
    )
    return figure


def _bands(
    figure: Figure, history: Sequence[Entry], steps: Sequence[float | None], look: Theme
) -> None:
    """The radii between two quantiles, the wider band first."""
    for (low, high), opacity in zip(_BANDS, (0.16, 0.34), strict=True):
        ends = [
            (step, _value(entry, low), _value(entry, high))
            for step, entry in zip(steps, history, strict=True)
        ]
        known = [e for e in ends if None not in e]
        if not known:
            continue
        share = f"{low[-2:].lstrip('0')}th to {high[-2:]}th percentile"
        for column, fill in ((1, None), (2, "tonexty")):
            figure.add_scatter(
                x=[e[0] for e in known],
                y=[e[column] for e in known],
                mode="lines+markers",
                fill=fill,
                # One entry is a band without width: its two ends are still seen as dots.
                marker={"size": 5},
                line={"color": look.accent, "width": 1.5},
                fillcolor=_tint(look.accent, opacity),
                showlegend=False,
                hovertemplate=f"step %{{x:,}}: %{{y:.2f}} ({share})<extra></extra>",
            )


def _tint(colour: str, opacity: float) -> str:
    """A ``#rrggbb`` colour as a translucent one."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {opacity})"


def _value(entry: Entry, name: str) -> float | None:
    """A finite number of an entry, or None."""
    value = entry.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None
