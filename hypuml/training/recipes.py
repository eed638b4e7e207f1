"""Named configurations: what a shipped checkpoint was trained with, and good starting points.

Every option can still be given on the command line and then overrides the recipe.
"""

from __future__ import annotations

from dataclasses import replace

from hypuml.data.augment import AugmentConfig
from hypuml.losses import LossConfig
from hypuml.models.config import ModelConfig
from hypuml.training.config import TrainConfig

# Half the width of ResNet-18: 2.8 M parameters, 11 MB, and about twice as fast on a CPU.
_SMALL_RESNET = {"channels": [32, 64, 128, 256]}

# Where the backbone learns, so does the norm; "norm" lengths are for features that are given.
_LEARNED = "tanh"

_GARDEN = TrainConfig(
    model=ModelConfig(
        backbone="resnet18", backbone_args=_SMALL_RESNET, dim=32, max_distance=6.0, image_size=64
    ),
    loss_config=LossConfig(temperature=0.25),
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
        max_distance=2.5,
        length="norm",
        min_length=0.75,
        image_size=128,
    ),
    augment=AugmentConfig(min_scale=0.5, rotation=15.0, brightness=0.15, hue=0.01, noise=0.01),
    loss_config=LossConfig(temperature=0.2),
    calibration=0.5,
    calibration_classes=0.2,
    validation_classes=0.25,
    classes_per_batch=36,
    # A third of the rate retrieves as well and leaves u a better judge of classes it never saw.
    head_lr=0.1,
    lr=1e-3,
    weight_decay=0.01,
    steps=300,
    eval_every=50,
    save_every=300,
)

# The same from pixels: what a small network makes of 2,500 photographs (the study says: less).
_FLOWERS_PIXELS = replace(
    _FLOWERS,
    model=replace(
        _FLOWERS.model,
        backbone="resnet18",
        backbone_args=_SMALL_RESNET,
        length=_LEARNED,
        image_size=64,
    ),
    augment=AugmentConfig(min_scale=0.35, rotation=25.0, brightness=0.2, hue=0.02, noise=0.01),
    lr=2e-3,
    head_lr=1.0,
    weight_decay=0.05,
    precision="bfloat16",
    steps=600,
    eval_every=100,
    save_every=100,
)

# ViT-S/16 by the recipe of Hyp-ViT (Ermolov et al., CVPR 2022): small rate, strong crops.
_FLOWERS_VIT = replace(
    _FLOWERS,
    model=replace(
        _FLOWERS.model,
        backbone="vit_small_patch16_224.augreg_in21k",
        pretrained=True,
        length=_LEARNED,
        image_size=224,
    ),
    augment=AugmentConfig(min_scale=0.2, rotation=0.0, brightness=0.0, hue=0.0, noise=0.0),
    loss_config=LossConfig(temperature=0.2),
    lr=3e-5,
    head_lr=1.0,
    weight_decay=0.01,
    classes_per_batch=34,
    images_per_class=9,
    steps=1500,
    eval_every=100,
    save_every=100,
)


def _vit(name: str, lr: float) -> TrainConfig:
    return replace(_FLOWERS_VIT, model=replace(_FLOWERS_VIT.model, backbone=name), lr=lr)


RECIPES: dict[str, TrainConfig] = {
    "default": TrainConfig(),
    "garden": _GARDEN,
    # Continues a "garden" model (--init) on larger pictures, much closer to those it will be asked
    # about, and with more weight on the uncertainty.
    "garden-finish": replace(
        _GARDEN,
        model=replace(_GARDEN.model, image_size=80),
        augment=AugmentConfig(min_scale=0.75, rotation=10.0, brightness=0.15, hue=0.02, noise=0.01),
        loss_config=LossConfig(temperature=0.2),
        calibration=4.0,
        lr=1.5e-3,
        steps=1000,
        eval_every=500,
    ),
    # Photographs without a GPU: 2,500 of them are too few for a network to learn to see from, so
    # colour, texture and shape are counted, and the head alone is trained (minutes on one core).
    "flowers-cpu": _FLOWERS,
    "flowers-pixels": _FLOWERS_PIXELS,
    # For a GPU, from scratch: a whole ResNet, larger pictures, many more steps.
    "flowers-gpu": replace(
        _FLOWERS_PIXELS,
        model=replace(_FLOWERS_PIXELS.model, backbone="resnet50", backbone_args={}, image_size=160),
        precision="auto",
        classes_per_batch=64,
        steps=6000,
        eval_every=500,
        save_every=500,
    ),
    # For a GPU, from timm's pretrained weights (downloaded).
    "flowers-vit": _FLOWERS_VIT,
    "flowers-dino": _vit("vit_small_patch16_224.dino", 1e-5),
    "flowers-deit": _vit("deit_small_patch16_224.fb_in1k", 3e-5),
    # A space that can be drawn as it is. Digits may not be mirrored, and need no colour.
    "digits-2d": TrainConfig(
        model=ModelConfig(
            backbone="resnet18",
            backbone_args={"channels": [16, 32, 64, 128]},
            dim=2,
            max_distance=6.0,
            image_size=32,
        ),
        augment=AugmentConfig(
            min_scale=0.75, flip=0.0, rotation=12.0, brightness=0.2, hue=0.0, noise=0.03
        ),
        loss_config=LossConfig(temperature=0.25),
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
