"""The selection: images chosen on the disk, as pictures to look through and a table to keep."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from zlib import crc32

import numpy as np
import streamlit as st

from app import export, routes
from app.components.picture_grid import Tile, picture_grid
from app.parts.palette import shades
from app.parts.text import name_of, whole_path
from app.resources import Entry
from hypuml.gallery import Gallery
from hypuml.types import IntArray

PER_PAGE, COLUMNS = 24, 6
HIGHEST, LOWEST, CLASSES = ORDERS = ("highest u first", "lowest u first", "by class")
_PARQUET = "application/vnd.apache.parquet"


def selection(
    entry: Entry,
    gallery: Gallery,
    rows: IntArray,
    on_pick: Callable[[int], None],
    on_clear: Callable[[], None],
    heading: Callable[[], None] | None = None,
) -> None:
    """Draw what the selection is, its pictures, and what can be done with it.

    Args:
        entry: the gallery.
        gallery: what is shown.
        rows: ``[M]`` distinct row numbers of the gallery; ``M`` may be 0.
        on_pick: called with the row of a clicked picture, before the next run.
        on_clear: called when nothing is to be selected any more, before the next run.
        heading: draws what stands in the place of the word "Selection", such as a switch.
    """
    with st.container(key="selection", gap="small"):
        with st.container(
            key="selection_top", horizontal=True, vertical_alignment="center", gap="small"
        ):
            if heading:
                heading()
            title = "" if heading else "<h2>Selection</h2>"
            numbers = summary_html(summary(gallery, entry, rows))
            st.html(f'<div class="heading">{title}{numbers}</div>')
            order = _order_control(entry) if len(rows) > 1 else HIGHEST
        if not len(rows):
            st.html(
                '<div class="empty" role="status">Nothing is selected. '
                "Draw around images on the disk to collect them here.</div>"
            )
            return
        in_order = ordered(gallery, rows, order)
        # Other images or another order are another book: it opens at its first page.
        book = f"selection_page_{entry.version}_{crc32(in_order.tobytes()):08x}"
        pages = -(-len(rows) // PER_PAGE)
        page = min(int(st.session_state.get(book) or 1), pages)
        shown = in_order[(page - 1) * PER_PAGE : page * PER_PAGE]
        with st.container(key="selected_pictures"):
            picture_grid(
                _tiles(entry, gallery, shown), "selection_grid", on_pick, COLUMNS, "selection"
            )
        with st.container(
            key="selection_foot", horizontal=True, vertical_alignment="center", gap="xsmall"
        ):
            if pages > 1:
                st.pagination(pages, key=book, max_visible_pages=5, persist_state="session")
            _downloads(entry, gallery, in_order)
            st.button("Clear", key="clear_selection", on_click=on_clear, help="Select nothing")


def summary(gallery: Gallery, entry: Entry, rows: IntArray) -> dict[str, Any]:
    """What a selection is, in numbers.

    Args:
        gallery: whose images.
        entry: its registration.
        rows: ``[M]`` distinct row numbers.

    Returns:
        ``count``; ``uncertainty``, the mean u in [0, 1], None where ``count`` is 0; ``classes``,
        how many different ones.
    """
    codes = entry.codes[rows]
    return {
        "count": len(rows),
        "uncertainty": float(gallery.uncertainty[rows].mean()) if len(rows) else None,
        "classes": len(np.unique(codes[codes >= 0])),
    }


def summary_html(numbers: dict[str, Any]) -> str:
    """A summary as HTML; numbers only, nothing to escape."""
    count, classes = numbers["count"], numbers["classes"]
    if not count:
        return ""
    parts = [
        f"<b>{count:,}</b> image{'' if count == 1 else 's'}",
        f"mean u <b>{numbers['uncertainty']:.3f}</b>",
    ]
    if classes:
        parts.append(f"<b>{classes:,}</b> class{'' if classes == 1 else 'es'}")
    text = " · ".join(parts)
    whole = text.replace("<b>", "").replace("</b>", "")  # where the line is too short for it
    return f'<span role="status" title="{whole}">{text}</span>'


def ordered(gallery: Gallery, rows: IntArray, order: str) -> IntArray:
    """``[M]`` rows in the order they are shown, the same whatever order they came in.

    Args:
        gallery: whose rows.
        rows: ``[M]`` distinct row numbers.
        order: one of `ORDERS`; "by class" sorts by taxonomy path, so that relatives are side by
            side, and by falling uncertainty inside a class.
    """
    rows = np.sort(rows)
    u = gallery.uncertainty[rows]
    if order == LOWEST:
        return rows[np.argsort(u, kind="stable")]
    rows = rows[np.argsort(-u, kind="stable")]
    if order == CLASSES:
        paths = [gallery.paths[row] for row in rows]
        rank = {path: i for i, path in enumerate(sorted(set(paths)))}
        rows = rows[np.argsort([rank[path] for path in paths], kind="stable")]
    return rows


def _order_control(entry: Entry) -> str:
    orders = ORDERS if entry.labelled else ORDERS[:2]
    return st.selectbox(
        "Order of the selection",
        orders,
        key="selection_order",
        label_visibility="collapsed",
        help="What comes first, here and in the table",
        width=158,
        persist_state="session",
    )


def _tiles(entry: Entry, gallery: Gallery, rows: IntArray) -> list[Tile]:
    dots, here = shades(gallery.uncertainty[rows], gallery.uncertainty), gallery.has_pictures
    return [
        Tile(
            row=int(row),
            src=routes.picture_url(entry.version, int(row), here=here),
            sharp=routes.picture_url(entry.version, int(row), "picture") if here else "",
            alt=f"{name_of(gallery, row)}, uncertainty {gallery.uncertainty[row]:.2f}",
            title=f"{whole_path(gallery, row)}\nuncertainty {gallery.uncertainty[row]:.3f}",
            caption=(f"u {gallery.uncertainty[row]:.2f}",),
            dot=dot,
            instead="" if here else name_of(gallery, row),
        )
        for row, dot in zip(rows, dots, strict=True)
    ]


def _downloads(entry: Entry, gallery: Gallery, rows: IntArray) -> None:
    """The table in the order shown. Streamlit makes it on the click, not before."""
    for label, make, ending, kind in (
        ("CSV", export.as_csv, "csv", "text/csv"),
        ("Parquet", export.as_parquet, "parquet", _PARQUET),
    ):
        st.download_button(
            label,
            partial(make, gallery, rows),
            file_name=f"{entry.key}-selection.{ending}",
            mime=kind,
            key=f"selection_{ending}",
            icon=":material/download:",
            on_click="ignore",
            help=f"All of the selection as a table, {label}: ids, classes, uncertainties, places",
        )
