"""``rebuild``: make a shipped checkpoint anew: train, evaluate, gallery and model card.

Everything is made in ``OUT.building`` and moved to ``OUT`` at the end; an interrupted rebuild
leaves the old checkpoint alone and goes on where it stopped when called again. ``--refit`` keeps
the weights and makes the rest anew, from the start, in ``OUT.refitting``.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from tyro.conf import Positional, arg

from hypuml.card import model_card
from hypuml.commands.common import Bar, note
from hypuml.commands.gallery import recorded_metrics
from hypuml.commands.options import OPTIONAL, OtherImages, Root
from hypuml.commands.train import progress
from hypuml.data.registry import open_dataset
from hypuml.evaluation import evaluate
from hypuml.experiments.ambiguity import ambiguity_report
from hypuml.experiments.shipped import SHIPPED
from hypuml.files import write_atomically
from hypuml.gallery import build_gallery
from hypuml.models.files import read_config
from hypuml.models.loading import load_model
from hypuml.recipes import recipe
from hypuml.training import StoppedError, TrainConfig, train
from hypuml.training.posthoc import refit
from hypuml.training.setup import slow_precision
from hypuml.training.state import has_state
from hypuml.types import Dataset, indices_of

if TYPE_CHECKING:
    ShippedName = str
else:
    ShippedName = Literal[tuple(SHIPPED)]

# What training alone makes.
TRAINED = ("model.safetensors", "config.json", "training.json")
CONTENT = {
    *TRAINED,
    "model.onnx",
    "evaluation.json",
    *("confidence.json", "loss_prediction.safetensors", "ambiguity.json", "README.md", "gallery"),
}


@dataclass(frozen=True)
class Options:
    """Options of ``rebuild``."""

    name: Positional[ShippedName]
    """which checkpoint"""
    out: Annotated[Path | None, arg(metavar="DIR", help_behavior_hint=OPTIONAL)] = None
    """folder to replace; checkpoints/NAME unless given"""
    refit: bool = False
    """keep the weights; answer confidence, evaluation, gallery and card are made anew"""
    ood: OtherImages = None
    root: Root = None


def run(options: Options) -> int:
    """Rebuild; prints the folder."""
    name, entry = options.name, SHIPPED[options.name]
    out = options.out or Path("checkpoints") / name
    # Apart, so that neither takes what an interrupted other one left for its own.
    work = out.with_name(f"{out.name}.{'refitting' if options.refit else 'building'}")
    check_replaceable(out)
    dataset = open_dataset(entry.shown, options.root)
    training_set = open_dataset(entry.training_set, options.root)
    ood = None if options.ood is None else open_dataset(options.ood)
    earlier: list[Path] | None = []
    if options.refit:
        _refit(out, work, training_set)
    else:
        earlier = _train(entry.stages, out, work, training_set)
    if earlier is None:
        return 130
    model = load_model(work)
    report = evaluate(model, dataset, "unseen", Bar("evaluating"), ood)
    write_atomically(work / "evaluation.json", (json.dumps(report, indent=2) + "\n").encode())
    # The u of crosses depends on the weights alone.
    if entry.ambiguity and not (work / "ambiguity.json").exists():
        note("measuring u on hybrids and hardships")
        found = ambiguity_report(model)
        write_atomically(work / "ambiguity.json", (json.dumps(found, indent=2) + "\n").encode())
    command = f"python -m hypuml.experiments rebuild {name}"
    card = model_card(name, read_config(work), report, command, entry.about)
    write_atomically(work / "README.md", card.encode())
    if entry.gallery:
        build_gallery(
            dataset,
            indices_of(dataset, "unseen"),
            model,
            work / "gallery",
            model_ref=work,
            title=entry.title or name.capitalize(),
            progress=Bar("embedding"),
            metrics=recorded_metrics(dataset, model),
            pictures=entry.pictures,
        )
    _put_in_place(work, out)
    for folder in earlier:
        shutil.rmtree(folder, ignore_errors=True)
    print(out)
    return 0


def _put_in_place(work: Path, out: Path) -> None:
    """Tidy ``work`` up and let it replace ``out``."""
    # Features of the models that were trained on halves: larger than all the rest together.
    for kept in work.glob("crossfit-*.safetensors"):
        kept.unlink()
    # A rebuild that was killed leaves a hidden half of a gallery behind.
    for litter in work.glob(".building-*"):
        shutil.rmtree(litter, ignore_errors=True)
    # The gallery names its checkpoint as "..", so both move together.
    old = out.with_name(f"{out.name}.old-{os.getpid()}")
    if out.exists():
        out.rename(old)
    work.rename(out)
    shutil.rmtree(old, ignore_errors=True)


def _train(stages: tuple[str, ...], out: Path, work: Path, dataset: Dataset) -> list[Path] | None:
    """Train what is missing, stage by stage, the last one in ``work``.

    Returns:
        Folders of the earlier stages; None when it was stopped on request.
    """
    start = ""
    folders = [out.with_name(f"{out.name}.stage{i + 1}") for i in range(len(stages) - 1)] + [work]
    for stage, folder in zip(stages, folders, strict=True):
        config = replace(recipe(stage), init=start)
        if not _is_trained(folder, config, dataset.name):
            note(f"training {stage!r} in {folder}")
            if slow := slow_precision(config):
                note(slow)
            try:
                train(dataset, folder, config, has_state(folder), progress())
            except StoppedError as stopped:
                note(f"{stopped}; the same command continues")
                return None
        start = str(folder)
    return folders[:-1]


def _refit(out: Path, work: Path, dataset: Dataset) -> None:
    """Copy the trained part of ``out`` to ``work`` and fit what follows training there."""
    missing = [file for file in TRAINED if not (out / file).exists()]
    if missing:
        raise ValueError(f"{out} has no {missing[0]}; --refit needs a checkpoint to keep")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    kept = [file.name for file in out.glob("crossfit-*.safetensors")]
    for file in (*TRAINED, "ambiguity.json", *kept):
        if (out / file).exists():
            shutil.copyfile(out / file, work / file)
    note(f"fitting the answer confidence of {out}")
    refit(work, dataset, Bar("calibration images"))


def check_replaceable(out: Path) -> None:
    """Refuse to replace a folder that holds anything but a checkpoint; raises ``ValueError``."""
    if out.exists():
        foreign = sorted(p.name for p in out.iterdir() if p.name not in CONTENT)
        if foreign:
            raise ValueError(
                f"{out} holds {foreign[0]!r}, which is no part of a checkpoint; choose another "
                "--out, because this folder would be replaced"
            )


def _is_trained(work: Path, wanted: TrainConfig, data: str) -> bool:
    """Whether ``work`` holds a finished training of just this recipe.

    Raises:
        ValueError: it holds one of another recipe.
    """
    log = work / "training.json"
    if not log.exists() or has_state(work):
        return False
    config = json.loads(log.read_text(encoding="utf-8"))["config"]
    same = json.loads(json.dumps(asdict(wanted))) | {"dataset": data}
    if any(config.get(key) != value for key, value in same.items()):
        raise ValueError(f"{work} was trained with another recipe; remove it and start again")
    return True
