"""What studies run on: many small runs, one result file each, so that nothing is done twice.

An interrupted study continues where it stopped when it is started again with the same folder, and
any number of processes can work at once. Settings are chosen on the first seed, finalists by the
mean validation Recall@1 of all of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from hypuml.experiments.study.variants import Variant
from hypuml.files import write_atomically
from hypuml.losses import LossConfig

Log = Callable[[str], None]
Row = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """One thing to train: a variant, the number of its setting, a seed."""

    variant: Variant
    setting: int
    seed: int

    @property
    def name(self) -> str:
        """Name of the result."""
        return f"{self.variant.name}.t{self.setting}.s{self.seed}"

    @property
    def file(self) -> str:
        """Name of the result file."""
        return f"{self.name}.json"


@dataclass(frozen=True)
class Results:
    """Result files below one folder, a sub-folder for each phase.

    Attributes:
        folder: of the study.
        settings: what a variant is tuned over.
        seeds: of the runs; settings are chosen on the first one.
    """

    folder: Path
    settings: Callable[[Variant], tuple[LossConfig, ...]]
    seeds: tuple[int, ...]

    def read(self, run: Run, phase: str) -> Row:
        """The figures of a finished run."""
        path = self.folder / phase / run.file
        found: Row = json.loads(path.read_text(encoding="utf-8"))
        return found

    def write(self, run: Run, phase: str, figures: Row) -> None:
        """Keep the figures of a run."""
        write_atomically(self.folder / phase / run.file, json.dumps(figures).encode())

    def execute(
        self,
        runs: Iterable[Run],
        phase: str,
        work: Callable[[Run, str], None],
        workers: int,
        log: Log,
    ) -> None:
        """Do the runs that have no result yet.

        Args:
            runs: all that are wanted; repeats count once.
            phase: name of their sub-folder.
            work: does one run and writes its result; it has to be picklable.
            workers: processes; 1 works in this one.
            log: called with how far it is.
        """
        folder = self.folder / phase
        folder.mkdir(exist_ok=True)
        missing = [run for run in dict.fromkeys(runs) if not (folder / run.file).exists()]
        if not missing:
            return
        log(f"{phase}: {len(missing)} runs")
        if workers == 1:
            for run in missing:
                work(run, phase)
            return
        with ProcessPoolExecutor(workers, get_context("spawn"), _one_thread) as pool:
            jobs = [pool.submit(work, run, phase) for run in missing]
            for number, job in enumerate(jobs):
                job.result()
                if (number + 1) % 20 == 0:
                    log(f"{phase}: {number + 1} of {len(missing)}")

    def tuning(self, variants: Iterable[Variant]) -> list[Run]:
        """Every setting of every variant on the first seed."""
        return [Run(v, i, self.seeds[0]) for v in variants for i in range(len(self.settings(v)))]

    def repeats(self, best: Mapping[Variant, int]) -> list[Run]:
        """Every variant at its best setting on every seed."""
        return [Run(v, setting, seed) for v, setting in best.items() for seed in self.seeds]

    def best_setting(self, variant: Variant) -> int:
        """The setting with the best validation Recall@1 among the tuning runs."""
        recall = [self.read(run, "validation")["recall@1"] for run in self.tuning([variant])]
        return int(np.argmax(recall))

    def validation(self, best: Mapping[Variant, int]) -> dict[Variant, float]:
        """Mean validation Recall@1 of each variant over the seeds."""
        return {
            v: float(
                np.mean(
                    [self.read(r, "validation")["recall@1"] for r in self.repeats({v: best[v]})]
                )
            )
            for v in best
        }

    def rows(self, best: Mapping[Variant, int], finalists: Sequence[Variant]) -> list[Row]:
        """Per variant its name, options, setting and figures; ``test`` for finalists alone."""
        found = []
        for v, setting in best.items():
            runs = self.repeats({v: setting})
            row: Row = {
                "name": v.name,
                "variant": asdict(v),
                "setting": asdict(self.settings(v)[setting]),
                "validation": [self.read(run, "validation") for run in runs],
            }
            if v in finalists:
                row["test"] = [self.read(run, "test") for run in runs]
            found.append(row)
        return found


def best_of_each(
    values: Mapping[Variant, float], kind: Callable[[Variant], Hashable]
) -> list[Variant]:
    """The variant of the largest value of each kind; those whose kind is None stay out."""
    best: dict[Hashable, Variant] = {}
    for variant, value in values.items():
        key = kind(variant)
        if key is not None and (key not in best or value > values[best[key]]):
            best[key] = variant
    return list(best.values())


def _one_thread() -> None:
    # Processes share the cores already; threads of theirs would only wait for each other.
    threadpool_limits(1)
    torch.set_num_threads(1)
