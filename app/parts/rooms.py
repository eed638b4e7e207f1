"""The rooms of the app and the links between them; each link carries what the page shows.

A link is a real one (keyboard, middle click, "copy address") to ``/models?gallery=…``. The address
is known only when a room has settled its state, after the top line has been drawn: so the links are
drawn with the address as it was, and again by `renew` once the room has run.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


class Room(NamedTuple):
    """One room.

    Attributes:
        title: what its link says.
        script: its file, from the folder of ``main.py``.
        path: its place in the page address.
    """

    title: str
    script: str
    path: str


ROOMS = (
    Room("Explore", "views/explore.py", ""),
    Room("Models", "views/models.py", "models"),
)

_here: ContextVar[str] = ContextVar("room", default=ROOMS[0].title)
_links: ContextVar[dict[str, DeltaGenerator] | None] = ContextVar("links", default=None)


def enter(title: str) -> None:
    """Note which room this run draws, before it is drawn."""
    _here.set(title)
    _links.set(None)


def rooms() -> None:
    """Draw the links, the room one is in marked as such."""
    places = {}
    with st.container(key="rooms", horizontal=True, gap="small", wrap=False):
        for room in ROOMS:
            if room.title == _here.get():
                st.html(f'<span class="here" aria-current="page">{room.title}</span>')
            else:
                places[room.title] = st.empty()
    _links.set(places)
    renew()


def renew() -> None:
    """Let the links carry the page's address as it is now."""
    query = st.query_params.to_dict()
    places = _links.get() or {}
    for room in ROOMS:
        if room.title in places:
            places[room.title].page_link(room.script, label=room.title, query_params=query)
