"""Options of training runs that take a second."""

from __future__ import annotations

import torch

from hypuml.models.config import ModelConfig
from hypuml.models.extractor import Extractor
from hypuml.training import TrainConfig

TINY = ModelConfig(
    backbone="resnet10t", backbone_args={"channels": [8, 8, 16, 16]}, dim=4, image_size=24
)
# Nothing to learn but the head.
FROZEN = {"model": TINY, "backbone_lr": 0.0}


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


class MeanColour(Extractor):
    """The mean colour of an image, times a gain that may learn."""

    mean, std = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    num_features = 3

    def __init__(self, trainable):
        super().__init__()
        self.trainable = trainable
        self.gain = torch.nn.Parameter(torch.ones(()), requires_grad=trainable)

    def raw(self, images):
        return images.mean((2, 3)) * self.gain
