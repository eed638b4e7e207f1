"""The gallery as pages of pictures, to choose a query from."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app import routes, state
from app.components.picture_grid import Tile, picture_grid
from app.parts.palette import shades
from app.parts.text import name_of, whole_path
from app.resources import Entry
from hypuml.gallery import Gallery
from hypuml.types import IntArray

PER_PAGE, COLUMNS = 40, 8
LOWEST, HIGHEST, SHUFFLED, STORED = ORDERS = (
    "lowest uncertainty first", "highest uncertainty first", "shuffled", "as stored",
)  # fmt: skip
EVERYTHING = "all classes"


@st.dialog("Choose a query", width="large")
def browse(entry: Entry, gallery: Gallery) -> None:
    """Pages of pictures; a click makes one the query and closes the dialog."""
    if st.session_state.pop("browsed", False):
        st.rerun()  # the whole view, not only the dialog
    with st.container(horizontal=True, vertical_alignment="bottom"):
        order = st.selectbox("Order", ORDERS, key="browse_order", on_change=_first_page)
        label = EVERYTHING
        if entry.labelled:
            names = sorted(set(gallery.labels))
            label = st.selectbox(
                "Class", [EVERYTHING, *names], key="browse_class", on_change=_first_page
            )
    rows = ordered(gallery, order, "" if label == EVERYTHING else label)
    pages = max(1, -(-len(rows) // PER_PAGE))
    page = min(int(st.session_state.get("browse_page") or 1), pages)
    shown = rows[(page - 1) * PER_PAGE : page * PER_PAGE]
    dots, here = shades(gallery.uncertainty[shown], gallery.uncertainty), gallery.has_pictures
    tiles = [
        Tile(
            row=int(row),
            src=routes.picture_url(entry.version, int(row), here=here),
            alt=f"{name_of(gallery, row)}, uncertainty {gallery.uncertainty[row]:.2f}",
            title=whole_path(gallery, row),
            caption=(f"u {gallery.uncertainty[row]:.2f}",),
            dot=dot,
            instead="" if here else name_of(gallery, row),
        )
        for row, dot in zip(shown, dots, strict=True)
    ]
    with st.container(key="browse_pictures"):
        picture_grid(tiles, "browse_grid", _choose, COLUMNS, "gallery")
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        st.text(
            f"{len(rows):,} images"
            if pages == 1
            else f"{(page - 1) * PER_PAGE + 1:,}–{(page - 1) * PER_PAGE + len(shown):,} "
            f"of {len(rows):,} images"
        )
        if pages > 1:
            st.pagination(pages, key="browse_page")


def ordered(gallery: Gallery, order: str, label: str = "") -> IntArray:
    """``[M]`` rows to show.

    Args:
        gallery: whose rows.
        order: one of `ORDERS`; "shuffled" is the same shuffle every time, so that pages hold.
        label: only images of this class; empty for all.
    """
    if order == SHUFFLED:
        rows = np.random.default_rng(0).permutation(len(gallery))
    elif order == STORED:
        rows = np.arange(len(gallery))
    else:
        rows = np.argsort(gallery.uncertainty, kind="stable")
        rows = rows if order == LOWEST else rows[::-1]
    if label:
        rows = rows[np.fromiter((gallery.labels[row] == label for row in rows), bool, len(rows))]
    return rows.astype(np.int64)


def _first_page() -> None:
    st.session_state["browse_page"] = 1


def _choose(row: int) -> None:
    state.pick(row)
    st.session_state["browsed"] = True
