"""From the study's raw results to a table and to what the figures draw.

Convention: a cell is the mean over seeds with the half-range of the seeds behind it; what was
``None`` in every seed is ``None``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Row = dict[str, Any]

# Column title, how to read one seed's figures, digits.
COLUMNS: dict[str, Callable[[Row], float | None]] = {
    "Recall@1": lambda x: x["recall@1"],
    "R-AUROC of u": lambda x: x["r_auroc"],
    "tangent norm": lambda x: x["controls"]["tangent_norm"],
    "feature norm": lambda x: x["controls"]["feature_norm"],
    "curvature use": lambda x: x["curvature_use"],
    "tree": lambda x: x["tree_spearman"],
    "rises when degraded": lambda x: _mean(
        [kind["share_rising"] for kind in x["degradation"].values()]
    ),
    "hybrids": lambda x: x["hybrids"]["spearman"],
    "confidence": lambda x: x.get("confidence_auroc"),
    "its ECE": lambda x: x.get("confidence_ece"),
}


def _mean(values: Sequence[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return float(np.mean(known)) if known else None


def cell(row: Row, column: str, part: str) -> tuple[float, float] | None:
    """Mean and half-range over seeds of one column of a row, on ``validation`` or ``test``."""
    values = [COLUMNS[column](seed) for seed in row.get(part, [])]
    known = [v for v in values if v is not None]
    if not known:
        return None
    return float(np.mean(known)), float(np.ptp(known) / 2)


def describe(row: Row) -> str:
    """A row's name as a reader would say it."""
    v = row["variant"]
    parts = [v["loss"], v["geometry"]] if v["geometry"] != "hyperbolic" else [v["loss"]]
    parts += [v["uncertainty"], v["squash"], f"√c·2r {v['diameter']:g}"]
    parts.append(f"calibration {v['calibration']:g}" if v["calibration"] else "no calibration")
    parts += ["held images only"] * v["held_only"]
    parts += ["no degraded images"] * (not v["degraded"] and v["calibration"] > 0)
    parts += ["no hybrids"] * (not v["ambiguous"] and v["calibration"] > 0)
    return ", ".join(parts)


def table(rows: Sequence[Row], part: str) -> str:
    """A Markdown table of rows that have figures for ``part``, best Recall@1 first."""
    shown = [row for row in rows if part in row]
    shown.sort(key=lambda row: -(cell(row, "Recall@1", part) or (0.0, 0.0))[0])
    lines = ["| variant | " + " | ".join(COLUMNS) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    for row in shown:
        cells = [_shown(cell(row, column, part)) for column in COLUMNS]
        lines.append(f"| {describe(row)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _shown(value: tuple[float, float] | None) -> str:
    if value is None:
        return "–"
    spread = f" ±{value[1]:.3f}".replace("0.", ".")
    return f"{value[0]:.3f}{spread}"


# What an option changes, everything else equal, inside the grid of the ablation.
FACTORS: dict[str, tuple[str, tuple[Any, Any]]] = {
    "margin instead of contrastive": ("loss", ("contrastive", "margin")),
    "predicted instead of radial": ("uncertainty", ("radial", "predicted")),
    "calibration on instead of off": ("calibration", (0.0, 1.0)),
    "clip instead of tanh": ("squash", ("tanh", "clip")),
    "√c·2r 4 instead of 1.45": ("diameter", (1.45, 4.0)),
    "√c·2r 6 instead of 4": ("diameter", (4.0, 6.0)),
}


def effects(rows: Sequence[Row], column: str) -> dict[str, dict[str, float]]:
    """Paired effect of each factor on a column, over the grid of the ablation.

    Returns:
        Factor to ``{"mean", "low", "high", "pairs"}``: mean difference over pairs of rows that
        differ in that factor alone and share a seed, with the 2.5th and 97.5th percentile of the
        mean under resampling of the pairs of rows (seeds of a pair stay together).
    """
    grid = {_key(row): row for row in rows if row["variant"]["group"] == "grid"}
    found = {}
    rng = np.random.default_rng(0)
    for name, (field, (before, after)) in FACTORS.items():
        differences = []
        for row in grid.values():
            variant = row["variant"]
            if variant[field] != before:
                continue
            partner = grid.get(_key({"variant": variant | {field: after}}))
            if partner is None:
                continue
            pairs = zip(row["validation"], partner["validation"], strict=True)
            gaps = [
                COLUMNS[column](b) - COLUMNS[column](a)  # type: ignore[operator]
                for a, b in pairs
                if COLUMNS[column](a) is not None and COLUMNS[column](b) is not None
            ]
            if gaps:
                differences.append(float(np.mean(gaps)))
        if differences:
            drawn = rng.choice(differences, (2000, len(differences))).mean(1)
            low, high = np.quantile(drawn, [0.025, 0.975])
            found[name] = {
                "mean": float(np.mean(differences)),
                "low": float(low),
                "high": float(high),
                "pairs": len(differences),
            }
    return found


def _key(row: Row) -> tuple[Any, ...]:
    v = row["variant"]
    return tuple(v[f] for f in ("loss", "uncertainty", "calibration", "squash", "diameter"))


def effects_table(rows: Sequence[Row]) -> str:
    """Effects on Recall@1, on R-AUROC and on curvature use as a Markdown table."""
    columns = ("Recall@1", "R-AUROC of u", "curvature use", "confidence")
    tables = {column: effects(rows, column) for column in columns}
    lines = [
        "| change | " + " | ".join(columns) + " |",
        "|---" * (len(columns) + 1) + "|",
    ]
    for name in FACTORS:
        cells = []
        for column in columns:
            found = tables[column].get(name)
            cells.append(
                f"{found['mean']:+.3f} [{found['low']:+.3f}, {found['high']:+.3f}]"
                if found
                else "–"
            )
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def dots(rows: Sequence[Row], part: str = "validation") -> list[dict[str, Any]]:
    """What :func:`hypuml.figures.study.study_figure` draws: rows with both figures."""
    found = []
    for row in rows:
        recall, auroc = cell(row, "Recall@1", part), cell(row, "R-AUROC of u", part)
        if recall is not None and auroc is not None:
            variant = row["variant"]
            found.append(
                {
                    "name": describe(row),
                    "group": variant["group"],
                    "loss": f"{variant['loss']} {variant['geometry']}".replace(" hyperbolic", ""),
                    "recall": recall,
                    "r_auroc": auroc,
                }
            )
    return found
