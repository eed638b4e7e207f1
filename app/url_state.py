"""The view in the page address, so that a link restores what its sender saw.

Every field of the view state that names a parameter is carried, most of them only where they are
not the default. Every page has the same address, so that going from one to the other and back
changes nothing. What cannot be used is reported in one sentence each. An uploaded picture lives in
the session only: no address can carry it.

Streamlit's own ``bind="query-params"`` is not used: it replaces the history entry for every value,
so that the back button would undo nothing, drops what it cannot use without a word, writes the
displayed text of an option in place of its value, and forbids writing the address otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.resources import Entry
from app.view_fields import UnusableError
from app.view_state import ViewState, view_fields


def read(address: Mapping[str, str], entry: Entry) -> tuple[dict[str, Any], list[str]]:
    """The view of a gallery that an address describes.

    Returns:
        Values by field, None for the default, and a sentence for each that cannot be used.
    """
    values: dict[str, Any] = {}
    notices: list[str] = []
    refused: set[str] = set()
    for name, how in view_fields().items():
        text = address.get(how.parameter, "")
        if not how.parameter or (how.kept and not text):
            continue
        values[name] = None
        if text:
            try:
                value = how.parse(text, entry)
                values[name] = None if refused.intersection(how.needs) else value
            except UnusableError as error:
                refused.add(name)
                values[name] = error.instead
                notices.append(str(error))
    return values, notices


def written(view: ViewState, entry: Entry) -> dict[str, str]:
    """The address of a view, as the values of its query string."""
    texts = {
        how.parameter: how.text(getattr(view, name), entry)
        for name, how in view_fields().items()
        if how.parameter and how.written(view)
    }
    return {name: text for name, text in texts.items() if text}


def replacing() -> list[str]:
    """Parameters whose change replaces the current entry of the browser's history."""
    return [how.parameter for how in view_fields().values() if how.parameter and not how.push]
