"""The Explore room: one gallery on the disk, a query, its answers, and the threshold.

1280 x 720 holds everything: the disk and the threshold on the left, query and answers on the
right. State is settled first; the panels below only draw what `state.View` says.
"""

from __future__ import annotations

import numpy as np
import streamlit as st

from app import facts, state
from app.parts import problems
from app.parts.answers import answers
from app.parts.disk import disk
from app.parts.header import header
from app.parts.query import answer_upload, query
from app.parts.text import notice
from app.parts.threshold import threshold


def render() -> None:
    """Draw the room."""
    entry, notices, read = state.choose_entry()
    header(entry)
    if entry is None:
        problems.no_gallery()
        return
    gallery = entry.gallery
    if gallery is None or not len(gallery):
        problems.cannot_open(entry)
        return
    told = st.container(key="told")
    with st.container(key="room"):
        left, right = st.columns([48, 52], gap="medium")
    with right:
        answer_upload(entry, gallery)
    view, more = state.settle(entry, gallery, read)
    with told:
        for message in [*notices, *more]:
            notice(message)

    point = view.upload.point if view.upload else gallery.points[view.row : (view.row or 0) + 1]
    allowed = facts.keep_mask(gallery.uncertainty, view.threshold) if view.hide else None
    found = facts.answers(gallery, entry.codes, np.asarray(point), view.k, view.row, allowed)
    with right:  # first, because it is shown while Plotly still draws
        query(entry, gallery, view)
        answers(entry, gallery, view, found)
    with left:
        disk(entry, gallery, view, found)
        threshold(entry, gallery, view)


render()
