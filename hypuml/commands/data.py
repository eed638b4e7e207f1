"""``data``: what data sets there are, and whether they are here; one that is not is downloaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from tyro.conf import Positional, arg

from hypuml.commands.common import Bar, note
from hypuml.commands.options import OPTIONAL, Root
from hypuml.data.registry import DATASETS, Progress, data_root, download, is_available, open_dataset
from hypuml.types import AMBIGUOUS, indices_of

_MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Options:
    """Options of ``data``."""

    name: Annotated[Positional[str | None], arg(metavar="NAME", help_behavior_hint=OPTIONAL)] = None
    """data set to obtain and describe; all without it"""
    root: Root = None


def run(options: Options) -> int:
    """List the registry, or open one entry, downloaded first if need be, and describe it."""
    if options.name is None:
        for entry in DATASETS.values():
            here = "here" if is_available(entry.name, options.root) else "not here yet"
            print(f"{entry.name:<12} {entry.description}")
            print(f"{'':<12} {here}; {entry.origin}; licence: {entry.licence}")
        return 0
    if options.name in DATASETS and not is_available(options.name, options.root):
        _download(options.name, options.root)
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


def _download(name: str, root: str | None) -> None:
    note(f"downloading {name} to {root or data_root()}")
    bar = Bar(name, unit="MB")
    try:
        download(name, root, _in_megabytes(bar))
    except KeyboardInterrupt:
        bar.close()
        note("what has arrived is kept: the same command continues where this stopped")
        raise
    finally:
        bar.close()


def _in_megabytes(bar: Bar) -> Progress:
    """Progress in bytes for a bar in megabytes, moved only when a whole one is reached."""
    shown = -1

    def progress(done: int, total: int) -> None:
        nonlocal shown
        wanted = -(-total // _MEGABYTE)
        moved = wanted if done >= total else done // _MEGABYTE
        if moved != shown:
            shown = moved
            bar(moved, wanted)

    return progress
