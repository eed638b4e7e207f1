"""Where a gallery's photographs are not on this machine: one calm notice, and a way to get them.

Photographs that may not be passed on do not ship with their gallery. Points, labels and numbers do,
so nothing waits for the pictures.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app import downloads, resources, state
from app.parts.text import esc
from hypuml.data.registry import DATA_VARIABLE, data_root
from hypuml.gallery import Gallery

AWAY = "The photographs are not on this machine."
_ELSEWHERE = f"Already have them? {DATA_VARIABLE} can say where."
_OTHERS = "What was fetched is here, but it has no photograph of this gallery."
_SIZES = {"flowers102": "about 345 MB"}
_STYLE = Path(__file__).with_suffix(".css")


def pictures_notice(gallery: Gallery) -> None:
    """Draw the notice; nothing where the gallery has pictures."""
    if gallery.has_pictures:
        return
    st.html(_STYLE)
    with st.container(
        key="pictures_notice", horizontal=True, vertical_alignment="center", gap="small"
    ):
        # Elsewhere a visitor could make somebody else's machine download.
        if not (resources.is_local() and downloads.obtainable(gallery.name)):
            _say(AWAY)
            return
        fetching = downloads.download(gallery.name)
        if fetching.now.under_way:
            _under_way(gallery.name)
        else:
            _offer(fetching)


def _offer(fetching: downloads.Download) -> None:
    now = fetching.now
    if now.phase == "failed":
        _say(f"The photographs could not be fetched: {now.problem}", alert=True)
        label = "Try again"
    else:
        where = f"Looked for in {data_root()}; {DATA_VARIABLE} can name another folder."
        _say(_OTHERS if now.phase == "done" else AWAY, _ELSEWHERE, where)
        size = _SIZES.get(fetching.name)
        label = "Get the photographs" + (f" ({size})" if size else "")
    st.button(
        label,
        key="get_pictures",
        icon=":material/download:",
        on_click=_start,
        args=(fetching,),
        help="In the background: go on exploring. What has arrived is kept when it is interrupted.",
    )


def _start(fetching: downloads.Download) -> None:
    state.act()
    fetching.start()


@st.fragment(run_every=1.0)
def _under_way(name: str) -> None:
    """The bar. It moves by itself, and when the download ends the whole page is drawn anew."""
    fetching = downloads.download(name)
    now = fetching.now
    if not now.under_way:
        st.rerun()
    share = min(now.done / now.total, 1.0) if now.total else 0.0
    with st.container(horizontal=True, vertical_alignment="center", gap="medium", wrap=False):
        st.progress(share, text=_how_far(now))
        st.button(
            "Cancel",
            key="stop_pictures",
            on_click=fetching.stop,
            disabled=now.phase == "stopping",
            help="What has arrived is kept for another time",
        )


def _how_far(now: downloads.Progress) -> str:
    if now.phase == "stopping":
        return "Stopping …"
    if not now.done:
        return "Asking for the photographs …"
    if now.done >= now.total > 0:
        return "Checking and unpacking …"
    got = f"{now.done / 1e6:,.0f}"
    return f"{got} of {now.total / 1e6:,.0f} MB" if now.total else f"{got} MB"


def _say(sentence: str, more: str = "", detail: str = "", alert: bool = False) -> None:
    """A sentence, a quiet second one, and what is said of both on hover."""
    kind = 'class="problem" role="alert"' if alert else 'role="status"'
    second = f"<p>{esc(more)}</p>" if more else ""
    st.html(
        f'<div class="away" title="{esc(detail or sentence)}">'
        f"<p {kind}>{esc(sentence)}</p>{second}</div>"
    )
