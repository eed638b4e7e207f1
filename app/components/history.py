"""Which changes of the page address are entries of the browser's history."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

_SCRIPT = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")


def history_policy(replacing: Sequence[str], required: str) -> None:
    """Let changes of some parameters replace the current entry; all others add one.

    Args:
        replacing: names of these parameters.
        required: a parameter that every full address has; whatever follows an address without it
            replaces that address.
    """
    script = _SCRIPT.replace("REPLACING)", f"{json.dumps(list(replacing))})")
    script = script.replace("has(REQUIRED)", f"has({json.dumps(required)})")
    with st.container(key="history"):  # not shown
        st.html(f"<script>{script}</script>", unsafe_allow_javascript=True)
