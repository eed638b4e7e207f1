"""Branches of the taxonomy: which there are, what they are called, and what is below them."""

from __future__ import annotations

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from app.branches import branches, label_of
from hypuml.types import NO_CLASS, has_class

# Names made of what could be confused: the separator, its parts, quotation marks, nothing.
NAMES = st.lists(st.sampled_from([" ", "›", "“", "”", "a", "/", " › "]), max_size=4).map("".join)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(tuple)


def taxonomy(*paths: tuple[str, ...]):
    return type("Paths", (SimpleNamespace,), {"__len__": lambda self: len(self.paths)})(
        paths=list(paths)
    )


def test_every_beginning_of_a_path_is_a_branch_in_tree_order():
    found = branches(
        taxonomy(
            ("Rosales", "Rosaceae", "Rosa"),
            (NO_CLASS,),
            ("Asterales", "Asteraceae"),
            ("Rosales", "Moraceae"),
            ("Rosales", "Rosaceae", "Rosa"),
        )
    )
    assert found == {
        "Asterales": ("Asterales",),
        "Asterales › Asteraceae": ("Asterales", "Asteraceae"),
        "Rosales": ("Rosales",),
        "Rosales › Moraceae": ("Rosales", "Moraceae"),
        "Rosales › Rosaceae": ("Rosales", "Rosaceae"),
        "Rosales › Rosaceae › Rosa": ("Rosales", "Rosaceae", "Rosa"),
    }
    assert list(found.values()) == sorted(found.values())


def test_branches_of_a_flat_gallery_are_its_classes():
    assert list(branches(taxonomy(("b",), ("a",), (NO_CLASS,), ("b",)))) == ["a", "b"]
    assert branches(taxonomy((NO_CLASS,))) == {}


def test_equal_names_in_different_places_are_different_branches():
    found = branches(taxonomy(("x", "alba"), ("y", "alba")))
    assert list(found) == ["x", "x › alba", "y", "y › alba"]


def test_names_that_look_like_two_do_not_collide():
    found = branches(taxonomy(("a › b",), ("a", "b"), ("a/b",), ("“a › b”",), ("", "c")))
    assert found["“a › b”"] == ("a › b",)
    assert found["a › b"] == ("a", "b")
    assert found["a/b"] == ("a/b",)
    assert found["““a › b”””"] == ("“a › b”",)
    assert found["“”"] == ("",)
    assert found["“” › c"] == ("", "c")


@given(st.sets(PATHS, max_size=8))
def test_no_two_branches_share_a_name(paths):
    found = branches(taxonomy(*paths))
    prefixes = {p[: i + 1] for p in paths for i in range(len(p)) if has_class(p)}
    assert set(found.values()) == prefixes
    assert all(label_of(prefix) == name for name, prefix in found.items())
