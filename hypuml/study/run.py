"""Running the study: backbone, features, heads, finalists; every finished piece is kept.

An interrupted study continues where it stopped when it is started again with the same folder. One
file per run, so that any number of processes can work at once.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch

from hypuml.checkpoint import CONFIG, HypUML
from hypuml.data.garden import GardenDataset
from hypuml.files import write_atomically
from hypuml.study.cached import Features, cached_features
from hypuml.study.gardens import (
    HEAD_GARDENS,
    TEST_GARDEN,
    backbone_garden,
    head_garden,
    roles,
)
from hypuml.study.heads import measure, recall_at_1, train_head
from hypuml.study.plan import SEEDS, VARIANTS, Variant
from hypuml.training import TrainConfig, train
from hypuml.training.recipes import recipe
from hypuml.training.state import has_state
from hypuml.types import indices_of

Say = Callable[[str], None]

# The backbone learns with the parent's loss: it must not have been taught an uncertainty.
BACKBONE = replace(
    recipe("garden"),
    model=replace(recipe("garden").model, diameter=4.0, image_size=48),
    loss="parent",
    temperature=0.2,
    calibration=0.0,
    validation_classes=0.0,
    calibration_classes=0.0,
    # As it was when the study was run: the recipe may change, the study's backbone may not.
    classes_per_batch=64,
    ambiguous_share=0.06,
    steps=1000,
    eval_every=1000,
)


@dataclass(frozen=True)
class Run:
    """One head to train: a variant, the number of its setting, a seed."""

    variant: Variant
    setting: int
    seed: int

    @property
    def file(self) -> str:
        """Name of the result file."""
        return f"{self.variant.name}.t{self.setting}.s{self.seed}.json"


def run_study(
    out: Path,
    say: Say,
    workers: int | None = None,
    variants: Iterable[Variant] = VARIANTS,
    backbone: TrainConfig = BACKBONE,
) -> dict[str, Any]:
    """Run what is missing and return every result.

    Args:
        out: folder of the study; created if missing.
        say: told what is being done.
        workers: processes that train heads; one per core by default.
        variants: rows of the study.
        backbone: how the backbone is trained.

    Returns:
        ``{"rows": [...]}``: per variant its name, fields, setting, and the figures of each seed on
        its validation garden (``validation``) and, for finalists, on the test classes (``test``).

    Raises:
        ValueError: ``out`` holds a study with another backbone.
    """
    out.mkdir(parents=True, exist_ok=True)
    chosen = list(variants)
    _backbone(out, backbone, say)
    _features(out, say)
    count = workers or os.cpu_count() or 1
    tuning = [Run(v, i, SEEDS[0]) for v in chosen for i in range(len(v.settings))]
    _execute(out, tuning, count, say, "tuning")
    best = {v: _best_setting(out, v) for v in chosen}
    repeats = [Run(v, best[v], seed) for v in chosen for seed in SEEDS]
    _execute(out, repeats, count, say, "validation")
    finalists = finalists_of({v: _validation(out, v, best[v]) for v in chosen})
    tests = [Run(v, best[v], seed) for v in finalists for seed in SEEDS]
    _execute(out, tests, count, say, "test")
    rows = []
    for v in chosen:
        runs = [Run(v, best[v], seed) for seed in SEEDS]
        row: dict[str, Any] = {
            "name": v.name,
            "variant": asdict(v),
            "setting": asdict(v.settings[best[v]]),
            "validation": [_read(out, run, "validation") for run in runs],
        }
        if v in finalists:
            row["test"] = [_read(out, run, "test") for run in runs]
        rows.append(row)
    result = {"rows": rows, "torch": torch.__version__, "seeds": list(SEEDS)}
    write_atomically(out / "study.json", (json.dumps(result, indent=1) + "\n").encode())
    return result


def finalists_of(validation: dict[Variant, float]) -> list[Variant]:
    """The variants whose test figures are read: the best of each kind by validation Recall@1.

    Kinds: each loss of ours with and without calibration, each baseline, each twin.
    """
    best: dict[tuple[str, ...], Variant] = {}
    for variant, value in validation.items():
        kind = (variant.geometry, variant.loss, str(variant.calibration > 0), variant.uncertainty)
        if kind not in best or value > validation[best[kind]]:
            best[kind] = variant
    return list(best.values())


def _backbone(out: Path, config: TrainConfig, say: Say) -> None:
    folder = out / "backbone"
    if (folder / CONFIG).exists() and not has_state(folder):
        trained = json.loads((folder / "training.json").read_text(encoding="utf-8"))["config"]
        wanted = json.loads(json.dumps(asdict(config)))
        if any(trained.get(key) != value for key, value in wanted.items()):
            raise ValueError(f"{folder} was trained with other options; choose another folder")
        return
    say("training the backbone on gardens of its own")
    train(backbone_garden(), folder, config, resume=has_state(folder))


def _features(out: Path, say: Say) -> None:
    names = [*HEAD_GARDENS, TEST_GARDEN]
    missing = [name for name in names if not _feature_file(out, name).exists()]
    if missing:
        model = HypUML.from_pretrained(out / "backbone")
        for name in missing:
            say(f"garden {name} through the backbone")
            _open(out, name, model)


def _feature_file(out: Path, name: int) -> Path:
    return out / f"features-{name}.safetensors"


def _open(out: Path, name: int, model: HypUML) -> Features:
    if name == TEST_GARDEN:
        dataset, split = GardenDataset(), "unseen"
    else:
        dataset, split = head_garden(name), "seen"
    return cached_features(
        _feature_file(out, name), model, dataset, indices_of(dataset, split), seed=name
    )


@cache
def _gardens(out: Path) -> tuple[list[Features], Features]:
    """Features of the heads' gardens and of the test garden; once per process."""
    model = HypUML.from_pretrained(out / "backbone")
    return [_open(out, name, model) for name in HEAD_GARDENS], _open(out, TEST_GARDEN, model)


def _execute(out: Path, runs: list[Run], workers: int, say: Say, phase: str) -> None:
    (out / phase).mkdir(exist_ok=True)
    missing = [run for run in dict.fromkeys(runs) if not (out / phase / run.file).exists()]
    if not missing:
        return
    say(f"{phase}: {len(missing)} heads to train")
    if workers == 1:
        for run in missing:
            _work(out, run, phase)
        return
    with ProcessPoolExecutor(workers, get_context("spawn"), one_thread) as pool:
        jobs = [pool.submit(_work, out, run, phase) for run in missing]
        for number, job in enumerate(jobs):
            job.result()
            if (number + 1) % 20 == 0:
                say(f"{phase}: {number + 1} of {len(missing)}")


def one_thread() -> None:
    """Start a worker process: NumPy and torch use one thread each."""
    # Processes share the cores already; threads of theirs would only wait for each other.
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)
    torch.set_num_threads(1)


def _work(out: Path, run: Run, phase: str) -> None:
    """Train one head and write its figures: on the validation garden, or on the test classes."""
    gardens, unseen = _gardens(out)
    part = roles(run.seed)
    head = train_head(gardens, part, run.variant, run.variant.settings[run.setting], run.seed)
    target = unseen if phase == "test" else gardens[part.validation]
    if phase == "tuning":
        figures: dict[str, Any] = {"recall@1": recall_at_1(head, target)}
    else:
        figures = measure(head, target, gardens[part.calibration])
    write_atomically(out / phase / run.file, json.dumps(figures).encode())


def _read(out: Path, run: Run, phase: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / phase / run.file).read_text(encoding="utf-8"))
    return found


def _best_setting(out: Path, variant: Variant) -> int:
    runs = [Run(variant, i, SEEDS[0]) for i in range(len(variant.settings))]
    recall = [_read(out, run, "tuning")["recall@1"] for run in runs]
    return int(np.argmax(recall))


def _validation(out: Path, variant: Variant, setting: int) -> float:
    """Mean validation Recall@1 over the seeds."""
    runs = [Run(variant, setting, seed) for seed in SEEDS]
    return float(np.mean([_read(out, run, "validation")["recall@1"] for run in runs]))
