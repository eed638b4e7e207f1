"""The query panel: its picture, its numbers, and the ways to choose another."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app import retrieval, routes, state, uploads
from app.components.picture_grid import Tile, picture_grid
from app.parts import browse
from app.parts.degrade import degrade_control
from app.parts.numbers import numbers
from app.parts.outside import outside_notice
from app.parts.pictures_notice import AWAY
from app.parts.text import esc, name_of, trail, whole_path
from app.queries import Query
from app.resources import Entry
from app.view_state import ViewState
from hypuml.data import formats
from hypuml.gallery import Gallery
from hypuml.types import Answer


def query_panel(
    entry: Entry, view: ViewState, query: Query, answer: Answer, was: Answer | None
) -> None:
    """Draw the query panel.

    Args:
        entry: the gallery that is shown.
        view: how.
        query: the query.
        answer: what the gallery gives for it.
        was: the same for the untouched query; None where this is it.
    """
    with st.container(key="query"):
        picture, facts_column = st.columns([2, 3], gap="medium")
        with picture:
            _picture(entry, view, query)
        with facts_column, st.container(key="query_facts", gap="small"):
            st.html(_facts_html(entry.opened, view, query, answer, was))
            degrade_control(entry, view)
            _choosers(entry)
            if problem := st.session_state.get("upload_problem"):
                st.html(f'<p class="problem" role="alert">{esc(problem)}</p>')
        outside_notice(query)
    if st.session_state.pop("dialog", None) == "enlarge":
        _enlarged(entry, query)


def _picture(entry: Entry, view: ViewState, query: Query) -> None:
    row, src, sharp = query.row, query.data_url, ""
    name = f"Uploaded picture {query.name}"
    if row is not None:
        name = f"Query: {name_of(entry.opened, row)}"
    if row is not None and not src:
        here = entry.opened.has_pictures
        src = routes.picture_url(entry.version, row, here=here)
        sharp = routes.picture_url(entry.version, row, "picture") if here else ""
    if query.before:
        name = f"{name}, degraded by {view.degradation} at level {view.level:g}"
    reported = -1 if row is None else row
    tile = Tile(reported, src, f"{name}. Enlarge", sharp, eager=True, title="Enlarge")
    picture_grid([tile], "query_picture", _enlarge, columns=1, label="query")


def _enlarge(_: int) -> None:
    state.act()
    st.session_state["dialog"] = "enlarge"


@st.dialog("Query picture", width="large")
def _enlarged(entry: Entry, query: Query) -> None:
    gallery, row = entry.opened, query.row
    name = path = query.name
    item = ""
    if row is not None:
        name, path, item = name_of(gallery, row), whole_path(gallery, row), gallery.ids[row]
    here = bool(query.data_url) or gallery.has_pictures
    src = query.data_url or routes.picture_url(entry.version, row or 0, "large", here)
    away = "" if here else f'<p class="trail">{AWAY}</p>'
    st.html(
        f'<img class="large" src="{esc(src)}" alt="{esc(name)}">'
        f'<p class="trail">{esc(path)}</p><p class="trail">{esc(item)}</p>{away}'
    )


def _facts_html(
    gallery: Gallery, view: ViewState, query: Query, answer: Answer, was: Answer | None
) -> str:
    name, above = query.name, "Your picture: the link of this page leaves it out"
    if query.row is not None:
        name, above = name_of(gallery, query.row), trail(gallery, query.row) or "Query"
    verdict = (
        '<span class="chip rejected" title="Its uncertainty lies above the threshold: a system '
        'with this threshold would not answer.">rejected by the threshold</span>'
        if retrieval.rejects(view.threshold, query.uncertainty, gallery.uncertainty)
        else ""
    )
    return (
        '<div class="facts">'
        f'<div class="above"><p class="trail" title="{esc(above)}">{esc(above)}</p>{verdict}</div>'
        f'<h2 title="{esc(name)}">{esc(name)}</h2>{numbers(gallery, query, answer, was)}</div>'
    )


def _choosers(entry: Entry) -> None:
    gallery = entry.opened
    with st.container(horizontal=True, gap="xsmall", key="choosers"):
        if st.button(
            "Browse",
            icon=":material/grid_view:",
            on_click=state.act,
            help="Choose a query from the gallery’s pictures",
        ):
            browse.browse(entry, gallery)
        st.button(
            "Lowest u",
            on_click=_pick_extreme,
            args=(gallery, 0),
            help="Search with the image of lowest uncertainty u",
        )
        st.button(
            "Highest u",
            on_click=_pick_extreme,
            args=(gallery, -1),
            help="Search with the image of highest uncertainty u",
        )
        st.button(
            "Random",
            on_click=_pick_random,
            args=(gallery,),
            help="Search with any image of the gallery",
        )
    turn = st.session_state.setdefault("upload_turn", 0)
    st.file_uploader(
        f"Search with your own picture ({formats.NAMES})",
        type=sorted(suffix[1:] for suffix in formats.SUFFIXES),
        key=f"upload_{turn}",
        on_change=_uploaded,
        label_visibility="collapsed",
    )


def _pick_extreme(gallery: Gallery, which: int) -> None:
    if len(gallery):
        state.pick(int(np.argsort(gallery.uncertainty, kind="stable")[which]))


def _pick_random(gallery: Gallery) -> None:
    if len(gallery):
        state.pick(int(np.random.default_rng().integers(len(gallery))))


def _uploaded() -> None:
    """Take the file out of the uploader, which is then empty for the next one."""
    state.act()
    turn = st.session_state["upload_turn"]
    file = st.session_state.get(f"upload_{turn}")
    if file is not None:
        st.session_state["pending"] = (file.name, file.getvalue())
        st.session_state["upload_turn"] = turn + 1


def answer_upload(entry: Entry) -> None:
    """Turn a file that has just been uploaded into the query, or note why it cannot be."""
    pending = st.session_state.pop("pending", None)
    if pending is None:
        return
    name, data = pending
    with st.spinner("Embedding your picture (the first one also loads the model)"):
        try:
            state.search_with(uploads.embed_upload(entry, name, data))
        except ValueError as error:
            st.session_state["upload_problem"] = f"{name}: {error}"
    st.session_state.pop("_acted", None)
