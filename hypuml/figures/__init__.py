"""Data in, Plotly figures out: for notebooks, the README and the app. No Streamlit, no torch.

Colours live here, so that the same uncertainty has the same colour everywhere. Backgrounds are
transparent; every figure comes in a light and a dark theme. Names of images and classes are data
and never markup.
"""

from __future__ import annotations

from hypuml.figures.disk import disk_figure, query_traces
from hypuml.figures.dots import Dots, Drawable
from hypuml.figures.histogram import uncertainty_histogram
from hypuml.figures.palette import (
    ACCENT,
    THEMES,
    Theme,
    category_colours,
    uncertainty_colours,
    uncertainty_range,
)

__all__ = [
    "ACCENT",
    "THEMES",
    "Dots",
    "Drawable",
    "Theme",
    "category_colours",
    "disk_figure",
    "query_traces",
    "uncertainty_colours",
    "uncertainty_histogram",
    "uncertainty_range",
]
