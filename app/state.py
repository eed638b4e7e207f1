"""Sole owner of the view's state, in the session and in the page address (see `app.address`).

Widgets keep their value in the session under the names that the address uses. Two sources can
disagree, and the rule is:

* a widget or click was used in this run (its callback called `act`): the session wins;
* otherwise an address that differs from what we last wrote came from outside (a link, the
  browser's back button): it is read again, and what it says wrongly is replaced and reported.

An uploaded picture, and what is done to it, lives in the session only: no address can carry it.

Another query starts untouched (level 0), since a click on a picture asks with that picture; the
kind of degradation stays chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import streamlit as st

from app import address, resources, retrieval
from app.disk.shapes import LAYOUTS, Layout
from app.queries import Upload, View
from app.resources import Entry
from hypuml.data.degradation_scale import KINDS
from hypuml.gallery import Gallery

T = TypeVar("T")
DEFAULT_K = 10


ANSWERS, SELECTION = "answers", "selection"  # what the right column can show
_OF_A_GALLERY = (
    "row", "upload", "threshold", "colour", "level", "layout", "at", "highlight", "selection",
    "panel", "upload_problem", "against", "_made",
)  # fmt: skip


def act() -> None:
    """Note that the user changed something in this run; the callback of every widget."""
    st.session_state["_acted"] = True


def pick(row: int) -> None:
    """Make gallery image ``row`` the query."""
    act()
    st.session_state["row"] = int(row)
    st.session_state["upload"] = None
    st.session_state["panel"] = ANSWERS
    _start_untouched()


def ask_with(upload: Upload) -> None:
    """Make an uploaded picture the query."""
    act()
    st.session_state["upload"] = upload
    st.session_state["row"] = None
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
    for name in _OF_A_GALLERY:
        st.session_state.pop(name, None)


def first_query(gallery: Gallery) -> int | None:
    """The query a visitor starts with: the image the model is surest of."""
    return int(np.argmin(gallery.uncertainty)) if len(gallery) else None


def choose_entry() -> tuple[Entry | None, list[str], bool]:
    """The gallery to show.

    Returns:
        The entry (None on an empty shelf), what to tell the user, and whether the address has
        to be read for the rest of the view too.
    """
    entries = resources.shelf.entries()
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
    return resources.shelf.get(str(wanted)), notices, read


def settle(entry: Entry, gallery: Gallery, read: bool) -> tuple[View, list[str]]:
    """Bring the session into a state that fits ``gallery`` and write it to the address.

    Args:
        entry: its place on the shelf; an upload made for another gallery is dropped.
        gallery: what is shown.
        read: whether the address counts.

    Returns:
        The checked view, and a sentence for each value of the address that could not be used.
    """
    session = st.session_state
    notices = address.read(session, st.query_params.to_dict(), entry, gallery) if read else []
    upload = session.get("upload")
    if upload is not None and upload.version != entry.version:
        upload = session["upload"] = None
        leave_untouched()
    row = session.get("row")
    if upload is None and (row is None or not 0 <= row < len(gallery)):
        row = session["row"] = first_query(gallery)
    lo, hi = retrieval.bounds(gallery.uncertainty)
    session["threshold"] = float(min(max(session.get("threshold", hi), lo), hi))
    session["k"] = min(max(int(session.get("k") or DEFAULT_K), 1), address.largest_k(gallery))
    if session.get("colour") not in address.colours(entry, gallery):
        session["colour"] = address.UNCERTAINTY
    session["hide"] = bool(session.get("hide", False))
    session["degrade"] = session["degrade"] if session.get("degrade") in KINDS else KINDS[0]
    session["level"] = float(min(max(session.get("level", 0.0), 0.0), 1.0))
    if session.get("layout") not in entry.layouts:
        session["layout"], session["at"] = LAYOUTS[0], None
    if session.get("highlight") not in entry.branches:
        session["highlight"] = ""
    if session.get("part") not in address.PARTS:
        session["part"] = address.PARTS[0]
    if resources.shelf.get(str(session.get("against") or "")) in (None, entry):
        session["against"] = ""
    # Written even where nothing changed: Streamlit forgets what no widget of this room holds.
    for name in ("colour", "degrade", "highlight", "part"):
        session[name] = session[name]
    selection = tuple(r for r in session.get("selection") or () if 0 <= r < len(gallery))
    session["selection"] = selection
    if session.get("panel") != SELECTION or not selection:
        session["panel"] = ANSWERS
    view = View(
        None if upload else row,
        upload,
        session["k"],
        session["threshold"],
        session["colour"],
        session["hide"],
        session["degrade"],
        session["level"],
        session["layout"],
        session.get("at"),
        session["highlight"],
        selection,
        session["panel"],
    )
    _write_address(view, gallery)
    return view, notices


def _write_address(view: View, gallery: Gallery) -> None:
    session = st.session_state
    ours = address.written(
        str(session["gallery"]), view, gallery, session["part"], session["against"]
    )
    if st.query_params.to_dict() != ours:
        st.query_params.from_dict(ours)
    st.session_state["_address"] = ours
