"""Rows of a study as what the figures draw (``study.json``), without torch.

A row has ``name``, ``variant`` (a dict of options) and, for each part (``validation``, ``test``), a
list with one dict of figures per seed. A cell is the mean over seeds and half of their range.
Studies record different things: whatever is missing or of another kind is left out, not guessed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

Row = Mapping[str, Any]
PARTS = ("test", "validation")
_PLAIN = {
    *("group", "loss", "geometry", "uncertainty"),
    *("length", "max_distance", "calibration", "dim"),
}
_OFF = {"degraded", "ambiguous"}  # options that are worth a word where they are off


class Cell(NamedTuple):
    """A figure over seeds: mean, half of its range, number of seeds."""

    mean: float
    half: float
    seeds: int


def rows_of(study: Any) -> list[Row]:
    """The usable rows of a study file.

    Raises:
        ValueError: it is no study.
    """
    rows = study.get("rows") if isinstance(study, Mapping) else None
    if not isinstance(rows, list):
        raise ValueError("got no list of rows, expected a study.json with {“rows”: […]}")
    return [r for r in rows if isinstance(r, Mapping) and isinstance(r.get("variant"), Mapping)]


def seeds_of(row: Row, part: str) -> list[Mapping[str, Any]]:
    """The figures of each seed of one part; empty where the row has none."""
    found = row.get(part)
    return [seed for seed in found if isinstance(seed, Mapping)] if isinstance(found, list) else []


def cell(row: Row, key: str, part: str) -> Cell | None:
    """Mean and half-range over seeds of one figure; None where no seed has it."""
    values = [number(seed.get(key)) for seed in seeds_of(row, part)]
    known = [v for v in values if v is not None]
    if not known:
        return None
    return Cell(float(np.mean(known)), float(np.ptp(known) / 2), len(known))


def part_of(rows: Sequence[Row]) -> str:
    """Where a figure should be read: on the test classes if any row was, else on validation."""
    return next((p for p in PARTS if any(seeds_of(row, p) for row in rows)), PARTS[-1])


def name_of(row: Row) -> str:
    """A row's options in words."""
    v = row["variant"]
    parts = [str(v.get("loss") or row.get("name") or "?")]
    if v.get("geometry") not in (None, "hyperbolic"):
        parts.append(str(v["geometry"]))
    parts += [str(v[k]) for k in ("uncertainty", "length") if v.get(k)]
    if (most := number(v.get("max_distance"))) is not None:
        parts.append(f"√c·2r {most:g}")
    if (n := number(v.get("dim"))) is not None:
        parts.append(f"n {n:g}")
    weight = number(v.get("calibration"))
    if weight is not None:
        parts.append(f"calibration {weight:g}" if weight else "no calibration")
    parts += [f"no {k}" for k in sorted(_OFF) if v.get(k) is False and weight]
    parts += [k.replace("_", " ") for k, x in v.items() if x is True and k not in _PLAIN | _OFF]
    return ", ".join(parts)


def by_dimension(
    rows: Sequence[Row], key: str = "recall@1"
) -> tuple[str, dict[str, list[tuple[int, Cell]]]]:
    """A figure against the number of dimensions, for each geometry, all other options equal.

    Of all sets of rows that differ in geometry and n alone the one with most of them is taken, and
    the part in which it has most figures (finalists alone are read on the test classes).

    Returns:
        The part, and geometry to ``(n, Cell)`` by rising n; nothing unless some geometry has two
        numbers of dimensions.
    """
    families: dict[str, list[Row]] = {}
    for row in rows:
        rest = {k: v for k, v in row["variant"].items() if k not in ("group", "geometry", "dim")}
        families.setdefault(json.dumps(rest, sort_keys=True, default=str), []).append(row)
    found = [(part, _lines(family, part, key)) for family in families.values() for part in PARTS]
    part, lines = max(found, key=lambda x: sum(map(len, x[1].values())), default=(PARTS[-1], {}))
    return part, lines if any(len(line) > 1 for line in lines.values()) else {}


def _lines(rows: Sequence[Row], part: str, key: str) -> dict[str, list[tuple[int, Cell]]]:
    points: dict[str, dict[int, Cell]] = {}
    for row in rows:
        n, one = number(row["variant"].get("dim")), cell(row, key, part)
        if n is not None and one is not None:
            geometry = str(row["variant"].get("geometry", "hyperbolic"))
            points.setdefault(geometry, {}).setdefault(int(n), one)
    return {geometry: sorted(line.items()) for geometry, line in points.items()}


def spreads(rows: Sequence[Row], part: str, key: str, most: int = 20) -> list[tuple[str, Cell]]:
    """Rows that have a figure, the largest mean first, at most ``most`` of them."""
    found = [(name_of(row), one) for row in rows if (one := cell(row, key, part)) is not None]
    return sorted(found, key=lambda pair: -pair[1].mean)[:most]


def rising(rows: Sequence[Row], part: str, most: int = 8) -> dict[str, dict[str, float]]:
    """Share of images whose u rises under each kind of damage, for the best rows by Recall@1.

    Returns:
        Method to kind to the mean over seeds, in [0, 1].
    """
    result = {}
    for row in best(rows, part, most):
        shares: dict[str, list[float]] = {}
        for seed in seeds_of(row, part):
            for kind, damage in mapping(seed.get("degradation")).items():
                if (share := number(mapping(damage).get("share_rising"))) is not None:
                    shares.setdefault(str(kind), []).append(share)
        if shares:
            result[name_of(row)] = {kind: float(np.mean(x)) for kind, x in shares.items()}
    return result


def damage_curves(
    rows: Sequence[Row], part: str, levels: Sequence[float] | None = None, most: int = 6
) -> dict[str, tuple[list[float], dict[str, list[float]]]]:
    """Mean u against the level of damage, for the best rows by Recall@1.

    Args:
        rows: whose seeds may have ``degradation`` with ``mean_u`` per kind.
        part: which figures.
        levels: of the damage; by default evenly from 0 to 1.
        most: methods.

    Returns:
        Kind to its levels and, by method, the mean over seeds.
    """
    result: dict[str, tuple[list[float], dict[str, list[float]]]] = {}
    for row in best(rows, part, most):
        curves: dict[str, list[list[float]]] = {}
        for seed in seeds_of(row, part):
            for kind, damage in mapping(seed.get("degradation")).items():
                if series := numbers(mapping(damage).get("mean_u")):
                    curves.setdefault(str(kind), []).append(series)
        for kind, found in curves.items():
            if len({len(series) for series in found}) != 1:
                continue
            mean = np.mean(found, axis=0).tolist()
            at = list(levels or np.linspace(0, 1, len(mean)))
            if len(at) == len(mean):
                result.setdefault(kind, (at, {}))[1][name_of(row)] = mean
    return result


def risk_curves(
    rows: Sequence[Row], part: str, score: str = "confidence", most: int = 6
) -> dict[str, tuple[list[float], list[float]]]:
    """Risk-coverage curves of one score, the mean over seeds, for the best rows by Recall@1.

    Args:
        rows: whose seeds may have ``risk_coverage``: ``coverage`` ``[K]`` and the risk ``[K]``
            under the name of each score, as `hypuml evaluate --figures` writes it.
        part: which figures.
        score: name of a score.
        most: methods.
    """
    result = {}
    grid = np.linspace(0.02, 1.0, 50)
    for row in best(rows, part, most):
        found = []
        for seed in seeds_of(row, part):
            curves = mapping(seed.get("risk_coverage"))
            x, y = numbers(curves.get("coverage")), numbers(curves.get(score))
            if x and len(x) == len(y):
                found.append(np.interp(grid, x, y))
        if found:
            result[name_of(row)] = (grid.tolist(), np.mean(found, axis=0).tolist())
    return result


def best(rows: Sequence[Row], part: str, most: int) -> list[Row]:
    """The rows with the largest mean Recall@1."""
    known = [(found.mean, row) for row in rows if (found := cell(row, "recall@1", part))]
    return [row for _, row in sorted(known, key=lambda pair: -pair[0])[:most]]


def number(value: Any) -> float | None:
    """A finite number, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def numbers(values: Any) -> list[float]:
    """A list of finite numbers; empty where any of them is something else."""
    found = [number(v) for v in values] if isinstance(values, list) else []
    return [v for v in found if v is not None] if None not in found else []


def mapping(value: Any) -> Mapping[str, Any]:
    """A dict, or an empty one in place of anything else."""
    return value if isinstance(value, Mapping) else {}
