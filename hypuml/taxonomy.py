"""Trees of names: numbers of classes, levels, lowest common ancestor, distances.

Convention: a class is its *taxonomy path*, the names from the root's child down to the class. The
root has no name. Two nodes are the same only if their whole paths are: a name may occur in several
branches. Names are data: they may hold any text, and are only ever compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypuml.types import IntArray, TaxonomyPath, has_class


def number_paths(paths: Sequence[TaxonomyPath]) -> tuple[IntArray, list[TaxonomyPath]]:
    """Number paths in sorted order, which puts relatives side by side.

    Returns:
        ``[N]`` number of each path, and the distinct paths in the order of their numbers.

    >>> number_paths([("b",), ("a", "x"), ("b",)])
    (array([1, 0, 1]), [('a', 'x'), ('b',)])
    """
    distinct = sorted(set(paths))
    number = {path: i for i, path in enumerate(distinct)}
    return np.fromiter((number[path] for path in paths), np.int64, len(paths)), distinct


def class_ids(paths: Sequence[TaxonomyPath]) -> tuple[IntArray, list[TaxonomyPath]]:
    """Number the classes of images: the one numbering of classes, used everywhere.

    A class is its whole path: two families may each have a species called "alba".

    Returns:
        ``[N]`` number of each image's class, -1 for an image without one, and the classes' paths
        in the order of their numbers.
    """
    labelled = np.fromiter((has_class(path) for path in paths), bool, len(paths))
    ids = np.full(len(paths), -1, dtype=np.int64)
    ids[labelled], classes = number_paths([path for path in paths if has_class(path)])
    return ids, classes


@dataclass(frozen=True)
class Taxonomy:
    """A rooted tree given by the paths of its classes.

    Attributes:
        leaves: ``[C]`` distinct class paths in sorted order, as numbered by :func:`class_ids`.
        levels: level names from the root's child downwards, as long as the longest path.
    """

    leaves: tuple[TaxonomyPath, ...]
    levels: tuple[str, ...]

    @classmethod
    def from_paths(cls, paths: Sequence[Sequence[str]], levels: Sequence[str] = ()) -> Taxonomy:
        """Build the tree from the paths of images or classes; repeated paths count once.

        Paths may differ in length, and one class may lie below another.

        Args:
            paths: any number of taxonomy paths.
            levels: names of the levels; ``"level 1"``, ``"level 2"`` ... when omitted.

        Raises:
            ValueError: an empty path, a level named twice, or fewer levels than the longest path.

        >>> tree = Taxonomy.from_paths([("a", "x"), ("a", "y"), ("b",), ("a", "x")])
        >>> tree.leaves, tree.levels
        ((('a', 'x'), ('a', 'y'), ('b',)), ('level 1', 'level 2'))
        """
        leaves = tuple(sorted({tuple(path) for path in paths}))
        if not all(leaves):
            raise ValueError("got an empty taxonomy path, expected at least the name of the class")
        depth = max(map(len, leaves), default=0)
        names = tuple(levels) or tuple(f"level {i + 1}" for i in range(depth))
        if len(names) < depth or len(set(names)) < len(names):
            raise ValueError(
                f"got levels {names}, expected at least {depth} different names, "
                "one for every step of the longest path"
            )
        return cls(leaves, names)

    def __len__(self) -> int:
        return len(self.leaves)

    def class_ids(self, paths: Sequence[Sequence[str]]) -> IntArray:
        """Row in ``leaves`` of each path, ``[len(paths)]``.

        Raises:
            ValueError: a path that is no class of this taxonomy.
        """
        rows = {leaf: row for row, leaf in enumerate(self.leaves)}
        unknown = [path for path in paths if tuple(path) not in rows]
        if unknown:
            raise ValueError(
                f"got the path {tuple(unknown[0])!r}, expected one of the taxonomy's "
                f"{len(self)} classes"
            )
        return np.array([rows[tuple(path)] for path in paths], dtype=np.int64)

    @staticmethod
    def lca(a: Sequence[str], b: Sequence[str]) -> TaxonomyPath:
        """Lowest common ancestor: the longest common beginning; ``()`` is the root.

        >>> Taxonomy.lca(("Rosales", "Rosa", "canina"), ("Rosales", "Rosa", "rugosa"))
        ('Rosales', 'Rosa')
        """
        shared = 0
        for left, right in zip(a, b, strict=False):
            if left != right:
                break
            shared += 1
        return tuple(a[:shared])

    def distance(self, a: Sequence[str], b: Sequence[str]) -> int:
        """Number of edges between two nodes, through their lowest common ancestor.

        >>> Taxonomy.from_paths([("a", "x"), ("b",)]).distance(("a", "x"), ("b",))
        3
        """
        return len(a) + len(b) - 2 * len(self.lca(a, b))

    def distance_matrix(self) -> IntArray:
        """Edges between every two classes, ``[C, C]``, symmetric with a zero diagonal."""
        lengths = np.array([len(leaf) for leaf in self.leaves], dtype=np.int64)
        shared = np.zeros((len(self), len(self)), dtype=np.int64)
        for groups in self._prefix_ids():
            shared += (groups[:, None] == groups[None, :]) & (groups >= 0)[:, None]
        return lengths[:, None] + lengths[None, :] - 2 * shared

    def label_at(self, path: Sequence[str], level: str) -> str | None:
        """Name of a path at a level; None where the path does not reach it.

        Raises:
            ValueError: unknown level.
        """
        depth = self._depth(level)
        return path[depth] if depth < len(path) else None

    def level_ids(self, level: str) -> IntArray:
        """Group number of every class at a level, ``[C]``, -1 where a path does not reach it.

        Classes share a number exactly if their paths agree down to the level. Index with class ids
        to get it per image: ``taxonomy.level_ids("genus")[class_ids]``.

        Raises:
            ValueError: unknown level.
        """
        return self._prefix_ids()[self._depth(level)]

    def _depth(self, level: str) -> int:
        if level not in self.levels:
            raise ValueError(f"unknown level {level!r}, expected one of {', '.join(self.levels)}")
        return self.levels.index(level)

    def _prefix_ids(self) -> NDArray[np.int64]:
        """``[L, C]``: number of each class's path prefix, level by level, -1 beyond its end."""
        ids = np.full((len(self.levels), len(self)), -1, dtype=np.int64)
        for depth in range(len(self.levels)):
            rows = [row for row, leaf in enumerate(self.leaves) if len(leaf) > depth]
            ids[depth, rows] = number_paths([self.leaves[row][: depth + 1] for row in rows])[0]
        return ids
