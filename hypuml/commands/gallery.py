"""``gallery``: embed images with a model and write a folder that the app opens."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

from hypuml.commands.common import Bar, add_data, note
from hypuml.data.registry import open_dataset
from hypuml.types import SPLITS, indices_of


def add_arguments(parser: ArgumentParser, arguments: Sequence[str]) -> None:
    """Declare the options."""
    add_data(parser)
    parser.add_argument(
        "checkpoint", metavar="CHECKPOINT", help="folder of a checkpoint, or a hub id"
    )
    parser.add_argument("out", metavar="OUT", type=Path, help="folder of the gallery to write")
    parser.add_argument(
        "--split",
        default="unseen",
        choices=SPLITS,
        help="classes to show; a folder of your own counts as unseen",
    )
    parser.add_argument("--title", metavar="TEXT", help="name shown in the app")


def run(options: Namespace) -> int:
    """Build the gallery; unreadable images are listed on stderr and left out."""
    dataset = open_dataset(options.data, options.root)
    rows = indices_of(dataset, options.split)
    if not len(rows):
        raise ValueError(f"data set {dataset.name!r} has no image in split {options.split!r}")
    from hypuml.checkpoint import HypUML
    from hypuml.gallery import build_gallery

    model = HypUML.from_pretrained(options.checkpoint)
    gallery = build_gallery(
        dataset,
        rows,
        model,
        options.out,
        model_ref=options.checkpoint,
        title=options.title,
        progress=Bar("embedding"),
    )
    left_out = gallery.manifest["unreadable"]
    for name, reason in left_out.items():
        note(f"left out {name!r}: {reason}")
    kept = f"{len(gallery):,} images" + (f", {len(left_out):,} left out" if left_out else "")
    note(f"{kept}; open it with: streamlit run app/main.py -- --gallery {options.out}")
    print(options.out)
    return 0
