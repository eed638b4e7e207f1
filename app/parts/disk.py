"""The disk of the Explore room: the gallery's images, the query, its answers, and the threshold.

Here the room's state becomes a scene, and what is done on the disk becomes state again. What the
picture can and cannot say is said beside it: `badge` and `detail`.
"""

from __future__ import annotations

import streamlit as st

from app import address, asked, resources, retrieval, routes, state
from app.branches import label_of
from app.disk.component import poincare_disk
from app.disk.scene import Badge, Hit, Points, Query, Scene, Threshold
from app.disk.shapes import QUERY, Anchor, Dot, Geodesic, Path, Ring, Row, Shape
from app.parts.text import percent
from app.queries import Asked, View
from hypuml.figures import uncertainty_range
from hypuml.figures.palette import uncertainty_scale
from hypuml.gallery import Gallery

KEY = "poincare_disk"
_LABELLED = 5  # lines with their distance on the gallery's own disk; the rest is one key away
_PALETTE = tuple(uncertainty_scale()[i] for i in range(0, 256, 5))  # 52 steps pass for smooth
_DETAIL = (
    "Distance from the centre is the model's own (times one factor for the whole gallery); only "
    "directions are projected. The share says how many of an image's 10 nearest neighbours in the "
    "model are also among its 10 nearest on the picture; beside it, what random directions and a "
    "UMAP that is free to move the radius reach."
)
_QUERY = (
    "Every image is as far from the middle as the model says it is from the query, so the circle "
    "through the last answer holds the answers and nothing else. Directions are those of the disk, "
    "spread around the query in their order. Uncertain images are no longer in the middle: colour "
    "still tells them."
)
_UMAP = (
    "A UMAP that may move every point as it likes: it shows groups, but how far something is from "
    "the middle says nothing about uncertainty."
)


def disk(
    entry: resources.Entry, gallery: Gallery, view: View, who: Asked, found: retrieval.Answers
) -> None:
    """Draw the disk with the threshold under it."""
    known = entry.first_hits(wait=0.5) is not None

    def pick(row: int) -> None:
        if row < len(gallery):
            state.pick(row)

    def move_threshold(value: float) -> None:
        low, high = retrieval.bounds(gallery.uncertainty)
        state.move_threshold(min(max(value, low), high))

    def highlight(path: tuple[str, ...]) -> None:
        name = label_of(path)
        state.highlight(name if name in entry.branches else "")

    with st.container(key="disk"):
        poincare_disk(
            scene(entry, gallery, view, who, found),
            KEY,
            on_query=pick,
            on_select=state.select,
            on_threshold=move_threshold,
            on_view=state.look,
            on_highlight=highlight,
        )
    if not known:
        _until_known(entry)
    with st.container(key="colour_and_highlight", horizontal=True, gap="small"):
        st.selectbox(
            "Colour by",
            address.colours(entry, gallery),
            key="colour",
            on_change=state.act,
            label_visibility="collapsed",
            format_func="colour: {}".format,
            help="What the colour of a dot says",
        )
        if entry.branches:
            st.selectbox(
                "Highlight",
                ["", *entry.branches],
                key="highlight",
                on_change=state.act,
                label_visibility="collapsed",
                format_func=lambda name: f"highlight: {name or 'everything'}",
                help="One class or branch of the taxonomy stands out; all others grow pale",
            )


@st.fragment(run_every=1.0)
def _until_known(entry: resources.Entry) -> None:
    """Look again every second, until Recall@1 under the threshold is known."""
    if entry.first_hits(wait=0) is not None:
        st.rerun()


def scene(
    entry: resources.Entry, gallery: Gallery, view: View, who: Asked, found: retrieval.Answers
) -> Scene:
    """What the disk shows for a view."""
    xy = who.placed.xy
    row = None if who.before or who.row is None else who.row
    name = asked.row_name(row) if row is not None else asked.remember(entry.version, who.placed)
    title = view.upload.name if view.upload else gallery.labels[view.row or 0]
    hits = tuple(
        Hit(int(r), float(d), mark)
        for r, d, mark in zip(found.rows, found.distances, found.marks, strict=True)
    )
    return Scene(
        label=f"Poincaré disk of the gallery {gallery.title}: {len(gallery):,} images by "
        f"uncertainty and likeness; the query is {title}",
        cloud=_points(entry, gallery, view),
        query=Query((float(xy[0]), float(xy[1])), row, name, title, linked=view.upload is None),
        hits=hits,
        shapes=shapes(gallery, who, hits),
        layout=view.layout,
        at=view.at,
        threshold=_threshold(entry, gallery, view.threshold),
        highlight=entry.branches.get(view.highlight, ()),
        selection=view.selection,
        badges=badges(gallery),
    )


def _points(entry: resources.Entry, gallery: Gallery, view: View) -> Points:
    def url(rest: str) -> str:
        return routes.gallery_url(entry.version, rest)

    by_u, here = view.colour == address.UNCERTAINTY, gallery.has_pictures
    return Points(
        points=routes.fixed_url(entry.version, "points.safetensors"),
        umap=routes.fixed_url(entry.version, "umap.safetensors")
        if gallery.umap_xy is not None
        else "",
        around=routes.fixed_url(entry.version, "around/{who}.safetensors"),
        card=url("card/{row}.json?to={who}"),
        tile=url("tile/{tile}.webp") if here else "",
        picture=url("{kind}/{row}.webp") + ("" if here else routes.AWAY),
        colours="" if by_u else routes.colours_url(entry.version, view.colour),
        palette=_PALETTE,
        range=uncertainty_range(gallery.uncertainty),
        colour=view.colour,
    )


def shapes(gallery: Gallery, who: Asked, hits: tuple[Hit, ...]) -> tuple[Shape, ...]:
    """Lines to the answers, the circle that holds them, and the way a degraded query has come."""
    drawn: list[Shape] = []
    for i, hit in enumerate(hits):
        wrong = hit.mark == retrieval.WRONG
        distance = f"{hit.distance:.2f}"
        drawn += [
            Geodesic(QUERY, Row(hit.row), dashed=wrong, label=distance if i < _LABELLED else ""),
            Dot(Row(hit.row), size=14, hollow=True, colour="alarm" if wrong else "accent"),
        ]
    if hits:
        k, farthest = len(hits), hits[-1].distance
        exact = bool(gallery.fidelity.get("exact"))
        drawn.append(
            Ring(
                farthest,
                QUERY,
                width=2,
                label=f"answer {k}: distance {farthest:.2f}",
                layouts=("origin", "query") if exact else ("query",),
            )
        )
    if who.before is not None:
        x, y = (float(v) for v in who.before.xy)
        start: Anchor = Row(who.row) if who.row is not None else (x, y)
        drawn += [
            Path((start, QUERY), arrow=True, colour="ink", width=2),
            Dot(start, size=16, hollow=True, colour="ink"),
        ]
    drawn += [Dot(QUERY, size=24, hollow=True, width=3), Dot(QUERY, size=9)]
    return tuple(drawn)


def _threshold(entry: resources.Entry, gallery: Gallery, cut: float) -> Threshold:
    low, high = retrieval.bounds(gallery.uncertainty)
    says, means = recall(entry, gallery, cut)
    return Threshold(cut, low, high, 0.001 if high - low <= 0.3 else 0.005, says, means)


def recall(entry: resources.Entry, gallery: Gallery, cut: float) -> tuple[str, str]:
    """Recall@1 of what a threshold keeps, in a few words, and what they mean."""
    hits = entry.first_hits(wait=0)
    kept = retrieval.kept(gallery.uncertainty, entry.codes, hits, cut)
    if kept.recall is not None:
        return f"Recall@1 {kept.recall:.3f}", (
            "How often the nearest other image has the right class, over the "
            f"{kept.judged:,} kept images whose class has more than one image."
        )
    if kept.n == 0:
        return "everything is rejected", "Move the threshold to the right."
    if hits is None:
        return "Recall@1 is being measured …", "Once, when the gallery is opened."
    return "Recall@1 unknown", "Recall needs kept images that share a class with another image."


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
