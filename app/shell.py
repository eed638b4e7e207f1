"""What surrounds every page: page settings, style sheet, navigation, and the warm start.

Pages are scripts under ``views/``. Navigation is our own (`app.parts.page_links`): the state of a
view lives in the page address, and Streamlit's sidebar links would drop it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st

from app import resources, url_state
from app.components.history import history_policy
from app.jobs import Job
from app.parts.page_links import PAGES, begin_page, refresh_links
from app.view_state import GALLERY

HERE = Path(__file__).resolve().parent


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    """Open the galleries while the browser is still loading the page (server start hook)."""
    Job("open galleries", lambda job: resources.warm())
    yield


def run() -> None:
    """Draw the page the URL names. Called once per interaction."""
    st.set_page_config(
        page_title="Hyp-UML Explorer",
        page_icon=str(HERE / "icon.svg"),
        layout="wide",
        initial_sidebar_state="collapsed",
    )
    st.html(HERE / "style.css")
    history_policy(url_state.replacing(), GALLERY)
    pages = [
        st.Page(page.script, title=page.title, url_path=page.path, default=not page.path)
        for page in PAGES
    ]
    current = st.navigation(pages, position="hidden")
    begin_page(current.title)
    current.run()
    refresh_links()
