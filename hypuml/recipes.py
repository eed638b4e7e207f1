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

# ImageNet weights from a package; the head is fitted to the features, the uncertainty to errors on
# unseen classes.
_PRETRAINED = ModelConfig(
    backbone="tf_efficientnet_lite0",
    pretrained=True,
    root_features=True,
    half_weights=True,
    dim=512,
    max_distance=1.0,
    length="readout",
    min_length=0.1,
    cone=3.0,
    image_size=224,
)

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

_FROZEN = TrainConfig(
    model=_PRETRAINED,
    calibration=0.0,
    calibration_classes=0.0,
    validation_classes=0.15,
    backbone_lr=0.0,
    steps=0,
    views=1,
)

# Whatever kind of pictures a folder holds, much of it may lie outside; lengths that differed much
# would then decide which images are near.
_PHOTOS = replace(_FROZEN, model=replace(_PRETRAINED, min_length=0.9))

# From pixels, without pretrained weights: what a small network makes of 2,500 photographs.
_FLOWERS_PIXELS = TrainConfig(
    model=ModelConfig(
        backbone="resnet18",
        backbone_args=_SMALL_RESNET,
        dim=128,
        max_distance=2.5,
        image_size=64,
    ),
    loss_config=LossConfig(temperature=0.2),
    calibration_classes=0.2,
    validation_classes=0.25,
    classes_per_batch=36,
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
    _FLOWERS_PIXELS,
    model=replace(
        _FLOWERS_PIXELS.model,
        backbone="vit_small_patch16_224.augreg_in21k",
        backbone_args={},
        pretrained=True,
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
    # Continues a "garden" model (--init) on larger pictures, much closer to those of its queries,
    # and with more weight on the uncertainty.
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
    # Without a GPU the pretrained backbone stays as it is: minutes on two cores.
    "flowers-cpu": _FROZEN,
    # The same for one's own photographs: a folder whose sub-folders are classes.
    "photos": _PHOTOS,
    # For anyone's photographs: the readout of errors has to hold for other pictures, so it learns
    # from other kinds beside those that the head is fitted to.
    "photos-general": replace(_PHOTOS, further=("small", "garden", "digits")),
    "flowers-pixels": _FLOWERS_PIXELS,
    # For a GPU (eight minutes of one for three seeds): a pretrained network learns end to end.
    "flowers-gpu": TrainConfig(
        model=replace(
            _PRETRAINED, backbone="tf_efficientnet_lite2", image_size=260, half_weights=True
        ),
        augment=AugmentConfig(min_scale=0.4, rotation=15.0, brightness=0.3, hue=0.02, noise=0.02),
        loss_config=LossConfig(temperature=0.1),
        calibration=0.0,
        calibration_classes=0.0,
        validation_classes=0.15,
        head_init="axes",
        projector=128,
        freeze_statistics=True,
        halvings=2,
        lr=1e-4,
        warmup=0.1,
        ema=0.99,
        classes_per_batch=32,
        steps=200,
        eval_every=50,
        save_every=50,
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
