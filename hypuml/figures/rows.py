"""Rows of a study as what the figures draw (``study.json``), without torch.

A file is checked as a whole (:func:`rows_of`). Studies record different things: whatever is missing
is left out, not guessed. A cell is the mean over seeds and half of their range.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np

from hypuml.files import explained

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


class Damage(msgspec.Struct, frozen=True):
    """What one kind of damage does: mean u per level, share of images whose u rises."""

    mean_u: list[float] | None = None
    share_rising: float | None = None


class Seed(msgspec.Struct, frozen=True):
    """The figures of one run, as ``evaluate --json`` and ``--figures`` write them."""

    recall: float | None = msgspec.field(name="recall@1", default=None)
    r_auroc: float | None = None
    degradation: dict[str, Damage] | None = None
    risk_coverage: dict[str, list[float]] | None = None


class Row(msgspec.Struct, frozen=True):
    """A variant: its options, and the figures of each seed of each part."""

    variant: dict[str, Any]
    name: str = ""
    test: list[Seed] = []
    validation: list[Seed] = []

    def seeds(self, part: str) -> list[Seed]:
        """The figures of each seed of one of ``PARTS``."""
        return self.test if part == "test" else self.validation


class _Study(msgspec.Struct, frozen=True):
    rows: list[Row]


def rows_of(study: Any) -> list[Row]:
    """The rows of a study file, checked as a whole.

    Args:
        study: content of ``study.json``.

    Raises:
        ValueError: it is no study; the message names the place.
    """
    try:
        return msgspec.convert(study, _Study).rows
    except msgspec.ValidationError as error:
        raise ValueError(f"it is no study ({explained(error)})") from None


def cell(row: Row, figure: str, part: str) -> Cell | None:
    """Mean and half-range over seeds of "recall" or "r_auroc"; None where no seed has it."""
    known = [x for seed in row.seeds(part) if (x := getattr(seed, figure)) is not None]
    if not known:
        return None
    return Cell(float(np.mean(known)), float(np.ptp(known) / 2), len(known))


def part_of(rows: Sequence[Row]) -> str:
    """Where a figure should be read: on the test classes if any row was, else on validation."""
    return next((p for p in PARTS if any(row.seeds(p) for row in rows)), PARTS[-1])


def name_of(row: Row) -> str:
    """A row's options in words."""
    v = row.variant
    parts = [str(v.get("loss") or row.name or "?")]
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
    rows: Sequence[Row], figure: str = "recall"
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
        rest = {k: v for k, v in row.variant.items() if k not in ("group", "geometry", "dim")}
        families.setdefault(json.dumps(rest, sort_keys=True, default=str), []).append(row)
    found = [(part, _lines(family, part, figure)) for family in families.values() for part in PARTS]
    part, lines = max(found, key=lambda x: sum(map(len, x[1].values())), default=(PARTS[-1], {}))
    return part, lines if any(len(line) > 1 for line in lines.values()) else {}


def _lines(rows: Sequence[Row], part: str, figure: str) -> dict[str, list[tuple[int, Cell]]]:
    points: dict[str, dict[int, Cell]] = {}
    for row in rows:
        n, one = number(row.variant.get("dim")), cell(row, figure, part)
        if n is not None and one is not None:
            geometry = str(row.variant.get("geometry", "hyperbolic"))
            points.setdefault(geometry, {}).setdefault(int(n), one)
    return {geometry: sorted(line.items()) for geometry, line in points.items()}


def spreads(rows: Sequence[Row], part: str, figure: str, most: int = 20) -> list[tuple[str, Cell]]:
    """Rows that have a figure, the largest mean first, at most ``most`` of them."""
    found = [(name_of(row), one) for row in rows if (one := cell(row, figure, part)) is not None]
    return sorted(found, key=lambda pair: -pair[1].mean)[:most]


def rising(rows: Sequence[Row], part: str, most: int = 8) -> dict[str, dict[str, float]]:
    """Share of images whose u rises under each kind of damage, for the best rows by Recall@1.

    Returns:
        Method to kind to the mean over seeds, in [0, 1].
    """
    result = {}
    for row in best(rows, part, most):
        shares: dict[str, list[float]] = {}
        for seed in row.seeds(part):
            for kind, damage in (seed.degradation or {}).items():
                if damage.share_rising is not None:
                    shares.setdefault(kind, []).append(damage.share_rising)
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
        for seed in row.seeds(part):
            for kind, damage in (seed.degradation or {}).items():
                if damage.mean_u:
                    curves.setdefault(kind, []).append(damage.mean_u)
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
        for seed in row.seeds(part):
            curves = seed.risk_coverage or {}
            x, y = curves.get("coverage"), curves.get(score)
            if x and y and len(x) == len(y):
                found.append(np.interp(grid, x, y))
        if found:
            result[name_of(row)] = (grid.tolist(), np.mean(found, axis=0).tolist())
    return result


def best(rows: Sequence[Row], part: str, most: int) -> list[Row]:
    """The rows with the largest mean Recall@1."""
    known = [(found.mean, row) for row in rows if (found := cell(row, "recall", part))]
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
