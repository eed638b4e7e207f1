"""The studies that ship as plots: ``assets/docs/*study.json``, each file that exists."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import streamlit as st

from app.parts.models.charts import chart, lacking, theme
from hypuml.figures import (
    damage_by_method_figure,
    dimension_figure,
    rising_figure,
    risk_by_method_figure,
    spread_figure,
    study_figure,
)
from hypuml.figures import rows as study_rows
from hypuml.figures.rows import Row

FOLDER = Path(__file__).resolve().parents[3] / "assets" / "docs"
_TITLES = {"study": "Garden (features of a frozen backbone)"}
_MOST_BYTES = 50_000_000
_PART = {
    "test": "the test classes, which only the finalists have read",
    "validation": "validation classes",
}


def study() -> None:
    """Draw the study that is chosen, or a note that there is none."""
    files = {title_of(path): path for path in study_files()}
    if not files:
        lacking(
            "No study ships with this copy.",
            "python -m hypuml.experiments study garden --out runs/study",
        )
        return
    title = next(iter(files))
    if len(files) > 1:
        title = st.segmented_control("Study", list(files), default=title, required=True) or title
    path = files[title]
    try:
        rows = read_rows(path, path.stat().st_mtime_ns)
    except (ValueError, OSError) as error:
        lacking(f"{path.name} cannot be shown: {error}")
        return
    if not rows:
        lacking(f"{path.name} holds no finished row yet.")
        return
    draw(rows, path.stem)


def study_files() -> list[Path]:
    """Studies in `FOLDER`: photographs first, then the rest by name."""
    return sorted(FOLDER.glob("*study.json"), key=lambda p: ("flowers" not in p.stem, p.name))


def title_of(path: Path) -> str:
    """What to call a study."""
    words = path.stem.removesuffix("study").strip("-_ ").replace("-", " ")
    return _TITLES.get(path.stem, words.capitalize() or path.stem)


@lru_cache(maxsize=4)
def read_rows(path: Path, changed: int) -> Sequence[Row]:
    """The rows of a study file.

    Args:
        path: the file.
        changed: when it was changed, so that a new version is read again.

    Raises:
        ValueError: no study, or too large.
    """
    if path.stat().st_size > _MOST_BYTES:
        raise ValueError(f"it is larger than {_MOST_BYTES // 1_000_000} MB")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON") from None
    return study_rows.rows_of(found)


def draw(rows: Sequence[Row], key: str) -> None:
    """Draw what the rows have data for."""
    look, part = theme(), study_rows.part_of(rows)
    where, series = study_rows.by_dimension(rows)
    if series:
        chart(
            dimension_figure(series, theme=look),
            "Retrieval against dimensions",
            f"Recall@1 of each geometry, all else equal, on {_PART[where]}; bars reach over the "
            "seeds.",
            f"{key}_dimensions",
        )
    left, right = st.columns(2, gap="medium")
    for column, figure, title, level in (
        (left, "recall@1", "Recall@1", None),
        (right, "r_auroc", "R-AUROC of u", 0.5),
    ):
        found = study_rows.spreads(rows, part, figure)
        if found:
            total = sum(study_rows.cell(row, figure, part) is not None for row in rows)
            with column:
                chart(
                    spread_figure(found, title, level, look),
                    f"{title} per variant",
                    f"Mean and range over seeds on {_PART[part]}, best first: "
                    f"{len(found)} of {total}.",
                    f"{key}_{figure.replace('@', '')}",
                )
    if points := overview(rows, "validation"):
        chart(
            study_figure(points, look),
            "All variants at a glance",
            f"Each of {len(points)} variants: how well it retrieves, and what its u is worth; bars "
            "reach over the seeds, on validation classes.",
            f"{key}_all",
        )
    _curves(rows, part, key)


def _curves(rows: Sequence[Row], part: str, key: str) -> None:
    look = theme()
    for score, word in (("confidence", "answer confidence"), ("u", "uncertainty u")):
        if curves := study_rows.risk_curves(rows, part, score):
            chart(
                risk_by_method_figure(curves, look),
                f"Risk and coverage by {word}",
                "Share of wrong answers among the surest, for the variants that retrieve best.",
                f"{key}_risk_{score}",
            )
    damaged = study_rows.damage_curves(rows, part)
    for kind, (levels, methods) in damaged.items():
        chart(
            damage_by_method_figure(levels, methods, kind, look),
            f"Mean u under {kind}",
            "u should rise with the damage, for the variants that retrieve best.",
            f"{key}_damage_{kind}",
        )
    if not damaged and (shares := study_rows.rising(rows, part)):
        chart(
            rising_figure(shares, look),
            "Does u rise with damage?",
            "Share of images whose u rises as they are damaged, for the variants that retrieve "
            "best.",
            f"{key}_rising",
        )


def overview(rows: Sequence[Row], part: str) -> list[dict[str, object]]:
    """Rows with both figures, as `study_figure` draws them."""
    found: list[dict[str, object]] = []
    for row in rows:
        recall, auroc = (study_rows.cell(row, key, part) for key in ("recall@1", "r_auroc"))
        if recall is None or auroc is None:
            continue
        variant = row["variant"]
        geometry = str(variant.get("geometry") or "hyperbolic")
        found.append(
            {
                "name": study_rows.name_of(row),
                "group": str(variant.get("group") or "grid"),
                "loss": f"{variant.get('loss')} {geometry}".replace(" hyperbolic", ""),
                "recall": recall[:2],
                "r_auroc": auroc[:2],
            }
        )
    return found
