"""The degradation of the query's picture: its kind and level, in one line."""

from __future__ import annotations

import streamlit as st

from app import state
from app.degrade import obstacle
from app.parts.text import esc
from app.resources import Entry
from app.view_state import ViewState
from hypuml.data.degradation_scale import KINDS

_HELP = (
    "Searches with a degraded copy of the picture: watch where it moves on the disk, and how u and "
    "the answers change. At 0 it is the picture as it is."
)


def degrade_control(entry: Entry, view: ViewState) -> None:
    """Draw the control; where the picture cannot be changed, disabled and with the reason."""
    reason = obstacle(entry, view.row)
    meaning = reason or _HELP
    with st.container(
        key="degrade", horizontal=True, vertical_alignment="center", gap="small", wrap=False
    ):
        quiet = " off" if reason else ""
        st.html(f'<span class="label{quiet}" title="{esc(meaning)}">Degrade</span>')
        st.selectbox(
            "Kind of degradation",
            KINDS,
            key="degradation",
            on_change=state.act,
            disabled=bool(reason),
            help=meaning,
            label_visibility="collapsed",
            width=126,
        )
        st.slider(
            "Level of degradation",
            min_value=0.0,
            max_value=1.0,
            step=0.05,
            format="%.2f",
            key="level",
            on_change=state.act,
            disabled=bool(reason),
            help=meaning,
            label_visibility="collapsed",
        )
