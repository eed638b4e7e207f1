"""``train``: train a model; options come from the configuration dataclasses."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from simple_parsing import ArgumentParser

from hypuml.commands.common import Bar, Parser, add_data, note, report_left_out
from hypuml.data.registry import open_dataset
from hypuml.models.hypuml import HypUML
from hypuml.recipes import RECIPES, recipe
from hypuml.training import StoppedError, TrainConfig, train
from hypuml.training.setup import slow_precision
from hypuml.types import Progress

# Options that once had another name.
RENAMED = {
    "--diameter": "is called --max-distance now",
    "--squash": "is called --length now",
    "--inner": "is called --min-length now",
    "--known-classes": "is gone, with the lengths that needed it",
}


def add_arguments(parser: ArgumentParser, arguments: Sequence[str]) -> None:
    """Declare the options; the defaults shown are those of the chosen recipe.

    Raises:
        ValueError: an option by the name that it had before.
    """
    for argument in arguments:
        name = argument.split("=")[0]
        if name in RENAMED:
            raise ValueError(f"{name} {RENAMED[name]}")
    add_data(parser)
    parser.add_argument(
        "--out", required=True, type=Path, metavar="DIR", help="folder for the checkpoint"
    )
    parser.add_argument("--resume", action="store_true", help="continue an unfinished run")
    first = Parser(parser.prog, add_help=False)
    for each in (first, parser):
        each.add_argument(
            "--recipe",
            default="default",
            metavar="NAME",
            help=f"starting point of all options below: {', '.join(RECIPES)}",
        )
    chosen = recipe(first.parse_known_args(arguments)[0].recipe)
    parser.add_arguments(TrainConfig, dest="config", default=chosen)


def run(options: Namespace) -> int:
    """Train; a stop request leaves a state that ``--resume`` continues from."""
    dataset = open_dataset(options.data, options.root)
    report_left_out(dataset, {})
    if slow := slow_precision(options.config):
        note(slow)
    try:
        model = train(dataset, options.out, options.config, options.resume, progress())
    except StoppedError as stopped:
        note(f"{stopped}; continue with the same command and --resume")
        return 130
    for line in summary(model):
        note(line)
    print(options.out)
    return 0


def summary(model: HypUML) -> list[str]:
    """What a model learned about itself on classes it was not fitted to, line by line."""
    lines = []
    found = model.training_info.get("crossfit", {})
    if found.get("recall@1") is not None:
        lines.append(
            f"cross-validated over classes: Recall@1 {found['recall@1']:.3f} "
            f"({found['answers']:,} answers about classes that were not fitted)"
        )
    if found.get("auroc") is not None:
        lines.append(f"u tells the wrong ones with AUROC {found['auroc']:.2f} (0.5 is useless)")
    if model.confidence is not None:
        fitted = model.confidence.fitted_on
        lines.append(
            f"answer confidence: AUROC {fitted['auroc']:.3f}, calibration error {fitted['ece']:.3f}"
        )
    if left_out := model.training_info.get("left_out"):
        lines.append(f"left out: {left_out}")
    return lines


def progress() -> Progress:
    """A callback for :func:`hypuml.training.train` with bars and one line per validation."""
    bars = {
        "images": Bar("reading images"),
        "train": Bar("training", "step"),
        "cross-fitting": Bar("cross-fitting", "half"),
    }

    def report(
        done: int, total: int, phase: str = "", figures: Mapping[str, Any] | None = None
    ) -> None:
        if phase in bars:
            bars[phase](done, total, figures=figures)
            return
        shown = {k: round(v, 3) for k, v in (figures or {}).items() if v is not None}
        note(f"\n{json.dumps(shown)}" if sys.stderr.isatty() else json.dumps(shown))

    return report
