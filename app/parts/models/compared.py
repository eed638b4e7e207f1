"""A finished comparison: the figures side by side, the charts, and where the models disagree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from app import routes, state
from app.parts.models.charts import chart, theme
from app.parts.models.jobs import Outcome
from app.parts.text import esc, name_of
from app.resources import Entry
from hypuml.figures import distances_figure, risk_by_method_figure, u_against_u_figure
from hypuml.gallery import Gallery
from hypuml.metrics import risk_coverage
from hypuml.types import IntArray

if TYPE_CHECKING:
    from hypuml.evaluation.compare import Comparison, Difference

MOST_PICTURES = 24
_MOST_DOTS = 3000
_POINTS = 201
_TITLES = {
    "recall@1": "Recall@1",
    "r_auroc": "R-AUROC of u",
    "confidence_auroc": "Confidence AUROC",
    "curvature_use": "Curvature use",
}


def compared(entry: Entry, gallery: Gallery, outcome: Outcome) -> None:
    """Draw a comparison."""
    found = outcome.comparison
    st.html(figures_html(outcome))
    _charts(found)
    _disagreements(entry, gallery, outcome)


def figures_html(outcome: Outcome) -> str:
    """The figures of both models and their differences, as an HTML table."""
    found = outcome.comparison
    a, b = found.sides
    lines = []
    for key, title in _TITLES.items():
        cells = "".join(f"<td>{_number(side.figures[key])}</td>" for side in (a, b))
        gap = _difference(found.differences.get(key))
        lines.append(f"<tr><th>{title}</th>{cells}<td>{gap}</td></tr>")
    of = (
        f"{len(outcome.rows):,} images"
        if len(outcome.rows) == outcome.total
        else f"{len(outcome.rows):,} of {outcome.total:,} images, those that both know"
    )
    return (
        '<table class="figures"><thead><tr><th></th>'
        f"<th>{esc(a.side.name)}</th><th>{esc(b.side.name)}</th><th>difference</th></tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table>"
        f'<p class="caption">On {of}, {len(found.queries):,} of them queries. Differences: the '
        "first less the second; in brackets 95 % bootstrap interval over classes, both read on "
        "the same resampled classes.</p>"
    )


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _difference(gap: Difference | None) -> str:
    if gap is None:
        return "–"
    spread = "" if gap.low is None else f" [{gap.low:+.3f}, {gap.high:+.3f}]"
    return f"{gap.value:+.3f}{spread}"


def _charts(found: Comparison) -> None:
    look = theme()
    a, b = found.sides
    bounds = {s.side.name: s.side.bound for s in found.sides if s.side.bound is not None}
    left, right = st.columns(2, gap="medium")
    if curves := risk_curves(found):
        with left:
            chart(
                risk_by_method_figure(curves, look, 420),
                "Risk and coverage",
                "Share of wrong answers among the surest, by each model’s own scores; lower is "
                "better.",
                "compare_risk",
            )
    with right:
        chart(
            distances_figure({s.side.name: s.d0 for s in found.sides}, bounds, look, 420),
            "Distance from the origin",
            "The same images in both models; each counts distance in its own space.",
            "compare_radius",
        )
    rows, outcomes = outcomes_of(found)
    u = tuple(np.asarray(s.side.uncertainty)[rows].tolist() for s in found.sides)
    total = len(a.side.points)
    sample = "" if len(rows) == total else f" {len(rows):,} of {total:,} images, at random."
    chart(
        u_against_u_figure((u[0], u[1]), (a.side.name, b.side.name), outcomes, look, 460),
        "u against u",
        f"Each image’s uncertainty in both models, by who answers it rightly.{sample}",
        "compare_u",
    )


def risk_curves(found: Comparison) -> dict[str, tuple[list[float], list[float]]]:
    """Curves of both models' confidence and u; empty without queries."""
    curves = {}
    count = len(found.queries)
    at = np.unique(np.linspace(0, max(count - 1, 0), min(count, _POINTS)).astype(int))
    for score, word in (("confidence", "confidence"), ("u", "u")):
        for judged in found.sides:
            if count and score in judged.scores:
                x, y = risk_coverage(judged.scores[score], judged.correct)
                curves[f"{judged.side.name}: {word}"] = (x[at].tolist(), y[at].tolist())
    return curves


def outcomes_of(found: Comparison, most: int = _MOST_DOTS) -> tuple[IntArray, list[str]]:
    """Rows to draw, at most ``most`` of them, and which model answers each rightly."""
    a, b = found.sides
    words = np.full(len(a.side.points), "no query", dtype=object)
    words_of = {
        (True, True): "both right",
        (True, False): f"only {a.side.name} right",
        (False, True): f"only {b.side.name} right",
        (False, False): "both wrong",
    }
    pairs = zip(a.correct.tolist(), b.correct.tolist(), strict=True)
    words[found.queries] = [words_of[pair] for pair in pairs]
    rows = np.arange(len(words))
    if len(rows) > most:
        rows = np.sort(np.random.default_rng(0).choice(rows, most, replace=False))
    return rows, [str(word) for word in words[rows]]


def _disagreements(entry: Entry, gallery: Gallery, outcome: Outcome) -> None:
    found = outcome.comparison
    if not len(found.queries):
        return
    names = [judged.side.name for judged in found.sides]
    titles = {i: f"only {name} right · {len(found.only[i]):,}" for i, name in enumerate(names)}
    st.html('<h3 class="chart">Where they disagree</h3>')
    right = st.segmented_control(
        "Answered rightly by",
        list(titles),
        default=0,
        format_func=titles.__getitem__,
        on_change=state.act,
        label_visibility="collapsed",
        required=True,
        key="disagreements",
    )
    right = right or 0
    rows = found.only[right]
    if not len(rows):
        st.html('<p class="caption">There is no such query.</p>')
        return
    shown = rows[:MOST_PICTURES]
    st.html(
        f'<p class="caption">{len(shown)} of {len(rows):,} queries that {esc(names[right])} '
        f"answers rightly and {esc(names[1 - right])} wrongly; those first of which "
        f"{esc(names[1 - right])} is surest. Left the query, then both first answers.</p>"
    )
    st.html(pictures_html(entry.version, gallery, outcome, shown))


def pictures_html(version: str, gallery: Gallery, outcome: Outcome, shown: IntArray) -> str:
    """Queries with both first answers, as HTML.

    Args:
        version: of the gallery whose pictures they are.
        gallery: for the names.
        outcome: the comparison.
        shown: queries, in the comparison's rows.
    """
    found = outcome.comparison
    place = {int(row): i for i, row in enumerate(found.queries)}
    items = []
    for row in shown:
        i = place[int(row)]
        parts = [_picture(version, gallery, int(outcome.rows[row]), "query", "")]
        for judged in found.sides:
            mark = "right" if judged.correct[i] else "wrong"
            answer = int(outcome.rows[judged.first[i]])
            u = float(judged.side.uncertainty[row])
            caption = f"{judged.side.name}, u {u:.2f}"
            parts.append(_picture(version, gallery, answer, caption, mark))
        items.append(f'<li class="trio">{"".join(parts)}</li>')
    return f'<ul class="trios">{"".join(items)}</ul>'


_MARKS: Mapping[str, str] = {"right": "✓ ", "wrong": "✗ ", "": ""}


def _picture(version: str, gallery: Gallery, row: int, caption: str, mark: str) -> str:
    name = esc(name_of(gallery, row))
    return (
        f'<figure class="{mark}"><img src="{esc(routes.picture_url(version, row))}" '
        f'alt="{name}" title="{name}" loading="lazy" width="96" height="96">'
        f"<figcaption>{_MARKS[mark]}{name}<span>{esc(caption)}</span></figcaption></figure>"
    )
