"""``rebuild``: make a shipped checkpoint anew: train, evaluate, gallery and model card.

Everything is made in ``OUT.building`` and moved to ``OUT`` at the end; an interrupted rebuild
leaves the old checkpoint alone and goes on where it stopped when called again.
"""

from __future__ import annotations

import json
import shutil
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

from hypuml.commands.common import Bar, note
from hypuml.commands.train import progress

ABOUT = {
    "garden": """\
Shown with the *garden*: flowers drawn by this project's code, evolved down a known tree. Trained on
the garden's other genera and on the species of two further gardens, which share no species, genus
or tree with it (data set `gardens`). It is made to be looked at and learned from. It is **not** a
recogniser of real plants: real photographs can be placed and searched with it, but it has never
seen one.

Limits: colours, shapes and markings of the garden are all it knows; its uncertainty was trained on
the hardships of the garden (buds, dusk, tilt, wilt, hidden flowers) and says little about anything
else; one seed, no ablation yet.""",
}

TRAINED_ON = {"garden": "gardens"}


def add_arguments(parser: ArgumentParser, arguments: Sequence[str]) -> None:
    """Declare the options."""
    parser.add_argument("name", metavar="NAME", choices=sorted(ABOUT), help=", ".join(ABOUT))
    parser.add_argument(
        "--out", metavar="DIR", type=Path, help="folder to replace (default: checkpoints/NAME)"
    )


def run(options: Namespace) -> int:
    """Rebuild; prints the folder."""
    from hypuml.card import model_card
    from hypuml.checkpoint import CONFIG, HypUML, read_config
    from hypuml.commands.gallery import recorded_metrics
    from hypuml.data.registry import open_dataset
    from hypuml.evaluation import evaluate
    from hypuml.gallery import build_gallery
    from hypuml.training import train
    from hypuml.training.loop import StoppedError
    from hypuml.training.recipes import recipe
    from hypuml.training.state import has_state
    from hypuml.types import indices_of

    name = options.name
    out: Path = options.out or Path("checkpoints") / name
    work = out.with_name(f"{out.name}.building")
    dataset = open_dataset(name)
    if not (work / CONFIG).exists():
        try:
            train(open_dataset(TRAINED_ON[name]), work, recipe(name), has_state(work), progress())
        except StoppedError as stopped:
            note(f"{stopped}; the same command continues")
            return 130
    model = HypUML.from_pretrained(work)
    report = evaluate(model, dataset, "unseen", Bar("evaluating"))
    (work / "evaluation.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    card = model_card(
        name, read_config(work), report, f"python -m hypuml rebuild {name}", ABOUT[name]
    )
    (work / "README.md").write_text(card, encoding="utf-8")
    build_gallery(
        dataset,
        indices_of(dataset, "unseen"),
        model,
        work / "gallery",
        model_ref=work,
        title=name.capitalize(),
        progress=Bar("embedding"),
        metrics=recorded_metrics(dataset, model),
    )
    old = out.with_name(f"{out.name}.old")
    if out.exists():
        out.rename(old)
    work.rename(out)
    shutil.rmtree(old, ignore_errors=True)
    print(out)
    return 0
