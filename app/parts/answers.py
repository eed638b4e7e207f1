"""The answers: the k nearest images as pictures, right and wrong told apart."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app import address, retrieval, routes, state
from app.components.picture_grid import Tile, picture_grid
from app.parts.palette import shades
from app.parts.text import esc, name_of, whole_path
from app.queries import View
from app.resources import Entry
from hypuml.gallery import Gallery


def answers(
    entry: Entry,
    gallery: Gallery,
    view: View,
    found: retrieval.Answers,
    heading: Callable[[], None] | None = None,
) -> None:
    """Draw the line above the pictures and the pictures; a click asks with that picture.

    Args:
        entry: the gallery's place on the shelf.
        gallery: what is shown.
        view: how.
        found: the answers.
        heading: draws what stands in the place of the word "Answers", such as a switch.
    """
    with st.container(key="answers", gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="asked"):
            if heading:
                heading()
            title = "" if heading else "<h2>Answers</h2>"
            verdict = _verdict(entry, gallery, view, found)
            st.html(f'<div class="heading">{title}{verdict}</div>')
            st.toggle(
                "hide rejected",
                key="hide",
                on_change=state.act,
                help="Leave images above the threshold out of the answers. Otherwise they "
                "stay: the threshold rejects queries, not the gallery.",
            )
            st.html('<span class="k" title="Number of answers" aria-hidden="true">k</span>')
            st.number_input(
                "k",
                1,
                address.largest_k(gallery),
                key="k",
                on_change=state.act,
                width=132,
                label_visibility="collapsed",
                help="Number of answers k",
            )
        if not len(found.rows):
            st.html(f'<div class="empty" role="status">{_why_none(gallery, view)}</div>')
            return
        keep = retrieval.keep_mask(gallery.uncertainty, view.threshold)
        dots = shades(gallery.uncertainty[found.rows], gallery.uncertainty)
        tiles = [
            _tile(entry, gallery, found, i, bool(keep[row]), dots[i])
            for i, row in enumerate(found.rows)
        ]
        with st.container(key="pictures"):
            picture_grid(tiles, "answer_grid", state.pick, columns_for(len(tiles)), "answers")


def columns_for(count: int) -> int:
    """Pictures per line: few are large, ten fit the window, more scroll."""
    if count <= 5:
        return max(3, count)
    return 5 if count <= 10 else 6


def _tile(
    entry: Entry, gallery: Gallery, found: retrieval.Answers, i: int, keep: bool, dot: str
) -> Tile:
    row, here = int(found.rows[i]), gallery.has_pictures
    mark, distance, u = found.marks[i], found.distances[i], float(gallery.uncertainty[row])
    label = name_of(gallery, row)
    says = {
        retrieval.RIGHT: ", right class",
        retrieval.WRONG: ", wrong class",
        retrieval.UNKNOWN: "",
    }[mark]
    return Tile(
        row=row,
        src=routes.picture_url(entry.version, row, here=here),
        sharp=routes.picture_url(entry.version, row, "picture") if here else "",
        alt=f"Answer {i + 1}: {label}{says}, distance {distance:.2f}, uncertainty {u:.2f}",
        title=f"{i + 1}. {whole_path(gallery, row)}{says}\n"
        f"distance {distance:.3f} · uncertainty {u:.3f}"
        + ("" if keep else " (above the threshold)"),
        caption=(f"d {distance:.2f}", f"u {u:.2f}"),
        mark=mark,
        dot=dot,
        faded=not keep,
        instead="" if here else label,
    )


def _verdict(entry: Entry, gallery: Gallery, view: View, found: retrieval.Answers) -> str:
    judged = sum(mark != retrieval.UNKNOWN for mark in found.marks)
    if judged:
        return (
            '<span title="Answers that have the query’s class">'
            f"<b>{found.right}</b> of {judged} right</span>"
        )
    first, count = retrieval.majority(entry.codes[found.rows])
    if view.upload and first >= 0:
        label = gallery.labels[int(found.rows[first])]
        return f"<span><b>{count}</b> of {len(found.rows)} are <b>{esc(label)}</b></span>"
    return ""


def _why_none(gallery: Gallery, view: View) -> str:
    if view.row is not None and len(gallery) == 1:
        return (
            "This gallery holds one image, so there is nothing else to find. "
            "Upload a picture to ask with."
        )
    return (
        "Every image lies above the threshold and rejected ones are hidden. "
        "Move the threshold to the right, or show rejected images."
    )
