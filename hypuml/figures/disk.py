"""The Poincaré disk of a gallery as a static figure.

Only distances from the centre are true here; lines between points are geodesics *of the picture*.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from hypuml.figures.palette import (
    Theme,
    category_colours,
    theme_named,
    uncertainty_range,
    uncertainty_scale,
)
from hypuml.geometry import geodesic
from hypuml.types import FloatArray, TaxonomyPath

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_LEGEND = 10  # more classes than this cannot be told apart by colour alone: hover names them
_LONGEST = 80
_RAYS = 12
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


def disk_figure(
    data: Drawable,
    *,
    colour: str = "uncertainty",
    threshold: float | None = None,
    query: int | Sequence[float] | FloatArray | None = None,
    hits: Sequence[int] = (),
    right: Sequence[bool | None] | None = None,
    theme: str = "light",
    height: int | None = None,
) -> Figure:
    """Draw every image as a dot at its place in the disk.

    Args:
        data: a gallery, or ``Dots``.
        colour: ``"uncertainty"``, ``"label"``, or a taxonomy level.
        threshold: dots with larger uncertainty are rejected: grey open circles.
        query: row number, or a disk point ``[2]``, that is ringed.
        hits: rows of the answers; lines lead to them.
        right: for each hit whether it is right; lines to wrong ones are dashed, None is unknown.
        theme: ``"light"`` or ``"dark"``.
        height: in pixels; chosen by whoever shows the figure when omitted.

    Returns:
        A figure whose dots carry their row number as ``customdata``.

    Raises:
        ValueError: unknown theme or level.
    """
    import plotly.graph_objects as go

    look = theme_named(theme)
    figure = go.Figure()
    figure.update_layout(
        _frame(look, height), shapes=_grid(data, look), annotations=_ring_names(data, look)
    )
    keep = np.ones(len(data.xy), bool) if threshold is None else data.uncertainty <= threshold
    if not keep.all():
        marker = {"symbol": "circle-open", "color": look.rejected, "opacity": 1.0}
        figure.add_trace(_dots(data, np.flatnonzero(~keep), marker, "rejected", look, "rejected"))
    rows = np.flatnonzero(keep)
    if colour == "uncertainty":
        figure.add_trace(_dots(data, rows, _by_uncertainty(data, rows), "images", look))
        for words in _bar_names(data, look):
            figure.add_annotation(words)
    else:
        for name, chosen, marker in _by_group(data, rows, colour, theme):
            figure.add_trace(_dots(data, chosen, marker, name, look))
            figure.data[-1].showlegend = bool(name)
    if query is not None:
        figure.add_traces(query_traces(data, query, hits, right, theme))
    return figure


def _frame(look: Theme, height: int | None) -> dict[str, Any]:
    axis = {"visible": False, "range": [-1.03, 1.03], "constrain": "domain"}
    return {
        "xaxis": axis,
        "yaxis": axis | {"scaleanchor": "x", "scaleratio": 1},
        "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
        "height": height,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": look.ink, "size": 13},
        "dragmode": "pan",
        "hovermode": "closest",
        "hoverdistance": 12,
        "clickmode": "event+select",
        "hoverlabel": {
            "bgcolor": look.ground,
            "bordercolor": look.rim,
            "font": {"color": look.ink},
            "align": "left",
        },
        "legend": {
            "itemsizing": "constant",
            "bgcolor": "rgba(0,0,0,0)",
            "x": 1,
            "xanchor": "left",
            "y": 1,
        },
        "uirevision": "disk",
    }


def _circle(rho: float, **style: Any) -> dict[str, Any]:
    return {
        "type": "circle",
        "x0": -rho,
        "x1": rho,
        "y0": -rho,
        "y1": rho,
        "layer": "below",
        **style,
    }


def ring_distances(data: Drawable) -> list[float]:
    """True distances from the origin at which rings are drawn: three to six round numbers."""
    unit = data.dilation * np.sqrt(data.curvature)
    farthest = 2.0 * np.arctanh(0.965) / unit  # beyond that a ring would run into the rim
    raw = farthest / 5.0
    power = 10.0 ** np.floor(np.log10(raw))
    step = next(s * power for s in (1.0, 2.0, 2.5, 5.0, 10.0) if s * power >= raw * 0.999)
    return [float(step * i) for i in range(1, int(farthest / step) + 1)]


def _rho(data: Drawable, d0: float) -> float:
    return float(np.tanh(data.dilation * np.sqrt(data.curvature) * d0 / 2.0))


def _grid(data: Drawable, look: Theme) -> list[dict[str, Any]]:
    """Disk, rings of equal true distance, and rays (geodesics through the origin)."""
    thin = {"color": look.grid, "width": 1}
    shapes = [_circle(1.0, fillcolor=look.disk, line={"color": look.rim, "width": 1.5})]
    shapes += [_circle(_rho(data, d), line=thin) for d in ring_distances(data)]
    for angle in np.arange(_RAYS // 2) * (2.0 * np.pi / _RAYS):
        x, y = float(np.cos(angle)), float(np.sin(angle))
        ends = {"x0": -x, "y0": -y, "x1": x, "y1": y}
        shapes.append({"type": "line", **ends, "line": thin, "layer": "below"})
    return shapes


def _emptiest(xy: FloatArray) -> float:
    """Middle of the sector with the fewest dots; the topmost of equals, where one reads first."""
    sectors = 4 * _RAYS
    turn = np.arctan2(xy[:, 1], xy[:, 0]) / (2.0 * np.pi) % 1.0
    outside = np.hypot(xy[:, 0], xy[:, 1]) > 0.05  # dots at the centre lie in no sector
    counts = np.bincount((turn[outside] * sectors).astype(int) % sectors, minlength=sectors)
    # A name is wider than a thin sector, so neighbours count as well.
    crowd = counts + np.roll(counts, 1) + np.roll(counts, -1)
    angles = (np.arange(sectors) + 0.5) * (2.0 * np.pi / sectors)
    return float(angles[np.lexsort((-np.sin(angles).round(6), crowd))[0]])


def _ring_names(data: Drawable, look: Theme) -> list[dict[str, Any]]:
    """The true distance on each ring, in the emptiest direction; the first says what it is."""
    angle = _emptiest(data.xy)
    x, y = float(np.cos(angle)), float(np.sin(angle))
    distances = ring_distances(data)
    names = [f"distance {d:g}" if i == 0 else f"{d:g}" for i, d in enumerate(distances)]
    style = {
        "showarrow": False,
        "font": {"size": 11, "color": look.muted},
        "bgcolor": look.disk,
        "borderpad": 1,
        "opacity": 0.9,
    }
    return [
        {"x": x * _rho(data, d), "y": y * _rho(data, d), "text": name, **style}
        for d, name in zip(distances, names, strict=True)
    ]


def _size(n: int) -> float:
    """Diameter of a dot in pixels: 10 for a hundred images, 7 for 2,000, 4 for 20,000."""
    return float(np.clip(16.0 - 2.75 * np.log10(max(n, 1)), 3.0, 10.0))


def _dots(
    data: Drawable,
    rows: FloatArray | Any,
    marker: dict[str, Any],
    name: str,
    look: Theme,
    note: str = "",
) -> Any:
    import plotly.graph_objects as go

    text = [_hover(data, int(row), note) for row in rows]
    edge = {"color": look.edge, "width": 0.6}
    return go.Scattergl(
        x=data.xy[rows, 0],
        y=data.xy[rows, 1],
        mode="markers",
        name=_plain(name),
        marker={"size": _size(len(data.xy)), "line": edge, **marker},
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
    first = f"<b>{_plain(label)}</b><br>" if label else ""
    facts = f"uncertainty {data.uncertainty[row]:.3f} · distance from centre {data.radius[row]:.2f}"
    return first + facts + (f"<br>{note}" if note else "")


def _plain(text: str) -> str:
    """A name that Plotly shows letter by letter: it would take < and & for markup, $ for TeX."""
    short = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("$", "&#36;")):
        short = short.replace(sign, entity)
    return short


def _by_uncertainty(data: Drawable, rows: Any) -> dict[str, Any]:
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


def _bar_names(data: Drawable, look: Theme) -> list[dict[str, Any]]:
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


def _by_group(
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


def query_traces(
    data: Drawable,
    query: int | Sequence[float] | FloatArray,
    hits: Sequence[int] = (),
    right: Sequence[bool | None] | None = None,
    theme: str = "light",
) -> list[Any]:
    """Lines to the answers, rings around them, and the query's own ring, above all dots.

    By themselves they let an interactive page change the query without drawing the dots again.
    Arguments as in `disk_figure`.
    """
    import plotly.graph_objects as go

    look = theme_named(theme)
    at = np.asarray(
        data.xy[query] if isinstance(query, int | np.integer) else query, dtype=np.float64
    )
    at = at.reshape(2)
    marks = list(right) if right is not None else [None] * len(hits)
    quiet: dict[str, Any] = {"hoverinfo": "skip", "showlegend": False}
    traces = []
    for dash, chosen in (
        ("solid", [h for h, ok in zip(hits, marks, strict=True) if ok is not False]),
        ("dot", [h for h, ok in zip(hits, marks, strict=True) if ok is False]),
    ):
        if not chosen:
            continue
        ends = np.asarray(data.xy[chosen], dtype=np.float64)
        curves = geodesic(at, ends[:, None, :], np.linspace(0.0, 1.0, 25)[None, :], 1.0)
        gaps = np.full((len(ends), 1, 2), np.nan)  # lifts the pen between lines
        path = np.concatenate([curves, gaps], axis=1).reshape(-1, 2)
        line = {"color": look.accent, "width": 1.5, "dash": dash}
        traces.append(
            go.Scattergl(x=path[:, 0], y=path[:, 1], mode="lines", line=line, opacity=0.75, **quiet)
        )
        ring = {
            "symbol": "circle-open",
            "size": _size(len(data.xy)) + 6,
            "color": look.accent,
            "line": {"width": 2},
        }
        traces.append(
            go.Scattergl(x=ends[:, 0], y=ends[:, 1], mode="markers", marker=ring, **quiet)
        )
    for size, width, tint in ((22, 6, look.ground), (22, 3, look.accent)):
        ring = {"symbol": "circle-open", "size": size, "color": tint, "line": {"width": width}}
        traces.append(go.Scattergl(x=at[:1], y=at[1:], mode="markers", marker=ring, **quiet))
    dot = {"size": 8, "color": look.accent, "line": {"width": 1.5, "color": look.ground}}
    traces.append(go.Scattergl(x=at[:1], y=at[1:], mode="markers", marker=dot, **quiet))
    return traces
