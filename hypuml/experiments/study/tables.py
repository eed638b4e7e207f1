"""What the tables of both studies are made of.

Convention: a cell is the mean over seeds with the half-range of the seeds behind it; what was
``None`` in every seed is ``None``. Columns map a title to how one seed's figures are read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

Row = dict[str, Any]
Read = Callable[[Row], float | None]
# Field of a variant, its value before and after.
Factor = tuple[str, tuple[Any, Any]]

_FIELDS = ("loss", "uncertainty", "calibration", "length", "max_distance")


def cell(seeds: Sequence[Row], read: Read) -> tuple[float, float] | None:
    """Mean and half-range over seeds; None where no seed has the figure."""
    known = [value for value in map(read, seeds) if value is not None]
    return (float(np.mean(known)), float(np.ptp(known) / 2)) if known else None


def shown(value: tuple[float, float] | None) -> str:
    """A cell as it is printed."""
    return "–" if value is None else f"{value[0]:.3f} ±{value[1]:.3f}".replace("±0.", "±.")


def spread(found: Mapping[str, float] | None) -> str:
    """A difference with its interval as it is printed."""
    if not found:
        return "–"
    return f"{found['mean']:+.3f} [{found['low']:+.3f}, {found['high']:+.3f}]"


def heading(first: str, columns: Sequence[str]) -> list[str]:
    """The first two lines of a Markdown table."""
    return [f"| {first} | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]


def seeds_table(
    rows: Sequence[Row], part: str, columns: Mapping[str, Read], describe: Callable[[Row], str]
) -> str:
    """A Markdown table of the rows that have figures for ``part``, best Recall@1 first."""
    listed = [row for row in rows if part in row]
    listed.sort(key=lambda row: -(cell(row[part], columns["Recall@1"]) or (0.0, 0.0))[0])
    lines = heading("variant", list(columns))
    for row in listed:
        cells = [shown(cell(row[part], read)) for read in columns.values()]
        lines.append(f"| {describe(row)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def paired_effects(
    rows: Sequence[Row], read: Read, factors: Mapping[str, Factor]
) -> dict[str, dict[str, float]]:
    """Paired effect of each factor on a validation figure, over the grid of the ablation.

    Args:
        rows: of a study; those of group ``"grid"`` count.
        read: the figure.
        factors: what an option changes, everything else equal.

    Returns:
        Factor to ``{"mean", "low", "high", "pairs"}``: mean difference over pairs of rows that
        differ in that factor alone and share a seed, with the 2.5th and 97.5th percentile of the
        mean under resampling of the pairs of rows (seeds of a pair stay together).
    """
    grid = {
        tuple(row["variant"][f] for f in _FIELDS): row
        for row in rows
        if row["variant"]["group"] == "grid"
    }
    rng, found = np.random.default_rng(0), {}
    for name, (field, (before, after)) in factors.items():
        place, gaps = _FIELDS.index(field), []
        for key, row in grid.items():
            partner = grid.get((*key[:place], after, *key[place + 1 :]))
            if key[place] != before or partner is None:
                continue
            pairs = zip(row["validation"], partner["validation"], strict=True)
            seeds = [(read(a), read(b)) for a, b in pairs]
            known = [b - a for a, b in seeds if a is not None and b is not None]
            if known:
                gaps.append(float(np.mean(known)))
        if gaps:
            low, high = np.quantile(rng.choice(gaps, (2000, len(gaps))).mean(1), [0.025, 0.975])
            found[name] = {
                "mean": float(np.mean(gaps)),
                "low": float(low),
                "high": float(high),
                "pairs": len(gaps),
            }
    return found


def paired_effects_table(
    rows: Sequence[Row], columns: Mapping[str, Read], factors: Mapping[str, Factor]
) -> str:
    """:func:`paired_effects` on several figures as a Markdown table."""
    made = [paired_effects(rows, read, factors) for read in columns.values()]
    lines = heading("change", list(columns))
    for name in factors:
        lines.append(f"| {name} | " + " | ".join(spread(one.get(name)) for one in made) + " |")
    return "\n".join(lines)


def difference(ours: Row, other: Row, draws: int = 2000) -> dict[str, float]:
    """Recall@1 of one finalist less another's, seeds paired.

    Args:
        ours: a row with ``test``.
        other: another one with as many seeds.
        draws: bootstrap samples of the test classes.

    Returns:
        ``mean``, ``low``, ``high``: over all queries of all seeds, with the 95 % interval over
        classes.
    """
    pairs = list(zip(ours["test"], other["test"], strict=True))
    names = sorted(pairs[0][0]["recall_per_class"])
    queries = np.asarray([pairs[0][0]["recall_per_class"][n][0] for n in names], float)
    gained = np.mean(
        [
            [a["recall_per_class"][n][1] - b["recall_per_class"][n][1] for n in names]
            for a, b in pairs
        ],
        axis=0,
    )
    drawn = np.random.default_rng(0).integers(len(names), size=(draws, len(names)))
    values = gained[drawn].sum(1) / queries[drawn].sum(1)
    low, high = np.quantile(values, [0.025, 0.975])
    return {"mean": float(gained.sum() / queries.sum()), "low": float(low), "high": float(high)}
