"""Calibration: the term that trains the uncertainty to predict an image's own loss.

::

    L_cal = SmoothL1(q_i, log(l_i + 0.01)),   q_i = a + (b - a) * u_i

``l_i`` is the anchor's metric-learning loss *without gradient*; ``a`` and ``b`` are the running 5th
and 95th percentile of its logarithm. Because the two ends are read off the losses and not learned,
``u`` spans [0, 1] and cannot flip its sign; because the target is a logarithm with a floor, a loss
of zero or an outlier keeps a bounded gradient (the obvious ``exp(-q) l + q`` has neither property).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

FLOOR = 0.01


class Calibration(nn.Module):
    """Running percentiles and the calibration term.

    The percentiles are buffers, so that a resumed run continues with the same scale.
    """

    ends: Tensor

    def __init__(self, momentum: float = 0.99) -> None:
        """Start without percentiles; the first batch sets them.

        Args:
            momentum: weight of the past in the running percentiles, in [0, 1).
        """
        super().__init__()
        self.momentum = momentum
        self.register_buffer("ends", torch.full((2,), float("nan")))

    @torch.no_grad()
    def update(self, target: Tensor) -> None:
        """Move the percentiles towards those of ``target`` ``[B]`` (log-losses)."""
        now = torch.quantile(target, torch.tensor([0.05, 0.95], device=target.device))
        if torch.isnan(self.ends).any():
            self.ends.copy_(now)
        else:
            self.ends.lerp_(now, 1 - self.momentum)

    def forward(self, losses: Tensor, uncertainty: Tensor) -> Tensor:
        """Scalar calibration term.

        Args:
            losses: ``[B]`` per-anchor losses >= 0; used without gradient.
            uncertainty: ``[B]`` values in [0, 1], with gradient.

        Returns:
            Mean SmoothL1, a scalar; 0 with a graph for an empty batch.
        """
        if len(losses) == 0:
            return uncertainty.sum() * 0
        target = (losses.detach().float() + FLOOR).log()
        if self.training:
            self.update(target)
        low, high = self.ends.unbind()
        # All losses equal leaves no scale; 1e-3 keeps the gradient alive and the target inside.
        prediction = low + (high - low).clamp(min=1e-3) * uncertainty.float()
        return F.smooth_l1_loss(prediction, target)
