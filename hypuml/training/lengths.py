"""What lengths of "graded", "damped" and "familiar" heads learn from, beside calibration."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from hypuml.models.graded import damage_loss
from hypuml.models.head import HyperbolicHead
from hypuml.models.hypuml import HypUML
from hypuml.training.batches import Batch
from hypuml.training.data import TrainingData
from hypuml.training.features import FeatureSource


def length_loss(
    head: HyperbolicHead, features: Tensor, labels: Tensor, batch: Batch, levels: Tensor
) -> Tensor:
    """Teach the head to tell damage, and show it the batch's classes; 0 for other heads.

    Args:
        head: of the model being trained.
        features: ``[B, F]`` of the batch.
        labels: ``[B]`` its classes.
        batch: says which of them are whole.
        levels: ``[D]`` how badly the last D are damaged, in [0, 1].
    """
    if head.familiarity is not None:
        with torch.no_grad():
            tangent = head.tangent(features[: batch.whole])
        head.familiarity.observe(tangent, labels[: batch.whole])
    judge = head.familiarity or head.graded or head.damped
    if judge is None or not len(levels):
        return features.new_zeros(())
    return damage_loss(judge.damage(features), levels)


@torch.no_grad()
def remember_classes(model: HypUML, data: TrainingData, source: FeatureSource) -> None:
    """Take the classes' directions anew from all undamaged training images.

    While training they trail behind the weights and were seen through augmented images.
    """
    familiarity = model.head.familiarity
    if familiarity is None:
        return
    model.eval()
    rows = np.sort(np.concatenate([data.batches.fit_rows, data.batches.held_rows]))
    tangent = model.head.tangent(source.plain(model, rows))
    labels = torch.from_numpy(data.train.labels[rows]).to(tangent.device)
    familiarity.forget()
    familiarity.observe(tangent, labels)
