"""Another model on the same images: which to compare with, and waiting for it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import streamlit as st

from app import resources, state
from app.jobs import Job
from app.parts.models import comparisons
from app.parts.models.charts import lacking
from app.parts.models.compared import compared
from app.parts.models.comparisons import Outcome
from app.parts.text import esc
from app.resources import Entry
from hypuml.gallery import Gallery

_NONE = "choose…"


def compare(entry: Entry, gallery: Gallery) -> None:
    """Choose what to compare with, and show the comparison."""
    found = candidates(entry.version, tuple(e.version for e in resources.galleries.entries()))
    if st.session_state["against"] not in found:
        st.session_state["against"] = ""
    with st.container(
        key="compare_with", horizontal=True, gap="small", vertical_alignment="bottom"
    ):
        if found:
            st.selectbox(
                "Another gallery of the same images",
                ["", *found],
                key="against",
                on_change=_chosen,
                format_func=lambda key: key or _NONE,
                help="Open galleries that share at least 90 % of their images with this "
                "one; compared on those they share.",
            )
        if resources.is_local():
            st.text_input(
                "Another checkpoint’s folder",
                key="checkpoint",
                placeholder="/path/to/checkpoint",
                on_change=_typed,
                help="The gallery’s originals are shown to this model, once, in the background.",
            )
    against, folder = st.session_state["against"], st.session_state.get("typed", "")
    try:
        if against:
            other = resources.galleries.get(against)
            assert other is not None  # it is among the candidates
            job = comparisons.with_gallery(entry, other)
        elif folder and resources.is_local():
            job = comparisons.with_checkpoint(entry, Path(folder).expanduser())
        else:
            _nothing_chosen(bool(found))
            return
    except ValueError as error:
        st.html(f'<p class="problem" role="alert">{esc(error)}</p>')
        return
    if not job.finished.is_set():
        _wait(job)
    elif job.outcome is None:
        st.html(f'<p class="problem" role="alert">The comparison failed: {esc(job.problem)}</p>')
    else:
        compared(entry, gallery, job.outcome)


@lru_cache(maxsize=16)
def candidates(version: str, versions: tuple[str, ...]) -> tuple[str, ...]:
    """Keys of the galleries that show the same images as the one of this version.

    Args:
        version: its manifest hash.
        versions: of all open galleries; a new one is looked at once.
    """
    mine = resources.galleries.by_version(version)
    if mine is None or mine.gallery is None:
        return ()
    return tuple(
        other.key
        for other in resources.galleries.entries()
        if other is not mine
        and other.gallery is not None
        and comparisons.share_in_common(mine.gallery, other.gallery) >= comparisons.ENOUGH
    )


def _chosen() -> None:
    state.act()
    st.session_state["typed"] = st.session_state["checkpoint"] = ""


def _typed() -> None:
    state.act()
    st.session_state["typed"] = str(st.session_state.get("checkpoint", "")).strip()
    st.session_state["against"] = ""


def _nothing_chosen(others: bool) -> None:
    if others:
        lacking("Choose another gallery of the same images to compare with.")
        return
    lacking(
        "No other gallery here shows the same images. Build one with another checkpoint and open "
        "it" + (", or type a checkpoint’s folder above." if resources.is_local() else "."),
        "python -m hypuml gallery DATA CHECKPOINT OUT",
    )


@st.fragment(run_every=0.7)
def _wait(job: Job[Outcome]) -> None:
    """Show how far a comparison is, and the whole page again when it is finished."""
    if job.finished.is_set():
        st.rerun()
    with st.container(key="progress"):
        counted = f": {job.done:,} of {job.total:,}" if job.total else ""
        st.progress(
            job.done / job.total if job.total else 0.0, text=f"{job.phase or 'Starting'}{counted} …"
        )
        st.button(
            "Stop", on_click=_stop, args=(job,), disabled=job.state == "stopping" or not job.total
        )


def _stop(job: Job[Outcome]) -> None:
    state.act()
    job.stop()
    st.session_state["typed"] = st.session_state["checkpoint"] = ""
