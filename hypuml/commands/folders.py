"""DATA of a command: a data set by name, or a folder with options, whose layout is reported."""

from __future__ import annotations

from typing import Annotated

from tyro.conf import arg

from hypuml.commands.common import note
from hypuml.data.folder import FolderOptions
from hypuml.data.registry import open_dataset
from hypuml.types import Dataset

Folder = Annotated[FolderOptions, arg(name="")]


def open_data(name: str, root: str | None, options: FolderOptions) -> Dataset:
    """Open a data set or a folder.

    Args:
        name: DATA of the command.
        root: where downloaded data lives.
        options: how a folder is read.

    Raises:
        ValueError: no such data set, no folder of images, or options for a data set by name.
    """
    return open_dataset(name, root, None if options == FolderOptions() else options)


def report_layout(dataset: Dataset) -> None:
    """List on stderr what lies in a folder and what was assumed of it; nothing for a data set."""
    report = getattr(dataset, "report", None)
    for line in report.lines if report else ():
        note(line)
