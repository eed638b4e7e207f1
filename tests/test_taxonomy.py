"""Taxonomies: tree distances against a graph search, levels, odd names and uneven depths."""

from collections import deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hypuml.taxonomy import Taxonomy, class_ids
from hypuml.types import NO_CLASS

names = st.sampled_from(["a", "b", "/", "", "<b>", "a/b", "\n", "é"])
paths = st.lists(st.lists(names, min_size=1, max_size=4).map(tuple), min_size=1, max_size=12)


def edges_by_search(leaves):
    """Breadth-first search over the explicit tree: the naive twin."""
    links = {}
    for leaf in leaves:
        for depth in range(len(leaf)):
            parent, child = leaf[:depth], leaf[: depth + 1]
            links.setdefault(parent, set()).add(child)
            links.setdefault(child, set()).add(parent)
    result = []
    for start in leaves:
        steps, queue = {start: 0}, deque([start])
        while queue:
            node = queue.popleft()
            for other in links[node]:
                if other not in steps:
                    steps[other] = steps[node] + 1
                    queue.append(other)
        result.append([steps[leaf] for leaf in leaves])
    return np.array(result)


@settings(deadline=None, max_examples=80)
@given(paths)
def test_distances_are_the_edges_of_the_tree(given_paths):
    tree = Taxonomy.from_paths(given_paths)
    matrix = tree.distance_matrix()
    np.testing.assert_array_equal(matrix, edges_by_search(tree.leaves))
    assert matrix[0, -1] == tree.distance(tree.leaves[0], tree.leaves[-1])
    np.testing.assert_array_equal(tree.class_ids(tree.leaves), np.arange(len(tree)))


@settings(deadline=None, max_examples=80)
@given(paths)
def test_levels_group_by_whole_path(given_paths):
    tree = Taxonomy.from_paths(given_paths)
    for depth, level in enumerate(tree.levels):
        ids = tree.level_ids(level)
        for i, one in enumerate(tree.leaves):
            assert (ids[i] == -1) == (len(one) <= depth)
            assert tree.label_at(one, level) == (one[depth] if depth < len(one) else None)
            for j, other in enumerate(tree.leaves):
                if len(one) > depth and len(other) > depth:
                    assert (ids[i] == ids[j]) == (one[: depth + 1] == other[: depth + 1])


def test_golden_tree():
    tree = Taxonomy.from_paths(
        [("o", "f", "g1", "s"), ("o", "f", "g1", "t"), ("o", "f", "g2", "s"), ("p",)],
        levels=("order", "family", "genus", "species"),
    )
    expected = [[0, 2, 4, 5], [2, 0, 4, 5], [4, 4, 0, 5], [5, 5, 5, 0]]
    np.testing.assert_array_equal(tree.distance_matrix(), expected)
    assert tree.lca(tree.leaves[0], tree.leaves[2]) == ("o", "f")
    assert tree.lca(tree.leaves[0], tree.leaves[3]) == ()
    # Both are called "s", but in different genera.
    species = tree.level_ids("species")
    assert species[0] != species[2]
    assert species[3] == -1
    assert tree.class_ids([("p",), ("o", "f", "g1", "s")]).tolist() == [3, 0]


def test_a_class_is_its_path_and_not_its_last_name():
    rose, lily = ("Rosales", "alba"), ("Liliales", "alba")
    ids, classes = class_ids([rose, lily, rose, (NO_CLASS,), ()])
    assert ids.tolist() == [1, 0, 1, -1, -1]
    assert classes == [lily, rose]
    ids, classes = class_ids([])
    assert (ids.shape, classes) == ((0,), [])


def test_flat_and_empty_taxonomies():
    flat = Taxonomy.from_paths([("x",), ("y",), ("x",)], levels=["class"])
    assert flat.distance_matrix().tolist() == [[0, 2], [2, 0]]
    assert len(Taxonomy.from_paths([])) == 0
    assert Taxonomy.from_paths([]).distance_matrix().shape == (0, 0)


def test_errors():
    with pytest.raises(ValueError, match="empty taxonomy path"):
        Taxonomy.from_paths([("a",), ()])
    with pytest.raises(ValueError, match="at least 2 different names"):
        Taxonomy.from_paths([("a", "b")], levels=["one"])
    with pytest.raises(ValueError, match="different names"):
        Taxonomy.from_paths([("a", "b")], levels=["one", "one"])
    tree = Taxonomy.from_paths([("a", "b")])
    with pytest.raises(ValueError, match="expected one of level 1, level 2"):
        tree.level_ids("genus")
    with pytest.raises(ValueError, match="expected one of the taxonomy"):
        tree.class_ids([("a",)])
