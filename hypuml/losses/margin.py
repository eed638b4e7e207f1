"""Uncertainty-aware margin loss: one number per anchor.

For anchor ``a`` with positives ``P_a`` (same class, not itself) and negatives ``N_a``::

    l_a = mean over p in P_a, n in N_a of  max(0, D_ap - D_an + m_a)
    m_a = m_lo + (m_hi - m_lo) (1 - u_a),   u detached          ("margin")
    m_a = m_lo + (m_hi - m_lo) u_a,         u detached          ("margin-reversed")

``D`` are hyperbolic distances in units of ``1 / sqrt(c)``. A confident anchor (``u`` near 0) has to
keep its classes further apart; the reversed form asks that of the uncertain ones instead. Margins
are detached, or the model could shrink them by moving ``u``; :mod:`hypuml.losses.calibration` is
what trains ``u``.

Re-derived from the Hyp-UML abstract (arXiv 2310.08390: an uncertainty-aware objective for
conventional margin-based learning) and the triplet loss over all triplets of a batch (Schroff et
al. 2015, FaceNet; Hermans et al. 2017). The paper's own equation was not available: how the margin
depends on ``u`` is open, which is why there are both signs.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from hypuml.losses.base import LossOptions, MetricLoss


def margin_per_anchor(distances: Tensor, labels: Tensor, margin: Tensor) -> tuple[Tensor, Tensor]:
    """Loss of every anchor of a batch, over all of its triplets.

    No triplet is ever listed. Within the sorted thresholds ``t_p = D_ap + m_a`` of an anchor, the
    place of a negative is the number of positives it violates, and counting the places gives the
    number of negatives that violate each positive. With these counts as weights the sum of hinges
    is linear in the distances, and the weights are its exact gradient (a hinge that is exactly 0
    has gradient 0).
    ``O(B^2 log P)`` time for at most ``P`` positives an anchor, ``O(B^2)`` memory.

    A sum of differences is evaluated as a difference of sums: in float32 the absolute error of a
    loss stays below ``4 eps (max D + m)``, ``eps`` = 1.2e-7, as for a single hinge.

    Args:
        distances: ``[B, B]`` distances; the diagonal is ignored but must be finite.
        labels: ``[B]`` integer classes.
        margin: ``[B]`` margin of each anchor, >= 0, in units of ``distances``; without gradient.

    Returns:
        ``[B]`` losses >= 0 (0 where an anchor has no triplet) and ``[B]`` booleans, True where it
        has one.
    """
    same = labels[:, None] == labels[None, :]
    with torch.no_grad():
        margin = margin.to(distances.dtype)
        positive = same.clone().fill_diagonal_(False)
        count = positive.sum(1)
        triplets = count * (len(labels) - 1 - count)
        # At least one column (of padding), so that no positives is no special case.
        most = max(1, int(count.max())) if len(labels) else 0
        thresholds = (distances + margin[:, None]).masked_fill_(~positive, torch.inf)
        ordered, columns = thresholds.topk(most, largest=False, sorted=True)
        del thresholds, positive  # memory: at most three [B, B] matrices live at a time
        # place[a, n] = number of thresholds at or below D_an: the positives n does not violate.
        place = torch.searchsorted(ordered, distances.contiguous(), right=True)
        # The last place violates nothing; it is where whatever is no negative belongs.
        place.masked_fill_(same, most)
        places = distances.new_zeros(len(labels), most + 1)
        places.scatter_add_(1, place, distances.new_ones(()).expand_as(place))
        violating = places.cumsum(1)[:, :most].masked_fill(ordered.isinf(), 0)
        weight = place.to(distances.dtype).sub_(count[:, None]).masked_fill_(same, 0)
        # Columns that only pad the row get 0 added.
        weight.scatter_add_(1, columns, violating)
        share = 1 / triplets.clamp(min=1).to(distances.dtype)
        weight *= share[:, None]
        owed = margin * violating.sum(1) * share
    # Rounding may leave a loss of 0 at -1e-8.
    return ((weight * distances).sum(1) + owed).clamp(min=0), triplets > 0


@dataclass(frozen=True)
class MarginConfig(LossOptions):
    """Options of the margin losses; raises ``ValueError`` for margins the wrong way round."""

    margin_low: float = 0.1
    """Smallest margin of the margin losses, in units of distance times sqrt(c)."""
    margin_high: float = 0.5
    """Largest margin of the margin losses; the one margin of fixed-margin."""

    def __post_init__(self) -> None:
        """Check the margins."""
        super().__post_init__()
        if self.margin_low > self.margin_high:
            raise ValueError(
                f"margin_low must not exceed margin_high, got {self.margin_low} and "
                f"{self.margin_high}"
            )


class MarginLoss(MetricLoss):
    """Hinges over all triplets, with a larger margin for confident anchors."""

    Config = MarginConfig
    config: MarginConfig

    def margin(self, uncertainty: Tensor) -> Tensor:
        """Margin ``[B]`` for uncertainties ``[B]`` in [0, 1]."""
        return self.config.margin_low + self._span * (1 - uncertainty)

    @property
    def _span(self) -> float:
        return self.config.margin_high - self.config.margin_low

    def on_distances(
        self, distances: Tensor, labels: Tensor, uncertainty: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Losses ``[B]`` and whether each anchor has a triplet ``[B]``."""
        return margin_per_anchor(distances, labels, self.margin(uncertainty.detach()))


class MarginReversedLoss(MarginLoss):
    """The other sign: a larger margin for uncertain anchors."""

    def margin(self, uncertainty: Tensor) -> Tensor:
        """Margin ``[B]`` for uncertainties ``[B]`` in [0, 1]."""
        return self.config.margin_low + self._span * uncertainty
