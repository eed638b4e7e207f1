"""From the results of the study on drawn flowers to tables and to what the figures draw.

Convention: a cell is the mean over seeds with the half-range of the seeds behind it; what was
``None`` in every seed is ``None``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from hypuml.experiments.study import tables
from hypuml.experiments.study.tables import Row

# Column title, how to read one seed's figures, digits.
COLUMNS: dict[str, tables.Read] = {
    "Recall@1": lambda x: x["recall@1"],
    "R-AUROC of u": lambda x: x["r_auroc"],
    "tangent norm": lambda x: _part(x, "controls", "tangent_norm"),
    "feature norm": lambda x: _part(x, "controls", "feature_norm"),
    "curvature use": lambda x: x["curvature_use"],
    "tree": lambda x: x["tree_spearman"],
    "rises when degraded": lambda x: _mean(
        [kind["share_rising"] for kind in (x.get("degradation") or {}).values()]
    ),
    "hybrids": lambda x: _part(x, "hybrids", "spearman"),
    "confidence": lambda x: x.get("confidence_auroc"),
    "its ECE": lambda x: x.get("confidence_ece"),
}


def _part(x: Row, name: str, key: str) -> float | None:
    """A figure of a part that validation, or an older run, may not have."""
    found: float | None = (x.get(name) or {}).get(key)
    return found


def _mean(values: Sequence[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return float(np.mean(known)) if known else None


def cell(row: Row, column: str, part: str) -> tuple[float, float] | None:
    """Mean and half-range over seeds of one column of a row, on ``validation`` or ``test``."""
    return tables.cell(row.get(part, []), COLUMNS[column])


def describe(row: Row) -> str:
    """A row's name in words."""
    v = row["variant"]
    parts = [v["loss"], v["geometry"]] if v["geometry"] != "hyperbolic" else [v["loss"]]
    parts += [v["uncertainty"], v["length"], f"√c·2r {v['max_distance']:g}"]
    parts.append(f"calibration {v['calibration']:g}" if v["calibration"] else "no calibration")
    parts += ["held images only"] * v["held_only"]
    parts += ["no degraded images"] * (not v["degraded"] and v["calibration"] > 0)
    parts += ["no hybrids"] * (not v["ambiguous"] and v["calibration"] > 0)
    return ", ".join(parts)


def table(rows: Sequence[Row], part: str) -> str:
    """A Markdown table of rows that have figures for ``part``, best Recall@1 first."""
    return tables.seeds_table(rows, part, COLUMNS, describe)


# What an option changes, everything else equal, inside the grid of the ablation.
FACTORS: dict[str, tables.Factor] = {
    "margin instead of contrastive": ("loss", ("contrastive", "margin")),
    "predicted instead of radial": ("uncertainty", ("radial", "predicted")),
    "calibration on instead of off": ("calibration", (0.0, 1.0)),
    "clip instead of tanh": ("length", ("tanh", "clip")),
    "√c·2r 4 instead of 1.45": ("max_distance", (1.45, 4.0)),
    "√c·2r 6 instead of 4": ("max_distance", (4.0, 6.0)),
}


def effects(rows: Sequence[Row], column: str) -> dict[str, dict[str, float]]:
    """Effects of the factors on a column; see :func:`.tables.paired_effects`."""
    return tables.paired_effects(rows, COLUMNS[column], FACTORS)


def effects_table(rows: Sequence[Row]) -> str:
    """Effects on Recall@1, R-AUROC, curvature use and confidence as a Markdown table."""
    columns = ("Recall@1", "R-AUROC of u", "curvature use", "confidence")
    return tables.paired_effects_table(rows, {name: COLUMNS[name] for name in columns}, FACTORS)


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


def _group(*groups: str) -> Callable[[Row], str]:
    return lambda study: table(
        [row for row in study["rows"] if row["variant"]["group"] in groups], "validation"
    )


TABLES: dict[str, Callable[[Row], str]] = {
    "effects": lambda study: effects_table(study["rows"]),
    "finalists": lambda study: table(study["rows"], "test"),
    "peers": _group("baseline", "twin"),
    "remedies": _group("remedy"),
    "grid": _group("grid"),
}
