"""``evaluate``: one report of a model on the unseen classes of a data set (or on a folder)."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import Any

from hypuml.commands.common import Bar, add_data, json_writer, report_left_out
from hypuml.data.registry import open_dataset


def add_arguments(parser: ArgumentParser, arguments: Sequence[str]) -> None:
    """Declare the options."""
    parser.add_argument(
        "checkpoint", metavar="CHECKPOINT", help="folder of a checkpoint, or a hub id"
    )
    add_data(parser)
    parser.add_argument(
        "--json", metavar="FILE", help="write the report as JSON to a file, or - for stdout"
    )
    parser.add_argument(
        "--ood",
        metavar="FOLDER",
        help="images of something else: how well u tells them from the evaluated ones",
    )
    parser.add_argument(
        "--split", default="unseen", choices=("unseen", "seen", "all"), help="which classes"
    )


def run(options: Namespace) -> int:
    """Evaluate and print a table, or JSON."""
    write = json_writer(options.json)
    dataset = open_dataset(options.data, options.root)
    foreign = open_dataset(options.ood, options.root) if options.ood else None
    from hypuml.checkpoint import HypUML
    from hypuml.evaluation import evaluate

    model = HypUML.from_pretrained(options.checkpoint)
    result = evaluate(model, dataset, options.split, Bar("reading images"), foreign)
    report_left_out(dataset, result["unreadable"])
    if options.json != "-":
        print(table(result))
    write(result)
    return 0


def table(result: dict[str, Any]) -> str:
    """The figures that matter, one per line, with intervals where there are any."""
    lines = [
        f"{result['n']:,} images of {result['classes']:,} classes, {result['queries']:,} queries"
    ]
    names = ("recall@1", "recall@2", "recall@4", "recall@8", "map@r", "r_auroc")
    for name in (*names, "ood_auroc", "curvature_use", "delta_rel", "tree_spearman"):
        value = result[name]
        interval = result["intervals"].get(name)
        spread = f"  [{interval['low']:.3f}, {interval['high']:.3f}]" if interval else ""
        lines.append(f"{name:<14} {'-' if value is None else f'{value:.3f}'}{spread}")
    radius = result["radius"]
    lines.append(f"{'radius d0':<14} median {radius['p50']:.3f}, IQR {radius['iqr']:.3f}")
    if result["curvature_use"] is not None and result["curvature_use"] < 0.05:
        lines.append("curvature is not used: hyperbolic and flat neighbours agree")
    return "\n".join(lines)
