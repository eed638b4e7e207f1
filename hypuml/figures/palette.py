"""Colours: two themes, one accent, uncertainty on Cividis, classes around a wheel of hues.

Cividis (Nuñez, Anderton and Renslow 2018) is perceptually uniform and reads the same with and
without red-green blindness: blue = certain, yellow = uncertain. Its darkest sixth is left out,
because it could not be seen on a dark page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from plotly.colors import sample_colorscale

from hypuml.types import FloatArray

# The app's primary colour (app/.streamlit/config.toml), a botanical teal.
ACCENT = "#1f6f78"
# More would be neither told apart nor drawn (see the disk's note on WebGL).
MOST_COLOURS = 120


@dataclass(frozen=True)
class Theme:
    """Colours around the data, as CSS.

    Attributes:
        ink: text.
        muted: secondary text.
        ground: the page behind a figure, for halos; figures themselves are transparent.
        disk: inside of the disk.
        grid: rings and rays.
        rim: outline of the disk.
        edge: outline of a dot, which keeps both ends of the scale visible.
        rejected: dots and bars above the threshold.
        accent: query, answers, threshold.
        lightness: OKLab lightness of class colours, one for each of two neighbours.
    """

    ink: str
    muted: str
    ground: str
    disk: str
    grid: str
    rim: str
    edge: str
    rejected: str
    accent: str
    lightness: tuple[float, float]


THEMES = {
    "light": Theme(
        ink="#16242b",
        muted="#5d6d75",
        ground="#ffffff",
        disk="#f4f8f8",
        grid="rgba(31, 74, 84, 0.13)",
        rim="#9fb3b8",
        edge="rgba(22, 36, 43, 0.3)",
        rejected="rgba(110, 126, 134, 0.55)",
        accent=ACCENT,
        lightness=(0.62, 0.76),
    ),
    "dark": Theme(
        ink="#edf3f5",
        muted="#9fb0b7",
        ground="#10181c",
        disk="#172228",
        grid="rgba(190, 220, 226, 0.13)",
        rim="#4e646d",
        edge="rgba(10, 16, 20, 0.2)",
        rejected="rgba(160, 176, 184, 0.5)",
        accent="#6cc3c6",
        lightness=(0.68, 0.82),
    ),
}


def theme_named(name: str) -> Theme:
    """The theme called ``name``.

    Raises:
        ValueError: there is none.
    """
    if name not in THEMES:
        raise ValueError(f"unknown theme {name!r}, expected one of {', '.join(THEMES)}")
    return THEMES[name]


@lru_cache(maxsize=1)
def uncertainty_scale() -> tuple[str, ...]:
    """256 CSS colours from low to high uncertainty."""
    steps = np.linspace(1.0 / 6.0, 1.0, 256)
    return tuple(str(c) for c in sample_colorscale("Cividis", steps, colortype="rgb"))


def uncertainty_range(u: FloatArray) -> tuple[float, float]:
    """The uncertainties at both ends of the scale: the 1st and 99th percentile of ``[N]`` values.

    A few outliers must not leave one colour to all others; they get the colour of the end.
    """
    low, high = np.percentile(u, [1.0, 99.0]) if len(u) else (0.0, 1.0)
    return float(low), float(max(high, low + 1e-6))


def uncertainty_colours(u: FloatArray, low: float, high: float) -> list[str]:
    """CSS colours of uncertainties ``[N]``, from ``low`` (blue) to ``high`` (yellow), ends kept."""
    share = (np.asarray(u, dtype=np.float64) - low) / max(high - low, 1e-12)
    scale = uncertainty_scale()
    return [scale[i] for i in np.rint(255 * np.clip(share, 0.0, 1.0)).astype(int)]


def category_colours(names: Sequence[str], theme: str = "light") -> dict[str, str]:
    """One CSS colour per name, around the hue circle in the order given.

    Names next to each other get similar hues and alternate in lightness, so related classes look
    related and can still be told apart; beyond ``MOST_COLOURS`` names they share colours. Equal
    lightness and chroma are OKLCH's (Ottosson 2020).
    """
    light = theme_named(theme).lightness
    count = min(len(names), MOST_COLOURS)
    wheel = [_oklch(light[i % 2], 0.13, (i + 0.1) / count) for i in range(count)]
    return {name: wheel[i * count // len(names)] for i, name in enumerate(names)}


# OKLab to linear sRGB: the two matrices of Ottosson's reference implementation.
_TO_CONES = np.array(
    [
        [1.0, 0.3963377774, 0.2158037573],
        [1.0, -0.1055613458, -0.0638541728],
        [1.0, -0.0894841775, -1.2914855480],
    ]
)
_TO_RGB = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)


def _oklch(lightness: float, chroma: float, turn: float) -> str:
    """CSS colour of an OKLCH colour, hue in turns; what sRGB cannot show is clipped."""
    angle = 2.0 * np.pi * turn
    lab = np.array([lightness, chroma * np.cos(angle), chroma * np.sin(angle)])
    linear = np.clip(_TO_RGB @ (_TO_CONES @ lab) ** 3, 0.0, 1.0)
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    red, green, blue = np.rint(255 * srgb).astype(int)
    return f"#{red:02x}{green:02x}{blue:02x}"
