"""Getting a data set's pictures in the background: one download per process, whoever asked for it.

A page is drawn anew with every click and may be closed at any time; the download goes on, and every
session sees how far it is. What has arrived when it is stopped is continued by the next start
(`hypuml.data.registry.download` sees to that).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import Literal

from app import resources
from hypuml.data import registry

Phase = Literal["idle", "running", "stopping", "failed", "done"]


@dataclass(frozen=True)
class Progress:
    """How far a download is.

    Attributes:
        phase: "stopping" until it has noticed that it is to stop, "idle" before and after.
        done: bytes that have arrived.
        total: bytes in all; 0 while that is not known.
        problem: why it failed, as one sentence; empty when it has not.
    """

    phase: Phase = "idle"
    done: int = 0
    total: int = 0
    problem: str = ""

    @property
    def under_way(self) -> bool:
        """Whether a thread is at it."""
        return self.phase in ("running", "stopping")


class _StoppedError(Exception):
    """Raised inside a download that is to stop."""


class Download:
    """The pictures of one data set. Safe between threads."""

    def __init__(self, name: str) -> None:
        """Get ``name``, a data set of the registry, once `start` is called."""
        self.name = name
        self._now = Progress()
        self._lock = threading.Lock()

    @property
    def now(self) -> Progress:
        """How far it is."""
        with self._lock:
            return self._now

    def start(self) -> None:
        """Begin or continue in the background; nothing happens when it is under way."""
        with self._lock:
            if self._now.under_way:
                return
            self._now = Progress("running")
        threading.Thread(target=self._run, name=f"download {self.name}", daemon=True).start()

    def stop(self) -> None:
        """Ask it to stop, which it does with the next bytes that arrive."""
        with self._lock:
            if self._now.phase == "running":
                self._now = replace(self._now, phase="stopping")

    def _run(self) -> None:
        try:
            registry.download(self.name, progress=self._note)
        except Exception as error:  # whatever it was: without a word the bar would stand still
            with self._lock:
                stopped = self._now.phase == "stopping"
                self._now = Progress() if stopped else Progress("failed", problem=_says(error))
            return
        for entry in resources.shelf.entries():
            if entry.gallery is not None and entry.gallery.name == self.name:
                entry.gallery.refresh()
        with self._lock:
            self._now = Progress("done")

    def _note(self, done: int, total: int) -> None:
        with self._lock:
            if self._now.phase == "stopping":
                raise _StoppedError
            self._now = Progress("running", done, total)


def _says(error: Exception) -> str:
    """An error in words; of one nobody expected, at least what it is."""
    text = (error.strerror if isinstance(error, OSError) else "") or str(error)
    return text if isinstance(error, ValueError | OSError) else f"{type(error).__name__} ({text})"


_downloads: dict[str, Download] = {}
_lock = threading.Lock()


def download(name: str) -> Download:
    """The download of a data set, the same one for all sessions."""
    with _lock:
        return _downloads.setdefault(name, Download(name))


def obtainable(name: str) -> bool:
    """Whether the registry knows where to get a data set."""
    entry = registry.DATASETS.get(name)
    return entry is not None and entry.download is not None
