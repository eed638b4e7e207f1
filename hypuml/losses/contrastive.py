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

from hypuml.losses.config import LossConfig
from hypuml.losses.gradient import with_gradient

# Stands in for minus infinity: the logsumexp of a row without negatives must stay finite.
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
    with torch.no_grad():
        same = labels[:, None] == labels[None, :]
        rows, columns = same.clone().fill_diagonal_(False).nonzero(as_tuple=True)
        count = torch.bincount(rows, minlength=len(labels))
        scale = torch.exp(-uncertainty.to(distances.dtype) / 2) / temperature
        logits = distances * -scale[:, None]
        positives = logits[rows, columns]
        negatives = logits.masked_fill_(same, _MASKED).logsumexp(dim=1)
        # -log softmax over {p} and the negatives is softplus(lse(negatives) - logit_p). Positive
        # pairs are few, so they are a list.
        excess = negatives[rows] - positives
        share = 1 / count.clamp(min=1).to(distances.dtype)
        losses = share * torch.zeros_like(negatives).index_add(0, rows, F.softplus(excess))
        # Its derivative by D_ip is s/t sigmoid(excess), and as much is drawn from the negatives,
        # each by its part in their softmax (which a row without negatives does not have).
        pull = excess.sigmoid() * (scale * share)[rows]
        total = torch.zeros_like(negatives).index_add(0, rows, pull)
        weight = logits.sub_(negatives[:, None]).exp_().masked_fill_(same, 0)
        weight.mul_(-total[:, None])[rows, columns] = pull
    return with_gradient(distances, losses, weight), count > 0


class ContrastiveLoss:
    """Configured form of :func:`contrastive_per_anchor`, as kept in ``LOSSES``.

    ``use_uncertainty=False`` is the parent (Hyp-ViT): one temperature for every anchor.
    """

    def __init__(self, config: LossConfig, use_uncertainty: bool = True) -> None:
        """Keep the temperature and whether u flattens the logits."""
        self.temperature = config.temperature
        self.use_uncertainty = use_uncertainty

    def __call__(
        self, distances: Tensor, labels: Tensor, uncertainty: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Losses ``[B]`` and whether each anchor has a positive ``[B]``."""
        u = uncertainty if self.use_uncertainty else torch.zeros_like(uncertainty)
        return contrastive_per_anchor(distances, labels, u, self.temperature)
