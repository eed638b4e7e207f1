"""What position on the disk means in each layout, and how much of it is projection."""

from __future__ import annotations

from app.disk.scene import Badge
from app.parts.text import percent
from hypuml.gallery import Gallery

_DETAIL = (
    "Distance from the centre is the model's own (times one factor for the whole gallery); only "
    "directions are projected. The share is how many of an image's 10 nearest neighbours in the "
    "model are also among its 10 nearest on the picture; beside it, what random directions and a "
    "UMAP that is free to move the radius reach."
)
_QUERY = (
    "Every image is as far from the middle as it is from the query in the model’s space, so the "
    "circle through the last answer holds the answers and nothing else. Directions are those of "
    "the disk, spread around the query in their order. Uncertain images are no longer in the "
    "middle: colour still tells them."
)
_UMAP = (
    "A UMAP that may move every point as it likes: it shows groups, but how far something is from "
    "the middle has nothing to do with uncertainty."
)


def badges(gallery: Gallery) -> tuple[Badge, ...]:
    """What position means in each layout."""
    if gallery.fidelity.get("exact"):
        return Badge("origin", badge(gallery), ""), Badge("query", badge(gallery), "")
    free = (gallery.fidelity.get("free_umap") or {}).get("overlap@10")
    worth = "" if free is None else f", {percent(free)} of the 10 nearest are kept"
    return (
        Badge("origin", badge(gallery), detail(gallery)),
        Badge(
            "query",
            "Radius is true distance to the query. Directions only keep their order.",
            _QUERY,
        ),
        Badge("umap", f"Neighbours first{worth}. No distance here is the model’s.", _UMAP),
    )


def badge(gallery: Gallery) -> str:
    """What a position on the disk means, and how much of it is projection, in one sentence."""
    worth = gallery.fidelity
    if worth.get("exact"):
        return "The disk is the model’s own space: every distance on it is true."
    share = worth.get("overlap@10")
    if share is None:
        return "Radius is true distance from the origin; the angle is projected."
    text = f"Radius is true distance; the projected angle keeps {percent(share)} of the 10 nearest"
    names = (("random", "random_angle"), ("free UMAP", "free_umap"))
    found = [(name, (worth.get(key) or {}).get("overlap@10")) for name, key in names]
    rivals = [f"{name} {percent(value)}" for name, value in found if value is not None]
    text = f"{text} ({', '.join(rivals)})." if rivals else f"{text}."
    return text + (" Curvature is not used." if _flat(gallery) else "")


def detail(gallery: Gallery) -> str:
    """The long form of the badge, as plain text: how it is measured, and what else was."""
    worth = gallery.fidelity
    parts = [_DETAIL, f"Drawn with the factor {gallery.dilation:.3g}."]
    if (share := worth.get("overlap@50")) is not None:
        parts.append(f"Of the 50 nearest it keeps {percent(share)}.")
    if (middle := worth.get("d0_iqr")) is not None:
        low, high = middle
        parts.append(f"The middle half of the images lies {low:.2f} to {high:.2f} from the origin.")
    if (use := _curvature_use(gallery)) is not None:
        parts.append(
            f"Curvature use {use:.2f}: the share of the 10 nearest neighbours that a flat space "
            "would get differently" + ("; hyperbolic in name only." if _flat(gallery) else ".")
        )
    return " ".join(parts)


def _flat(gallery: Gallery) -> bool:
    """Whether the model hardly uses its curvature, as measured when the gallery was built."""
    use = _curvature_use(gallery)
    return use is not None and use < 0.05


def _curvature_use(gallery: Gallery) -> float | None:
    return (gallery.manifest.get("metrics") or {}).get("curvature_use")
