"""The query: its picture, what the model says of it, and the ways to choose another."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app import retrieval, routes, state, uploads
from app.components.picture_grid import Tile, picture_grid
from app.parts import browse
from app.parts.degrade import degrade
from app.parts.numbers import numbers
from app.parts.outside import outside_notice
from app.parts.pictures_notice import AWAY
from app.parts.text import esc, name_of, trail, whole_path
from app.queries import Asked, View
from app.resources import Entry
from hypuml.gallery import Gallery
from hypuml.types import Answer


def query(
    entry: Entry,
    gallery: Gallery,
    view: View,
    asked: Asked,
    answer: Answer,
    before: Answer | None,
) -> None:
    """Draw the query panel.

    Args:
        entry: the gallery's place on the shelf.
        gallery: what is shown.
        view: how.
        asked: the query.
        answer: what the gallery gives for it.
        before: the same for the untouched picture; None while that is the one that asks.
    """
    with st.container(key="query"):
        picture, said = st.columns([2, 3], gap="medium")
        with picture:
            _picture(entry, gallery, view, asked)
        with said, st.container(key="said", gap="small"):
            st.html(_facts_html(gallery, view, asked, answer, before))
            degrade(entry, view)
            _choosers(entry, gallery)
            if problem := st.session_state.get("upload_problem"):
                st.html(f'<p class="problem" role="alert">{esc(problem)}</p>')
        outside_notice(asked.placed)
    if st.session_state.pop("dialog", None) == "enlarge":
        _enlarged(entry, gallery, view, asked)


def _picture(entry: Entry, gallery: Gallery, view: View, asked: Asked) -> None:
    row, src, sharp = -1, asked.data_url, ""
    if view.upload:
        alt = f"Uploaded picture {view.upload.name}"
    else:
        assert view.row is not None
        row = view.row
        alt = f"Query: {name_of(gallery, row)}"
    if not src:
        here = gallery.has_pictures
        src = routes.picture_url(entry.version, row, here=here)
        sharp = routes.picture_url(entry.version, row, "picture") if here else ""
    if asked.before:
        alt = f"{alt}, degraded by {view.kind} at level {view.level:g}"
    tile = Tile(row, src, f"{alt}. Enlarge", sharp, eager=True, title="Enlarge")
    picture_grid([tile], "query_picture", _enlarge, columns=1, label="query")


def _enlarge(_: int) -> None:
    state.act()
    st.session_state["dialog"] = "enlarge"


@st.dialog("Query picture", width="large")
def _enlarged(entry: Entry, gallery: Gallery, view: View, asked: Asked) -> None:
    if view.upload:
        name = path = view.upload.name
        item = ""
    else:
        assert view.row is not None
        name, path = name_of(gallery, view.row), whole_path(gallery, view.row)
        item = gallery.ids[view.row]
    here = bool(asked.data_url) or gallery.has_pictures
    src = asked.data_url or routes.picture_url(entry.version, asked.row or 0, "large", here)
    away = "" if here else f'<p class="trail">{AWAY}</p>'
    st.html(
        f'<img class="large" src="{esc(src)}" alt="{esc(name)}">'
        f'<p class="trail">{esc(path)}</p><p class="trail">{esc(item)}</p>{away}'
    )


def _facts_html(
    gallery: Gallery, view: View, asked: Asked, answer: Answer, before: Answer | None
) -> str:
    if view.upload:
        name, above = view.upload.name, "Your picture: the link of this page leaves it out"
    else:
        assert view.row is not None
        name, above = name_of(gallery, view.row), trail(gallery, view.row) or "Query"
    verdict = (
        '<span class="chip rejected" title="Its uncertainty lies above the threshold: a system '
        'with this threshold would not answer.">rejected by the threshold</span>'
        if retrieval.rejects(view.threshold, asked.placed.uncertainty, gallery.uncertainty)
        else ""
    )
    return (
        '<div class="facts">'
        f'<div class="above"><p class="trail" title="{esc(above)}">{esc(above)}</p>{verdict}</div>'
        f'<h2 title="{esc(name)}">{esc(name)}</h2>{numbers(gallery, asked, answer, before)}</div>'
    )


def _choosers(entry: Entry, gallery: Gallery) -> None:
    with st.container(horizontal=True, gap="xsmall", key="choosers"):
        if st.button(
            "Browse",
            icon=":material/grid_view:",
            on_click=state.act,
            help="Choose a query from the gallery’s pictures",
        ):
            browse.browse(entry, gallery)
        st.button(
            "Surest",
            on_click=_pick_extreme,
            args=(gallery, 0),
            help="Ask with the image of lowest uncertainty",
        )
        st.button(
            "Most unsure",
            on_click=_pick_extreme,
            args=(gallery, -1),
            help="Ask with the image of highest uncertainty",
        )
        st.button(
            "Random",
            on_click=_pick_random,
            args=(gallery,),
            help="Ask with any image of the gallery",
        )
    turn = st.session_state.setdefault("upload_turn", 0)
    st.file_uploader(
        "Ask with your own picture (JPEG, PNG or WebP)",
        type=["jpg", "jpeg", "png", "webp"],
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


def answer_upload(entry: Entry, gallery: Gallery) -> None:
    """Turn a file that has just been uploaded into the query, or say why it cannot be."""
    pending = st.session_state.pop("pending", None)
    if pending is None:
        return
    name, data = pending
    with st.spinner("Looking at your picture (the first one also loads the model)"):
        try:
            state.ask_with(uploads.embed_upload(gallery, entry.version, name, data))
        except ValueError as error:
            st.session_state["upload_problem"] = f"{name}: {error}"
    st.session_state.pop("_acted", None)
