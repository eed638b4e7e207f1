"""The disk of the Explore page: the gallery's images, the query, its answers, and the threshold.

Here the view state becomes a scene, and what is done on the disk becomes state again. What the
picture can and cannot show stands beside it (`app.parts.badges`).
"""

from __future__ import annotations

import streamlit as st

from app import query_tokens, resources, retrieval, routes, state
from app.branches import label_of
from app.disk import scene as scenes
from app.disk.component import poincare_disk
from app.disk.scene import Hit, Points, Scene, Threshold
from app.disk.shapes import QUERY, Anchor, Dot, Geodesic, Path, Ring, Row, Shape
from app.parts.badges import badges
from app.queries import Query
from app.view_state import UNCERTAINTY, ViewState, colours
from hypuml.figures import uncertainty_range
from hypuml.figures.palette import uncertainty_scale
from hypuml.gallery import Gallery

KEY = "poincare_disk"
_LABELLED = 5  # lines with their distance on the gallery's own disk; the rest is one key away
_PALETTE = tuple(uncertainty_scale()[i] for i in range(0, 256, 5))  # 52 steps pass for smooth


def disk(
    entry: resources.Entry,
    gallery: Gallery,
    view: ViewState,
    query: Query,
    found: retrieval.Answers,
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
            scene(entry, gallery, view, query, found),
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
            colours(entry),
            key="colour",
            on_change=state.act,
            label_visibility="collapsed",
            format_func="colour: {}".format,
            help="What the colour of a dot stands for",
        )
        if entry.branches:
            st.selectbox(
                "Highlight",
                ["", *entry.branches],
                key="highlight",
                on_change=state.act,
                label_visibility="collapsed",
                format_func=lambda name: f"highlight: {name or 'all'}",
                help="One class or branch of the taxonomy stands out; all others grow pale",
            )


@st.fragment(run_every=1.0)
def _until_known(entry: resources.Entry) -> None:
    """Look again every second, until Recall@1 under the threshold is known."""
    if entry.first_hits(wait=0) is not None:
        st.rerun()


def scene(
    entry: resources.Entry,
    gallery: Gallery,
    view: ViewState,
    query: Query,
    found: retrieval.Answers,
) -> Scene:
    """What the disk shows for a view."""
    name = query.name if query.row is None else gallery.labels[query.row]
    hits = tuple(
        Hit(int(r), float(d), mark)
        for r, d, mark in zip(found.rows, found.distances, found.marks, strict=True)
    )
    return Scene(
        label=f"Poincaré disk of the gallery {gallery.title}: {len(gallery):,} images by "
        f"uncertainty and likeness; the query is {name}",
        cloud=_points(entry, gallery, view),
        query=scenes.Query(
            (float(query.xy[0]), float(query.xy[1])),
            None if query.before else query.row,
            query_tokens.name_of(query),
            name,
            linked=query.row is not None,
        ),
        hits=hits,
        shapes=shapes(gallery, query, hits),
        layout=view.layout,
        at=view.at,
        threshold=_threshold(entry, gallery, view.threshold),
        highlight=entry.branches.get(view.highlight, ()),
        selection=view.selection,
        badges=badges(gallery),
    )


def _points(entry: resources.Entry, gallery: Gallery, view: ViewState) -> Points:
    def url(rest: str) -> str:
        return routes.gallery_url(entry.version, rest)

    by_u, here = view.colour == UNCERTAINTY, gallery.has_pictures
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


def shapes(gallery: Gallery, query: Query, hits: tuple[Hit, ...]) -> tuple[Shape, ...]:
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
    if query.before is not None:
        x, y = (float(v) for v in query.before.xy)
        start: Anchor = Row(query.row) if query.row is not None else (x, y)
        drawn += [
            Path((start, QUERY), arrow=True, colour="ink", width=2),
            Dot(start, size=16, hollow=True, colour="ink"),
        ]
    drawn += [Dot(QUERY, size=24, hollow=True, width=3), Dot(QUERY, size=9)]
    return tuple(drawn)


def _threshold(entry: resources.Entry, gallery: Gallery, cut: float) -> Threshold:
    low, high = retrieval.bounds(gallery.uncertainty)
    text, meaning = recall(entry, gallery, cut)
    return Threshold(cut, low, high, 0.001 if high - low <= 0.3 else 0.005, text, meaning)


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
    return "Recall@1 unknown", (
        "Recall needs two classes, and kept images that share theirs with another image."
    )
