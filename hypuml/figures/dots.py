"""Images as dots: what is drawn, its colours, and the text when hovering."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import plotly.graph_objects as go

from hypuml.figures.palette import (
    Theme,
    category_colours,
    uncertainty_range,
    uncertainty_scale,
)
from hypuml.types import FloatArray, TaxonomyPath

_LEGEND = 10  # more classes than this cannot be told apart by colour alone: hover names them
_LONGEST = 80
# Plotly's WebGL dots lose points and colours once the traces together have more than 255 colours.
# Sixty-four steps cannot be told from a smooth scale; hovering gives the exact value.
_STEPS = 64
_BAR = 130  # length of the colour bar in pixels: as much as fits beside a disk in a square


class Drawable(Protocol):
    """What the figure reads; a ``Gallery`` has it, and so have ``Dots``."""

    xy: FloatArray
    uncertainty: FloatArray
    radius: FloatArray
    labels: list[str]
    paths: list[TaxonomyPath]
    curvature: float
    dilation: float

    def labels_at(self, level: str) -> list[str]:
        """Name of each image's group at a taxonomy level."""


@dataclass
class Dots:
    """Plain arrays to draw, where there is no gallery.

    Attributes:
        xy: ``[N, 2]`` in the unit disk.
        uncertainty: ``[N]`` in [0, 1].
        radius: ``[N]`` distance from the origin.
        labels: class of each dot; empty names when omitted.
        curvature: c > 0 of curvature -c.
        dilation: factor between true and drawn distance from the origin.
    """

    xy: FloatArray
    uncertainty: FloatArray
    radius: FloatArray
    labels: list[str] = field(default_factory=list)
    curvature: float = 1.0
    dilation: float = 1.0

    def __post_init__(self) -> None:
        self.labels = self.labels or [""] * len(self.xy)
        self.paths: list[TaxonomyPath] = [(label,) for label in self.labels]

    def labels_at(self, level: str) -> list[str]:
        """There is no taxonomy here.

        Raises:
            ValueError: always.
        """
        raise ValueError(f"no level {level!r} here, expected 'uncertainty' or 'label'")


def dot_size(n: int) -> float:
    """Diameter of a dot in pixels: 10 for a hundred images, 7 for 2,000, 4 for 20,000."""
    return float(np.clip(16.0 - 2.75 * np.log10(max(n, 1)), 3.0, 10.0))


def dots_trace(
    data: Drawable,
    rows: Any,
    marker: dict[str, Any],
    name: str,
    look: Theme,
    note: str = "",
) -> Any:
    """The images in ``rows`` as one trace.

    Args:
        data: the gallery.
        rows: ``[M]`` row numbers.
        marker: what the dots look like, beyond size and outline.
        name: in the legend.
        look: colours.
        note: a further line when hovering.
    """
    text = [_hover(data, int(row), note) for row in rows]
    edge = {"color": look.edge, "width": 0.6}
    return go.Scattergl(
        x=data.xy[rows, 0],
        y=data.xy[rows, 1],
        mode="markers",
        name=plain(name),
        marker={"size": dot_size(len(data.xy)), "line": edge, **marker},
        customdata=np.asarray(rows, dtype=np.int32),
        text=text,
        hovertemplate="%{text}<extra></extra>",
        showlegend=False,
        # What is picked is shown by the query's ring; dots must not fade.
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
    )


def _hover(data: Drawable, row: int, note: str) -> str:
    label = data.labels[row]
    first = f"<b>{plain(label)}</b><br>" if label else ""
    facts = f"uncertainty {data.uncertainty[row]:.3f} · distance from centre {data.radius[row]:.2f}"
    return first + facts + (f"<br>{note}" if note else "")


def plain(text: str) -> str:
    """A name that Plotly shows letter by letter: it would take < and & for markup, $ for TeX."""
    short = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("$", "&#36;")):
        short = short.replace(sign, entity)
    return short


def by_uncertainty(data: Drawable, rows: Any) -> dict[str, Any]:
    """Marker of dots coloured by uncertainty, with a small bar in the lower left corner."""
    low, high = uncertainty_range(data.uncertainty)
    scale = uncertainty_scale()
    steps = np.rint(np.clip((data.uncertainty[rows] - low) / (high - low), 0.0, 1.0) * (_STEPS - 1))
    bar = {
        "orientation": "h",
        "thickness": 8,
        "lenmode": "pixels",
        "len": _BAR,
        "x": 0.0,
        "xanchor": "left",
        "xpad": 4,
        "y": 0.0,
        "yanchor": "bottom",
        "ypad": 18,
        "outlinewidth": 0,
        "showticklabels": False,
        "ticks": "",
    }
    return {
        "color": low + steps / (_STEPS - 1) * (high - low),
        "colorscale": [[i / 15.0, scale[17 * i]] for i in range(16)],
        "cmin": low,
        "cmax": high,
        "colorbar": bar,
    }


def bar_names(data: Drawable, look: Theme) -> list[dict[str, Any]]:
    """Words around the colour bar (its own tick labels are cut off at a figure's edge)."""
    low, high = uncertainty_range(data.uncertainty)
    return [
        {
            "text": text,
            "x": 0.0,
            "y": 0.0,
            "xref": "paper",
            "yref": "paper",
            "xanchor": anchor,
            "yanchor": "bottom",
            "xshift": xshift,
            "yshift": yshift,
            "showarrow": False,
            "font": {"size": 11, "color": colour},
        }
        for text, anchor, xshift, yshift, colour in (
            ("uncertainty u", "left", 4, 28, look.ink),
            (f"{low:.2f} sure", "left", 4, 0, look.muted),
            (f"unsure {high:.2f}", "right", 4 + _BAR, 0, look.muted),
        )
    ]


def by_group(
    data: Drawable, rows: Any, colour: str, theme: str
) -> list[tuple[str, Any, dict[str, Any]]]:
    """Traces ``(name, rows, marker)``: one per group with a legend, or a single one for many."""
    groups = data.labels if colour == "label" else data.labels_at(colour)
    in_order = sorted(range(len(groups)), key=lambda i: data.paths[i])  # relatives side by side
    colours = category_colours(list(dict.fromkeys(groups[i] for i in in_order)), theme)
    if len(colours) > _LEGEND:
        return [("", rows, {"color": [colours[groups[i]] for i in rows]})]
    members = {name: [i for i in rows if groups[i] == name] for name in colours}
    return [(name, members[name], {"color": colours[name]}) for name in colours if members[name]]
