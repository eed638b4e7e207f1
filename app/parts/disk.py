"""The disk: every image at its true distance from the origin, the query, and lines to answers."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app import facts, state
from app.parts.text import esc, percent
from app.resources import Entry
from hypuml import figures
from hypuml.gallery import Gallery

KEY = "disk_chart"


def disk(entry: Entry, gallery: Gallery, view: state.View, found: facts.Answers) -> None:
    """Draw the disk; a click on a dot makes its image the query."""
    with st.container(key="disk"):
        figure = figures.disk_figure(gallery, colour=view.colour, threshold=view.threshold)
        st.plotly_chart(
            figure,
            key=KEY,
            on_select=_clicked,
            selection_mode="points",
            height="stretch",
            theme=None,
            config={"displayModeBar": False, "scrollZoom": True},
        )
        st.html(f'<p class="badge" title="{esc(_DETAIL)}">{badge(gallery)}</p>')


_DETAIL = (
    "Distance from the centre is the model's own (times one factor for the whole gallery); only "
    "directions are projected. Overlap: share of each image's 10 nearest neighbours in the model "
    "that are also its 10 nearest on the picture, beside what random directions and a UMAP that "
    "is free to move the radius reach."
)


def badge(gallery: Gallery) -> str:
    """What a position on the disk means, and how much of it is projection, in one sentence.

    Returns:
        HTML made of numbers only.
    """
    worth = gallery.fidelity
    if worth.get("exact"):
        return "The disk is the model’s own space: every distance on it is true."
    text = "Radius is true distance from the origin; the angle is projected"
    share = worth.get("overlap@10")
    if share is None:
        return text + "."
    text += f" and keeps <b>{percent(share)}</b> of the 10 nearest"
    rivals = [
        f"{name} {percent(values['overlap@10'])}"
        for name, values in (
            ("random", worth.get("random_angle")),
            ("free UMAP", worth.get("free_umap")),
        )
        if values and values.get("overlap@10") is not None
    ]
    return f"{text} ({', '.join(rivals)})." if rivals else f"{text}."


def _clicked() -> None:
    chosen: Any = st.session_state.get(KEY)
    points = chosen.selection.points if chosen else []
    for point in points:
        data = point.get("customdata")
        row = data[0] if isinstance(data, list) else data
        if isinstance(row, int):
            state.pick(row)
            return
    state.act()
