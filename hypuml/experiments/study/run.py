"""Running a study: tuning, seeds, finalists; every finished piece is kept.

Protocol: every variant is tried at the settings of its one sharp knob (temperature, or the pair of
margins) on one seed; the setting with the best validation Recall@1 is then run on every seed, and
of each kind of variant the best by validation Recall@1 is measured on the test classes. Baselines
are tuned over as many settings as ours. The seed also changes the split of the classes.

How runs are kept and chosen from stands in :mod:`hypuml.experiments.study.running`.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
from collections.abc import Callable, Hashable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch

from hypuml.data.registry import open_dataset
from hypuml.evaluation import measure
from hypuml.experiments.study import heads, shown
from hypuml.experiments.study.running import Log, Results, Run, best_of_each
from hypuml.experiments.study.variants import Variant
from hypuml.files import write_atomically
from hypuml.losses import LossConfig
from hypuml.models.files import CONFIG
from hypuml.models.hypuml import HypUML
from hypuml.training import TrainConfig, Trainer, train
from hypuml.training.cached_features import raw_views
from hypuml.training.setup import starting_model
from hypuml.training.state import has_state
from hypuml.types import Dataset

VIEWS, BACKBONE = "views", "backbone"
# Images damaged in each of the ways for a finalist's test figures; a shipped model gets them all.
_DAMAGED = 40

Data = Callable[[Path | None], Dataset]


@dataclass(frozen=True)
class Study:
    """What is compared, and on what; the functions belong to a module, so that processes find them.

    Attributes:
        trained_on: opens the data set of training and validation, given where data lies.
        shown: opens the data set whose unseen classes finalists are tested on.
        own: configuration that variants are taken from.
        variants: rows of the study.
        settings: what a variant is tuned over.
        kind: of each kind the best variant is a finalist; None is none.
        backbone: data set and configuration of a backbone that is trained once for all variants.
        heads_only: whether the backbone stays as it came, so that runs are heads on features that
            are computed once (:mod:`.heads`), and images are shown undamaged alone.
        seeds: of the runs.
    """

    trained_on: Data
    shown: Data
    own: TrainConfig
    variants: tuple[Variant, ...]
    settings: Callable[[Variant], tuple[LossConfig, ...]]
    kind: Callable[[Variant], Hashable]
    backbone: tuple[Data, TrainConfig] | None = None
    heads_only: bool = False
    seeds: tuple[int, ...] = (0, 1, 2)

    def results(self, folder: Path) -> Results:
        """Where the results of a study in ``folder`` are kept."""
        return Results(folder, self.settings, self.seeds)


@dataclass(frozen=True)
class Place:
    """Where a study lives, and where its data does.

    Attributes:
        out: folder of the study.
        root: folder of the data; None is the usual one.
        ood: folder of foreign images; None leaves them out.
    """

    out: Path
    root: Path | None = None
    ood: Path | None = None


def run_study(study: Study, place: Place, log: Log, workers: int | None = None) -> dict[str, Any]:
    """Run what is missing and return every result.

    Args:
        study: what is compared.
        place: folders; that of the study is created if missing.
        log: called with what is being done.
        workers: processes; one per core by default.

    Returns:
        ``{"rows": [...]}``: per variant its name, fields, setting, and the figures of each seed on
        its validation classes (``validation``: the last entry of the run's history) and, for
        finalists, on the test classes (``test``: reports of :func:`hypuml.evaluation.evaluate`).
        ``untaught`` is what needs no training, where the backbone stays as it came.

    Raises:
        ValueError: the folder holds a study with another backbone.
    """
    place.out.mkdir(parents=True, exist_ok=True)
    _train_backbone(study, place, log)
    variants = study.variants
    kept, work = study.results(place.out), partial(_work, study, place)
    log("views of every training image")
    first = _config(study, place, Run(variants[0], 0, study.seeds[0]))
    data, backbone = _data(study.trained_on, place.root), starting_model(first).backbone
    raw_views(data, first, backbone, place.out / VIEWS)
    count = workers or os.cpu_count() or 1
    # The first run of each seed finds what that seed's features need; the others read it.
    earlier = [Run(variants[0], 0, seed) for seed in study.seeds]
    kept.execute([*earlier, *kept.tuning(variants)], "validation", work, count, log)
    best = {v: kept.best_setting(v) for v in variants}
    kept.execute(kept.repeats(best), "validation", work, count, log)
    finalists = best_of_each(kept.validation(best), study.kind)
    tests = kept.repeats({v: best[v] for v in finalists})
    kept.execute(tests, "test", work, count, log)
    result = {
        **({"untaught": _untaught(study, place, first)} if study.heads_only else {}),
        "dataset": _data(study.shown, place.root).name,
        "images": len(_data(study.shown, place.root).items),
        "rows": kept.rows(best, finalists),
        "seeds": list(study.seeds),
        "torch": torch.__version__,
        "hardware": f"CPU ({platform.machine()}, {os.cpu_count()} cores)",
        "finished": datetime.now(UTC).date().isoformat(),
    }
    write_atomically(place.out / "study.json", (json.dumps(result, indent=1) + "\n").encode())
    return result


@cache
def _data(opens: Data, root: Path | None) -> Dataset:
    return opens(root)


def _train_backbone(study: Study, place: Place, log: Log) -> None:
    if study.backbone is None:
        return
    data, config = study.backbone
    folder = place.out / BACKBONE
    if (folder / CONFIG).exists() and not has_state(folder):
        trained = json.loads((folder / "training.json").read_text(encoding="utf-8"))["config"]
        wanted = json.loads(json.dumps(asdict(config)))
        if any(trained.get(key) != value for key, value in wanted.items()):
            raise ValueError(f"{folder} was trained with other options; choose another folder")
        return
    log("training the backbone on images of its own")
    train(data(place.root), folder, config, resume=has_state(folder))


def _config(study: Study, place: Place, run: Run) -> TrainConfig:
    """Options of a run."""
    config = run.variant.config(study.own, study.settings(run.variant)[run.setting], run.seed)
    if study.backbone is None:
        return config
    return replace(config, backbone_init=str(place.out / BACKBONE))


def _work(study: Study, place: Place, run: Run, phase: str) -> None:
    """Train one model and write its figures: on validation classes, or on the test classes."""
    make = _of_head if study.heads_only else _of_model
    study.results(place.out).write(run, phase, make(study, place, run, phase))


def _of_model(study: Study, place: Place, run: Run, phase: str) -> dict[str, Any]:
    """Figures of a model that is shown pictures."""
    config, data = _config(study, place, run), _data(study.trained_on, place.root)
    views = place.out / VIEWS
    if phase == "validation":
        trainer = Trainer.on(data, config, starting_model(config), views)
        trainer.initialise()
        trainer.fit()
        return trainer.state.history[-1]
    folder = place.out / "models" / run.name
    if not (folder / CONFIG).exists():
        shutil.rmtree(folder, ignore_errors=True)
        train(data, folder, config, views=views)
    ood = None if place.ood is None else open_dataset(place.ood)
    model, shown = HypUML.from_pretrained(folder), _data(study.shown, place.root)
    found = measure(model, shown, ood=ood, most_degraded=_DAMAGED)
    return found.result | {"risk_coverage": _thinned(found.curves["risk_coverage"])}


def _of_head(study: Study, place: Place, run: Run, phase: str) -> dict[str, Any]:
    """Figures of a head on features that were computed once."""
    config, views = _config(study, place, run), place.out / VIEWS
    folder = place.out / "heads" / run.name
    data = _data(study.trained_on, place.root)
    if phase == "validation":
        return heads.train_head(data, config, views, folder)
    model = heads.trained(data, config, views, folder)
    images = shown.shown_images(_data(study.shown, place.root), model, views)
    found = shown.shown_metrics(model, images)
    return found | {"risk_coverage": _thinned(found["risk_coverage"])}


def _untaught(study: Study, place: Place, config: TrainConfig) -> dict[str, float]:
    data = _data(study.shown, place.root)
    return shown.untaught(shown.shown_images(data, starting_model(config), place.out / VIEWS))


def _thinned(curves: dict[str, list[float]]) -> dict[str, list[float]]:
    """Every fifth point of curves that end at full coverage, rounded to what can be seen."""
    return {name: [round(x, 4) for x in values[::-5][::-1]] for name, values in curves.items()}
