"""The Explore room: one gallery on the disk, a query, its answers, and the threshold.

1280 x 720 holds everything: the disk and the threshold on the left, query and answers on the
right. State is settled first; the panels below only draw what `state.View` says.
"""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app import models, retrieval, state, whatif
from app.parts.answers import answers
from app.parts.disk import disk
from app.parts.entrance import entrance
from app.parts.outside import mostly_outside
from app.parts.pictures_notice import pictures_notice
from app.parts.query import answer_upload, query
from app.parts.selection import selection
from app.parts.text import notice
from app.queries import Asked, View, untouched
from app.resources import Entry
from hypuml.gallery import Gallery
from hypuml.types import Answer


def render() -> None:
    """Draw the room."""
    here = entrance()
    if here is None:
        return
    entry, gallery, notices, read = here
    told = st.container(key="told")
    with st.container(key="room"):
        left, right = st.columns([48, 52], gap="medium")
    with right:
        answer_upload(entry, gallery)
    view, more = state.settle(entry, gallery, read)
    with right:
        asked, problem = _ask(entry, gallery, view)
    if problem:
        more.append(problem)
        state.leave_untouched()
        view, _ = state.settle(entry, gallery, read=False)
    with told:
        for message in filter(None, [*notices, *more, mostly_outside(gallery.outside)]):
            notice(message)

    allowed = retrieval.keep_mask(gallery.uncertainty, view.threshold) if view.hide else None
    answer = _answer(gallery, view, asked, allowed)
    found = retrieval.answers(answer.hits, entry.codes, view.row)
    before = None
    if asked.before:
        before = _answer(gallery, view, untouched(gallery, view), allowed)
    with right:  # first, because it is shown while the disk still fetches its points
        query(entry, gallery, view, asked, answer, before)
        pictures_notice(gallery)
        _results(entry, gallery, view, found)
    with left:
        disk(entry, gallery, view, asked, found)
    models.warm(gallery)


def _results(entry: Entry, gallery: Gallery, view: View, found: retrieval.Answers) -> None:
    """The answers or, where images are selected, a switch between these and the answers."""
    if view.panel == state.SELECTION:
        rows = np.asarray(view.selection, dtype=np.int64)
        selection(entry, gallery, rows, state.pick, lambda: state.select(()), _switch)
    else:
        answers(entry, gallery, view, found, _switch if view.selection else None)


def _switch() -> None:
    st.segmented_control(
        "Show",
        (state.ANSWERS, state.SELECTION),
        key="panel",
        format_func=str.capitalize,
        on_change=state.act,
        label_visibility="collapsed",
        required=True,
    )


def _ask(entry: Entry, gallery: Gallery, view: View) -> tuple[Asked, str]:
    """The query, degraded where that is wanted, and why it could not be where it could not."""
    if view.level == 0:
        return untouched(gallery, view), ""
    key = (entry.version, view.row, view.kind, view.level)
    try:
        with st.spinner("Looking at the changed picture (the first one also loads the model)"):
            return state.made_once(key, lambda: whatif.degraded(entry, gallery, view)), ""
    except ValueError as error:
        return untouched(gallery, view), f"This picture cannot be degraded: {error}"


def _answer(
    gallery: Gallery, view: View, asked: Asked, allowed: NDArray[np.bool_] | None
) -> Answer:
    placed = asked.placed
    return gallery.ask(placed.point, placed.uncertainty, view.k, asked.row, allowed)


render()
