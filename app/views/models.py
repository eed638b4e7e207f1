"""The Models page: the current gallery's model, its measurements, and what to compare them with.

The figures that matter stand on top; below them one part at a time, so that no part waits for
another. The view of the Explore page is kept and stays in the address.
"""

from __future__ import annotations

import streamlit as st

from app import state
from app.parts.models.card import card
from app.parts.models.compare import compare
from app.parts.models.measured import measured
from app.parts.models.records import records
from app.parts.models.study import study
from app.parts.models.tiles import tiles, tiles_html
from app.parts.models.training import training
from app.parts.page_header import page_header
from app.parts.text import esc, notice
from app.view_state import PARTS
from hypuml.figures.rows import mapping

_TITLES = {
    "card": "Model card",
    "training": "Training",
    "measured": "Measurements",
    "study": "The study",
    "compare": "Compare",
}


def render() -> None:
    """Draw the page."""
    shown = page_header()
    if shown is None:
        return
    entry, gallery, notices, read = shown
    _, more = state.settle(entry, read)
    for message in [*notices, *more]:
        notice(message)
    known = records(gallery)
    with st.container(key="models"):
        st.html(
            f'<div class="heading"><h2>{esc(known.name)}</h2>'
            f"<span>the model of the gallery {esc(gallery.title)}</span></div>"
        )
        st.html(tiles_html(tiles(known, mapping(gallery.manifest.get("metrics")))))
        part = st.segmented_control(
            "Part",
            PARTS,
            key="part",
            format_func=_TITLES.__getitem__,
            on_change=state.act,
            label_visibility="collapsed",
            required=True,
        )
        if part == "training":
            training(known)
        elif part == "measured":
            measured(entry, gallery, known)
        elif part == "study":
            study()
        elif part == "compare":
            compare(entry, gallery)
        else:
            card(known)


render()
