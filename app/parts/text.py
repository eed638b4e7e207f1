"""Words and numbers as safe HTML. Whatever comes from a gallery or a file passes `esc`."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from hypuml.types import has_class

if TYPE_CHECKING:
    from hypuml.gallery import Gallery

MEANING = {
    "u": "Uncertainty u, from 0 (certain) to 1 (uncertain). It belongs to the picture alone and "
    "needs no gallery: the nearer to the disk's centre, the higher it is.",
    "confidence": "Answer confidence: the probability, from 0 to 1, that the first answer has the "
    "right class. It belongs to the answer and depends on what was found: how near it is, how far "
    "ahead of the nearest other class, and whether the images behind it agree. Calibrated with "
    "unchanged pictures of classes that the model was not trained on.",
    "d0": "Hyperbolic distance of the picture from the origin, in the model's own space. "
    "The disk's radius shows exactly this.",
    "distance": "Hyperbolic distance between query and answer, in the model's own space.",
}


def esc(text: object) -> str:
    """``text`` with everything that HTML could read as markup made harmless."""
    return escape(str(text), quote=True)


def notice(message: str, kind: str = "note") -> None:
    """One slim line above the view, for what the user should know but need not act on."""
    st.html(f'<div class="notice {kind}" role="status">{esc(message)}</div>')


def name_of(gallery: Gallery, row: int) -> str:
    """What to call an image: its class, or its id where it has none."""
    return gallery.labels[row] if has_class(gallery.paths[row]) else gallery.ids[row]


def whole_path(gallery: Gallery, row: int) -> str:
    """An image's taxonomy path as plain text: ``Rosales › Rosaceae › Rosa``."""
    path = gallery.paths[row]
    return " › ".join(path) if has_class(path) else gallery.ids[row]


def trail(gallery: Gallery, row: int) -> str:
    """An image's taxonomy path without the class itself; may be empty."""
    return " › ".join(gallery.paths[row][:-1])


def percent(share: float) -> str:
    """``0.834`` as ``83 %``; only none is 0 %, only all is 100 %."""
    value = 100 * share
    if 0 < value < 0.5 or 99.5 <= value < 100:
        return f"{min(max(value, 0.1), 99.9):.1f} %"
    return f"{value:.0f} %"
