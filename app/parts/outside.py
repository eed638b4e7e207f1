"""Notices about out-of-distribution images: of a query beside its numbers, of a gallery on top.

A picture is outside the distribution where it is unlike all that the model was fitted on
(:meth:`hypuml.models.length.Length.outside`). Neither its uncertainty nor a confidence means much
there; both keep their places, and a notice stands beside them.
"""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.parts.text import esc, percent
from app.queries import Query

OUTSIDE = (
    "Out of distribution: unlike the images this model was fitted on. "
    "Its uncertainty and confidence are not reliable here."
)


def outside_notice(query: Query) -> None:
    """Draw the line below the query; nothing where its picture is in distribution."""
    if query.outside:
        head, rest = OUTSIDE.split(":", 1)
        st.html(f'<p class="outside" role="status"><b>{esc(head)}:</b>{esc(rest)}</p>')


def mostly_outside(outside: NDArray[np.bool_] | None) -> str:
    """A sentence about a gallery of which more than half is out of distribution; else empty.

    Args:
        outside: ``[N]``, or None where the model cannot tell.
    """
    share = 0.0 if outside is None else float(outside.mean())
    if share <= 0.5:
        return ""
    return (
        f"{percent(share)} of this gallery is out of distribution for its model: uncertainty and "
        "confidence are not reliable there."
    )
