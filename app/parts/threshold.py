"""The uncertainty threshold: histogram, slider, and what remains."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app import facts, state
from app.parts.text import percent
from app.queries import View
from app.resources import Entry
from hypuml.gallery import Gallery
from hypuml.types import FloatArray

BARS = 60


def threshold(entry: Entry, gallery: Gallery, view: View) -> None:
    """Draw the sentence about what is kept, the histogram of u, and the slider under it."""
    lo, hi = facts.bounds(gallery.uncertainty)
    with st.container(key="cut", gap=None):
        with st.container(
            horizontal=True,
            vertical_alignment="center",
            gap="small",
            wrap=False,
            key="kept_and_colour",
        ):
            if entry.first_hits(wait=0.5) is None:
                _until_known(entry, gallery, view)
            else:
                st.html(sentence(entry, gallery, view.threshold))
            st.selectbox(
                "Colour by",
                state.colours(entry, gallery),
                key="colour",
                on_change=state.act,
                label_visibility="collapsed",
                width=178,
                format_func="colour: {}".format,
                help="What the colour of a dot says",
            )
        st.html(histogram(gallery.uncertainty, lo, hi, view.threshold))
        st.slider(
            "Reject queries with uncertainty above",
            min_value=lo,
            max_value=hi,
            step=0.001 if hi - lo <= 0.3 else 0.005,
            format="%.3f",
            key="threshold",
            on_change=state.act,
            label_visibility="collapsed",
        )


@st.fragment(run_every=1.0)
def _until_known(entry: Entry, gallery: Gallery, view: View) -> None:
    """The sentence without Recall@1, looking again every second until it is known."""
    if entry.first_hits(wait=0) is not None:
        st.rerun()
    st.html(sentence(entry, gallery, view.threshold))


def sentence(entry: Entry, gallery: Gallery, cut: float) -> str:
    """What is kept, coverage and Recall@1 as HTML; numbers only, nothing to escape."""
    hits = entry.first_hits(wait=0)
    kept = facts.kept(gallery.uncertainty, entry.codes, hits, cut)
    if kept.recall is not None:
        recall = (
            f'<span title="How often the nearest other image has the right class, over the '
            f'{kept.judged:,} kept images whose class has more than one image.">'
            f"Recall@1 <b>{kept.recall:.3f}</b></span>"
        )
    elif kept.n == 0:
        recall = '<span title="Move the threshold to the right.">everything is rejected</span>'
    elif hits is None:
        recall = "<span>Recall@1 is being measured …</span>"
    else:
        recall = (
            '<span title="Recall needs kept images that share a class with another image.">'
            "Recall@1 unknown</span>"
        )
    return (
        '<div class="kept" role="status" aria-live="polite">'
        f'<span title="Images with u at or below the threshold">kept <b>{kept.n:,}</b> of '
        f"{kept.total:,}</span>"
        f'<span title="Share of queries that are answered">coverage '
        f"<b>{percent(kept.coverage)}</b></span>{recall}</div>"
    )


def histogram(uncertainty: FloatArray, lo: float, hi: float, cut: float) -> str:
    """Histogram of u as HTML whose horizontal axis is the slider's.

    (Streamlit removes SVG from HTML, so the bars are boxes.)

    Args:
        uncertainty: ``[N]``.
        lo: value at the left edge.
        hi: value at the right edge.
        cut: bars above it are drawn as rejected.
    """
    counts, edges = np.histogram(uncertainty, bins=BARS, range=(lo, hi))
    heights = 100 * counts / max(1, counts.max())
    bars = "".join(
        f'<i class="{"in" if edges[i] + edges[i + 1] <= 2 * cut else "out"}" '
        f'style="height:{max(height, 4 if count else 0):.0f}%" '
        f'title="{count:,} images with u from {edges[i]:.3f} to {edges[i + 1]:.3f}"></i>'
        for i, (height, count) in enumerate(zip(heights, counts, strict=True))
    )
    return (
        f'<div class="histogram" role="img" aria-label="Histogram of uncertainty u from '
        f'{lo:.2f} to {hi:.2f}">{bars}</div>'
    )
