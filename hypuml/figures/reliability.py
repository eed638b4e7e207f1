"""Does a confidence of 0.8 mean right in 80 of 100 cases? Bins of equal mass, as in the ECE."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from hypuml.figures.charts import axis, layout
from hypuml.figures.palette import theme_named

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

F64 = NDArray[np.float64]
BINS = 15  # of the ECE (DESIGN: 15 bins of equal mass)


def reliability(
    confidence: ArrayLike, correct: ArrayLike, bins: int = BINS
) -> tuple[F64, F64, NDArray[np.int64]]:
    """Mean confidence, share of right answers and size of each bin.

    Args:
        confidence: ``[Q]`` in [0, 1].
        correct: ``[Q]`` booleans.
        bins: runs of neighbouring confidences whose sizes differ by one at most; fewer where there
            are fewer answers. Ties are not averaged: a bin border may cut through them.

    Returns:
        ``[B]`` each, by rising confidence.

    Raises:
        ValueError: two lengths that differ.
    """
    p, y = np.asarray(confidence, dtype=np.float64), np.asarray(correct, dtype=np.float64)
    if p.shape != y.shape or p.ndim != 1:
        raise ValueError(f"got {p.shape} confidences and {y.shape} outcomes, expected one each")
    order = np.argsort(p, kind="stable")
    parts = [part for part in np.array_split(order, min(bins, len(p)) or 1) if len(part)]
    return (
        np.array([p[part].mean() for part in parts]),
        np.array([y[part].mean() for part in parts]),
        np.array([len(part) for part in parts], dtype=np.int64),
    )


def reliability_figure(
    confidence: ArrayLike,
    correct: ArrayLike,
    theme: str = "light",
    height: int | None = 460,
) -> Figure:
    """Draw how often answers are right against their confidence.

    Args:
        confidence: ``[Q]`` in [0, 1].
        correct: ``[Q]`` booleans.
        theme: ``"light"`` or ``"dark"``.
        height: in pixels.

    Raises:
        ValueError: unknown theme, or two lengths that differ.
    """
    look = theme_named(theme)
    predicted, observed, size = reliability(confidence, correct)
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        name="perfectly calibrated",
        line={"color": look.muted, "width": 1.5, "dash": "dash"},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=predicted,
        y=observed,
        mode="lines+markers",
        name="answer confidence",
        # Two standard errors of a share, from the bin's size.
        error_y={
            "array": 2 * np.sqrt(observed * (1 - observed) / np.maximum(size, 1)),
            "color": look.muted,
            "thickness": 1,
            "width": 0,
        },
        customdata=size,
        line={"color": look.accent, "width": 3},
        marker={"size": 8},
        hovertemplate="confidence %{x:.2f}, right %{y:.1%} of %{customdata:,}<extra></extra>",
    )
    figure.update_layout(
        layout(look, height),
        xaxis=axis(look, "confidence", range=[-0.02, 1.02]),
        yaxis=axis(look, "share right", range=[-0.02, 1.05], tickformat=".0%"),
    )
    return figure
