"""What several commands share: progress on stderr, JSON to a file or stdout."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tqdm import tqdm


def add_data(parser: ArgumentParser) -> None:
    """The DATA argument and ``--root``, alike in every command."""
    parser.add_argument(
        "data",
        metavar="DATA",
        help="name of a data set, or a folder of images (sub-folders are classes)",
    )
    add_root(parser)


def add_root(parser: ArgumentParser) -> None:
    """``--root``: where downloaded data lives."""
    parser.add_argument(
        "--root", metavar="DIR", help="where data lives; without it $HYPUML_DATA or ~/.cache/hypuml"
    )


class Bar:
    """A progress bar on stderr that is called with (done, total); silent when not a terminal."""

    def __init__(self, label: str, unit: str = "image") -> None:
        """Nothing is shown before the first call."""
        self._label, self._unit = label, unit
        self._bar: tqdm[Any] | None = None

    def __call__(self, done: int, total: int, figures: dict[str, Any] | None = None) -> None:
        """Move to ``done`` of ``total``, starting a new bar when ``total`` changes."""
        if self._bar is None or self._bar.total != total:
            self.close()
            # A log file wants a line now and then, not a bar redrawn ten times a second.
            calm = 0.1 if sys.stderr.isatty() else 30
            self._bar = tqdm(
                total=total,
                desc=self._label,
                unit=self._unit,
                file=sys.stderr,
                mininterval=calm,
                initial=done,
            )
        self._bar.update(done - self._bar.n)
        if figures:
            self._bar.set_postfix({k: f"{v:.3f}" for k, v in figures.items()}, refresh=False)
        if done >= total:
            self.close()

    def close(self) -> None:
        """Finish the line."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def note(message: str) -> None:
    """Say something on stderr."""
    print(message, file=sys.stderr, flush=True)


def json_writer(target: str | None) -> Callable[[dict[str, Any]], None]:
    """Prepare to write a result as JSON.

    Args:
        target: a file, ``"-"`` for stdout, or None for nothing.

    Raises:
        ValueError: the file's folder does not exist; said before the work starts.
    """
    if target not in (None, "-") and not Path(str(target)).expanduser().parent.is_dir():
        raise ValueError(f"cannot write {target}: its folder does not exist")

    def write(result: dict[str, Any]) -> None:
        if target is None:
            return
        text = json.dumps(result, indent=2, allow_nan=False) + "\n"
        if target == "-":
            sys.stdout.write(text)
        else:
            Path(target).expanduser().write_text(text, encoding="utf-8")

    return write
