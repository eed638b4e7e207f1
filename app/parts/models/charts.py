"""How a chart stands on the page: a plain title, the figure, one sentence below."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from app.parts.text import esc

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

# Plotly 7 puts a button on every chart that uploads it; nothing leaves this machine.
CONFIG = {"displayModeBar": False, "displaylogo": False, "showSendToCloud": False}
_FONT = '"Source Sans", sans-serif'  # the page's own


def theme() -> str:
    """``"light"`` or ``"dark"``, as the page is."""
    return "dark" if st.context.theme.type == "dark" else "light"


def chart(figure: Figure, title: str, words: str, key: str) -> None:
    """Draw a figure.

    Args:
        figure: transparent, in the page's theme.
        title: above it; text, not markup.
        words: one sentence below it; text, not markup.
        key: stable name on this page.
    """
    figure.update_layout(font={"family": _FONT})
    with st.container(key=f"chart_{key}", gap=None):
        st.html(f'<h3 class="chart">{esc(title)}</h3>')
        # Streamlit's own theme would replace the colours that mean something here.
        st.plotly_chart(figure, theme=None, key=f"figure_{key}", config=CONFIG)
        st.html(f'<p class="caption">{esc(words)}</p>')


def lacking(reason: str, command: str = "") -> None:
    """Say what is missing and, where there is one, the command that makes it."""
    made = f"<p>It is made by</p><pre>{esc(command)}</pre>" if command else ""
    st.html(f'<div class="lacking" role="status"><p>{esc(reason)}</p>{made}</div>')
