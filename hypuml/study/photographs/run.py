"""Running the study on photographs: tuning, seeds, finalists; every finished piece is kept.

How runs are kept and chosen from stands in :mod:`hypuml.study.running`.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch

from hypuml.data.registry import open_dataset
from hypuml.files import write_atomically
from hypuml.models.files import CONFIG
from hypuml.models.hypuml import HypUML
from hypuml.study.photographs.plan import FEW_DIMS, SEEDS, VARIANTS, Variant
from hypuml.study.running import Results, Run, Say, best_of_each
from hypuml.training import Trainer, train
from hypuml.training.cached_features import raw_views
from hypuml.training.setup import starting_model
from hypuml.types import Dataset

VIEWS = "views"
# Images damaged in each of the ways for a finalist's test figures; the shipped model gets them all.
_DAMAGED = 40


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
    first = chosen[0].config(chosen[0].settings[0], 0)
    raw_views(_photographs(place), first, starting_model(first).backbone, place.out / VIEWS)
    count = workers or os.cpu_count() or 1
    kept, work = Results[Variant](place.out, SEEDS), partial(_work, place)
    # The first run of each seed finds that seed's axes; the others read them.
    axes = [Run(chosen[0], 0, seed) for seed in SEEDS]
    kept.execute([*axes, *kept.tuning(chosen)], "validation", work, count, say)
    best = {v: kept.best_setting(v, "validation") for v in chosen}
    kept.execute(kept.repeats(best), "validation", work, count, say)
    finalists = finalists_of(kept.validation(best))
    tests = kept.repeats({v: best[v] for v in finalists})
    kept.execute(tests, "test", work, count, say)
    result = {
        "untaught": _untaught(place, tests[0]),
        "dataset": "flowers102",
        "images": len(_photographs(place).items),
        "rows": kept.rows(best, finalists),
        "seeds": list(SEEDS),
        "torch": torch.__version__,
        "hardware": f"CPU ({platform.machine()}, {os.cpu_count()} cores)",
        "finished": datetime.now(UTC).date().isoformat(),
    }
    write_atomically(place.out / "study.json", (json.dumps(result, indent=1) + "\n").encode())
    return result


def finalists_of(validation: dict[Variant, float]) -> list[Variant]:
    """The variants whose test figures are read: the best of each kind by validation Recall@1.

    Kinds: each loss of ours, each baseline, each twin, the untrained head, each loss from pixels,
    and each geometry at few dimensions. Other dimensions, like the grid and the remedies, are
    compared on validation classes alone.
    """
    return best_of_each(validation, _kind)


def _kind(variant: Variant) -> tuple[str, ...] | None:
    if variant.group in ("grid", "remedy"):
        return None
    if variant.group == "dimension" and variant.dim != FEW_DIMS:
        return None
    return (variant.group, variant.geometry, variant.loss, str(variant.untrained))


@cache
def _photographs(place: Place) -> Dataset:
    return open_dataset("flowers102", place.root)


def _work(place: Place, run: Run[Variant], phase: str) -> None:
    """Train one model and write its figures: on validation classes, or on the test classes."""
    config = run.variant.config(run.variant.settings[run.setting], run.seed)
    if phase == "validation":
        trainer = Trainer.on(_photographs(place), config, starting_model(config), place.out / VIEWS)
        trainer.initialise()
        trainer.fit()
        figures: dict[str, Any] = trainer.state.history[-1]
    else:
        folder = place.out / "models" / run.name
        if not (folder / CONFIG).exists():
            shutil.rmtree(folder, ignore_errors=True)
            train(_photographs(place), folder, config, views=place.out / VIEWS)
        # Imported here: search needs faiss, which training does without.
        from hypuml.evaluation import measure

        ood = None if place.ood is None else open_dataset(place.ood)
        model = HypUML.from_pretrained(folder)
        found = measure(model, _photographs(place), ood=ood, most_degraded=_DAMAGED)
        figures = found.result | {"risk_coverage": _thinned(found.curves["risk_coverage"])}
    Results[Variant](place.out, SEEDS).write(run, phase, figures)


def _untaught(place: Place, run: Run[Variant]) -> dict[str, float]:
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
