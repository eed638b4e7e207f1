"""The view in the page address, so that a link restores what its sender saw.

The address carries ``gallery``, ``query`` (item id), ``k``, ``threshold`` and, where not the
default, ``colour``, ``highlight``, ``hide``, ``degrade`` with ``level``, ``view`` (the disk's
layout) and ``at`` (how it has been moved and zoomed: six numbers); and of the Models room ``part``
and ``against``, the gallery to compare with. Every room has the same address, so that going from
one to the other and back changes nothing. What cannot be used is reported in one sentence each. An
uploaded picture lives in the session only: no address can carry it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from app import resources
from app.disk.shapes import LAYOUTS
from app.queries import View
from app.resources import Entry
from hypuml.data.degradation_scale import KINDS
from hypuml.gallery import Gallery

UNCERTAINTY, LABEL = "uncertainty", "label"
MAX_K = 100
PARTS = ("card", "training", "measured", "study", "compare")  # of the Models room


def colours(entry: Entry, gallery: Gallery) -> list[str]:
    """What the dots can be coloured by: uncertainty, and what the gallery knows of classes."""
    if not entry.labelled:
        return [UNCERTAINTY]
    return [UNCERTAINTY, LABEL, *gallery.levels[:-1]]


def largest_k(gallery: Gallery) -> int:
    """Largest number of answers that can be asked for, at least 1."""
    return max(1, min(MAX_K, len(gallery) - 1))


def read(session: Any, address: Mapping[str, str], entry: Entry, gallery: Gallery) -> list[str]:
    """Take over the address's values into the session; report what does not fit."""
    notices: list[str] = []
    if query := address.get("query"):
        row = entry.rows.get(query)
        session["upload"] = None
        session["row"] = row
        if row is None:
            notices.append(f"This gallery has no image “{query}”: showing its surest one.")
    if k := address.get("k"):
        most = largest_k(gallery)
        value = int(k) if k.isascii() and k.isdigit() and len(k) < 10 else 0
        session["k"] = value or None
        if not 0 < value <= most:
            notices.append(f"k has to be a whole number from 1 to {most}, not “{k}”.")
    if threshold := address.get("threshold"):
        session["threshold"] = _number(threshold)
        if session["threshold"] is None:
            del session["threshold"]
            notices.append(f"The threshold has to be a number from 0 to 1, not “{threshold}”.")
    if colour := address.get("colour"):
        session["colour"] = colour
        if colour not in colours(entry, gallery):
            notices.append(f"This gallery cannot be coloured by “{colour}”.")
    session["hide"] = address.get("hide") == "1"
    notices += _read_degradation(session, address) + _read_disk(session, address, entry)
    return notices + _read_models(session, address)


def _read_degradation(session: Any, address: Mapping[str, str]) -> list[str]:
    notices: list[str] = []
    session["level"] = 0.0
    if kind := address.get("degrade"):
        session["degrade"] = kind
        if kind not in KINDS:
            notices.append(f"Pictures cannot be degraded by “{kind}”, only by {', '.join(KINDS)}.")
    if level := address.get("level"):
        share = _number(level)
        if share is None or not 0 <= share <= 1:
            notices.append(f"The level has to be a number from 0 to 1, not “{level}”.")
        elif session.get("degrade", KINDS[0]) in KINDS:
            session["level"] = share
    return notices


def _read_disk(session: Any, address: Mapping[str, str], entry: Entry) -> list[str]:
    notices: list[str] = []
    layout = address.get("view", LAYOUTS[0])
    if layout not in entry.layouts:
        notices.append(f"This gallery has no view “{layout}”, only {', '.join(entry.layouts)}.")
        layout = LAYOUTS[0]
    session["layout"] = layout
    session["at"] = None
    if at := address.get("at"):
        numbers = [_number(part) for part in at.split("_")]
        if len(numbers) == 6 and None not in numbers:
            session["at"] = tuple(numbers)
        else:
            notices.append(f"Where the disk was moved to has to be six numbers, not “{at}”.")
    session["highlight"] = address.get("highlight", "")
    if session["highlight"] not in ("", *entry.branches):
        notices.append(f"There is nothing called “{session['highlight']}” here to highlight.")
    return notices


def _read_models(session: Any, address: Mapping[str, str]) -> list[str]:
    notices: list[str] = []
    session["part"] = address.get("part", PARTS[0])
    if session["part"] not in PARTS:
        notices.append(f"The models have no part “{session['part']}”, only {', '.join(PARTS)}.")
    session["against"] = address.get("against", "")
    if session["against"] and resources.shelf.get(session["against"]) is None:
        notices.append(f"No gallery called “{session['against']}” is open here to compare with.")
    return notices


def _number(text: str) -> float | None:
    """A finite number, or None."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def written(
    gallery_key: str, view: View, gallery: Gallery, part: str = PARTS[0], against: str = ""
) -> dict[str, str]:
    """The address of a view, as the values of its query string."""
    ours = {
        "gallery": gallery_key,
        "k": str(view.k),
        "threshold": f"{view.threshold:g}",
    }
    if view.row is not None:
        ours["query"] = gallery.ids[view.row]
    if view.colour != UNCERTAINTY:
        ours["colour"] = view.colour
    if view.highlight:
        ours["highlight"] = view.highlight
    if view.hide:
        ours["hide"] = "1"
    if view.row is not None and view.level > 0:
        ours["degrade"], ours["level"] = view.kind, f"{view.level:g}"
    if view.layout != LAYOUTS[0]:
        ours["view"] = view.layout
    if view.at is not None:
        ours["at"] = "_".join(f"{number:.6g}" for number in view.at)
    if part != PARTS[0]:
        ours["part"] = part
    if against:
        ours["against"] = against
    return ours
