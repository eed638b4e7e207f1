"""Per-anchor losses whose gradient is written down instead of recorded.

A recorded graph keeps several ``[B, B]`` matrices until the backward pass; a loss that knows its
derivative needs one. That and the place where it is formed decide the memory of a training step.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


class _WithGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, distances: Tensor, losses: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(weight)
        return losses.clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        (weight,) = ctx.saved_tensors
        return grad[:, None] * weight, None, None


def with_gradient(distances: Tensor, losses: Tensor, weight: Tensor) -> Tensor:
    """Give losses that were computed without a graph their derivative.

    Args:
        distances: ``[B, B]`` the losses are a function of.
        losses: ``[B]`` values.
        weight: ``[B, B]``, ``weight[i, j] = d losses[i] / d distances[i, j]``; must not be changed
            afterwards.

    Returns:
        ``[B]`` the same values, differentiable once with respect to ``distances``.
    """
    return _WithGradient.apply(distances, losses, weight)
