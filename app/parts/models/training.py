"""The training curves of a model."""

from __future__ import annotations

import streamlit as st

from app.parts.models.charts import chart, lacking, theme
from app.parts.models.records import Records
from app.parts.text import esc
from hypuml.figures.rows import mapping, number
from hypuml.figures.training import PANELS, training_figure, training_panels

_PER_LINE = 3


def training(known: Records) -> None:
    """Draw every curve that was recorded."""
    if missing := known.lacks("training"):
        lacking(missing.reason, missing.command)
        return
    found = known.training.get("history")
    history = [e for e in found if isinstance(e, dict)] if isinstance(found, list) else []

    panels = training_panels(history)
    if not panels:
        lacking("training.json holds no curves: no step of the training was evaluated.")
        return
    _told(known, len(history))
    look = theme()
    for start in range(0, len(panels), _PER_LINE):
        line = panels[start : start + _PER_LINE]
        for column, name in zip(st.columns(_PER_LINE), line, strict=False):
            with column:
                figure = training_figure(history, name, known.bound, look)
                chart(figure, PANELS[name].title, PANELS[name].words, f"training_{name}")


def _told(known: Records, count: int) -> None:
    """Of what the curves are: which stage, evaluated how often."""
    before = mapping(mapping(known.training.get("training")).get("started_from"))
    words = f"{count} evaluations along the training, on classes kept for validation."
    if before:
        steps = number(before.get("steps"))
        run = "an earlier run" if steps is None else f"a run of {steps:,.0f} steps"
        words += f" Only the last stage: it continued {run}."
    st.html(f'<p class="caption">{esc(words)}</p>')
