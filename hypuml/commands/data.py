"""``data``: what data sets there are, and whether they are here."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from hypuml.commands.common import add_root
from hypuml.data.registry import DATASETS, open_dataset
from hypuml.types import AMBIGUOUS, indices_of


def add_arguments(parser: ArgumentParser, arguments: Sequence[str]) -> None:
    """Declare the options."""
    parser.add_argument(
        "name", nargs="?", metavar="NAME", help="data set to obtain and describe; all without it"
    )
    add_root(parser)


def run(options: Namespace) -> int:
    """List the registry, or open one entry and describe it."""
    if options.name is None:
        for entry in DATASETS.values():
            print(f"{entry.name:<12} {entry.description}")
            print(f"{'':<12} {entry.obtained}; licence: {entry.licence}")
        return 0
    dataset = open_dataset(options.name, options.root)
    classes = {item.path for item in dataset.items}
    print(f"{dataset.name}: {len(dataset.items):,} images of {len(classes):,} classes")
    print(f"levels: {' > '.join(dataset.levels)}")
    for split in ("seen", "unseen"):
        rows = indices_of(dataset, split)
        count = len({dataset.items[i].path for i in rows})
        print(f"{split}: {len(rows):,} images of {count:,} classes")
    if mixed := sum(item.split == AMBIGUOUS for item in dataset.items):
        print(f"ambiguous: {mixed:,} images of two classes each, for the uncertainty to learn from")
    print(f"licence: {dataset.licence}")
    return 0
