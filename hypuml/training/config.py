"""Everything that decides a training run, as one frozen dataclass.

The command line is made of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from torch import Tensor

from hypuml.data.augment import AugmentConfig
from hypuml.geometry.distance import Distance
from hypuml.losses import RENAMED, LossConfig, LossName, Objective, RunFacts, make_loss
from hypuml.models.config import ModelConfig


@dataclass(frozen=True)
class TrainConfig:
    """Options of ``python -m hypuml train``."""

    model: ModelConfig = field(default_factory=ModelConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    loss: LossName = "contrastive"
    """Metric-learning loss."""
    loss_config: LossConfig = field(default_factory=LossConfig)
    calibration: float = 0.5
    """Weight of the calibration term; 0 switches it off."""
    calibration_classes: float = 0.2
    """Share of the training classes that only the calibration term sees."""
    calibration_on: Literal["all", "held"] = "all"
    """Images the calibration term learns from; held: all but the fit images."""
    calibration_share: float = 0.15
    """Share of a batch drawn from the calibration-only classes."""
    ambiguous_share: float = 0.06
    """Share of a batch that is ambiguous images (hybrids), where the data set has any."""
    degraded_share: float = 0.12
    """Share of a batch that is degraded images, seen by the calibration term alone."""
    validation_classes: float = 0.2
    """Share of the training classes held out for validation."""
    seed: int = 0
    """Seed of the class split, the weights, the batches and the augmentation."""
    init: str = ""
    """Checkpoint whose weights to start from (folder or hub id) instead of random ones."""
    head_init: Literal["auto", "axes", "random"] = "auto"
    """Where the head starts; axes: where images of one class differ least, found on the training
    images as they are; auto: axes where the backbone does not learn, otherwise random."""
    backbone_init: str = ""
    """Checkpoint whose backbone to start from (folder or hub id), under a new head."""
    steps: int = 3000
    """Optimiser steps; 0 writes the model as it starts."""
    classes_per_batch: int = 48
    """Images in a batch as a number of classes; what the uncertainty learns from is among them."""
    images_per_class: int = 4
    """Images of each class in a batch."""
    lr: float = 2e-3
    """Peak learning rate of AdamW."""
    head_lr: float = 1.0
    """Learning rate of the head's linear map as a share of lr, in (0, 1]."""
    backbone_lr: float = 1.0
    """Learning rate of the backbone as a share of lr, in [0, 1]; 0 freezes it, and its features are
    computed once."""
    freeze_statistics: bool = False
    """Keep the batch statistics of a pretrained backbone while it learns."""
    projector: int = 0
    """Dimensions of a head that is trained in place of the model's and thrown away: the features
    that a backbone learns below it carry over to new classes better than its own output does. The
    model's head is then fitted afterwards, on axes of the features. 0 trains the model's head."""
    projector_distance: float = 2.5
    """sqrt(c) * 2r of that head."""
    halvings: int = 3
    """Times that the training classes are halved, so that a "readout" learns the uncertainty from
    errors on classes that were not trained on."""
    further: tuple[str, ...] = ()
    """Further kinds of images that a readout and the answer confidence learn from, without training
    on them: names of data sets, or small (copies of the training images at 32 px)."""
    weight_decay: float = 0.05
    """Decoupled weight decay, on matrices only."""
    warmup: float = 0.05
    """Share of the steps for linear warm-up; a cosine follows."""
    ema: float = 0.998
    """Decay of the exponential moving average of the weights that is saved; 0 switches it off."""
    clip: float = 3.0
    """Gradients are clipped to this norm."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """auto: bfloat16 for the backbone on a GPU, float32 on a CPU."""
    views: int = 6
    """Augmented and degraded views of each image, for a backbone that does not learn, whose
    features are computed once."""
    device: str = "auto"
    """cpu, cuda, or auto."""
    eval_every: int = 500
    """Steps between validations."""
    save_every: int = 500
    """Steps between saved states that --resume continues from."""

    def __post_init__(self) -> None:
        """Check every option before anything is loaded; raises ``ValueError``."""
        positive = (
            "classes_per_batch",
            "lr",
            "head_lr",
            "views",
            "clip",
            "eval_every",
            "save_every",
        )
        for name in positive:
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name.replace('_', '-')} must be positive, got {value}")
        if self.steps < 0:
            raise ValueError(f"steps must not be negative, got {self.steps}")
        if self.head_lr > 1:
            raise ValueError(f"head-lr must be at most 1, got {self.head_lr}")
        if not 0 <= self.backbone_lr <= 1:
            raise ValueError(f"backbone-lr must be in [0, 1], got {self.backbone_lr}")
        if self.head_init not in ("auto", "axes", "random"):
            raise ValueError(f"head-init must be auto, axes or random, got {self.head_init!r}")
        if self.images_per_class < 2:
            raise ValueError(
                f"images-per-class must be at least 2 (an anchor needs a positive), "
                f"got {self.images_per_class}"
            )
        if self.classes_per_batch < 2:
            raise ValueError(
                f"classes-per-batch must be at least 2 (an anchor needs negatives), "
                f"got {self.classes_per_batch}"
            )
        for name in ("calibration", "weight_decay"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{name.replace('_', '-')} must not be negative, got {value}")
        if self.projector < 0 or self.projector == 1:
            raise ValueError(f"projector must be 0 or at least 2, got {self.projector}")
        if not 1 <= self.halvings <= 20:
            raise ValueError(f"halvings must be 1 to 20, got {self.halvings}")
        shares = ("calibration_share", "ambiguous_share", "degraded_share")
        for name in ("calibration_classes", "validation_classes", "warmup", "ema", *shares):
            value = getattr(self, name)
            if not 0 <= value < 1:
                raise ValueError(f"{name.replace('_', '-')} must be in [0, 1), got {value}")
        if self.init and self.backbone_init:
            raise ValueError("give init or backbone-init, not both")
        if self.seed < 0:
            raise ValueError(f"seed must not be negative, got {self.seed}")
        if self.calibration_on not in ("all", "held"):
            raise ValueError(f"calibration-on must be all or held, got {self.calibration_on!r}")
        if self.precision not in ("auto", "float32", "bfloat16"):
            raise ValueError(f"precision must be auto, float32 or bfloat16, got {self.precision!r}")

    @classmethod
    def from_log(cls, logged: Mapping[str, Any]) -> TrainConfig:
        """Options as ``training.json`` keeps them; its other facts are passed over.

        Raises:
            TypeError, ValueError: an option of a nested part is unknown, or a value out of range.
        """
        # Before losses had options of their own these stood among the others.
        flat = {f.name: logged[f.name] for f in fields(LossConfig) if f.name in logged}
        logged = {"loss_config": flat, **logged}
        known = {f.name: logged[f.name] for f in fields(cls) if f.name in logged}
        if "model" in known:
            known["model"] = ModelConfig.from_dict(known["model"])
        if "augment" in known:
            known["augment"] = AugmentConfig(**known["augment"])
        known["further"] = tuple(known.get("further", ()))
        known["loss_config"] = LossConfig(**known["loss_config"])
        if "loss" in known:
            known["loss"] = RENAMED.get(known["loss"], known["loss"])
        return cls(**known)

    @property
    def trained(self) -> TrainConfig:
        """The options of what is trained: with the projector in place of the model's head."""
        if not self.projector:
            return self
        head = replace(
            self.model,
            dim=self.projector,
            length="tanh",
            max_distance=self.projector_distance,
            cone=0.0,
        )
        return replace(self, model=head, projector=0)

    def objective(self, labels: Tensor) -> Objective:
        """What a run with fit images of classes ``labels`` ``[N]`` minimises, on their device.

        Raises:
            ValueError: the loss is unknown, its package is missing, or it does not go with the
                geometry or the calibration term.
        """
        distance = Distance(self.model.geometry, self.model.curvature)
        loss = make_loss(self.loss, self.loss_config, distance, RunFacts(labels, self.model.dim))
        held_only = self.calibration_on == "held"
        return Objective(loss, self.calibration, held_only).to(labels.device)

    @property
    def teaches_uncertainty(self) -> bool:
        """Whether the calibration term is on."""
        return self.calibration > 0
