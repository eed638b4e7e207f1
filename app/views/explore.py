"""The Explore page: one gallery on the disk, a query, its answers, and the threshold.

1280 x 720 holds everything: the disk and the threshold on the left, query and answers on the
right. State is settled first; the panels below only draw what `ViewState` holds.
"""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app import models, retrieval, state
from app.degrade import degraded, untouched
from app.parts.answers import answers
from app.parts.disk import disk
from app.parts.outside import mostly_outside
from app.parts.page_header import page_header
from app.parts.pictures_notice import pictures_notice
from app.parts.query import answer_upload, query_panel
from app.parts.selection import selection
from app.parts.text import notice
from app.queries import Query
from app.resources import Entry
from app.view_state import ANSWERS, SELECTION, ViewState
from hypuml.gallery import Gallery
from hypuml.types import Answer


def render() -> None:
    """Draw the page."""
    shown = page_header()
    if shown is None:
        return
    entry, gallery, notices, read = shown
    above = st.container(key="notices")
    with st.container(key="columns"):
        left, right = st.columns([48, 52], gap="medium")
    with right:
        answer_upload(entry)
    view, more = state.settle(entry, read)
    with right:
        query, problem = _query(entry, view)
    if problem:
        more.append(problem)
        state.leave_untouched()
        view, _ = state.settle(entry, read=False)
    with above:
        for message in filter(None, [*notices, *more, mostly_outside(gallery.outside)]):
            notice(message)

    allowed = retrieval.keep_mask(gallery.uncertainty, view.threshold) if view.hide else None
    answer = _answer(gallery, view.k, query, allowed)
    found = retrieval.answers(answer.hits, entry.codes, view.row)
    before = _answer(gallery, view.k, query.before, allowed) if query.before else None
    with right:  # first, because it is shown while the disk still fetches its points
        query_panel(entry, view, query, answer, before)
        pictures_notice(gallery)
        _results(entry, gallery, view, found)
    with left:
        disk(entry, gallery, view, query, found)
    models.warm(entry)


def _results(entry: Entry, gallery: Gallery, view: ViewState, found: retrieval.Answers) -> None:
    """The answers or, where images are selected, a switch between these and the answers."""
    if view.panel == SELECTION and view.selection:
        rows = np.asarray(view.selection, dtype=np.int64)
        selection(entry, gallery, rows, state.pick, lambda: state.select(()), _switch)
    else:
        answers(entry, gallery, view, found, _switch if view.selection else None)


def _switch() -> None:
    st.segmented_control(
        "Show",
        (ANSWERS, SELECTION),
        key="panel",
        format_func=str.capitalize,
        on_change=state.act,
        label_visibility="collapsed",
        required=True,
    )


def _query(entry: Entry, view: ViewState) -> tuple[Query, str]:
    """The query, degraded where that is wanted, and why it could not be where it could not."""
    if view.level == 0:
        return untouched(entry, view), ""
    key = (entry.version, view.row, view.degradation, view.level)
    try:
        with st.spinner("Embedding the degraded picture (the first one also loads the model)"):
            return state.made_once(key, lambda: degraded(entry, view)), ""
    except ValueError as error:
        return untouched(entry, view), f"This picture cannot be degraded: {error}"


def _answer(gallery: Gallery, k: int, query: Query, allowed: NDArray[np.bool_] | None) -> Answer:
    return gallery.ask(query.point, query.uncertainty, k, query.row, allowed)


render()
