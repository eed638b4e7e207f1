"""Running the study: backbone, features, heads, finalists; every finished piece is kept.

How runs are kept and chosen from stands in :mod:`hypuml.study.running`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch

from hypuml.data.garden import GardenDataset
from hypuml.files import write_atomically
from hypuml.losses import LossConfig
from hypuml.models.files import CONFIG
from hypuml.models.hypuml import HypUML
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
from hypuml.study.running import Results, Run, Say, best_of_each
from hypuml.training import TrainConfig, train
from hypuml.training.recipes import recipe
from hypuml.training.state import has_state
from hypuml.types import indices_of

# The backbone learns with the parent's loss: it must not have been taught an uncertainty.
BACKBONE = replace(
    recipe("garden"),
    model=replace(recipe("garden").model, max_distance=4.0, image_size=48),
    loss="hyp-vit",
    loss_config=LossConfig(temperature=0.2),
    calibration=0.0,
    validation_classes=0.0,
    calibration_classes=0.0,
    # As it was when the study was run: the recipe may change, the study's backbone may not.
    classes_per_batch=64,
    ambiguous_share=0.06,
    steps=1000,
    eval_every=1000,
)


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
    kept, work = Results[Variant](out, SEEDS), partial(_work, out)
    kept.execute(kept.tuning(chosen), "tuning", work, count, say)
    best = {v: kept.best_setting(v, "tuning") for v in chosen}
    kept.execute(kept.repeats(best), "validation", work, count, say)
    finalists = finalists_of(kept.validation(best))
    kept.execute(kept.repeats({v: best[v] for v in finalists}), "test", work, count, say)
    rows = kept.rows(best, finalists)
    result = {"rows": rows, "torch": torch.__version__, "seeds": list(SEEDS)}
    write_atomically(out / "study.json", (json.dumps(result, indent=1) + "\n").encode())
    return result


def finalists_of(validation: dict[Variant, float]) -> list[Variant]:
    """The variants whose test figures are read: the best of each kind by validation Recall@1.

    Kinds: each loss of ours with and without calibration, each baseline, each twin.
    """
    return best_of_each(
        validation, lambda v: (v.geometry, v.loss, v.calibration > 0, v.uncertainty)
    )


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


def _work(out: Path, run: Run[Variant], phase: str) -> None:
    """Train one head and write its figures: on the validation garden, or on the test classes."""
    gardens, unseen = _gardens(out)
    part = roles(run.seed)
    head = train_head(gardens, part, run.variant, run.variant.settings[run.setting], run.seed)
    target = unseen if phase == "test" else gardens[part.validation]
    if phase == "tuning":
        figures: dict[str, Any] = {"recall@1": recall_at_1(head, target)}
    else:
        figures = measure(head, target, gardens[part.calibration])
    Results[Variant](out, SEEDS).write(run, phase, figures)
