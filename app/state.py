"""Sole owner of the view's state, in the session and in the page address.

The address carries ``gallery``, ``query`` (item id), ``k``, ``threshold`` and, where not the
default, ``colour``, ``hide`` and ``degrade`` with ``level``, so a link restores what its sender
saw. Widgets keep their value under the same names in the session. Two sources can disagree, and
the rule is:

* a widget or click was used in this run (its callback called `act`): the session wins;
* otherwise an address that differs from what we last wrote came from outside (a link, the
  browser's back button): it is read again, and what it says wrongly is replaced and reported.

An uploaded picture, and what is done to it, lives in the session only: no address can carry it.

Another query starts untouched (level 0), since a click on a picture asks with that picture; the
kind of degradation stays chosen.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np
import streamlit as st

from app import facts, resources
from app.queries import Upload, View
from app.resources import Entry
from hypuml.data.degradation_scale import KINDS
from hypuml.gallery import Gallery

T = TypeVar("T")
DEFAULT_K, MAX_K = 10, 100
UNCERTAINTY, LABEL = "uncertainty", "label"


def act() -> None:
    """Note that the user changed something in this run; the callback of every widget."""
    st.session_state["_acted"] = True


def pick(row: int) -> None:
    """Make gallery image ``row`` the query."""
    act()
    st.session_state["row"] = int(row)
    st.session_state["upload"] = None
    _start_untouched()


def ask_with(upload: Upload) -> None:
    """Make an uploaded picture the query."""
    act()
    st.session_state["upload"] = upload
    st.session_state["row"] = None
    _start_untouched()


def leave_untouched() -> None:
    """Take the query as it is, because its picture cannot be changed."""
    st.session_state["level"] = 0.0


def _start_untouched() -> None:
    """Forget what was done to, and what was wrong with, the former query's picture."""
    leave_untouched()
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
    for name in ("row", "upload", "threshold", "colour", "level", "upload_problem", "_made"):
        st.session_state.pop(name, None)


def colours(entry: Entry, gallery: Gallery) -> list[str]:
    """What the dots can be coloured by: uncertainty, and what the gallery knows of classes."""
    if not entry.labelled:
        return [UNCERTAINTY]
    return [UNCERTAINTY, LABEL, *gallery.levels[:-1]]


def largest_k(gallery: Gallery) -> int:
    """Largest number of answers that can be asked for, at least 1."""
    return max(1, min(MAX_K, len(gallery) - 1))


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
    notices = _read_address(st.query_params.to_dict(), entry, gallery) if read else []
    upload = session.get("upload")
    if upload is not None and upload.version != entry.version:
        upload = session["upload"] = None
        leave_untouched()
    row = session.get("row")
    if upload is None and (row is None or not 0 <= row < len(gallery)):
        row = session["row"] = first_query(gallery)
    lo, hi = facts.bounds(gallery.uncertainty)
    session["threshold"] = float(min(max(session.get("threshold", hi), lo), hi))
    session["k"] = min(max(int(session.get("k") or DEFAULT_K), 1), largest_k(gallery))
    if session.get("colour") not in colours(entry, gallery):
        session["colour"] = UNCERTAINTY
    session["hide"] = bool(session.get("hide", False))
    session["degrade"] = session["degrade"] if session.get("degrade") in KINDS else KINDS[0]
    session["level"] = float(min(max(session.get("level", 0.0), 0.0), 1.0))
    view = View(
        None if upload else row,
        upload,
        session["k"],
        session["threshold"],
        session["colour"],
        session["hide"],
        session["degrade"],
        session["level"],
    )
    _write_address(view, gallery)
    return view, notices


def _read_address(address: Mapping[str, str], entry: Entry, gallery: Gallery) -> list[str]:
    """Take over the address's values into the session; report what does not fit."""
    session: Any = st.session_state
    notices: list[str] = []
    if query := address.get("query"):
        row = entry.rows.get(query)
        session["upload"] = None
        session["row"] = row
        if row is None:
            notices.append(f"This gallery has no image “{query}”: showing its surest one.")
    if k := address.get("k"):
        most = largest_k(gallery)
        value = int(k) if k.isascii() and k.isdigit() and len(k) < 10 else 0
        session["k"] = value or None
        if not 0 < value <= most:
            notices.append(f"k has to be a whole number from 1 to {most}, not “{k}”.")
    if threshold := address.get("threshold"):
        session["threshold"] = _number(threshold)
        if session["threshold"] is None:
            del session["threshold"]
            notices.append(f"The threshold has to be a number from 0 to 1, not “{threshold}”.")
    if colour := address.get("colour"):
        session["colour"] = colour
        if colour not in colours(entry, gallery):
            notices.append(f"This gallery cannot be coloured by “{colour}”.")
    session["hide"] = address.get("hide") == "1"
    leave_untouched()
    if kind := address.get("degrade"):
        session["degrade"] = kind
        if kind not in KINDS:
            notices.append(f"Pictures cannot be degraded by “{kind}”, only by {', '.join(KINDS)}.")
    if level := address.get("level"):
        share = _number(level)
        if share is None or not 0 <= share <= 1:
            notices.append(f"The level has to be a number from 0 to 1, not “{level}”.")
        elif session.get("degrade", KINDS[0]) in KINDS:
            session["level"] = share
    return notices


def _number(text: str) -> float | None:
    """A finite number, or None."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _write_address(view: View, gallery: Gallery) -> None:
    ours = {
        "gallery": str(st.session_state["gallery"]),
        "k": str(view.k),
        "threshold": f"{view.threshold:g}",
    }
    if view.row is not None:
        ours["query"] = gallery.ids[view.row]
    if view.colour != UNCERTAINTY:
        ours["colour"] = view.colour
    if view.hide:
        ours["hide"] = "1"
    if view.row is not None and view.level > 0:
        ours["degrade"], ours["level"] = view.kind, f"{view.level:g}"
    if st.query_params.to_dict() != ours:
        st.query_params.from_dict(ours)
    st.session_state["_address"] = ours
