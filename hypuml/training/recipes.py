"""Named configurations: what a shipped checkpoint was trained with, and good starting points.

Every option can still be given on the command line and then overrides the recipe.
"""

from __future__ import annotations

from dataclasses import replace

from hypuml.data.augment import AugmentConfig
from hypuml.models.network import ModelConfig
from hypuml.training.config import TrainConfig

# Half the width of ResNet-18: 2.8 M parameters, 11 MB, and about twice as fast on a CPU.
_SMALL_RESNET = {"channels": [32, 64, 128, 256]}

_GARDEN = TrainConfig(
    model=ModelConfig(
        backbone="resnet18", backbone_args=_SMALL_RESNET, dim=32, diameter=6.0, image_size=64
    ),
    temperature=0.25,
    calibration=1.0,
    validation_classes=0.1,
    calibration_classes=0.15,
    ambiguous_share=0.08,
    classes_per_batch=72,
    precision="bfloat16",
    steps=2000,
    eval_every=500,
    save_every=100,
)

_FLOWERS = TrainConfig(
    model=ModelConfig(
        backbone="descriptors",
        dim=128,
        diameter=2.5,
        squash="familiar",
        inner=0.85,
        image_size=128,
    ),
    augment=AugmentConfig(min_scale=0.5, rotation=15.0, brightness=0.15, hue=0.01, noise=0.01),
    temperature=0.1,
    calibration=0.5,
    calibration_classes=0.2,
    validation_classes=0.25,
    classes_per_batch=36,
    head_lr=0.1,
    lr=3e-3,
    weight_decay=0.01,
    steps=300,
    eval_every=50,
    save_every=300,
)

RECIPES: dict[str, TrainConfig] = {
    "default": TrainConfig(),
    "garden": _GARDEN,
    # Continues a "garden" model (--init) on larger pictures, much closer to those it will be asked
    # about, and with more weight on the uncertainty.
    "garden-finish": replace(
        _GARDEN,
        model=replace(_GARDEN.model, image_size=80),
        augment=AugmentConfig(min_scale=0.75, rotation=10.0, brightness=0.15, hue=0.02, noise=0.01),
        temperature=0.2,
        calibration=4.0,
        lr=1.5e-3,
        steps=1000,
        eval_every=500,
    ),
    # Photographs without a GPU: 2,500 of them are too few for a network to learn to see from, so
    # colour, texture and shape are counted, and the head alone is trained (minutes on one core).
    "flowers-cpu": _FLOWERS,
    # A space that can be drawn as it is. Digits may not be mirrored, and need no colour.
    "digits-2d": TrainConfig(
        model=ModelConfig(
            backbone="resnet18",
            backbone_args={"channels": [16, 32, 64, 128]},
            dim=2,
            diameter=6.0,
            image_size=32,
        ),
        augment=AugmentConfig(
            min_scale=0.75, flip=0.0, rotation=12.0, brightness=0.2, hue=0.0, noise=0.03
        ),
        temperature=0.25,
        validation_classes=0.15,
        calibration_classes=0.3,
        classes_per_batch=16,
        images_per_class=12,
        steps=1200,
        eval_every=200,
        save_every=200,
    ),
}


def recipe(name: str) -> TrainConfig:
    """Look a recipe up; raises ``ValueError`` listing the known names for an unknown one."""
    if name not in RECIPES:
        raise ValueError(f"unknown recipe {name!r}, expected one of {', '.join(RECIPES)}")
    return RECIPES[name]
