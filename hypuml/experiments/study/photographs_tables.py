"""From the results of the study on photographs to tables.

Convention: a cell is the mean over seeds with the half-range of the seeds behind it; a difference
is the mean over seeds and classes with the 95 % interval of a bootstrap over classes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from hypuml.experiments.study.photographs import CROSSFITTED, DIM, DIMS, LENGTH, MOST_DIM, OURS
from hypuml.experiments.study.tables import (
    Read,
    Row,
    cell,
    difference,
    heading,
    seeds_table,
    shown,
    spread,
)
from hypuml.geometry import GEOMETRIES

Study = dict[str, Any]
_U = "R-AUROC of u"


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
    _U: lambda x: x["r_auroc"],
    "u with loss, fit": lambda x: x["calibration_fit"],
    "u with loss, new classes": lambda x: x["calibration_validation"],
    "curvature use": lambda x: x["curvature_use"],
}
TEST: dict[str, Read] = {
    "Recall@1": lambda x: x["recall@1"],
    _U: lambda x: x["r_auroc"],
    "best control": _best_control,
    "confidence": lambda x: x["confidence_auroc"],
    "its ECE": lambda x: x["confidence_ece"],
    "errors removed at 20 %": _rejected,
    "curvature use": lambda x: x["curvature_use"],
}


def describe(row: Row) -> str:
    """A row's name in words."""
    v = row["variant"]
    if v["recipe"] == CROSSFITTED:
        return f"axes, u by cross-fitting, n {v['dim']}"
    if v["untrained"]:
        return f"axes, not trained, n {v['dim']}"
    parts = [v["loss"]] + [v["geometry"]] * (v["geometry"] != "hyperbolic")
    parts += [v["length"]] * (v["length"] != LENGTH) + [f"n {v['dim']}"]
    parts += [v["uncertainty"]] * (v["uncertainty"] != "radial")
    parts.append(f"calibration {v['calibration']:g}" if v["calibration"] else "no calibration")
    return ", ".join(parts + ["from random directions"] * v["random_start"])


def table(rows: Sequence[Row], part: str) -> str:
    """A Markdown table of the rows that have figures for ``part``, best Recall@1 first."""
    return seeds_table(rows, part, TEST if part == "test" else VALIDATION, describe)


def _at(rows: Sequence[Row], *groups: str) -> list[Row]:
    """Rows at the usual dimensions, read on the test classes."""
    found = [r for r in rows if "test" in r and r["variant"]["dim"] in (DIM, MOST_DIM)]
    return [r for r in found if not groups or r["variant"]["group"] in groups]


def interval(seeds: Sequence[Row], key: str) -> str:
    """The seeds' 95 % intervals over classes, their ends averaged."""
    found = [x for seed in seeds if (x := (seed.get("intervals") or {}).get(key))]
    if not found:
        return ""
    low, high = (float(np.mean([x[end] for x in found])) for end in ("low", "high"))
    return f" [{low:.3f}, {high:.3f}]"


def finalists_table(study: Study) -> str:
    """Every variant at the usual dimensions on the test classes, with the interval of u."""
    lines = heading("variant", list(TEST))
    rows = sorted(_at(study["rows"]), key=lambda r: -_mean(r, "Recall@1"))
    for row in rows:
        seeds = row["test"]
        cells = {name: shown(cell(seeds, read)) for name, read in TEST.items()}
        cells[_U] += interval(seeds, "r_auroc")
        lines.append(f"| {describe(row)} | " + " | ".join(cells.values()) + " |")
    return "\n".join(lines)


def _mean(row: Row, column: str) -> float:
    return (cell(row["test"], TEST[column]) or (0.0, 0.0))[0]


def differences_table(study: Study) -> str:
    """Our contrastive head against every other row of its size, Recall@1 on the test classes."""
    rows = _at(study["rows"])
    ours = next((r for r in rows if r["name"] == OURS.name), None)
    if ours is None:
        return "–"
    lines = [f"| {describe(ours)}, against | Recall@1 of both | difference |", "|---|---|---|"]
    at_first = TEST["Recall@1"]
    own = shown(cell(ours["test"], at_first))
    for row in rows:
        if row is not ours:
            both = f"{own}, {shown(cell(row['test'], at_first))}"
            lines.append(f"| {describe(row)} | {both} | {spread(difference(ours, row))} |")
    return "\n".join(lines)


def dimensions_table(study: Study, part: str) -> str:
    """Recall@1 and R-AUROC of u by dimension and geometry, all else as in our head."""
    reads = {"Recall@1": TEST["Recall@1"], "u": TEST[_U]}
    lines = heading("n", [f"{column}, {g}" for column in reads for g in GEOMETRIES])
    for n in DIMS:
        rows = [of_dimension(study["rows"], geometry, n) or {} for geometry in GEOMETRIES]
        cells = [shown(cell(row.get(part, ()), read)) for read in reads.values() for row in rows]
        lines.append(f"| {n} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def of_dimension(rows: Sequence[Row], geometry: str, n: int) -> Row | None:
    """The row that differs from our head in geometry and dimension alone."""
    for row in rows:
        v = row["variant"]
        if v["group"] in ("ours", "dimension") and (v["loss"], v["geometry"], v["dim"]) == (
            OURS.loss, geometry, n,
        ):  # fmt: skip
            return row
    return None


def parts_table(study: Study) -> str:
    """What each part of a cross-fitted radius is worth, on the test classes."""
    rows = [r for r in _at(study["rows"]) if r["variant"]["recipe"] == CROSSFITTED]
    columns = [f"{name}, n {r['variant']['dim']}" for r in rows for name in ("Recall@1", "u")]
    lines = heading("u from", columns)
    for name in rows[0]["test"][0]["parts"] if rows else ():
        left = [[seed["parts"][name] for seed in row["test"]] for row in rows]
        cells = [shown(cell(seeds, TEST[key])) for seeds in left for key in ("Recall@1", _U)]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


_NAMES = {
    "margin": "margin (larger where certain)",
    "margin-reversed": "margin (smaller where certain)",
    "hyp-vit": "Hyp-ViT (its loss and clip)",
    "fixed-margin": "fixed margin",
    "proxy-anchor": "Proxy-Anchor, spherical",
}


def results_table(study: Study) -> str:
    """The README's table: the rows at the usual dimensions in short, after what needs no label."""
    columns = ("Recall@1", _U, "best control", "confidence", "its ECE")
    lines = heading("", columns)
    plain = {"colour_histogram": "colour histogram", "features": "pretrained features, untaught"}
    for key, words in plain.items():
        lines.append(f"| {words} | {study['untaught'][key]:.3f} |" + " |" * (len(columns) - 1))
    for row in _at(study["rows"]):
        v = row["variant"]
        title = describe(row)
        if v["group"] in ("ours", "baseline") and v["loss"] in _NAMES:
            title = _NAMES[v["loss"]]
        cells = [shown(cell(row["test"], TEST[c])) for c in columns]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


TABLES: dict[str, Callable[[Study], str]] = {
    "results": results_table,
    "finalists": finalists_table,
    "differences": differences_table,
    "uncertainties": lambda study: table(
        _at(study["rows"], "ours", "uncertainty", "untaught"), "test"
    ),
    "parts": parts_table,
    "dimensions": lambda study: dimensions_table(study, "test"),
    "dimensions-validation": lambda study: dimensions_table(study, "validation"),
    "validation": lambda study: table(study["rows"], "validation"),
}
