"""What the loop optimises with: AdamW, learning-rate schedule, averaged weights."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from hypuml.training.config import TrainConfig


def schedule(step: int, config: TrainConfig) -> float:
    """Share of the peak learning rate: linear warm-up, then half a cosine to zero."""
    warm = max(1, round(config.warmup * config.steps))
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, config.steps - warm)))


def make_optimizer(model: nn.Module, config: TrainConfig) -> torch.optim.Optimizer:
    """AdamW; biases, norms and the head's scale are not decayed."""
    decay = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim <= 1]
    groups = [
        {"params": decay, "weight_decay": config.weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=config.lr)


@torch.no_grad()
def update_average(average: dict[str, Tensor], model: nn.Module, decay: float, step: int) -> None:
    """Move the averaged weights towards the current ones; counters are copied.

    Early on the average would mostly hold the random start, so the decay grows with the step.
    """
    weight = 1 - min(decay, (1 + step) / (10 + step)) if decay else 1.0
    for name, value in model.state_dict().items():
        if value.is_floating_point():
            average[name].lerp_(value, weight)
        else:
            average[name].copy_(value)
