"""The only background runner: work that outlives the click that began it.

A page is drawn anew with every click and may be closed at any time; a job goes on, and every
session that looks for it under its key sees the same one.
"""

from __future__ import annotations

import atexit
import logging
import threading
import time
from collections.abc import Callable, Hashable, Mapping
from typing import Any, Generic, Literal, TypeVar
from weakref import WeakSet

T = TypeVar("T")
State = Literal["running", "stopping", "stopped", "failed", "done"]


_PATIENCE = 5.0  # seconds that the end of the program waits for jobs under way


class StoppedError(Exception):
    """Raised inside a job that is to stop."""


class Job(Generic[T]):
    """One piece of work, in a thread of its own. Safe between threads.

    Attributes:
        name: what it is, for logs.
        phase: what it is at, in words.
        done: how much is done.
        total: how much there is to do; 0 while that is not known.
        outcome: what came of it; None before, and where nothing came of it.
        problem: why nothing came of it, as one sentence.
        finished: set when it is at an end, whatever came of it.
    """

    def __init__(self, name: str, work: Callable[[Job[T]], T], delay: float = 0.0) -> None:
        """Begin at once.

        Args:
            name: of the job.
            work: gets the job, to report to, and returns the outcome. A ``ValueError`` or
                ``OSError`` is a sentence for the user; every other error is also logged.
            delay: seconds to wait first.
        """
        self.name, self.phase = name, ""
        self.done, self.total = 0, 0
        self.outcome: T | None = None
        self.problem = ""
        self.finished = threading.Event()
        self._stop = threading.Event()
        self._work, self._delay = work, delay
        _jobs.add(self)
        threading.Thread(target=self._run, name=name, daemon=True).start()

    @property
    def state(self) -> State:
        """Where it stands; "stopping" from `stop` until its next report."""
        if not self.finished.is_set():
            return "stopping" if self._stop.is_set() else "running"
        if self.problem:
            return "failed"
        return "stopped" if self._stop.is_set() and self.outcome is None else "done"

    def stop(self) -> None:
        """Let it end with its next report."""
        self._stop.set()

    def report(
        self, done: int, total: int, phase: str = "", metrics: Mapping[str, Any] | None = None
    ) -> None:
        """Note how far it is (a `hypuml.types.Progress`).

        Raises:
            StoppedError: it is to stop.
        """
        if self._stop.is_set():
            raise StoppedError
        self.done, self.total, self.phase = done, total, phase or self.phase

    def _run(self) -> None:
        try:
            if not self._stop.wait(self._delay):
                self.outcome = self._work(self)
        except StoppedError:
            pass
        except Exception as error:  # whatever it was: without a word a page would wait for ever
            text = (error.strerror if isinstance(error, OSError) else "") or str(error)
            if not isinstance(error, ValueError | OSError):
                logging.getLogger(__name__).exception("%s failed", self.name)
                text = f"{type(error).__name__} ({text})"
            self.problem = "" if self._stop.is_set() else text or type(error).__name__
        finally:
            self.finished.set()


_jobs: WeakSet[Job[Any]] = WeakSet()


@atexit.register
def _end() -> None:
    """Stop every job: a library's native threads must not outlive the interpreter."""
    until = time.monotonic() + _PATIENCE
    under_way = [job for job in list(_jobs) if not job.finished.is_set()]
    for job in under_way:
        job.stop()
    for job in under_way:
        job.finished.wait(max(0.0, until - time.monotonic()))


class Jobs(Generic[T]):
    """Jobs of one kind by key, the same ones for all sessions. Safe between threads."""

    def __init__(self, name: str, most: int = 64) -> None:
        """Keep at most ``most`` jobs and those under way; the oldest finished ones go first."""
        self._name, self._most = name, most
        self._jobs: dict[Hashable, Job[T]] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Job[T] | None:
        """The job of this key that was started last, or None."""
        with self._lock:
            return self._jobs.get(key)

    def start(
        self, key: Hashable, work: Callable[[Job[T]], T], again: bool = False, delay: float = 0.0
    ) -> Job[T]:
        """The job of this key.

        Args:
            key: what it is found by.
            work: see `Job`.
            again: start anew also where one is finished; a stopped one always is.
            delay: seconds to wait before a new one begins.
        """
        with self._lock:
            known = self._jobs.get(key)
            if known and (not known.finished.is_set() or (known.state != "stopped" and not again)):
                return known
            self._jobs.pop(key, None)  # a new one is the youngest
            finished = [one for one, job in self._jobs.items() if job.finished.is_set()]
            for old in finished[: max(0, len(self._jobs) - self._most + 1)]:
                del self._jobs[old]
            job = self._jobs[key] = Job(f"{self._name} {key}", work, delay)
            return job

    def all(self) -> list[Job[T]]:
        """Every job that is kept, the oldest first."""
        with self._lock:
            return list(self._jobs.values())
