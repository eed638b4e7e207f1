"""Branches of a gallery's taxonomy: an order, a family, a class, and the images below each.

A branch is the beginning of a taxonomy path, ``("Rosales", "Rosaceae")``. In a flat gallery the
branches are its classes. Names are data and may hold anything, also what stands between them in
a display name; `label_of` keeps two branches from sharing one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypuml.types import TaxonomyPath, has_class

if TYPE_CHECKING:
    from hypuml.gallery import Gallery

BETWEEN = " › "


def branches(gallery: Gallery) -> dict[str, TaxonomyPath]:
    """Every branch that holds an image with a class, by display name.

    Returns:
        In tree order: a branch is followed by what is below it, siblings are sorted by name.
    """
    classes = {path for path in gallery.paths if has_class(path)}
    found = {path[: depth + 1] for path in classes for depth in range(len(path))}
    return {label_of(prefix): prefix for prefix in sorted(found)}


def label_of(prefix: TaxonomyPath) -> str:
    """What to call a branch: ``Rosales › Rosaceae``; no two branches have one name.

    A name that is empty, holds the sign ``›`` or begins with a quotation mark ``“`` is put into
    quotation marks, closing ones inside it doubled, so that the display name can be taken apart
    in one way only.
    """
    return BETWEEN.join(map(_quoted, prefix))


def _quoted(name: str) -> str:
    if name and BETWEEN.strip() not in name and not name.startswith("“"):
        return name
    return f"“{name.replace('”', '””')}”"
