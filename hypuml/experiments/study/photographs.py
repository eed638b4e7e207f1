"""The study on photographs: Flowers-102, heads on the features of a pretrained backbone.

The backbone has ImageNet weights and stays as it came, so that no variant profits from a backbone
that was trained with another's loss, the features of the images are computed once, and a run takes
seconds. Heads start from axes of the features and learn at a small rate: from random directions
they lose what the features tell apart.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from hypuml.data.registry import open_dataset
from hypuml.experiments.study.run import Study
from hypuml.experiments.study.variants import Variant
from hypuml.geometry import GEOMETRIES
from hypuml.losses import LossConfig
from hypuml.recipes import recipe
from hypuml.types import Dataset

DIMS = (2, 8, 32, 128)
DIM, MOST_DIM = 128, 512
LENGTH, MAX_DISTANCE, CALIBRATION = "tanh", 2.5, 0.5
# The clip of Hyp-ViT, as sqrt(c) * 2r.
PARENT_DISTANCE = 1.45
# Nothing learns by gradient; the radius comes from errors on unseen classes.
CROSSFITTED = "flowers-cpu"

_TEMPERATURES = (LossConfig(0.1), LossConfig(0.2))
_MARGINS = (
    LossConfig(margin_low=0.05, margin_high=0.2),
    LossConfig(margin_low=0.1, margin_high=0.5),
)
# The reciprocals of alpha = 32 (the paper's) and 16.
_PROXIES = (LossConfig(1 / 32), LossConfig(1 / 16))

# Classes are set apart for calibration and for the answer confidence; the rate is a small one.
OWN = replace(
    recipe(CROSSFITTED), calibration_classes=0.2, steps=100, lr=1e-3, classes_per_batch=32
)


def _variant(group: str, loss: str = "contrastive", **options: Any) -> Variant:
    """A variant that differs from our contrastive head in its options alone."""
    own: dict[str, Any] = {
        "length": LENGTH,
        "max_distance": MAX_DISTANCE,
        "calibration": CALIBRATION,
        "dim": DIM,
    }
    return Variant(group, loss, **(own | options))


OURS = _variant("ours")


def _crossfitted(dim: int) -> Variant:
    model = recipe(CROSSFITTED).model
    return Variant(
        "uncertainty", length=model.length, max_distance=model.max_distance, calibration=0.0,
        dim=dim, min_length=model.min_length, cone=model.cone, untrained=True, recipe=CROSSFITTED,
    )  # fmt: skip


def _variants() -> tuple[Variant, ...]:
    ours = [OURS, replace(OURS, loss="margin"), replace(OURS, loss="margin-reversed")]
    uncertainties = [
        _crossfitted(MOST_DIM),
        _crossfitted(DIM),
        _variant("uncertainty", calibration=0.0),
        _variant("uncertainty", uncertainty="predicted"),
    ]
    start = [replace(OURS, group="start", random_start=True)]
    untaught = [
        _variant("untaught", calibration=0.0, dim=n, untrained=True) for n in (DIM, MOST_DIM)
    ]
    baselines = [
        _variant("baseline", loss, length="clip", max_distance=PARENT_DISTANCE, calibration=0.0)
        for loss in ("hyp-vit", "fixed-margin")
    ]
    baselines.append(_variant("baseline", "proxy-anchor", geometry="spherical", calibration=0.0))
    dims = [
        replace(OURS, group="dimension", geometry=geometry, dim=n)
        for n in DIMS
        for geometry in GEOMETRIES
        if (geometry, n) != (OURS.geometry, OURS.dim)
    ]
    return tuple(ours + uncertainties + start + untaught + baselines + dims)


def _settings(variant: Variant) -> tuple[LossConfig, ...]:
    if variant.untrained or variant.recipe:
        return _TEMPERATURES[:1]
    if variant.loss == "proxy-anchor":
        return _PROXIES
    return _MARGINS if "margin" in variant.loss else _TEMPERATURES


def _kind(variant: Variant) -> str:
    """Every variant is read on the test classes: none is chosen by them."""
    return variant.name


def _photographs(root: Path | None) -> Dataset:
    return open_dataset("flowers102", root)


STUDY = Study(
    trained_on=_photographs,
    shown=_photographs,
    own=OWN,
    variants=_variants(),
    settings=_settings,
    kind=_kind,
    heads_only=True,
)
