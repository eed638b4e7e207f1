"""A grid of pictures that are buttons: click or Enter reports the row number.

Pictures are fetched by the browser from our own routes, so a rerun sends addresses and captions
only. All text is set as text in the browser, whatever it contains.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import streamlit as st

_HERE = Path(__file__).resolve().parent
_mount = st.components.v2.component(
    "hypuml_picture_grid",
    html='<div class="grid" role="group"></div>',
    css=(_HERE / "picture_grid.css").read_text(encoding="utf-8"),
    js=(_HERE / "picture_grid.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True)
class Tile:
    """One picture.

    Attributes:
        row: what a click reports.
        src: address of the picture.
        sharp: address of a larger picture for when the user points at it, or nothing.
        eager: whether the larger picture comes by itself as soon as the page is at rest.
        alt: what it shows, in words.
        title: text on hover.
        caption: up to two short texts under the picture.
        mark: ``"right"``, ``"wrong"`` or nothing.
        dot: CSS colour of the dot before the last caption, or nothing.
        faded: whether the threshold rejects it.
        instead: what is written on it while there is no picture to tell it by, or nothing.
    """

    row: int
    src: str
    alt: str
    sharp: str = ""
    eager: bool = False
    title: str = ""
    caption: tuple[str, ...] = ()
    mark: str = ""
    dot: str = ""
    faded: bool = False
    instead: str = ""


def picture_grid(
    tiles: Sequence[Tile],
    key: str,
    on_pick: Callable[[int], None],
    columns: int = 5,
    label: str = "pictures",
) -> None:
    """Show ``tiles`` and call ``on_pick`` with the row of a clicked one, before the next run.

    Args:
        tiles: pictures in reading order.
        key: stable name of this grid.
        on_pick: called with a row that is among ``tiles``.
        columns: pictures per line.
        label: what the group is, for screen readers.
    """
    shown = {tile.row for tile in tiles}

    def picked() -> None:
        row = getattr(st.session_state.get(key), "pick", None)
        if isinstance(row, int) and row in shown:  # it comes from the browser: check it
            on_pick(row)

    described = {"items": [asdict(tile) for tile in tiles], "columns": columns, "label": label}
    # As bytes: in anything else Streamlit looks for data frames, and imports pandas to do so.
    _mount(key=key, data=json.dumps(described).encode(), on_pick_change=picked)
