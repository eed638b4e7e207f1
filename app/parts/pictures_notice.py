"""Where a gallery's photographs are not on this machine: one calm notice, and a way to get them.

Photographs that may not be passed on do not ship with their gallery. Points, labels and numbers do,
so nothing waits for the pictures.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app import downloads, resources
from app.jobs import Job, State
from app.parts.text import esc
from app.state import act
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
        if not (resources.is_local() and downloads.is_downloadable(gallery.name)):
            _say(AWAY)
            return
        job = downloads.download(gallery.name)
        if job and not job.finished.is_set():
            _under_way(job)
        else:
            _offer(gallery.name, job)


def _offer(name: str, last: Job[None] | None) -> None:
    state = last.state if last else "stopped"
    if last and state == "failed":
        _say(f"The photographs could not be fetched: {last.problem}", alert=True)
        label = "Try again"
    else:
        where = f"Looked for in {data_root()}; {DATA_VARIABLE} can name another folder."
        _say(_OTHERS if state == "done" else AWAY, _ELSEWHERE, where)
        size = _SIZES.get(name)
        label = "Get the photographs" + (f" ({size})" if size else "")
    st.button(
        label,
        key="get_pictures",
        icon=":material/download:",
        on_click=_start,
        args=(name,),
        help="In the background: go on exploring. What has arrived is kept when it is interrupted.",
    )


def _start(name: str) -> None:
    act()
    downloads.start(name)


@st.fragment(run_every=1.0)
def _under_way(job: Job[None]) -> None:
    """The bar. It moves by itself, and when the download ends the whole page is drawn anew."""
    if job.finished.is_set():
        st.rerun()
    share = min(job.done / job.total, 1.0) if job.total else 0.0
    with st.container(horizontal=True, vertical_alignment="center", gap="medium", wrap=False):
        st.progress(share, text=how_far(job.state, job.done, job.total))
        st.button(
            "Cancel",
            key="stop_pictures",
            on_click=job.stop,
            disabled=job.state == "stopping",
            help="What has arrived is kept for another time",
        )


def how_far(state: State, done: int, total: int) -> str:
    """How far a download is, in words.

    Args:
        state: of its job.
        done: bytes that have arrived.
        total: bytes in all; 0 while that is not known.
    """
    if state == "stopping":
        return "Stopping …"
    if not done:
        return "Connecting …"
    if done >= total > 0:
        return "Checking and unpacking …"
    got = f"{done / 1e6:,.0f}"
    return f"{got} of {total / 1e6:,.0f} MB" if total else f"{got} MB"


def _say(sentence: str, more: str = "", detail: str = "", alert: bool = False) -> None:
    """A sentence, a quiet second one, and details of both on hover."""
    kind = 'class="problem" role="alert"' if alert else 'role="status"'
    second = f"<p>{esc(more)}</p>" if more else ""
    st.html(
        f'<div class="away" title="{esc(detail or sentence)}">'
        f"<p {kind}>{esc(sentence)}</p>{second}</div>"
    )
