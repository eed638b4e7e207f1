"""The session's side of the view state: reading it, settling it, and the acts that change it.

Every field of `app.view_state.ViewState` is kept in the session under its own name, which is also
the key of its widget where it has one. Session and page address can disagree, and the rule is:

* a widget or click was used in this run (its callback called `act`): the session wins;
* otherwise an address that differs from the last one written came from outside (a link, the
  browser's back button): it is read again, and what is wrong in it is replaced and reported.

Another query starts untouched (level 0), since a click on a picture searches with that picture; the
kind of degradation stays chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import streamlit as st

from app import resources, url_state
from app.disk.shapes import Layout
from app.queries import Query
from app.resources import Entry
from app.view_state import ANSWERS, GALLERY, SELECTION, ViewState, usable, view_fields

T = TypeVar("T")


def act() -> None:
    """Note that the user changed something in this run; the callback of every widget."""
    st.session_state["_acted"] = True


def pick(row: int) -> None:
    """Make gallery image ``row`` the query."""
    act()
    st.session_state["query"] = int(row)
    st.session_state["panel"] = ANSWERS
    _start_untouched()


def search_with(upload: Query) -> None:
    """Make an uploaded picture the query."""
    act()
    st.session_state["query"] = upload
    st.session_state["panel"] = ANSWERS
    _start_untouched()


def leave_untouched() -> None:
    """Take the query as it is, because its picture cannot be changed."""
    st.session_state["level"] = 0.0


def move_threshold(value: float) -> None:
    """Reject queries of larger uncertainty than ``value``."""
    act()
    st.session_state["threshold"] = value


def look(layout: Layout, at: tuple[float, ...] | None) -> None:
    """Note how the disk is looked at: its layout, and where it has been moved and zoomed to."""
    act()
    st.session_state["layout"] = layout
    st.session_state["at"] = at


def select(rows: Sequence[int]) -> None:
    """Select these images; none to clear."""
    act()
    st.session_state["selection"] = tuple(rows)
    st.session_state["panel"] = SELECTION if rows else ANSWERS


def highlight(name: str) -> None:
    """Let a taxonomy branch stand out, by its display name; empty to clear."""
    act()
    st.session_state["highlight"] = name


def _start_untouched() -> None:
    """Forget what was done to, and what was wrong with, the former query's picture."""
    leave_untouched()
    if st.session_state.get("layout") == "query":
        st.session_state["at"] = None  # another query in the middle: nothing is where it was
    st.session_state["upload_problem"] = ""
    st.session_state.pop("_made", None)


def made_once(key: tuple[object, ...], make: Callable[[], T]) -> T:
    """What ``make`` gives, kept until another ``key`` or another query comes.

    For what takes a model: moving the threshold must not look at the picture again. One thing a
    session is kept.
    """
    kept = st.session_state.get("_made")
    if kept is None or kept[0] != key:
        kept = st.session_state["_made"] = (key, make())
    return kept[1]


def change_gallery(key: str | None = None) -> None:
    """Forget what belonged to the former gallery; with ``key``, go to that one."""
    act()
    if key is not None:
        st.session_state["gallery"] = key
    names = [name for name, how in view_fields().items() if how.of_gallery]
    for name in (*names, "upload_problem", "_made"):
        st.session_state.pop(name, None)


def choose_entry() -> tuple[Entry | None, list[str], bool]:
    """The gallery to show.

    Returns:
        The entry (None where none is registered), sentences for the user, and whether the address
        has to be read for the rest of the view too.
    """
    entries = resources.galleries.entries()
    ours = st.session_state.get("_address")
    read = not st.session_state.pop("_acted", False) and st.query_params.to_dict() != ours
    notices: list[str] = []
    if not entries:
        return None, notices, read
    keys = [entry.key for entry in entries]
    wanted = st.query_params.get("gallery") if read else st.session_state.get("gallery")
    if wanted not in keys:
        fallback = next((e.key for e in entries if e.gallery), keys[0])
        if wanted:
            notices.append(f"No gallery called “{wanted}” is open here, so this is “{fallback}”.")
        wanted = fallback
    if wanted != st.session_state.get("gallery"):
        change_gallery()
        st.session_state.pop("_acted", None)
    st.session_state["gallery"] = wanted
    return resources.galleries.get(str(wanted)), notices, read


def settle(entry: Entry, read: bool) -> tuple[ViewState, list[str]]:
    """Bring the session into a state that fits a gallery, and write it to the address.

    Args:
        entry: the gallery that is shown.
        read: whether the address counts.

    Returns:
        The checked view, and a sentence for each value of the address that could not be used.
    """
    session = st.session_state
    values, notices = url_state.read(st.query_params.to_dict(), entry) if read else ({}, [])
    view = usable({**{name: session.get(name) for name in view_fields()}, **values}, entry)
    for name in view_fields():
        # Written even where nothing changed: Streamlit forgets what no widget of this page holds.
        if name != GALLERY:  # chosen before, by a widget that is drawn already
            session[name] = getattr(view, name)
    address = url_state.written(view, entry)
    if st.query_params.to_dict() != address:
        st.query_params.from_dict(address)
    session["_address"] = address
    return view, notices
