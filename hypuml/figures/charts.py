"""What the charts of an evaluation share: axes, legend, and the colours of right and wrong."""

from __future__ import annotations

from typing import Any

from hypuml.figures.palette import Theme, uncertainty_scale

# Both ends of the uncertainty scale mean the same here: blue = right (sure), yellow = wrong.
_RIGHT, _WRONG = 40, 225


def right_and_wrong() -> tuple[str, str]:
    """Colours of right and of wrong answers, told apart also without red and green."""
    scale = uncertainty_scale()
    return scale[_RIGHT], scale[_WRONG]


def axis(look: Theme, title: str, **more: Any) -> dict[str, Any]:
    """One axis: quiet grid, no zero line."""
    return {
        "title": {"text": title, "standoff": 10},
        "gridcolor": look.grid,
        "linecolor": look.rim,
        "zeroline": False,
        "showline": True,
        "ticks": "outside",
        "tickcolor": look.rim,
        "automargin": True,
        **more,
    }


def layout(look: Theme, height: int | None) -> dict[str, Any]:
    """Everything around the axes; the legend lies above them."""
    return {
        "height": height,
        "margin": {"l": 64, "r": 24, "t": 56, "b": 56},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": look.ink, "size": 13},
        "hovermode": "closest",
        "hoverlabel": {
            "bgcolor": look.ground,
            "bordercolor": look.rim,
            "font": {"color": look.ink},
        },
        # By itself the bar takes its ground from the transparent paper, and is grey.
        "modebar": {"bgcolor": look.ground, "color": look.rim, "activecolor": look.accent},
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 1.02,
            "yanchor": "bottom",
            "bgcolor": "rgba(0,0,0,0)",
        },
    }
