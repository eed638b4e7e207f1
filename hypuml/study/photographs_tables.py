"""From the results of the study on photographs to tables.

Convention: a cell is the mean over seeds with the half-range of the seeds behind it; a difference
is the mean over seeds and classes with the 95 % interval of a bootstrap over classes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from hypuml.study.photographs import (
    DIM,
    DIMS,
    FEW_DIMS,
    GEOMETRIES,
    LENGTH,
    MAX_DISTANCES,
    MIN_LENGTH,
)
from hypuml.study.tables import (
    Factor,
    Read,
    Row,
    cell,
    difference,
    heading,
    paired_effects,
    paired_effects_table,
    seeds_table,
    shown,
    spread,
)

Study = dict[str, Any]


def _rising(x: Row) -> float | None:
    kinds = x.get("degradation")
    return float(np.mean([k["share_rising"] for k in kinds.values()])) if kinds else None


def _rejected(x: Row) -> float | None:
    found = x.get("rejection") or {}
    if found.get("confidence") is None or not found.get("oracle"):
        return None
    return float(found["confidence"] / found["oracle"])


def _best_control(x: Row) -> float | None:
    known = [
        v
        for k, v in (x.get("controls") or {}).items()
        if v is not None and not (k == "tangent_norm" and x.get("tangent_norm_is_u"))
    ]
    return max(known, default=None)


VALIDATION: dict[str, Read] = {
    "Recall@1": lambda x: x["recall@1"],
    "R-AUROC of u": lambda x: x["r_auroc"],
    "u with loss, fit": lambda x: x["calibration_fit"],
    "u with loss, new classes": lambda x: x["calibration_validation"],
    "curvature use": lambda x: x["curvature_use"],
    "IQR of d₀": lambda x: x["radius_q75"] - x["radius_q25"],
    "clipped": lambda x: x["clipped"],
}
TEST: dict[str, Read] = {
    "Recall@1": lambda x: x["recall@1"],
    "R-AUROC of u": lambda x: x["r_auroc"],
    "best control": _best_control,
    "confidence": lambda x: x["confidence_auroc"],
    "its ECE": lambda x: x["confidence_ece"],
    "errors removed at 20 %": _rejected,
    "u rises": _rising,
    "OOD": lambda x: x["ood_auroc"],
    "OOD, equal size": lambda x: x["ood_auroc_matched"],
    "curvature use": lambda x: x["curvature_use"],
    "tree": lambda x: x["tree_spearman"],
}


def describe(row: Row) -> str:
    """A row's name as a reader would say it."""
    v = row["variant"]
    parts = [v["loss"]] + [v["geometry"]] * (v["geometry"] != "hyperbolic")
    parts += [v["length"], f"√c·2r {v['max_distance']:g}", f"n {v['dim']}"]
    parts += [v["uncertainty"]] * (v["uncertainty"] != "radial")
    parts.append(f"calibration {v['calibration']:g}" if v["calibration"] else "no calibration")
    parts += [f"lengths from {v['min_length']:g}"] * (v["min_length"] != MIN_LENGTH)
    parts += ["held images only"] * v["held_only"] + ["no degraded images"] * (not v["degraded"])
    parts += ["from pixels"] * (v["group"] == "pixels")
    return ", ".join(parts + ["not trained"] * v["untrained"])


def table(rows: Sequence[Row], part: str) -> str:
    """A Markdown table of the rows that have figures for ``part``, best Recall@1 first."""
    return seeds_table(rows, part, TEST if part == "test" else VALIDATION, describe)


FACTORS: dict[str, Factor] = {
    "margin instead of contrastive": ("loss", ("contrastive", "margin")),
    "predicted instead of radial": ("uncertainty", ("radial", "predicted")),
    "calibration on instead of off": ("calibration", (0.0, 0.5)),
    "clip instead of tanh": ("length", ("tanh", "clip")),
    "√c·2r 4 instead of 1.45": ("max_distance", MAX_DISTANCES[:2]),
    "√c·2r 6 instead of 4": ("max_distance", MAX_DISTANCES[1:]),
}


def effects(rows: Sequence[Row], column: str) -> dict[str, dict[str, float]]:
    """Effects of the factors on a column; see :func:`hypuml.study.tables.paired_effects`."""
    return paired_effects(rows, VALIDATION[column], FACTORS)


def effects_table(study: Study) -> str:
    """Effects on Recall@1, R-AUROC and curvature use as a Markdown table."""
    columns = {name: VALIDATION[name] for name in ("Recall@1", "R-AUROC of u", "curvature use")}
    return paired_effects_table(study["rows"], columns, FACTORS)


def differences_table(study: Study) -> str:
    """Our first finalist against every other one, Recall@1 on the test classes."""
    rows = [row for row in study["rows"] if "test" in row and row["variant"]["dim"] == DIM]
    return _differences(rows)


def few_dims_table(study: Study) -> str:
    """The same for the geometries at few dimensions, the hyperbolic one first."""
    found = [of_dimension(study["rows"], geometry, FEW_DIMS) for geometry in GEOMETRIES]
    return _differences([row for row in found if row is not None and "test" in row])


def pixels_differences_table(study: Study) -> str:
    """The same for what is trained from pixels, our loss in the ball first."""
    return _differences(
        [row for row in study["rows"] if "test" in row and row["variant"]["group"] == "pixels"]
    )


def _differences(rows: Sequence[Row]) -> str:
    if not rows:
        return "–"
    ours, *others = rows
    columns = f"| {describe(ours)}, against | Recall@1 of both | difference |"
    lines = [columns, "|---|---|---|"]
    at_first = TEST["Recall@1"]
    own = shown(cell(ours["test"], at_first))
    for row in others:
        both = f"{own}, {shown(cell(row['test'], at_first))}"
        lines.append(f"| {describe(row)} | {both} | {spread(difference(ours, row))} |")
    return "\n".join(lines)


def dimensions_table(study: Study) -> str:
    """Validation Recall@1 by dimension and geometry, everything else as in our finalist."""
    lines = heading("n", GEOMETRIES)
    for n in DIMS:
        cells = []
        for geometry in GEOMETRIES:
            row = of_dimension(study["rows"], geometry, n)
            found = row and cell(row["validation"], VALIDATION["Recall@1"])
            cells.append(shown(found or None))
        lines.append(f"| {n} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def of_dimension(rows: Sequence[Row], geometry: str, n: int) -> Row | None:
    """The row that differs from our finalist in geometry and dimension alone."""
    for row in rows:
        v = row["variant"]
        same = (v["loss"], v["length"], v["geometry"], v["dim"])
        if same == ("contrastive", LENGTH, geometry, n) and v["group"] in (
            "ours", "twin", "dimension",
        ):  # fmt: skip
            return row
    return None


_KINDS = {
    ("ours", "hyperbolic", "contrastive"): "**Hyp-UML, contrastive**",
    ("ours", "hyperbolic", "margin"): "Hyp-UML, margin (sure = larger)",
    ("ours", "hyperbolic", "margin-reversed"): "Hyp-UML, margin (sure = smaller)",
    ("twin", "euclidean", "contrastive"): "its Euclidean twin",
    ("twin", "spherical", "contrastive"): "its spherical twin",
    ("baseline", "hyperbolic", "hyp-vit"): "Hyp-ViT (its loss and clip)",
    ("baseline", "hyperbolic", "fixed-margin"): "fixed margin",
    ("baseline", "spherical", "proxy-anchor"): "Proxy-Anchor",
    ("pixels", "hyperbolic", "contrastive"): "Hyp-UML from pixels, small ResNet",
    ("pixels", "euclidean", "contrastive"): "its Euclidean twin, from pixels",
    ("pixels", "spherical", "contrastive"): "its spherical twin, from pixels",
    ("pixels", "hyperbolic", "hyp-vit"): "Hyp-ViT from pixels, small ResNet",
    ("twin", "euclidean", "hyp-vit"): "Hyp-ViT's loss, Euclidean",
    ("twin", "spherical", "hyp-vit"): "Hyp-ViT's loss, spherical",
}


def results_table(study: Study) -> str:
    """The README's table: the finalists in short, below what needs no training."""
    columns = ("Recall@1", "R-AUROC of u", "best control", "confidence", "its ECE")
    lines = ["| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    plain = {"colour_histogram": "colour histogram", "descriptors": "the descriptors, untaught"}
    for key, words in plain.items():
        lines.append(f"| {words} | {study['untaught'][key]:.3f} |" + " |" * (len(columns) - 1))
    for row in study["rows"]:
        v = row["variant"]
        title = _KINDS.get((v["group"], v["geometry"], v["loss"]))
        if "test" in row and title and not v["untrained"]:
            cells = [shown(cell(row["test"], TEST[c])) for c in columns]
            lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _group(*groups: str) -> Callable[[Study], str]:
    return lambda study: table(
        [row for row in study["rows"] if row["variant"]["group"] in groups], "validation"
    )


TABLES: dict[str, Callable[[Study], str]] = {
    "results": results_table,
    "finalists": lambda study: table(study["rows"], "test"),
    "differences": differences_table,
    "dimensions": dimensions_table,
    "few-dimensions": few_dims_table,
    "effects": effects_table,
    "peers": _group("ours", "baseline", "twin"),
    "remedies": _group("ours", "remedy"),
    "pixels": _group("ours", "pixels"),
    "pixels-differences": pixels_differences_table,
    "grid": _group("grid"),
}
