"""The pages of the app and the links between them; each link carries what the page shows.

A link is a real one (keyboard, middle click, "copy address") to ``/models?gallery=…``. The address
is known only when a page has settled its state, after the top line has been drawn: so the links are
drawn with the address as it was, and again by `refresh_links` once the page has run.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


class Page(NamedTuple):
    """One page.

    Attributes:
        title: text of its link.
        script: its file, from the folder of ``main.py``.
        path: its place in the page address.
    """

    title: str
    script: str
    path: str


# In a folder that is not called "pages": Streamlit would take that one over.
PAGES = (
    Page("Explore", "views/explore.py", ""),
    Page("Models", "views/models.py", "models"),
)

_current: ContextVar[str] = ContextVar("page", default=PAGES[0].title)
_links: ContextVar[dict[str, DeltaGenerator] | None] = ContextVar("links", default=None)


def begin_page(title: str) -> None:
    """Note which page this run draws, before it is drawn."""
    _current.set(title)
    _links.set(None)


def page_links() -> None:
    """Draw the links, the current page marked as such."""
    places = {}
    with st.container(key="page_links", horizontal=True, gap="small", wrap=False):
        for page in PAGES:
            if page.title == _current.get():
                st.html(f'<span class="here" aria-current="page">{page.title}</span>')
            else:
                places[page.title] = st.empty()
    _links.set(places)
    refresh_links()


def refresh_links() -> None:
    """Let the links carry the page's address as it is now."""
    query = st.query_params.to_dict()
    places = _links.get() or {}
    for page in PAGES:
        if page.title in places:
            places[page.title].page_link(page.script, label=page.title, query_params=query)
