"""Baselines taken from pytorch-metric-learning, brought to one number per anchor.

The package is imported when a loss of it is built, so that everything else works without it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from hypuml.geometry.distance import Distance
from hypuml.losses.base import MetricLoss
from hypuml.losses.margin import MarginConfig


class FixedMarginLoss(MetricLoss):
    """Triplet margin loss over all triplets, one margin for every anchor, no uncertainty.

    ::

        l_a = mean over p in P_a, n in N_a of  max(0, D_ap - D_an + m),   m = margin_high

    Triplets and hinges are those of pytorch-metric-learning's ``TripletMarginLoss``; only its
    reducer (a mean over the violated triplets of the batch) is replaced by a mean over all triplets
    of each anchor, which calibration needs and which makes the losses comparable.

    It lists the triplets: ``O(B P N)`` memory.
    """

    Config = MarginConfig
    config: MarginConfig

    def __init__(self, *, distance: Distance | None = None, **options: float) -> None:
        """Build the package's loss; raises ``ValueError`` if the package is not installed."""
        super().__init__(distance=distance, **options)
        self.loss = _triplet_margin_loss(self.config.margin_high)

    def on_distances(
        self, distances: Tensor, labels: Tensor, uncertainty: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Losses ``[B]`` and whether each anchor has a triplet ``[B]``; ``uncertainty`` unused."""
        found = self.loss(distances, labels)["loss"]
        # A product with 0 keeps the graph where no anchor has a triplet.
        total = distances.sum(1) * 0
        if found["indices"] is None:
            return total, torch.zeros_like(labels, dtype=torch.bool)
        anchors = found["indices"][0]
        count = torch.bincount(anchors, minlength=len(labels))
        total = total.index_add(0, anchors, found["losses"])
        return total / count.clamp(min=1), count > 0


def _triplet_margin_loss(margin: float) -> Any:
    try:
        from pytorch_metric_learning import distances, losses, reducers
    except ModuleNotFoundError as error:
        raise ValueError(
            f"the loss 'fixed-margin' needs a package that is not installed ({error.name}): "
            "pip install pytorch-metric-learning"
        ) from error

    class Given(distances.BaseDistance):
        """Takes the distance matrix itself in the place of embeddings."""

        def compute_mat(self, query_emb: Tensor, ref_emb: Tensor) -> Tensor:
            return query_emb

    return losses.TripletMarginLoss(
        margin, distance=Given(normalize_embeddings=False), reducer=reducers.DoNothingReducer()
    )
