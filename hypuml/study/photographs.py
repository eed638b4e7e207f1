"""The study on photographs: Flowers-102, by the real training loop.

The backbone counts colour, texture and shape and has nothing to learn, so that no variant profits
from a backbone that was trained with another's loss, the features of the images are computed once,
and a run takes seconds. A small network trained from pixels stands beside it for comparison.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

from hypuml.data.registry import open_dataset
from hypuml.geometry import GEOMETRIES
from hypuml.losses import LossConfig
from hypuml.recipes import recipe
from hypuml.study.run import Study
from hypuml.study.variants import Variant
from hypuml.types import Dataset

MAX_DISTANCES = (1.45, 4.0, 6.0)
DIMS = (2, 8, 32, 128)
# Those of the shipped recipe.
LENGTH, MAX_DISTANCE, DIM, CALIBRATION, MIN_LENGTH = "norm", 2.5, 128, 0.5, 0.75
# Where geometries are compared on the test classes too, since few dimensions are said to suit
# hyperbolic space.
FEW_DIMS = 8

_TEMPERATURES = (LossConfig(0.05), LossConfig(0.1), LossConfig(0.2))
_MARGINS = (
    LossConfig(margin_low=0.02, margin_high=0.1),
    LossConfig(margin_low=0.05, margin_high=0.2),
    LossConfig(margin_low=0.1, margin_high=0.5),
)
# The reciprocals of alpha = 64, 32 (the paper's) and 16.
_PROXIES = (LossConfig(1 / 64), LossConfig(1 / 32), LossConfig(1 / 16))


_OWN: dict[str, Any] = {
    "length": LENGTH,
    "max_distance": MAX_DISTANCE,
    "calibration": CALIBRATION,
    "dim": DIM,
    "min_length": MIN_LENGTH,
}


def _variant(group: str, loss: str = "contrastive", **options: Any) -> Variant:
    """A variant that differs from the shipped recipe in its options alone."""
    return Variant(group, loss, **(_OWN | options))


OURS = _variant("ours")


def _variants() -> tuple[Variant, ...]:
    ours = [OURS, replace(OURS, loss="margin"), replace(OURS, loss="margin-reversed")]
    grid = [
        _variant("grid", loss, length=length, max_distance=d, uncertainty=u, calibration=weight)
        for loss, u, weight, length, d in product(
            ("contrastive", "margin"), ("radial", "predicted"), (CALIBRATION, 0.0),
            ("tanh", "clip"), MAX_DISTANCES,
        )
    ]  # fmt: skip
    baselines = [
        _variant("baseline", loss, length="clip", max_distance=d, calibration=0.0)
        for loss, d in product(("hyp-vit", "fixed-margin"), (1.0, *MAX_DISTANCES))
    ]
    baselines += [
        _variant(
            "baseline", "proxy-anchor", geometry="spherical", length="tanh", max_distance=4.0,
            calibration=0.0,
        ),
        _variant(
            "baseline", "hyp-vit", geometry="spherical", length="tanh", calibration=0.0,
            untrained=True,
        ),
    ]  # fmt: skip
    twins = [
        replace(OURS, group="twin", geometry=g, loss=loss, length=length, calibration=calibration)
        for g, (loss, length, calibration) in product(
            ("euclidean", "spherical"),
            (("contrastive", LENGTH, CALIBRATION), ("hyp-vit", "tanh", 0.0)),
        )
    ]
    dims = [
        replace(OURS, group="dimension", geometry=g, dim=n)
        for g, n in product(GEOMETRIES, DIMS)
        if n != DIM
    ]
    remedy = replace(OURS, group="remedy")
    remedies = [
        replace(remedy, calibration=0.0),
        replace(remedy, calibration=3.0),
        replace(remedy, held_only=True),
        replace(remedy, degraded=False),
        replace(remedy, min_length=0.5),
        replace(remedy, max_distance=4.0, min_length=0.9),
        replace(remedy, max_distance=6.0, min_length=0.9),
        replace(remedy, untrained=True),
    ]
    # Minutes each, so at one setting: they say what the backbone is worth, and whether a geometry
    # pays where the network learns with it.
    pixels = [
        *(
            replace(OURS, group="pixels", geometry=g, length="tanh", recipe="flowers-pixels")
            for g in GEOMETRIES
        ),
        _variant(
            "pixels", "hyp-vit", length="clip", max_distance=1.45, calibration=0.0,
            recipe="flowers-pixels",
        ),
    ]  # fmt: skip
    return tuple(ours + grid + baselines + twins + dims + remedies + pixels)


def _settings(variant: Variant) -> tuple[LossConfig, ...]:
    if variant.untrained or variant.group == "pixels":
        return _TEMPERATURES[1:2]
    if variant.loss == "proxy-anchor":
        return _PROXIES
    return _MARGINS if "margin" in variant.loss else _TEMPERATURES


def _kind(variant: Variant) -> tuple[str, ...] | None:
    """Each loss of ours, each baseline, each twin, the untrained head, each loss from pixels, and
    each geometry at few dimensions; the rest is compared on validation classes alone.
    """
    if variant.group in ("grid", "remedy"):
        return None
    if variant.group == "dimension" and variant.dim != FEW_DIMS:
        return None
    return (variant.group, variant.geometry, variant.loss, str(variant.untrained))


def _photographs(root: Path | None) -> Dataset:
    return open_dataset("flowers102", root)


STUDY = Study(
    trained_on=_photographs,
    shown=_photographs,
    own=recipe("flowers-descriptors"),
    variants=_variants(),
    settings=_settings,
    kind=_kind,
    untaught=True,
)
