"""What a disk shows, as data: points, shapes beside them, and how it is looked at.

A `Scene` is written to JSON once per run and read by ``js/main.js`` (the words are those of
``js/types.js``). Places are points of the unit disk, gallery rows, handles, or the query; distances
are true ones, in the gallery's own unit. Everything is checked here, so that the browser never has
to complain.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass
from typing import Any, Literal

Layout = Literal["origin", "query", "umap"]
LAYOUTS: tuple[Layout, ...] = ("origin", "query", "umap")


@dataclass(frozen=True)
class Row:
    """The place of a gallery's image, wherever the layout puts it."""

    row: int


@dataclass(frozen=True)
class At:
    """The place of a handle, also while it is dragged."""

    handle: str


@dataclass(frozen=True)
class TheQuery:
    """The place of the query, wherever the layout puts it."""

    query: Literal[True] = True


QUERY = TheQuery()
Anchor = tuple[float, float] | Row | At | TheQuery


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Anything drawn beside the points.

    Attributes:
        colour: ``"accent"``, ``"ink"``, ``"muted"``, ``"alarm"`` or a CSS colour.
        width: of lines, in pixels.
        dashed: whether lines are.
        label: text beside it.
        layouts: where it is shown; everywhere when empty.
        measured: whether its length (of a ring or ball: its radius) stands beside it, and follows.
    """

    colour: str = "accent"
    width: float = 1.5
    dashed: bool = False
    label: str = ""
    layouts: tuple[Layout, ...] = ()
    measured: bool = False


@dataclass(frozen=True)
class Geodesic(Shape):
    """The shortest path between two places; ``whole`` continues it to the rim."""

    start: Anchor
    end: Anchor
    whole: bool = False


@dataclass(frozen=True)
class Line(Shape):
    """The segment that is straight on the unmoved picture, which is not the shortest path."""

    start: Anchor
    end: Anchor


@dataclass(frozen=True)
class Path(Shape):
    """Shortest paths through several places, with an arrow head at the end if ``arrow``."""

    through: tuple[Anchor, ...]
    arrow: bool = False


@dataclass(frozen=True)
class Ring(Shape):
    """All places at one true distance from ``centre``, or as far from it as ``through``."""

    distance: float = 0.0
    centre: Anchor = (0.0, 0.0)
    through: Anchor | None = None


@dataclass(frozen=True)
class Ball(Shape):
    """All places within a true distance of ``centre``, or up to ``through``, filled."""

    distance: float = 0.0
    centre: Anchor = (0.0, 0.0)
    through: Anchor | None = None


@dataclass(frozen=True)
class Tree(Shape):
    """Nodes joined to their parents (-1: a root) by shortest paths."""

    nodes: tuple[Anchor, ...]
    parents: tuple[int, ...]
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Handle(Shape):
    """A point that can be dragged; Python hears where it was dropped."""

    id: str
    at: tuple[float, float]


@dataclass(frozen=True)
class Dot(Shape):
    """A point that cannot be dragged; ``size`` in pixels."""

    at: Anchor
    size: float = 10.0
    hollow: bool = False


@dataclass(frozen=True)
class Points:
    """The images of a gallery, by the addresses of their data (see `app.routes`).

    Attributes:
        points: positions, uncertainties and classes.
        umap: positions of the free layout; empty where there is none.
        around: true distances to a query, with ``{who}`` for its name.
        card: facts of one image, with ``{row}`` and ``{who}``.
        tile: atlas tiles of thumbnails, with ``{tile}``.
        picture: one picture, with ``{kind}`` and ``{row}``.
        colours: colours of classes, with ``{theme}``; empty for colours by uncertainty.
        palette: CSS colours from the lowest to the highest uncertainty.
        range: the uncertainties at both ends of the palette.
        colour: what the colours say.
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
    """Who asks.

    Attributes:
        xy: its place on the gallery's disk.
        row: its row; None for a picture from outside.
        who: its name in addresses (`app.asked`).
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
        says: what Python knows about the kept ones, such as Recall@1.
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
        query: who asks, or None.
        hits: the answers, nearest first.
        shapes: what is drawn beside the points.
        layout: where the points lie.
        at: the view as six numbers (``pack`` in ``js/view.js``), None for the start.
        threshold: the cut, or None for a disk without one.
        highlight: the taxonomy branch that stands out; nothing when empty.
        selection: selected rows.
        badges: what position means, for each layout where that has to be said.
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
        whole["shapes"] = [_shape(shape) for shape in self.shapes]
        return json.dumps(whole, default=asdict, allow_nan=False).encode()


def _shape(shape: Shape) -> dict[str, Any]:
    """One shape in the words of ``js/types.js``."""
    words = {"start": "from", "end": "to", "layouts": "in"}
    said = {words.get(f.name, f.name): getattr(shape, f.name) for f in fields(shape)}
    if not shape.layouts:
        del said["in"]
    return {"type": type(shape).__name__.lower(), **said}


def _check(scene: Scene) -> None:
    if scene.layout not in LAYOUTS:
        raise ValueError(f"got layout {scene.layout!r}, expected one of {', '.join(LAYOUTS)}")
    handles = [shape.id for shape in scene.shapes if isinstance(shape, Handle)]
    if len(set(handles)) != len(handles):
        raise ValueError(f"got handles {handles}, expected each name once")
    for shape in scene.shapes:
        for anchor in _anchors(shape):
            if isinstance(anchor, At) and anchor.handle not in handles:
                raise ValueError(f"no handle {anchor.handle!r} here, expected one of {handles}")
        if isinstance(shape, Tree):
            _check_tree(shape)
    if wrong := [value for value in _numbers(scene) if not math.isfinite(value)]:
        raise ValueError(f"got {wrong[0]} in a scene, expected finite numbers")
    for anchor in (anchor for shape in scene.shapes for anchor in _anchors(shape)):
        if isinstance(anchor, tuple) and not math.hypot(*anchor) < 1:
            raise ValueError(f"got a place at {anchor}, expected one inside the unit disk")


def _check_tree(tree: Tree) -> None:
    n = len(tree.nodes)
    if len(tree.parents) != n or len(tree.names) not in (0, n):
        raise ValueError(
            f"got {n} nodes, {len(tree.parents)} parents and {len(tree.names)} names, expected "
            "one parent for each node, and one name or none at all"
        )
    if not all(-1 <= parent < n for parent in tree.parents):
        raise ValueError(f"got parents {tree.parents}, expected -1 to {n - 1}")


def _anchors(shape: Shape) -> Sequence[Anchor]:
    match shape:
        case Geodesic() | Line():
            return shape.start, shape.end
        case Path():
            return shape.through
        case Ring() | Ball():
            return (shape.centre,) if shape.through is None else (shape.centre, shape.through)
        case Tree():
            return shape.nodes
        case Handle() | Dot():
            return (shape.at,)
    return ()


def _numbers(value: Any) -> list[float]:
    if isinstance(value, float):
        return [value]
    if is_dataclass(value):
        return [n for f in fields(value) for n in _numbers(getattr(value, f.name))]
    return [n for part in value for n in _numbers(part)] if isinstance(value, tuple) else []
