"""What is shown instead of a gallery: nothing there, or one that cannot be opened."""

from __future__ import annotations

import streamlit as st

from app.parts.text import esc
from app.resources import Entry

_BUILD = "python -m hypuml gallery FOLDER checkpoints/garden OUT"
_OPEN = "streamlit run app/main.py -- --gallery OUT"


def no_gallery() -> None:
    """No gallery is registered."""
    _card("No gallery yet", "Nothing ships under checkpoints/ here and no gallery was named.")


def cannot_open(entry: Entry) -> None:
    """The gallery is there, but cannot be shown."""
    _card(f"“{entry.key}” cannot be opened", entry.problem)


def _card(title: str, reason: str) -> None:
    st.html(
        f'<div class="card" role="alert"><h2>{esc(title)}</h2><p>{esc(reason)}</p>'
        "<p>Turn a folder of images into a gallery, and open it:</p>"
        f"<pre>{esc(_BUILD)}\n{esc(_OPEN)}</pre>"
        "<p>or open one with the folder button above.</p></div>"
    )
