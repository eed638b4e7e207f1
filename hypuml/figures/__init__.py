"""Data in, Plotly figures out: for notebooks, the README and the app. No Streamlit, no torch.

Colours live here, so that the same uncertainty has the same colour everywhere. Backgrounds are
transparent; every figure comes in a light and a dark theme. Names of images and classes are data
and never markup.
"""

from __future__ import annotations

from hypuml.figures.degradation import degradation_figure
from hypuml.figures.disk import disk_figure, query_traces
from hypuml.figures.distances import distances_figure
from hypuml.figures.dots import Dots, Drawable
from hypuml.figures.histogram import uncertainty_histogram
from hypuml.figures.methods import (
    damage_by_method_figure,
    risk_by_method_figure,
    u_against_u_figure,
)
from hypuml.figures.page import write_page
from hypuml.figures.palette import (
    ACCENT,
    THEMES,
    Theme,
    category_colours,
    uncertainty_colours,
    uncertainty_range,
)
from hypuml.figures.radius import radius_figure
from hypuml.figures.reliability import reliability_figure
from hypuml.figures.risk_coverage import risk_coverage_figure
from hypuml.figures.study import dimension_figure, rising_figure, spread_figure, study_figure
from hypuml.figures.training import training_figure

__all__ = [
    "ACCENT",
    "THEMES",
    "Dots",
    "Drawable",
    "Theme",
    "category_colours",
    "damage_by_method_figure",
    "degradation_figure",
    "dimension_figure",
    "disk_figure",
    "distances_figure",
    "query_traces",
    "radius_figure",
    "reliability_figure",
    "rising_figure",
    "risk_by_method_figure",
    "risk_coverage_figure",
    "spread_figure",
    "study_figure",
    "training_figure",
    "u_against_u_figure",
    "uncertainty_colours",
    "uncertainty_histogram",
    "uncertainty_range",
    "write_page",
]
