"""The disk itself: rings of equal true distance from the origin, and rays."""

from __future__ import annotations

from typing import Any

import numpy as np

from hypuml.figures.dots import Drawable
from hypuml.figures.palette import Theme
from hypuml.types import FloatArray

_RAYS = 12


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


def disk_and_grid(data: Drawable, look: Theme) -> list[dict[str, Any]]:
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


def ring_names(data: Drawable, look: Theme) -> list[dict[str, Any]]:
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
