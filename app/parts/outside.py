"""What is outside what a model knows: said of a query beside its numbers, of a gallery on top.

A picture is outside where it is unlike all that the model was fitted on
(:meth:`hypuml.models.length.Length.outside`). Neither its uncertainty nor a confidence means much
there, so both keep their places and the page says so.
"""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.parts.text import esc, percent
from app.queries import Query

OUTSIDE = (
    "Outside what this model knows: unlike the images it was fitted on. "
    "Its uncertainty and confidence are not to be trusted here."
)


def outside_notice(query: Query) -> None:
    """Draw the line below the query; nothing where its picture is like what the model knows."""
    if query.outside:
        head, rest = OUTSIDE.split(":", 1)
        st.html(f'<p class="outside" role="status"><b>{esc(head)}:</b>{esc(rest)}</p>')


def mostly_outside(outside: NDArray[np.bool_] | None) -> str:
    """What to say of a gallery of which more than half is outside; else empty.

    Args:
        outside: ``[N]``, or None where the model cannot tell.
    """
    share = 0.0 if outside is None else float(outside.mean())
    if share <= 0.5:
        return ""
    return (
        f"{percent(share)} of this gallery is outside what its model knows: its uncertainty and "
        "confidence are not to be trusted there."
    )
