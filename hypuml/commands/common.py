"""What several commands share: one-line errors, progress on stderr, JSON to a file or stdout."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from tqdm import tqdm

from hypuml.files import write_atomically
from hypuml.types import Dataset


def fail(message: str) -> NoReturn:
    """Report a user's error in one line on stderr and exit with code 2."""
    print("error: " + " ".join(str(message).split()), file=sys.stderr)
    raise SystemExit(2)


class Bar:
    """A progress bar on stderr that is called with (done, total).

    Redrawn in place in a terminal; a line now and then in a log file.
    """

    def __init__(self, label: str, unit: str = "image") -> None:
        """Nothing is shown before the first call."""
        self._label, self._unit = label, unit
        self._bar: tqdm[Any] | None = None

    def __call__(
        self, done: int, total: int, phase: str = "", metrics: Mapping[str, Any] | None = None
    ) -> None:
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
        if metrics:
            self._bar.set_postfix({k: f"{v:.3f}" for k, v in metrics.items()}, refresh=False)
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


def report_left_out(dataset: Dataset, unreadable: Mapping[str, str]) -> None:
    """List on stderr what could not be read, and the links and closed folders not entered."""
    for name, reason in {**getattr(dataset, "skipped", {}), **unreadable}.items():
        note(f"left out {name!r}: {reason}")


def json_writer(target: str | None) -> Callable[[dict[str, Any]], None]:
    """Prepare to write a result as JSON.

    Args:
        target: a file, which is replaced whole, ``"-"`` for stdout, or None for nothing.

    Raises:
        ValueError: the file cannot be written; raised before the work starts.
    """
    path = None if target in (None, "-") else Path(str(target)).expanduser()
    if path is not None:
        if not path.parent.is_dir():
            raise ValueError(f"cannot write {target}: its folder does not exist")
        if path.is_dir():
            raise ValueError(f"cannot write {target}: it is a folder, expected a file")
        if not os.access(path if path.exists() else path.parent, os.W_OK):
            raise ValueError(f"cannot write {target}: no permission")

    def write(result: dict[str, Any]) -> None:
        text = json.dumps(result, indent=2, allow_nan=False) + "\n"
        if target == "-":
            sys.stdout.write(text)
        elif path is not None:
            write_atomically(path, text.encode())

    return write
