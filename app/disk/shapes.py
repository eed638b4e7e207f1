"""What a disk draws beside its points, and the places it is anchored at.

Places are points of the unit disk, gallery rows, handles, or the query; distances are true ones, in
the gallery's own unit. The names are those of ``js/types.js``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
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
    """A point that can be dragged; an event tells where it was dropped."""

    id: str
    at: tuple[float, float]


@dataclass(frozen=True)
class Dot(Shape):
    """A point that cannot be dragged; ``size`` in pixels."""

    at: Anchor
    size: float = 10.0
    hollow: bool = False


def as_words(shape: Shape) -> dict[str, Any]:
    """One shape as ``js/types.js`` defines it."""
    names = {"start": "from", "end": "to", "layouts": "in"}
    values = {names.get(f.name, f.name): getattr(shape, f.name) for f in fields(shape)}
    if not shape.layouts:
        del values["in"]
    return {"type": type(shape).__name__.lower(), **values}


def check_tree(tree: Tree) -> None:
    """Raise ``ValueError`` for a tree whose parents or names do not fit its nodes."""
    n = len(tree.nodes)
    if len(tree.parents) != n or len(tree.names) not in (0, n):
        raise ValueError(
            f"got {n} nodes, {len(tree.parents)} parents and {len(tree.names)} names, expected "
            "one parent for each node, and one name or none at all"
        )
    if not all(-1 <= parent < n for parent in tree.parents):
        raise ValueError(f"got parents {tree.parents}, expected -1 to {n - 1}")


def anchors_of(shape: Shape) -> Sequence[Anchor]:
    """The places a shape is anchored at."""
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
