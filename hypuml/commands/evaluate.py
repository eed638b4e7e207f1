"""``evaluate``: one report of a model on the unseen classes of a data set (or on a folder)."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from tyro.conf import arg, create_mutex_group

from hypuml.commands.common import Bar, json_writer, note, report_left_out
from hypuml.commands.folders import Folder, open_data, report_layout
from hypuml.commands.options import (
    OPTIONAL,
    DataOption,
    ModelOption,
    OtherImages,
    Place,
    ReportFile,
    Root,
    places,
)
from hypuml.data.folder import FolderOptions
from hypuml.data.registry import open_dataset
from hypuml.evaluation import Evaluation, measure
from hypuml.evaluation.degradation import MOST_IMAGES
from hypuml.figures import degradation_figure, radius_figure, risk_coverage_figure, write_page
from hypuml.files import write_atomically
from hypuml.models.loading import load_model

_SLOW = create_mutex_group(required=False)


@dataclass(frozen=True)
class Options:
    """Options of ``evaluate``."""

    first: Annotated[Place, arg(metavar="CHECKPOINT")] = None
    """folder of a checkpoint, or a hub id"""
    second: Annotated[Place, arg(metavar="DATA")] = None
    """name of a data set, or a folder of images (sub-folders are classes)"""
    model: ModelOption = None
    data: DataOption = None
    root: Root = None
    json: ReportFile = None
    figures: Annotated[str | None, arg(metavar="DIR", help_behavior_hint=OPTIONAL)] = None
    """write risk-coverage, degradation and radius figures as HTML, and their data"""
    ood: OtherImages = None
    split: Literal["unseen", "seen", "all"] = "unseen"
    """which classes"""
    max_degraded: Annotated[int, _SLOW, arg(metavar="N")] = MOST_IMAGES
    """images to damage for the degradation figures"""
    degradation: Annotated[bool, _SLOW] = True
    """the degradation figures, the slowest part; --no-degradation leaves them out"""
    folder: Folder = field(default_factory=FolderOptions)

    def __post_init__(self) -> None:
        """Check the number; raises ``ValueError``."""
        if self.max_degraded < 1:
            raise ValueError(f"max-degraded must be at least 1, got {self.max_degraded}")


def run(options: Options) -> int:
    """Evaluate and print a table, or JSON."""
    checkpoint, data = places(
        (options.first, options.second), {"CHECKPOINT": options.model, "DATA": options.data}
    )
    write = json_writer(options.json)
    draw = figure_writer(options.figures)
    dataset = open_data(data, options.root, options.folder)
    foreign = open_dataset(options.ood, options.root) if options.ood else None
    model = load_model(checkpoint)
    report_layout(dataset)
    most = options.max_degraded if options.degradation else 0
    found = measure(model, dataset, options.split, Bar("evaluating"), foreign, most)
    report_left_out(dataset, found.result["unreadable"])
    if foreign is not None:
        report_left_out(foreign, found.result["ood_unreadable"])
    if options.json != "-":
        print(table(found.result))
    write(found.result)
    draw(found, model.config.uncertainty != "radial")
    return 0


def figure_writer(target: str | None) -> Callable[[Evaluation, bool], None]:
    """Prepare to write the figures of an evaluation.

    Args:
        target: a folder, made if there is none, or None for nothing.

    Returns:
        A function of the evaluation and of whether u is worth drawing against the radius.

    Raises:
        ValueError: the folder cannot be written to; raised before the work starts.
    """
    folder = None if target is None else Path(target).expanduser()
    if folder is not None:
        if folder.exists() and not folder.is_dir():
            raise ValueError(f"cannot write figures to {target}: it is a file, expected a folder")
        if not folder.exists() and not folder.parent.is_dir():
            raise ValueError(f"cannot write figures to {target}: its parent does not exist")
        if not os.access(folder if folder.exists() else folder.parent, os.W_OK | os.X_OK):
            raise ValueError(f"cannot write figures to {target}: no permission")

    def draw(found: Evaluation, uncertainty: bool) -> None:
        if folder is not None:
            folder.mkdir(exist_ok=True)
            write_figures(folder, found, uncertainty)
            note(f"figures are in {target}")

    return draw


def write_figures(folder: Path, found: Evaluation, uncertainty: bool) -> None:
    """Write ``figures.json`` and a page for each figure that there is data for."""
    curves = found.curves
    where = f"{found.result['dataset']}, {found.result['split']}"
    pages = {
        "risk_coverage": curves["risk_coverage"]
        and (
            risk_coverage_figure(curves["risk_coverage"]),
            "Risk and coverage",
            "If only the most certain queries are answered, what share of those answers is "
            "wrong? Lower is better; the oracle refuses the wrong ones first.",
        ),
        "degradation": curves["degradation"]
        and (
            degradation_figure(curves["degradation"]),
            "Damaged images",
            "The same images, damaged more and more. The uncertainty should rise as retrieval "
            "fails.",
        ),
        "radius": (
            radius_figure(curves["radius"], uncertainty),
            "Distance from the origin",
            "Images near the origin are meant to be the uncertain ones: the share of wrong answers "
            "should fall with the distance.",
        ),
    }
    for name, page in pages.items():
        if page:
            figure, title, words = page
            write_page(folder, name, figure, f"{title}: {where}", words)
    text = json.dumps(curves, allow_nan=False) + "\n"
    write_atomically(folder / "figures.json", text.encode())


def table(result: dict[str, Any]) -> str:
    """The figures that matter, one per line, with intervals where there are any."""
    lines = [
        f"{result['n']:,} images of {result['classes']:,} classes, {result['queries']:,} queries"
    ]
    for name in ("recall@1", "recall@2", "recall@4", "recall@8", "map@r", "r_auroc"):
        lines.append(_line(name, result[name], result["intervals"].get(name)))
    for name, value in (result["controls"] or {}).items():
        lines.append(_control(name, value, result))
    probe = result["probe"] or {}
    lines += [_line(f"  probe, {k.replace('_', ' ')}", v) for k, v in probe.items()]
    for name in ("confidence_auroc", "confidence_ece", "aurc", "e_aurc"):
        lines.append(_line(name, result[name], result["intervals"].get(name)))
    lines += [_line(f"  {k}", v) for k, v in (result["confidence_controls"] or {}).items()]
    lines += _rejection(result["rejection"])
    for name in ("ood_auroc", "ood_auroc_matched"):
        lines.append(_line(name, result[name], result["intervals"].get(name)))
        sharp = result[name.replace("auroc", "laplacian")]
        if sharp is not None:
            lines.append(_line("  laplacian_variance", sharp))
    lines.append(_line("outside", result["outside"]))
    for name in ("curvature_use", "delta_rel", "tree_spearman"):
        lines.append(_line(name, result[name]))
    radius = result["radius"]
    lines.append(f"{'radius d0':<22} median {radius['p50']:.3f}, IQR {radius['iqr']:.3f}")
    lines += _degradation(result)
    return "\n".join([*lines, *_remarks(result)])


def _line(name: str, value: float | None, interval: dict[str, float] | None = None) -> str:
    spread = f"  [{interval['low']:.3f}, {interval['high']:.3f}]" if interval else ""
    return f"{name:<22} {'-' if value is None else f'{value:.3f}'}{spread}"


def _control(name: str, value: float | None, result: dict[str, Any]) -> str:
    """A control's R-AUROC, and by how much u is above it."""
    if name == "tangent_norm" and result["tangent_norm_is_u"]:
        return f"{_line(f'  {name}', value)}  the same ranking as u"
    gap = (result["control_differences"] or {}).get(name)
    if gap is None:
        return _line(f"  {name}", value)
    spread = "" if gap["low"] is None else f" [{gap['low']:+.3f}, {gap['high']:+.3f}]"
    return f"{_line(f'  {name}', value)}  u is {gap['difference']:+.3f}{spread}"


def _rejection(found: dict[str, Any] | None) -> list[str]:
    if found is None or found["oracle"] is None:
        return []
    parts = [
        f"{name} {found[name]:.0%}"
        for name in ("confidence", "u", "oracle")
        if found[name] is not None
    ]
    start = f"{'rejecting ' + format(found['rejected'], '.0%'):<22} "
    return [f"{start}removes of the errors: {', '.join(parts)}"]


def _degradation(result: dict[str, Any]) -> list[str]:
    kinds = result["degradation"]
    if not kinds:
        return []
    setup = result["degradation_setup"]
    seen = setup["seen_in_training"] or ()
    lines = [
        f"{'damage':<12} {'Spearman':>8} {'rising':>7} {'mean u':>13}  {'Recall@1':>13}"
        f"   ({setup['images']:,} images, level 0 to 1)"
    ]
    for name, kind in kinds.items():
        rank = "-" if kind["spearman"] is None else f"{kind['spearman']:+.2f}"
        recall = kind["recall@1"]
        fall = "-" if recall is None else f"{recall[0]:.3f} > {recall[-1]:.3f}"
        rise = f"{kind['mean_u'][0]:.3f} > {kind['mean_u'][-1]:.3f}"
        lines.append(
            f"  {name:<10} {rank:>8} {kind['share_rising']:>7.0%} {rise:>13}  {fall:>13}"
            + ("   seen in training" if name in seen else "")
        )
    return lines


def _remarks(result: dict[str, Any]) -> list[str]:
    """What a reader must not miss."""
    remarks = []
    if result["curvature_use"] is not None and result["curvature_use"] < 0.05:
        remarks.append("curvature is not used: hyperbolic and flat neighbours agree")
    if (result["outside"] or 0) > 0.5:
        remarks.append(
            f"{result['outside']:.0%} of these images are outside what this model knows: its u and "
            "its confidence are not to be trusted here"
        )
    for beaten, whose in (
        (result["controls_that_beat_u"], "u"),
        (result["controls_that_beat_confidence"], "the confidence"),
    ):
        if beaten:
            remarks.append(f"beats {whose} here: {', '.join(beaten)}")
    return remarks
