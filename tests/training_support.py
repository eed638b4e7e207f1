"""Options of training runs that take a second."""

from __future__ import annotations

from hypuml.models.config import ModelConfig
from hypuml.training import TrainConfig

TINY = ModelConfig(
    backbone="resnet10t", backbone_args={"channels": [8, 8, 16, 16]}, dim=4, image_size=24
)
# Nothing to learn but the head.
COUNTED = ModelConfig(backbone="descriptors", backbone_args={"components": 8}, dim=4, image_size=32)


def tiny_config(**options) -> TrainConfig:
    defaults = {
        "model": TINY,
        "steps": 6,
        "classes_per_batch": 4,
        "eval_every": 3,
        "save_every": 2,
        "device": "cpu",
        "precision": "float32",
    }
    return TrainConfig(**(defaults | options))
