"""What a model measures, as plots: its own gallery's answers, and its evaluation report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app.parts.models.charts import chart, lacking, theme
from app.parts.models.judged import Judged, judged
from app.parts.models.records import Records
from app.resources import Entry
from hypuml.figures import (
    degradation_figure,
    distances_figure,
    reliability_figure,
    risk_coverage_figure,
)
from hypuml.figures.rows import mapping, numbers
from hypuml.gallery import Gallery


def measured(entry: Entry, gallery: Gallery, known: Records) -> None:
    """Draw what there is data for, and a note for the rest."""
    with st.spinner("Looking at every answer of the gallery (once)"):
        found = judged(entry.version)
    left, right = st.columns(2, gap="medium")
    with left:
        _risk(found)
    with right:
        _reliability(found)
    _radius(gallery, known)
    _damage(known)


def _whose(found: Judged) -> str:
    count = len(found.queries)
    of = "" if count == found.possible else f" (a random sample of {found.possible:,})"
    return f"{count:,} images of this gallery{of}, each a query to all the others"


def _risk(found: Judged | None) -> None:
    if found is None:
        lacking("No image here has another one of its class, so no answer is right or wrong.")
        return
    chart(
        risk_coverage_figure(found.curves(), theme(), 400),
        "Risk and coverage",
        "If only the surest share is answered, how many of those answers are wrong? Lower is "
        f"better; the oracle refuses the wrong ones first. {_whose(found)}.",
        "risk",
    )


def _reliability(found: Judged | None) -> None:
    if found is None:
        return
    if "confidence" not in found.scores:
        lacking("This gallery was made by a model without an answer confidence.")
        return
    chart(
        reliability_figure(found.scores["confidence"], found.correct, theme(), 400),
        "Is the confidence right?",
        "Of answers said to be right with probability p, a share p should be; bars are two "
        "standard errors, dots are 15 groups of equal size.",
        "reliability",
    )


def _radius(gallery: Gallery, known: Records) -> None:
    bound = {gallery.title: known.bound} if known.bound is not None else {}
    chart(
        distances_figure({gallery.title: gallery.radius}, bound, theme(), 400),
        "Distance from the origin",
        "Near the origin the model is unsure; images heaped up at the bound could not go further.",
        "radius",
    )


def _damage(known: Records) -> None:
    if missing := known.lacks("evaluation"):
        lacking(missing.reason, missing.command)
        return
    data = damage(known.evaluation)
    if data is None:
        lacking("The evaluation of this model damaged no images.")
        return
    left, right = st.columns(2, gap="medium")
    with left:
        chart(
            degradation_figure(data, theme(), 420, only="mean_u"),
            "Uncertainty of damaged images",
            "The same images, damaged more and more: u should rise as retrieval fails.",
            "damage",
        )
    if all(kind["recall@1"] is not None for kind in data["kinds"].values()):
        with right:
            chart(
                degradation_figure(data, theme(), 420, only="recall@1"),
                "Retrieval of damaged images",
                "How often the first answer is right when the damaged image asks the undamaged.",
                "damage_recall",
            )


def damage(report: Mapping[str, Any]) -> dict[str, Any] | None:
    """The report's degradation curves as `degradation_figure` takes them; None without any."""
    setup = mapping(report.get("degradation_setup"))
    levels = numbers(setup.get("levels"))
    kinds = {}
    for name, found in mapping(report.get("degradation")).items():
        u, recall = (numbers(mapping(found).get(key)) for key in ("mean_u", "recall@1"))
        if levels and len(u) == len(levels):
            kinds[str(name)] = {
                "mean_u": u,
                "recall@1": recall if len(recall) == len(levels) else None,
            }
    seen = setup.get("seen_in_training")
    return (
        {"levels": levels, "kinds": kinds, "seen_in_training": seen if _names(seen) else None}
        if kinds
        else None
    )


def _names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)
