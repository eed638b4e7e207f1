"""What a disk shows, as data: points, shapes beside them, and how it is looked at.

A `Scene` is written to JSON once per run and read by ``js/main.js`` (the names are those of
``js/types.js``). Everything is checked here, so that the browser has nothing to refuse.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, fields, is_dataclass
from typing import Any

from app.disk.shapes import (
    LAYOUTS,
    At,
    Handle,
    Layout,
    Shape,
    Tree,
    anchors_of,
    as_words,
    check_tree,
)


@dataclass(frozen=True)
class Points:
    """The images of a gallery, by the addresses of their data (see `app.routes`).

    Attributes:
        points: positions, uncertainties and classes.
        umap: positions of the free layout; empty where there is none.
        around: true distances to a query, with ``{who}`` for its name.
        card: facts of one image, with ``{row}`` and ``{who}``.
        tile: atlas tiles of thumbnails, with ``{tile}``; empty where no pictures are here.
        picture: one picture, with ``{kind}`` and ``{row}``.
        colours: colours of classes, with ``{theme}``; empty for colours by uncertainty.
        palette: CSS colours from the lowest to the highest uncertainty.
        range: the uncertainties at both ends of the palette.
        colour: what the colours stand for.
    """

    points: str
    umap: str
    around: str
    card: str
    tile: str
    picture: str
    colours: str
    palette: tuple[str, ...]
    range: tuple[float, float]
    colour: str


@dataclass(frozen=True)
class Query:
    """The query.

    Attributes:
        xy: its place on the gallery's disk.
        row: its row; None for a picture from outside.
        who: its name in addresses.
        name: what to call it.
        linked: whether a link to this view brings it back.
    """

    xy: tuple[float, float]
    row: int | None
    who: str
    name: str
    linked: bool


@dataclass(frozen=True)
class Hit:
    """One answer: its row, true distance, and ``"right"``, ``"wrong"`` or nothing."""

    row: int
    distance: float
    mark: str = ""


@dataclass(frozen=True)
class Threshold:
    """The cut through the histogram of u.

    Attributes:
        value: largest uncertainty that is kept.
        low: at this value nothing is kept.
        high: at this value everything is.
        step: of the cut.
        says: a sentence on the kept images, such as their Recall@1.
        detail: what that means, shown on hover.
    """

    value: float
    low: float
    high: float
    step: float
    says: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Badge:
    """What position means in a layout: one sentence, and the long form shown on hover."""

    layout: Layout
    text: str
    detail: str


@dataclass(frozen=True)
class Scene:
    """Everything a disk shows.

    Attributes:
        label: what the disk is, for screen readers.
        cloud: the points of a gallery, or None.
        query: the query, or None.
        hits: the answers, nearest first.
        shapes: what is drawn beside the points.
        layout: where the points lie.
        at: the view as six numbers (``pack`` in ``js/math/view.js``), None for the start.
        threshold: the cut, or None for a disk without one.
        highlight: the taxonomy branch that stands out; nothing when empty.
        selection: selected rows.
        badges: what position means, for each layout that needs a sentence on it.
        unit: picture distance per true distance where there is no cloud.

    Raises:
        ValueError: an unknown layout, a number that is not finite, a place outside the disk, a
            handle that is used but not there or there twice, a tree whose parents do not fit.
    """

    label: str
    cloud: Points | None = None
    query: Query | None = None
    hits: tuple[Hit, ...] = ()
    shapes: tuple[Shape, ...] = ()
    layout: Layout = "origin"
    at: tuple[float, ...] | None = None
    threshold: Threshold | None = None
    highlight: tuple[str, ...] = ()
    selection: tuple[int, ...] = ()
    badges: tuple[Badge, ...] = ()
    unit: float = 1.0

    def __post_init__(self) -> None:
        _check(self)

    def to_bytes(self) -> bytes:
        """The scene as JSON in UTF-8."""
        whole = {f.name: getattr(self, f.name) for f in fields(self)}
        whole["shapes"] = [as_words(shape) for shape in self.shapes]
        return json.dumps(whole, default=asdict, allow_nan=False).encode()


def _check(scene: Scene) -> None:
    if scene.layout not in LAYOUTS:
        raise ValueError(f"got layout {scene.layout!r}, expected one of {', '.join(LAYOUTS)}")
    handles = [shape.id for shape in scene.shapes if isinstance(shape, Handle)]
    if len(set(handles)) != len(handles):
        raise ValueError(f"got handles {handles}, expected each name once")
    for shape in scene.shapes:
        for anchor in anchors_of(shape):
            if isinstance(anchor, At) and anchor.handle not in handles:
                raise ValueError(f"no handle {anchor.handle!r} here, expected one of {handles}")
        if isinstance(shape, Tree):
            check_tree(shape)
    if wrong := [value for value in _numbers(scene) if not math.isfinite(value)]:
        raise ValueError(f"got {wrong[0]} in a scene, expected finite numbers")
    for anchor in (anchor for shape in scene.shapes for anchor in anchors_of(shape)):
        if isinstance(anchor, tuple) and not math.hypot(*anchor) < 1:
            raise ValueError(f"got a place at {anchor}, expected one inside the unit disk")


def _numbers(value: Any) -> list[float]:
    if isinstance(value, float):
        return [value]
    if is_dataclass(value):
        return [n for f in fields(value) for n in _numbers(getattr(value, f.name))]
    return [n for part in value for n in _numbers(part)] if isinstance(value, tuple) else []
