"""How every page begins: the top line (name, pages, gallery, folder, help), and what to show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from app import resources, state
from app.parts import error_cards
from app.parts.page_links import page_links
from app.parts.text import esc
from app.resources import Entry
from hypuml.gallery import Gallery


class Shown(NamedTuple):
    """What a page shows.

    Attributes:
        entry: the gallery.
        gallery: the same, opened; it has images.
        notices: sentences about the choice.
        read: whether the page address is still to be read.
    """

    entry: Entry
    gallery: Gallery
    notices: list[str]
    read: bool


def page_header() -> Shown | None:
    """Choose the gallery and draw the top line.

    Returns:
        None where there is nothing to show; a card with the reason is drawn then.
    """
    entry, notices, read = state.choose_entry()
    _top_line()
    if entry is None:
        error_cards.no_gallery()
        return None
    if entry.gallery is None or not len(entry.gallery):
        error_cards.cannot_open(entry)
        return None
    return Shown(entry, entry.gallery, notices, read)


def _top_line() -> None:
    with st.container(
        key="top", horizontal=True, vertical_alignment="center", gap="small", wrap=False
    ):
        with st.container(key="name_and_links", horizontal=True, gap="medium", wrap=False):
            st.html('<div class="brand">Hyp-UML</div>')
            page_links()
        entries = resources.galleries.entries()
        if entries:
            names = gallery_names(entries)
            st.selectbox(
                "Gallery",
                list(names),
                key="gallery",
                on_change=state.change_gallery,
                label_visibility="collapsed",
                format_func=names.__getitem__,
                width=260,
            )
        with st.popover("Open", icon=":material/folder_open:", help="Open another gallery folder"):
            _opener()
        with st.popover("Help", icon=":material/help:", help="What am I looking at?"):
            st.html(_HELP)


def gallery_names(entries: Sequence[Entry]) -> dict[str, str]:
    """Display name of each gallery by key; no two are the same, since a choice shows the name."""
    names = {entry.key: _gallery_name(entry) for entry in entries}
    often = Counter(names.values())
    return {key: f"{name} ({key})" if often[name] > 1 else name for key, name in names.items()}


def _gallery_name(entry: Entry) -> str:
    if entry.gallery is None:
        return f"{entry.key} (cannot be opened)"
    count = len(entry.gallery)
    return f"{entry.gallery.title} · {count:,} image{'' if count == 1 else 's'}"


def _opener() -> None:
    if not resources.is_local():
        st.html(
            "<p>Other machines can reach this app, so galleries are opened on the command "
            "line only: <code>streamlit run app/main.py -- --gallery FOLDER</code></p>"
        )
        return
    st.text_input(
        "Gallery folder",
        key="folder",
        placeholder="/path/to/gallery",
        on_change=_open_folder,
        help="A folder made with `python -m hypuml gallery DATA CHECKPOINT OUT`",
    )
    if problem := st.session_state.get("folder_problem"):
        st.html(f'<p class="problem" role="alert">{esc(problem)}</p>')


def _open_folder() -> None:
    state.act()
    typed = str(st.session_state.get("folder", "")).strip()
    st.session_state["folder_problem"] = ""
    if not typed:
        return
    folder = Path(typed)
    if not (folder.expanduser() / "gallery.json").is_file():
        st.session_state["folder_problem"] = (
            f"There is no gallery in {typed}: expected a folder with a gallery.json, made by "
            "python -m hypuml gallery DATA CHECKPOINT OUT."
        )
        return
    entry = resources.galleries.add(folder)
    if entry.problem:
        st.session_state["folder_problem"] = entry.problem
    else:
        state.change_gallery(entry.key)
        st.session_state["folder"] = ""


_HELP = """
<div class="help">
<p><b>Every dot is an image.</b> The model places it in a hyperbolic space, drawn as a disk.</p>
<p><b>Near the centre</b> uncertainty is high, <b>near the rim</b> it is low. Images that are alike
to the model lie in the same direction.</p>
<p><b>Click a dot or a picture</b> to search for what looks like it. Lines lead to the answers;
<b>query</b>, in the disk’s corner, puts the query in the middle: then how far something lies from
it is true, and the circle holds exactly the answers.</p>
<p><b>Drag</b> to move through hyperbolic space, turn the wheel or pinch to look closer,
double-click to come home; a click with Shift brings what is there to the middle.
<b>Point at a dot</b> for its picture. <b>Lasso and box</b> collect
images: as pictures, and as a table to keep.</p>
<p><b>Two numbers, not to be confused.</b> <i>Uncertainty u</i> belongs to the picture alone and
needs no gallery. <i>Answer confidence</i> belongs to the first answer: how probable it is that its
class is right, given all that was found.</p>
<p><b>Degrade the query</b> (blur, occlusion …) and watch it drift, and its numbers change.</p>
<p><b>Move the threshold</b> to let the model abstain: queries of higher uncertainty are rejected
(small open rings), and you see what share is kept and how often the first answer is right.</p>
<p><b>Keys</b> on the disk: arrows move, + and − zoom, 0 comes home, [ and ] step through the images
from the query outwards, Enter searches, G brings the image to the middle, C turns to the query,
L and B select, P shows pictures, T a table, Esc clears.</p>
<p><b>The address</b> of this page holds what you see: copy it to share the view.</p>
</div>
"""
