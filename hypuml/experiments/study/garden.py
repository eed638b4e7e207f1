"""The study on drawn flowers: heads on one small backbone that was trained once, and frozen.

The backbone is trained on gardens of its own, with Hyp-ViT's loss: it must not have been taught an
uncertainty. Pictures of *other* gardens go through it once, in several augmented and degraded
views, and every variant trains its head on those features in seconds. What the study cannot see is
what a loss does to a backbone; the shipped models, trained from pixels, are there for that.

No garden shares a species, genus or tree with another. The seed also changes which genera of the
heads' gardens are fit, which calibrate and which validate.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

from hypuml.data.augment import AugmentConfig
from hypuml.data.garden import GardenConfig, GardenDataset, TreeConfig
from hypuml.data.registry import open_dataset
from hypuml.experiments.study.run import Study
from hypuml.experiments.study.variants import Variant
from hypuml.losses import LossConfig
from hypuml.recipes import recipe
from hypuml.types import Dataset

BACKBONE_GARDENS = (300, 301, 302)
HEAD_GARDENS = (201, 202, 203, 204, 205, 206)
MAX_DISTANCES = (1.45, 4.0, 6.0)

_TEMPERATURES = (LossConfig(0.1), LossConfig(0.2), LossConfig(0.4))
# 1 - cos spans [0, 2] whatever the radius; 0.1 is the parent's own spherical temperature.
_SPHERICAL = (LossConfig(0.05), LossConfig(0.1), LossConfig(0.2))
_MARGINS = (
    LossConfig(margin_low=0.05, margin_high=0.2),
    LossConfig(margin_low=0.1, margin_high=0.5),
    LossConfig(margin_low=0.3, margin_high=1.0),
)
_MODEL = replace(recipe("garden").model, max_distance=4.0, image_size=48)
BACKBONE = replace(
    recipe("garden"),
    model=_MODEL,
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
HEADS = replace(
    recipe("default"),
    model=_MODEL,
    # Gentle views: a frozen backbone cannot learn to undo strong ones.
    augment=AugmentConfig(min_scale=0.75, rotation=10.0, brightness=0.15, hue=0.02, noise=0.01),
    views=3,
    backbone_lr=0.0,
    head_init="random",
    validation_classes=1 / 6,
    calibration_classes=1 / 5,
    steps=800,
    lr=3e-3,
    classes_per_batch=64,
    weight_decay=0.01,
    ema=0.0,
    precision="float32",
)


def _gardens(seeds: tuple[int, ...], each: int, hybrids: int = 0) -> GardenDataset:
    """Gardens all of whose species are training species."""
    first, *further = seeds
    return GardenDataset(
        config=GardenConfig(
            seed=first,
            tree=TreeConfig(unseen_genera=0),
            seen_individuals=each,
            training_gardens=tuple(further),
            training_individuals=each,
            training_hybrids=hybrids,
        )
    )


def backbone_gardens(root: Path | None) -> Dataset:
    """What the backbone is trained on."""
    return _gardens(BACKBONE_GARDENS, 24)


def head_gardens(root: Path | None) -> Dataset:
    """What the heads are trained on, with hybrids."""
    return _gardens(HEAD_GARDENS, 16, hybrids=240)


def _garden(root: Path | None) -> Dataset:
    return open_dataset("garden", root)


def _variants() -> tuple[Variant, ...]:
    grid = [
        Variant("grid", loss, length=length, max_distance=d, uncertainty=u, calibration=calibration)
        for loss, u, calibration, length, d in product(
            ("contrastive", "margin"), ("radial", "predicted"), (1.0, 0.0), ("tanh", "clip"),
            MAX_DISTANCES,
        )
    ]  # fmt: skip
    baselines = [
        Variant("baseline", loss, length="clip", max_distance=d, calibration=0.0)
        for loss, d in product(("hyp-vit", "fixed-margin"), MAX_DISTANCES)
    ]
    best = Variant("remedy", max_distance=6.0)
    remedies = [
        replace(best, calibration=3.0),
        replace(best, held_only=True),
        replace(best, degraded=False),
        replace(best, ambiguous=False),
        replace(best, degraded=False, ambiguous=False),
        replace(best, loss="margin-reversed"),
    ]
    twins = [
        Variant("twin", loss, geometry, max_distance=d, calibration=calibration)
        for geometry, (loss, calibration), d in product(
            ("euclidean", "spherical"), (("contrastive", 1.0), ("hyp-vit", 0.0)), MAX_DISTANCES
        )
        if geometry == "euclidean" or d == 4.0
    ]
    return tuple(grid + baselines + twins + remedies)


def _settings(variant: Variant) -> tuple[LossConfig, ...]:
    if "margin" in variant.loss:
        return _MARGINS
    return _SPHERICAL if variant.geometry == "spherical" else _TEMPERATURES


def _kind(variant: Variant) -> tuple[object, ...]:
    """Each loss of ours with and without calibration, each baseline, each twin."""
    return (variant.geometry, variant.loss, variant.calibration > 0, variant.uncertainty)


STUDY = Study(
    trained_on=head_gardens,
    shown=_garden,
    own=HEADS,
    variants=_variants(),
    settings=_settings,
    kind=_kind,
    backbone=(backbone_gardens, BACKBONE),
)
