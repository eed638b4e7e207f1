"""The view state: every value that decides what a page shows, declared once.

Each field of `ViewState` carries a `Field`: its default, its name in the page address, how the text
there becomes a value, which values are usable in a gallery, and whether the browser's back button
undoes a change of it. Session (`app.state`), page address (`app.url_state`) and browser history
(`app.components.history`) go through the list of fields, so that a new one is added here alone.
"""

# ruff: noqa: RUF009 (`declared` and `choice` make dataclass fields)
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from app import resources, retrieval
from app.disk.shapes import Layout
from app.queries import Query
from app.resources import Entry
from app.view_fields import FIELD, Field, UnusableError, choice, declared, number_of, short
from hypuml.data.degradation_scale import KINDS

UNCERTAINTY, LABEL = "uncertainty", "label"  # what the dots can be coloured by, beside levels
GALLERY = "gallery"
ANSWERS, SELECTION = "answers", "selection"  # what the right column can show
PARTS = ("card", "training", "measured", "study", "compare")  # of the Models page
DEFAULT_K, MAX_K = 10, 100


def colours(entry: Entry) -> list[str]:
    """What the dots can be coloured by: uncertainty and, where there are classes, their levels."""
    if not entry.labelled:
        return [UNCERTAINTY]
    return [UNCERTAINTY, LABEL, *entry.opened.levels[:-1]]


def largest_k(entry: Entry) -> int:
    """Largest number of answers that can be wanted, at least 1."""
    return max(1, min(MAX_K, len(entry.opened) - 1))


def _first_query(entry: Entry) -> int:
    """The query of a first visit: the image of lowest uncertainty."""
    return int(np.argmin(entry.opened.uncertainty))


def _fit_query(value: int | Query, entry: Entry) -> int | Query:
    if isinstance(value, Query):
        return value if value.version == entry.version else _first_query(entry)
    return value if 0 <= value < len(entry.opened) else _first_query(entry)


def _parse_query(text: str, entry: Entry) -> int:
    row = entry.rows.get(text)
    if row is None:
        raise UnusableError(
            f"This gallery has no image “{text}”: showing the one of lowest uncertainty."
        )
    return row


def _query_text(value: int | Query, entry: Entry) -> str:
    return "" if isinstance(value, Query) else entry.opened.ids[value]


def _fit_k(value: int, entry: Entry) -> int:
    return min(max(int(value), 1), largest_k(entry))


def _parse_k(text: str, entry: Entry) -> int:
    most = largest_k(entry)
    value = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    if not 0 < value <= most:
        sentence = f"k has to be a whole number from 1 to {most}, not “{text}”."
        raise UnusableError(sentence, value or None)
    return value


def _parse_threshold(text: str, entry: Entry) -> float:
    value = number_of(text)
    if value is None:
        raise UnusableError(f"The threshold has to be a number from 0 to 1, not “{text}”.")
    return value


def _fit_threshold(value: float, entry: Entry) -> float:
    low, high = retrieval.bounds(entry.opened.uncertainty)
    return float(min(max(value, low), high))


def _fit_level(value: float, entry: Entry) -> float:
    return float(min(max(value, 0.0), 1.0))


def _parse_level(text: str, entry: Entry) -> float:
    value = number_of(text)
    if value is None or not 0 <= value <= 1:
        raise UnusableError(f"The level has to be a number from 0 to 1, not “{text}”.")
    return value


def _parse_at(text: str, entry: Entry) -> tuple[float | None, ...]:
    numbers = tuple(number_of(part) for part in text.split("_"))
    if len(numbers) != 6 or None in numbers:
        raise UnusableError(f"Where the disk was moved to has to be six numbers, not “{text}”.")
    return numbers


def _at_text(value: tuple[float, ...] | None, entry: Entry) -> str:
    return "_".join(f"{number:.6g}" for number in value or ())


def _parse_against(text: str, entry: Entry) -> str:
    if resources.galleries.get(text) is None:
        raise UnusableError(f"No gallery called “{text}” is open here to compare with.")
    return text


def _fit_against(value: str, entry: Entry) -> str:
    return "" if resources.galleries.get(value) in (None, entry) else value


def _fit_selection(value: Sequence[int], entry: Entry) -> tuple[int, ...]:
    return tuple(row for row in value if 0 <= row < len(entry.opened))


def _degrades(view: ViewState) -> bool:
    return view.row is not None and view.level > 0


@dataclass(frozen=True)
class ViewState:
    """What to show, every value usable in the gallery.

    Attributes:
        gallery: key of the gallery (`app.state.choose_entry` checks it before all others).
        query: row of the query in the gallery, or an upload.
        k: wanted answers, between 1 and what the gallery can give.
        threshold: largest uncertainty that is kept.
        colour: ``"uncertainty"``, ``"label"`` or a taxonomy level.
        highlight: display name of the taxonomy branch that stands out; empty for none.
        hide: whether rejected images are left out of the answers.
        degradation: what is done to the query's picture, one of ``KINDS``.
        level: how much of it, in [0, 1]; 0 leaves the picture as it is.
        layout: where the disk's points lie, ``"origin"``, ``"query"`` or ``"umap"``.
        at: how the disk has been moved and zoomed, six numbers; None for the start.
        part: what the Models page shows, one of `PARTS`.
        against: key of the gallery to compare models with; empty for none.
        selection: selected rows.
        panel: what the right column shows, ``"answers"`` or ``"selection"``.
    """

    gallery: str = declared(
        lambda entry: entry.key, lambda value, entry: entry.key, GALLERY, push=True
    )
    query: int | Query = declared(
        _first_query, _fit_query, "query", _parse_query, _query_text,
        push=True, of_gallery=True, kept=True,  # kept: no address carries an upload
    )  # fmt: skip
    k: int = declared(lambda entry: min(DEFAULT_K, largest_k(entry)), _fit_k, "k", _parse_k)
    threshold: float = declared(
        lambda entry: retrieval.bounds(entry.opened.uncertainty)[1],
        _fit_threshold,
        "threshold",
        _parse_threshold,
        short,
        of_gallery=True,
    )
    colour: str = choice(
        colours, "colour", "This gallery cannot be coloured by “{0}”.", push=True, of_gallery=True
    )
    highlight: str = choice(
        lambda entry: ["", *entry.branches], "highlight",
        "There is nothing called “{0}” here to highlight.", push=True, of_gallery=True,
    )  # fmt: skip
    hide: bool = declared(
        lambda entry: False,
        lambda value, entry: bool(value),
        "hide",
        lambda text, entry: text == "1",
        lambda value, entry: "1" if value else "",
        push=True,
    )
    degradation: str = choice(
        lambda entry: KINDS,
        "degrade",
        "Pictures cannot be degraded by “{0}”, only by {1}.",
        text=lambda value, entry: value,
        written=_degrades,
        push=True,
        kept=True,
    )
    level: float = declared(
        lambda entry: 0.0, _fit_level, "level", _parse_level, short,
        written=_degrades, of_gallery=True, needs=("query", "degradation"),
    )  # fmt: skip
    layout: Layout = choice(
        lambda entry: entry.layouts, "view", "This gallery has no view “{0}”, only {1}.",
        push=True, of_gallery=True,
    )  # fmt: skip
    at: tuple[float, ...] | None = declared(
        lambda entry: None, lambda value, entry: tuple(value), "at", _parse_at, _at_text,
        of_gallery=True, needs=("layout",),
    )  # fmt: skip
    part: str = choice(
        lambda entry: PARTS, "part", "The models have no part “{0}”, only {1}.", push=True
    )
    against: str = declared(
        lambda entry: "", _fit_against, "against", _parse_against, push=True, of_gallery=True
    )
    selection: tuple[int, ...] = declared(lambda entry: (), _fit_selection, of_gallery=True)
    panel: str = choice(lambda entry: (ANSWERS, SELECTION), of_gallery=True)

    @property
    def row(self) -> int | None:
        """Row of the query; None while an upload is the query."""
        return None if isinstance(self.query, Query) else self.query

    @property
    def upload(self) -> Query | None:
        """The uploaded query, or None."""
        return self.query if isinstance(self.query, Query) else None


def view_fields() -> dict[str, Field]:
    """Every field of the view state and how it behaves, in the order of declaration."""
    return {part.name: part.metadata[FIELD] for part in fields(ViewState)}


def usable(values: Mapping[str, Any], entry: Entry) -> ViewState:
    """The view that comes nearest to these values.

    Args:
        values: by name; those of fields that are missing or None become the default.
        entry: the gallery that is shown.
    """
    found: dict[str, Any] = {}
    replaced: set[str] = set()
    for name, how in view_fields().items():
        given = values.get(name)
        if given is None or replaced.intersection(how.needs):
            found[name] = how.default(entry)
        elif (value := how.fit(given, entry)) != given:
            found[name] = value
            replaced.add(name)
        else:
            found[name] = given
    return ViewState(**found)
