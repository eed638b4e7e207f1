"""``train``: train a model; options come from the configuration dataclasses."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro
from tyro.conf import arg

from hypuml.commands.common import Bar, note, report_left_out
from hypuml.commands.folders import Folder, open_data, report_layout
from hypuml.commands.options import DataPosition, Root
from hypuml.data.folder import FolderOptions
from hypuml.models.config import ModelConfig
from hypuml.models.hypuml import HypUML
from hypuml.recipes import RECIPES
from hypuml.training import StoppedError, TrainConfig, train
from hypuml.training.setup import slow_precision
from hypuml.types import Progress, has_class

if TYPE_CHECKING:
    RecipeName = str
else:
    RecipeName = Literal[tuple(RECIPES)]

# Options that once had another name, and what stands in their place.
RENAMED = {
    "--diameter": "is called --max-distance now",
    "--squash": "is called --length now",
    "--inner": "is called --min-length now",
    "--known-classes": "is gone, with the lengths that needed it",
    "--loss parent": "is called --loss hyp-vit now",
}


@dataclass(frozen=True)
class Options:
    """Options of ``train``."""

    data: DataPosition
    out: Annotated[Path, arg(metavar="DIR")]
    """folder for the checkpoint"""
    root: Root = None
    resume: bool = False
    """continue an unfinished run"""
    recipe: RecipeName = "default"
    """starting point of all options below: --recipe NAME --help shows its defaults"""
    folder: Folder = field(default_factory=FolderOptions)
    config: Annotated[TrainConfig, arg(name="")] = field(default_factory=TrainConfig)


def prepare(arguments: Sequence[str]) -> tuple[list[str], Options]:
    """Spell old switches as they are spelt today, and find the defaults: those of the recipe.

    Raises:
        ValueError: an option by the name that it had before.
    """
    words = [word for each in arguments for word in _split(each)]
    for old, now in RENAMED.items():
        name, *value = old.split()
        if any(words[i : i + 1 + len(value)] == [name, *value] for i in range(len(words))):
            raise ValueError(f"{old} {now}")
    chosen = [b for a, b in pairwise(words) if a == "--recipe"]
    # An unknown name is refused where the options are read.
    base = RECIPES.get(chosen[-1] if chosen else "default", TrainConfig())
    return _with_switches(words), Options(tyro.MISSING, tyro.MISSING, config=base)


def _split(argument: str) -> list[str]:
    """``--name=value`` as two words."""
    return argument.split("=", 1) if argument.startswith("--") else [argument]


def _with_switches(words: Sequence[str]) -> list[str]:
    """``--pretrained true`` and ``--nopretrained`` in the form that switches have now."""
    kinds = (ModelConfig, TrainConfig)
    names = {f.name.replace("_", "-") for kind in kinds for f in fields(kind) if f.type == "bool"}
    found: list[str] = []
    for word in words:
        name = found[-1].removeprefix("--") if found else ""
        if name in names and word.lower() in ("true", "false"):
            if word.lower() == "false":
                found[-1] = f"--no-{name}"
        else:
            old = word.removeprefix("--no")
            found.append(f"--no-{old}" if f"--no{old}" == word and old in names else word)
    return found


def run(options: Options) -> int:
    """Train; a stop request leaves a state that ``--resume`` continues from."""
    dataset = open_data(options.data, options.root, options.folder)
    if not any(has_class(item.path) for item in dataset.items):
        raise ValueError(
            f"{options.data} has no classes: training needs sub-folders, one for each class; "
            f"without them it can still be opened: hypuml gallery {options.data} "
            "checkpoints/photos OUT"
        )
    report_layout(dataset)
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
        done: int, total: int, phase: str = "", metrics: Mapping[str, Any] | None = None
    ) -> None:
        if phase in bars:
            bars[phase](done, total, metrics=metrics)
            return
        shown = {k: round(v, 3) for k, v in (metrics or {}).items() if v is not None}
        note(f"\n{json.dumps(shown)}" if sys.stderr.isatty() else json.dumps(shown))

    return report
