"""How one value of the view state behaves: the metadata of the fields of `ViewState`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.resources import Entry

if TYPE_CHECKING:
    from app.view_state import ViewState

FIELD = "view_state"  # key of the metadata


class UnusableError(ValueError):
    """A value of the page address cannot be used; the message is one sentence for the user.

    Attributes:
        instead: the value to go on with; None for the field's default.
    """

    def __init__(self, sentence: str, instead: Any = None) -> None:
        super().__init__(sentence)
        self.instead = instead


@dataclass(frozen=True)
class Field:
    """How one value of the view behaves.

    Attributes:
        default: value in a gallery where nothing was chosen.
        fit: nearest value that is usable in a gallery; a usable value itself.
        parameter: name in the page address; empty for what no address carries.
        parse: value of a text of the address. Raises `UnusableError`.
        text: text of a value in the address; empty leaves it out.
        written: whether the address carries it, given the whole view.
        push: whether a change is an entry of the browser's history; else it replaces the last one.
        of_gallery: whether it is dropped where another gallery is chosen.
        kept: whether an address without it leaves it as it is; else it becomes the default.
        needs: earlier fields. Where the value of one was not usable, this is the default.
    """

    default: Callable[[Entry], Any]
    fit: Callable[[Any, Entry], Any]
    parameter: str = ""
    parse: Callable[[str, Entry], Any] = lambda text, entry: text
    text: Callable[[Any, Entry], str] = lambda value, entry: str(value)
    written: Callable[[ViewState], bool] = lambda view: True
    push: bool = False
    of_gallery: bool = False
    kept: bool = False
    needs: tuple[str, ...] = ()


def declared(*how: Any, **more: Any) -> Any:
    """A dataclass field without a default, with a `Field` of these attributes as its metadata."""
    return field(metadata={FIELD: Field(*how, **more)})


def choice(
    options: Callable[[Entry], Sequence[str]], parameter: str = "", refusal: str = "", **more: Any
) -> Any:
    """A dataclass field that is one of several words, by default the first, which is not written.

    Args:
        options: the words for a gallery.
        parameter: name in the page address, or empty.
        refusal: sentence for another word, ``{0}``, with the options as ``{1}``.
        more: further attributes of the `Field`.
    """

    def parse(text: str, entry: Entry) -> str:
        if text not in options(entry):
            raise UnusableError(refusal.format(text, ", ".join(options(entry))))
        return text

    def fit(value: str, entry: Entry) -> str:
        return value if value in options(entry) else options(entry)[0]

    def text(value: str, entry: Entry) -> str:
        return "" if value == options(entry)[0] else value

    more = {"parameter": parameter, "parse": parse, "text": text, **more}
    return declared(lambda entry: options(entry)[0], fit, **more)


def short(value: float, entry: Entry) -> str:
    """A number as an address writes it."""
    return f"{value:g}"


def number_of(text: str) -> float | None:
    """The finite number that a text is, or None."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
