"""Comparisons, made in the background and kept: of two galleries, or with another checkpoint.

No Streamlit. A job is found again by what it compares (the gallery's version, and the other's
version or the sha256 of the checkpoint's weights), so that every session sees the same one. Where a
checkpoint needs torch to look at pictures, that runs in a process of its own.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.parts.models import records
from app.resources import Entry
from hypuml.gallery import Gallery
from hypuml.gallery.model_ref import WEIGHTS, sha256_of
from hypuml.types import FloatArray, IntArray

if TYPE_CHECKING:
    from hypuml.evaluation.compare import Comparison, Side
    from hypuml.models.embedder import Embedder

ENOUGH = 0.9  # share of the images that both have to know
_BATCH = 64
_KEPT = 6

Key = tuple[str, str]


@dataclass(frozen=True, eq=False)
class Outcome:
    """A finished comparison.

    Attributes:
        comparison: its rows count the images that both know.
        rows: ``[M]`` gallery row of each of those images.
        total: images in the gallery.
    """

    comparison: Comparison
    rows: IntArray
    total: int


@dataclass(eq=False)
class Job:
    """A comparison under way or finished.

    Attributes:
        doing: what it is at, in words.
        done: pictures looked at.
        total: pictures to look at; 0 where none have to be.
        outcome: what came of it.
        problem: why nothing came of it; one sentence.
        finished: set when there is one or the other.
        stop: set to give up.
    """

    doing: str = "Starting"
    done: int = 0
    total: int = 0
    outcome: Outcome | None = None
    problem: str = ""
    finished: threading.Event = field(default_factory=threading.Event)
    stop: threading.Event = field(default_factory=threading.Event)


_jobs: dict[Key, Job] = {}
_lock = threading.Lock()


def start(key: Key, work: Callable[[Job], Outcome]) -> Job:
    """The job of this key, started unless it was already."""
    with _lock:
        if key in _jobs and not _jobs[key].stop.is_set():
            return _jobs[key]
        finished = [one for one, job in _jobs.items() if job.finished.is_set()]
        for old in finished[: max(0, len(_jobs) - _KEPT + 1)]:  # the oldest first
            del _jobs[old]
        job = _jobs[key] = Job()
    threading.Thread(target=_run, args=(job, work), name="comparison", daemon=True).start()
    return job


def _run(job: Job, work: Callable[[Job], Outcome]) -> None:
    try:
        job.outcome = work(job)
    except (ValueError, OSError) as error:
        job.problem = str(error)
    except Exception as error:  # whoever waits for the job must hear of it, whatever it was
        logging.getLogger(__name__).exception("a comparison failed")
        job.problem = f"The comparison failed ({type(error).__name__}: {error})."
    finally:
        job.finished.set()


def share_in_common(first: Gallery, second: Gallery) -> float:
    """Share of the larger gallery's images that both have, by id."""
    both = len(set(first.ids) & set(second.ids))
    return both / max(len(first), len(second), 1)


def with_gallery(entry: Entry, other: Entry) -> Job:
    """Compare two galleries of the same images, on those they have in common."""
    mine, theirs = entry.gallery, other.gallery
    assert mine is not None  # only open galleries are offered
    assert theirs is not None

    def work(job: Job) -> Outcome:
        from hypuml.evaluation.compare import common_rows

        job.doing = "Comparing every answer"
        rows, others = common_rows(mine.ids, theirs.ids)
        a = side(mine, entry.key, rows)
        b = side(theirs, other.key, others)
        return _outcome(a, b, mine, rows)

    return start((entry.version, other.version), work)


def with_checkpoint(entry: Entry, folder: Path) -> Job:
    """Let another checkpoint look at the gallery's originals, and compare.

    Raises:
        ValueError: there is no checkpoint; one sentence.
    """
    gallery = entry.gallery
    assert gallery is not None  # only open galleries are offered
    sha = weights_of(folder)
    if sha == gallery.manifest["model"].get("sha256"):
        raise ValueError("This is the model that made the gallery: there is nothing to compare.")

    def work(job: Job) -> Outcome:
        return _looked_at(job, entry.key, gallery, folder)

    return start((entry.version, sha), work)


def weights_of(folder: Path) -> str:
    """Hex sha256 of a checkpoint's weights.

    Raises:
        ValueError: there is no checkpoint; one sentence.
    """
    path = folder / WEIGHTS
    if not path.is_file() or not (folder / "config.json").is_file():
        raise ValueError(
            f"There is no checkpoint in {folder}: expected a folder with config.json and "
            f"{WEIGHTS}, made by python -m hypuml train DATA --out DIR."
        )
    try:
        state = path.stat()
        return _sha(path, state.st_mtime_ns, state.st_size)
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({error.strerror}).") from None


@lru_cache(maxsize=32)
def _sha(path: Path, changed: int, size: int) -> str:
    return sha256_of(path)


def _looked_at(job: Job, name: str, gallery: Gallery, folder: Path) -> Outcome:
    job.doing, job.total = "Loading the model", len(gallery)
    from hypuml.models.loading import load_model

    # One thread: clicks want the others.
    with closing(load_model(folder, threads=1, apart=True)) as model:
        kept, points, u = _embedded(job, gallery, model)
    job.doing, job.done = "Comparing every answer", len(gallery)
    from hypuml.evaluation.compare import Side

    other = Side(
        _other_name(folder.name, name),
        points,
        u,
        model.curvature,
        model.confidence,
        records.read_folder(folder).bound,
    )
    return _outcome(side(gallery, name, kept), other, gallery, kept)


def _embedded(
    job: Job, gallery: Gallery, model: Embedder
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Rows of the originals that are there, and points and u of these.

    Raises:
        ValueError: too few are there, or somebody has stopped it.
    """
    size = model.config.image_size
    kept: list[int] = []
    points: list[FloatArray] = []
    u: list[FloatArray] = []
    for start_row in range(0, len(gallery), _BATCH):
        if job.stop.is_set():
            raise ValueError("Stopped.")
        job.doing, job.done = "Looking at the pictures", start_row
        batch = range(start_row, min(start_row + _BATCH, len(gallery)))
        pictures = [(row, gallery.original(row, size)) for row in batch]
        there = [(row, picture) for row, picture in pictures if picture is not None]
        if there:
            found = model.embed([picture for _, picture in there])
            kept += [row for row, _ in there]
            points.append(found.points)
            u.append(found.uncertainty)
    if len(kept) < ENOUGH * len(gallery):
        raise ValueError(
            f"Only {len(kept):,} of {len(gallery):,} originals are on this machine, and a "
            "comparison needs 90 %: put the pictures back where they were, or build a gallery with "
            "the other checkpoint."
        )
    return np.asarray(kept, dtype=np.int64), np.concatenate(points), np.concatenate(u)


def _other_name(name: str, taken: str) -> str:
    return name if name != taken else f"{name} (the other)"


def side(gallery: Gallery, name: str, rows: IntArray) -> Side:
    """A gallery's view of some of its images."""
    from hypuml.evaluation.compare import Side

    return Side(
        name,
        gallery.points[rows],
        gallery.uncertainty[rows],
        gallery.curvature,
        gallery.confidence,
        records.records(gallery).bound,
    )


def _outcome(a: Side, b: Side, gallery: Gallery, rows: IntArray) -> Outcome:
    from hypuml.evaluation.compare import compare

    found = compare(a, b, [gallery.paths[row] for row in rows])
    return Outcome(found, rows, len(gallery))
