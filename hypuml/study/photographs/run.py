"""Running the study on photographs: tuning, seeds, finalists; every finished piece is kept.

An interrupted study continues where it stopped when it is started again with the same folder. One
file per run, so that any number of processes can work at once.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch

from hypuml.checkpoint import CONFIG, HypUML
from hypuml.data.registry import open_dataset
from hypuml.files import write_atomically
from hypuml.study.photographs.plan import SEEDS, VARIANTS, Variant
from hypuml.study.run import one_thread
from hypuml.training import train
from hypuml.training.remembered import raw_views
from hypuml.types import Dataset

Say = Callable[[str], None]
VIEWS = "views"
# Images damaged in each of the ways for a finalist's test figures; the shipped model gets them all.
_DAMAGED = 40


@dataclass(frozen=True)
class Run:
    """One model to train: a variant, the number of its setting, a seed."""

    variant: Variant
    setting: int
    seed: int

    @property
    def name(self) -> str:
        """Name of the result."""
        return f"{self.variant.name}.t{self.setting}.s{self.seed}"


@dataclass(frozen=True)
class Place:
    """Where a study lives, and where its data does.

    Attributes:
        out: folder of the study.
        root: folder of the data; None is the usual one.
        ood: folder of foreign images; None leaves them out.
    """

    out: Path
    root: Path | None
    ood: Path | None


def run_study(
    place: Place, say: Say, workers: int | None = None, variants: Iterable[Variant] = VARIANTS
) -> dict[str, Any]:
    """Run what is missing and return every result.

    Args:
        place: folders.
        say: told what is being done.
        workers: processes; one per core by default.
        variants: rows of the study.

    Returns:
        ``{"rows": [...]}``: per variant its name, fields, setting, and the figures of each seed on
        its validation classes (``validation``) and, for finalists, on the test classes (``test``:
        the reports of :func:`hypuml.evaluation.evaluate`); ``untaught`` is what needs no training
        (:mod:`hypuml.study.photographs.untaught`).
    """
    place.out.mkdir(parents=True, exist_ok=True)
    chosen = list(variants)
    say("views of every training image")
    raw_views(_photographs(place), chosen[0].config(chosen[0].settings[0], 0), place.out / VIEWS)
    count = workers or os.cpu_count() or 1
    # The first run of each seed finds that seed's axes; the others read them.
    first = [Run(chosen[0], 0, seed) for seed in SEEDS]
    tuning = [Run(v, i, SEEDS[0]) for v in chosen for i in range(len(v.settings))]
    _execute(place, [*first, *tuning], count, say, "validation")
    best = {v: _best_setting(place, v) for v in chosen}
    repeats = [Run(v, best[v], seed) for v in chosen for seed in SEEDS]
    _execute(place, repeats, count, say, "validation")
    finalists = finalists_of({v: _validation(place, v, best[v]) for v in chosen})
    tests = [Run(v, best[v], seed) for v in finalists for seed in SEEDS]
    _execute(place, tests, count, say, "test")
    rows = []
    for v in chosen:
        runs = [Run(v, best[v], seed) for seed in SEEDS]
        row: dict[str, Any] = {
            "name": v.name,
            "variant": asdict(v),
            "setting": asdict(v.settings[best[v]]),
            "validation": [_read(place, run, "validation") for run in runs],
        }
        if v in finalists:
            row["test"] = [_read(place, run, "test") for run in runs]
        rows.append(row)
    result = {
        "untaught": _untaught(place, tests[0]),
        "dataset": "flowers102",
        "images": len(_photographs(place).items),
        "rows": rows,
        "seeds": list(SEEDS),
        "torch": torch.__version__,
        "hardware": f"CPU ({platform.machine()}, {os.cpu_count()} cores)",
        "finished": datetime.now(UTC).date().isoformat(),
    }
    write_atomically(place.out / "study.json", (json.dumps(result, indent=1) + "\n").encode())
    return result


def finalists_of(validation: dict[Variant, float]) -> list[Variant]:
    """The variants whose test figures are read: the best of each kind by validation Recall@1.

    Kinds: each loss of ours, each baseline, each twin, the untrained head, each loss from pixels.
    Dimensions, like the grid and the remedies, are compared on validation classes alone.
    """
    best: dict[tuple[str, ...], Variant] = {}
    for variant, value in validation.items():
        kind = _kind(variant)
        if kind is not None and (kind not in best or value > validation[best[kind]]):
            best[kind] = variant
    return list(best.values())


def _kind(variant: Variant) -> tuple[str, ...] | None:
    if variant.group in ("grid", "remedy", "dimension"):
        return None
    return (variant.group, variant.geometry, variant.loss, str(variant.untrained))


@cache
def _photographs(place: Place) -> Dataset:
    return open_dataset("flowers102", place.root)


def _execute(place: Place, runs: list[Run], workers: int, say: Say, phase: str) -> None:
    (place.out / phase).mkdir(exist_ok=True)
    missing = [run for run in dict.fromkeys(runs) if not _file(place, run, phase).exists()]
    if not missing:
        return
    say(f"{phase}: {len(missing)} runs")
    if workers == 1:
        for run in missing:
            _work(place, run, phase)
        return
    with ProcessPoolExecutor(workers, get_context("spawn"), one_thread) as pool:
        jobs = [pool.submit(_work, place, run, phase) for run in missing]
        for number, job in enumerate(jobs):
            job.result()
            if (number + 1) % 20 == 0:
                say(f"{phase}: {number + 1} of {len(missing)}")


def _work(place: Place, run: Run, phase: str) -> None:
    """Train one model and write its figures: on validation classes, or on the test classes."""
    if phase == "validation":
        with tempfile.TemporaryDirectory(dir=place.out) as scratch:
            _train(place, run, Path(scratch) / "run", afterwards=False)
            log = json.loads((Path(scratch) / "run" / "training.json").read_text(encoding="utf-8"))
        figures: dict[str, Any] = log["history"][-1]
    else:
        folder = place.out / "models" / run.name
        if not (folder / CONFIG).exists():
            shutil.rmtree(folder, ignore_errors=True)
            _train(place, run, folder)
        # Imported here: search needs faiss, which training does without.
        from hypuml.evaluation import measure

        ood = None if place.ood is None else open_dataset(place.ood)
        model = HypUML.from_pretrained(folder)
        found = measure(model, _photographs(place), ood=ood, most_degraded=_DAMAGED)
        figures = found.result | {"risk_coverage": _thinned(found.curves["risk_coverage"])}
    write_atomically(_file(place, run, phase), json.dumps(figures).encode())


def _untaught(place: Place, run: Run) -> dict[str, float]:
    from hypuml.study.photographs.untaught import untaught

    file = place.out / "untaught.json"
    if not file.exists():
        model = HypUML.from_pretrained(place.out / "models" / run.name)
        write_atomically(file, json.dumps(untaught(_photographs(place), model)).encode())
    found: dict[str, float] = json.loads(file.read_text(encoding="utf-8"))
    return found


def _thinned(curves: dict[str, list[float]]) -> dict[str, list[float]]:
    """Every fifth point of curves that end at full coverage, rounded to what can be seen."""
    return {name: [round(x, 4) for x in values[::-5][::-1]] for name, values in curves.items()}


def _train(place: Place, run: Run, out: Path, afterwards: bool = True) -> None:
    config = run.variant.config(run.variant.settings[run.setting], run.seed)
    train(_photographs(place), out, config, views=place.out / VIEWS, afterwards=afterwards)


def _file(place: Place, run: Run, phase: str) -> Path:
    return place.out / phase / f"{run.name}.json"


def _read(place: Place, run: Run, phase: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_file(place, run, phase).read_text(encoding="utf-8"))
    return found


def _best_setting(place: Place, variant: Variant) -> int:
    runs = [Run(variant, i, SEEDS[0]) for i in range(len(variant.settings))]
    return int(np.argmax([_read(place, run, "validation")["recall@1"] for run in runs]))


def _validation(place: Place, variant: Variant, setting: int) -> float:
    """Mean validation Recall@1 over the seeds."""
    runs = [Run(variant, setting, seed) for seed in SEEDS]
    return float(np.mean([_read(place, run, "validation")["recall@1"] for run in runs]))
