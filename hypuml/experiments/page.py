"""Tables inside a Markdown page, between markers, so that no number is typed by hand.

A table stands between ``<!-- table: NAME -->`` and ``<!-- end -->``; everything else on the page is
left as it is. Tables are made of what ships: ``study.json`` beside the page, and the reports in the
checkpoints' folders.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypuml.card import degraded_table, number
from hypuml.experiments.shipped import SHIPPED
from hypuml.experiments.study.garden_tables import TABLES as GARDEN
from hypuml.experiments.study.photographs_tables import TABLES as PHOTOGRAPHS

_SPOT = re.compile(r"(<!-- table: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def fill(page: str, tables: dict[str, Callable[[], str]]) -> str:
    """The page with every marked table made anew.

    Args:
        page: Markdown with markers.
        tables: name to what makes the table.

    Raises:
        ValueError: a marker names no table, or the page has none.
    """

    def made(spot: re.Match[str]) -> str:
        name = spot.group(2)
        if name not in tables:
            raise ValueError(f"unknown table {name!r} in the page, expected {', '.join(tables)}")
        return f"{spot.group(1)}\n{tables[name]()}\n\n{spot.group(3)}"

    filled, count = _SPOT.subn(made, page)
    if not count:
        raise ValueError("the page has no <!-- table: NAME --> ... <!-- end --> to fill")
    return filled


def shipped_tables(root: Path) -> dict[str, Callable[[], str]]:
    """Every table that can be made of what ships below the project's folder ``root``."""

    def of_report(
        make: Callable[[dict[str, Any]], str], name: str, file: str = "evaluation.json"
    ) -> Callable[[], str]:
        path = root / "checkpoints" / name / file
        return lambda: make(json.loads(path.read_text(encoding="utf-8")))

    def of_study(make: Callable[[dict[str, Any]], str], file: str) -> Callable[[], str]:
        path = root / "assets" / "docs" / file
        return lambda: make(json.loads(path.read_text(encoding="utf-8")))

    tables = {name: of_study(make, "study.json") for name, make in GARDEN.items()}
    tables |= {
        f"flowers-{name}": of_study(make, "flowers-study.json")
        for name, make in PHOTOGRAPHS.items()
    }
    for name in (name for name, entry in SHIPPED.items() if entry.gallery):
        tables[name] = of_report(evaluation_table, name)
        tables[f"{name}-degraded"] = of_report(degraded_table, name)
    tables["shipped"] = lambda: shipped_table(
        {
            name: json.loads((root / "checkpoints" / name / "evaluation.json").read_text("utf-8"))
            for name in ("flowers", "photos", "garden", "digits-2d")
        }
    )
    tables["ambiguity"] = of_report(ambiguity_table, "garden", "ambiguity.json")
    tables["images"] = of_report(images_table, "garden", "ambiguity.json")
    return tables


def shipped_table(reports: dict[str, dict[str, Any]]) -> str:
    """The checkpoints that ship, by name, one row each, with the best control beside u."""
    lines = [
        "| checkpoint, on unseen images | Recall@1 | R-AUROC of u | best control of u "
        "| AUROC of the confidence | its ECE |",
        "|---|---|---|---|---|---|",
    ]
    for name, report in reports.items():

        def value(key: str, report: dict[str, Any] = report) -> str:
            return f"{number(report[key])} {_interval(report['intervals'].get(key))}".rstrip()

        # The tangent norm is left out where u is made of it: the ranking is the same.
        controls = {
            key: found
            for key, found in report["controls"].items()
            if found is not None and not (key == "tangent_norm" and report["tangent_norm_is_u"])
        }
        best = max(controls, key=controls.__getitem__) if controls else None
        control = f"{number(controls[best])} ({best.replace('_', ' ')})" if best else "–"
        lines.append(
            f"| `{name}`: {report['n']:,} of {report['classes']} classes | {value('recall@1')} "
            f"| {value('r_auroc')} | {control} | {value('confidence_auroc')} "
            f"| {number(report['confidence_ece'])} |"
        )
    return "\n".join(lines)


def _interval(found: dict[str, float] | None) -> str:
    return f"[{found['low']:.3f}, {found['high']:.3f}]" if found else ""


def evaluation_table(report: dict[str, Any]) -> str:
    """Retrieval, uncertainty and confidence of a model, each beside its controls."""
    lines = ["| | value | 95 % over classes |", "|---|---|---|"]

    def row(title: str, key: str) -> None:
        lines.append(
            f"| {title} | {number(report[key])} | {_interval(report['intervals'].get(key))} |"
        )

    row("Recall@1", "recall@1")
    row("MAP@R", "map@r")
    row("R-AUROC of u", "r_auroc")
    for name, value in report["controls"].items():
        same = ", the same ranking as u" if name == "tangent_norm" else ""
        note = same if report["tangent_norm_is_u"] else ""
        gap = (report["control_differences"] or {}).get(name)
        better = ""
        if gap and not note:
            better = f"u less this: {gap['difference']:+.3f} {_interval(gap)}"
        lines.append(f"| … {name.replace('_', ' ')}{note} | {number(value)} | {better} |")
    probe = report["probe"] or {}
    for key, what in (
        ("other_classes", "fitted on half the classes, read on the other half"),
        ("same_classes", "fitted on other images of the same classes"),
    ):
        lines.append(f"| probe ceiling, {what} | {number(probe.get(key))} | |")
    row("AUROC of the answer confidence", "confidence_auroc")
    for name, value in report["confidence_controls"].items():
        lines.append(f"| … {name.replace('_', ' ')} | {number(value)} | |")
    row("ECE of the answer confidence", "confidence_ece")
    row("AURC of the answer confidence", "aurc")
    rejection = report["rejection"]
    if rejection and rejection["confidence"] is not None:
        share = f"{100 * rejection['confidence']:.0f} % (oracle {100 * rejection['oracle']:.0f} %)"
        lines.append(f"| errors removed by rejecting the 20 % least confident | {share} | |")
    for key, what in (("ood_auroc", "as they are"), ("ood_auroc_matched", "both at one size")):
        if report.get(key) is not None:
            control = number(report[key.replace("auroc", "laplacian")])
            lines.append(
                f"| AUROC of u for foreign images, {what} (Laplacian variance {control}) | "
                f"{number(report[key])} | {_interval(report['intervals'].get(key))} |"
            )
    row("curvature use", "curvature_use")
    row("tree correlation", "tree_spearman")
    return "\n".join(lines)


def ambiguity_table(found: dict[str, Any]) -> str:
    """Mean u along crosses of two species and along each hardship."""
    lines = []
    for key, scale, title in (
        ("hybrids", "ratios", "crosses, mixing ratio"),
        ("hardships", "strengths", "one plant, strength of a hardship"),
    ):
        part = found[key]
        steps = " | ".join(f"{x:.1f}" for x in part[scale])
        lines += [
            f"| {title} | {steps} | Spearman | rises for |",
            "|---" * (len(part[scale]) + 3) + "|",
        ]
        for name, series in part.items():
            if name != scale:
                values = " | ".join(f"{u:.3f}" for u in series["mean_u"])
                rank, rising = number(series["spearman"], 2), 100 * series["share_rising"]
                lines.append(f"| {name} | {values} | {rank} | {rising:.0f} % |")
        lines.append("")
    return "\n".join(lines).rstrip()


_IMAGES = {
    "u_with_difficulty": "Spearman of u with the difficulty the image was drawn with",
    "u_with_difficulty_among_hard": "… among the hard images alone",
    "u_with_sharpness": "Spearman of u with sharpness (Laplacian variance)",
    "mean_u_of_species_with_nearest_relative": "Spearman of a species' mean u with how close its "
    "nearest relative looks",
    "r_auroc": "R-AUROC of u, all images",
    "r_auroc_on_clear_images": "… clear images alone (no hardship)",
    "r_auroc_on_hard_images": "… hard images alone",
    "r_auroc_inside_species": "… comparing images of one species only",
    "r_auroc_inside_bands_of_sharpness": "… comparing images of equal sharpness only",
    "r_auroc_inside_bands_of_difficulty": "… comparing images of equal difficulty only",
    "r_auroc_of_difficulty": "R-AUROC of the true difficulty",
    "r_auroc_of_sharpness": "R-AUROC of low sharpness",
}


def images_table(found: dict[str, Any]) -> str:
    """What u of the test images goes with."""
    images = found["images"]
    rows = [f"| {title} | {number(images[key])} |" for key, title in _IMAGES.items()]
    return "\n".join(["| | |", "|---|---|", *rows])
