"""The model card, and what a checkpoint lacks."""

from __future__ import annotations

import streamlit as st

from app.parts.models.charts import lacking
from app.parts.models.markdown import card_html
from app.parts.models.records import Records


def card(known: Records) -> None:
    """Draw the card, or a note on how one is made."""
    if missing := known.lacks("card"):
        lacking(missing.reason, missing.command)
    else:
        st.html(f'<article class="model-card">{card_html(known.card)}</article>')
    for what in ("evaluation", "config"):
        if missing := known.lacks(what):
            lacking(missing.reason, missing.command)
