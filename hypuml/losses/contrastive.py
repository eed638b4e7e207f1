"""Uncertainty-aware contrastive loss: one number per anchor.

For anchor ``i`` with positives ``P_i`` (same class, not itself) and negatives ``N_i``::

    l_i = mean over p in P_i of  -log  exp(-s_i D_ip / t) / (exp(-s_i D_ip / t)
                                       + sum over n in N_i of exp(-s_i D_in / t))
    s_i = exp(-u_i / 2),  u detached     ("contrastive")
    s_i = 1                              ("hyp-vit")

``D`` are distances, ``t`` the temperature. An uncertain anchor (``u`` near 1) has its logits
flattened by up to ``exp(-1/2)``: it is allowed a softer ranking. The scale is detached, or the
model could lower its loss by calling everything uncertain; :mod:`hypuml.losses.calibration` is what
trains ``u``.

Re-derived from the Hyp-UML abstract (arXiv 2310.08390) and its parents: pairwise cross-entropy on
hyperbolic distances (Ermolov et al. 2022, Hyp-ViT) and logits scaled by ``exp(-u/2)``. The paper's
own equation was not available.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from hypuml.losses.base import LossOptions, MetricLoss

# Stands in for minus infinity: the logsumexp of a row without negatives must stay finite.
_MASKED = -1e30


@dataclass(frozen=True)
class ContrastiveConfig(LossOptions):
    """Options of the contrastive losses."""

    temperature: float = 0.2
    """Temperature of the contrastive losses, in units of distance times sqrt(c); of proxy-anchor,
    of a cosine."""


class ContrastiveLoss(MetricLoss):
    """Pairwise cross-entropy whose temperature grows with the anchor's uncertainty."""

    Config = ContrastiveConfig
    config: ContrastiveConfig

    def on_distances(
        self, distances: Tensor, labels: Tensor, uncertainty: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Losses ``[B]`` and whether each anchor has a positive ``[B]``."""
        with torch.no_grad():
            scale = self.scale(uncertainty.to(distances.dtype)) / self.config.temperature
            same = labels[:, None] == labels[None, :]
            # Positive pairs are few, so they are a list.
            rows, columns = same.clone().fill_diagonal_(False).nonzero(as_tuple=True)
            count = torch.bincount(rows, minlength=len(labels))
        logits = distances * -scale[:, None]
        negatives = logits.masked_fill(same, _MASKED).logsumexp(dim=1)
        # -log softmax over {p} and the negatives is softplus(lse(negatives) - logit_p).
        excess = F.softplus(negatives[rows] - logits[rows, columns])
        total = torch.zeros_like(negatives).index_add(0, rows, excess)
        return total / count.clamp(min=1), count > 0

    def scale(self, uncertainty: Tensor) -> Tensor:
        """What the logits of anchors of uncertainty ``[B]`` are multiplied with, ``[B]``."""
        return torch.exp(-uncertainty / 2)


class HypViTLoss(ContrastiveLoss):
    """The parent method (Hyp-ViT): one temperature for every anchor, no uncertainty."""

    def scale(self, uncertainty: Tensor) -> Tensor:
        """One for every anchor."""
        return torch.ones_like(uncertainty)
