"""Uncertainty-aware contrastive loss: one number per anchor.

For anchor ``i`` with positives ``P_i`` (same class, not itself) and negatives ``N_i``::

    l_i = mean over p in P_i of  -log  exp(-s_i D_ip / t) / (exp(-s_i D_ip / t)
                                       + sum over n in N_i of exp(-s_i D_in / t))
    s_i = exp(-u_i / 2),  u detached

``D`` are hyperbolic distances, ``t`` the temperature. An uncertain anchor (``u`` near 1) has its
logits flattened by up to ``exp(-1/2)``: it is allowed a softer ranking. The scale is detached, or
the model could lower its loss by calling everything uncertain; :mod:`hypuml.losses.calibration`
is what trains ``u``.

Re-derived from the Hyp-UML abstract (arXiv 2310.08390) and its parents: pairwise cross-entropy on
hyperbolic distances (Ermolov et al. 2022, Hyp-ViT) and logits scaled by ``exp(-u/2)``. The paper's
own equation was not available.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

# Stands in for minus infinity: logsumexp over a row without negatives must keep a finite gradient.
_MASKED = -1e30


def contrastive_per_anchor(
    distances: Tensor, labels: Tensor, uncertainty: Tensor, temperature: float
) -> tuple[Tensor, Tensor]:
    """Loss of every anchor of a batch.

    Args:
        distances: ``[B, B]`` hyperbolic distances; the diagonal is ignored.
        labels: ``[B]`` integer classes.
        uncertainty: ``[B]`` values in [0, 1]; used without gradient.
        temperature: t > 0, in units of distance.

    Returns:
        ``[B]`` losses (0 where an anchor has no positive) and ``[B]`` booleans, True where it has.
    """
    same = labels[:, None] == labels[None, :]
    eye = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    positive = same & ~eye
    scale = torch.exp(-uncertainty.detach().to(distances.dtype) / 2)
    logits = -distances * (scale / temperature)[:, None]
    negatives = logits.masked_fill(same, _MASKED).logsumexp(dim=1, keepdim=True)
    # -log softmax over {p} and the negatives is softplus(lse(negatives) - logit_p).
    terms = F.softplus(negatives - logits).masked_fill(~positive, 0)
    count = positive.sum(1)
    return terms.sum(1) / count.clamp(min=1), count > 0


class ContrastiveLoss:
    """Configured form of :func:`contrastive_per_anchor`, as kept in ``LOSSES``."""

    def __init__(self, temperature: float) -> None:
        """Keep the temperature; raises ``ValueError`` unless it is positive."""
        if not temperature > 0:
            raise ValueError(f"temperature must be positive, got {temperature}")
        self.temperature = temperature

    def __call__(
        self, distances: Tensor, labels: Tensor, uncertainty: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Losses ``[B]`` and whether each anchor has a positive ``[B]``."""
        return contrastive_per_anchor(distances, labels, uncertainty, self.temperature)
