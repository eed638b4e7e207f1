"""The query: its picture, what the model says of it, and the ways to choose another."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app import facts, routes, state, uploads
from app.components.picture_grid import Tile, picture_grid
from app.parts import browse
from app.parts.palette import shades
from app.parts.text import MEANING, esc, name_of, trail, whole_path
from app.resources import Entry
from hypuml.gallery import Gallery


def query(entry: Entry, gallery: Gallery, view: state.View) -> None:
    """Draw the query panel."""
    with st.container(key="query"):
        picture, said = st.columns([2, 3], gap="medium")
        with picture:
            _picture(entry, gallery, view)
        with said, st.container(key="said", gap="small"):
            st.html(_facts_html(gallery, view))
            _choosers(entry, gallery)
            if problem := st.session_state.get("upload_problem"):
                st.html(f'<p class="problem" role="alert">{esc(problem)}</p>')
    if st.session_state.pop("dialog", None) == "enlarge":
        _enlarged(entry, gallery, view)


def _picture(entry: Entry, gallery: Gallery, view: state.View) -> None:
    if view.upload:
        src, alt, row = view.upload.data_url, f"Uploaded picture {view.upload.name}", -1
        sharp = ""
    elif view.row is not None:
        row = view.row
        src = routes.picture_url(entry.version, row)
        sharp = routes.picture_url(entry.version, row, "picture")
        alt = f"Query: {name_of(gallery, row)}"
    else:
        return
    tile = Tile(row, src, f"{alt}. Enlarge", sharp, eager=True, title="Enlarge")
    picture_grid([tile], "query_picture", _enlarge, columns=1, label="query")


def _enlarge(_: int) -> None:
    state.act()
    st.session_state["dialog"] = "enlarge"


@st.dialog("Query picture", width="large")
def _enlarged(entry: Entry, gallery: Gallery, view: state.View) -> None:
    if view.upload:
        src, name, path = view.upload.data_url, view.upload.name, ""
    else:
        assert view.row is not None
        src = routes.picture_url(entry.version, view.row, "large")
        name, path = name_of(gallery, view.row), whole_path(gallery, view.row)
    item = gallery.ids[view.row] if view.row is not None else ""
    st.html(
        f'<img class="large" src="{esc(src)}" alt="{esc(name)}">'
        f'<p class="trail">{esc(path or name)}</p><p class="trail">{esc(item)}</p>'
    )


def _facts_html(gallery: Gallery, view: state.View) -> str:
    if view.upload:
        name, above = view.upload.name, "Your picture"
        u, radius = view.upload.uncertainty, view.upload.radius
        below = '<p class="note">It stays in this session: the link of this page leaves it out.</p>'
    elif view.row is not None:
        row = view.row
        name = name_of(gallery, row)
        above = trail(gallery, row) or "Query"
        u, radius = float(gallery.uncertainty[row]), float(gallery.radius[row])
        below = ""
    else:
        return '<p class="note">This gallery holds no images.</p>'
    kept = bool(facts.keep_mask(np.asarray([u]), view.threshold)[0])
    verdict = (
        ""
        if kept
        else (
            '<span class="chip rejected" title="Its uncertainty lies above the threshold: a system '
            'with this threshold would not answer.">rejected by the threshold</span>'
        )
    )
    dot = shades(np.asarray([u]), gallery.uncertainty)[0]
    rank = float((gallery.uncertainty < u).mean())
    return (
        f'<div class="facts"><p class="trail" title="{esc(above)}">{esc(above)}</p>'
        f'<h2 title="{esc(name)}">{esc(name)}</h2>'
        f'<dl><div title="{esc(MEANING["u"])}"><dt>uncertainty u</dt>'
        f'<dd><i class="dot" style="background:{dot}"></i>{u:.3f}</dd>'
        f"</div>"
        f'<div title="{esc(MEANING["d0"])}"><dt>distance from origin</dt>'
        f"<dd>{radius:.2f}</dd></div>"
        f'<div title="Share of the gallery’s images that the model is surer of.">'
        f"<dt>less sure than</dt><dd>{100 * rank:.0f} % of all</dd></div>"
        f"</dl>{verdict}{below}</div>"
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
