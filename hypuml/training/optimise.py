"""What the loop optimises with: AdamW, learning-rate schedule, averaged weights."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from hypuml.losses import MetricLoss
from hypuml.training.config import TrainConfig


def schedule(step: int, config: TrainConfig) -> float:
    """Share of the peak learning rate: linear warm-up, then half a cosine to zero."""
    warm = max(1, round(config.warmup * config.steps))
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, config.steps - warm)))


def make_optimizer(
    model: nn.Module,
    config: TrainConfig,
    slow: Tensor | None = None,
    loss: MetricLoss | None = None,
) -> torch.optim.Optimizer:
    """AdamW; biases, norms and the head's scale are not decayed.

    Args:
        model: what is trained.
        config: of the run.
        slow: the weight that learns at ``head_lr`` times the rate, undecayed: it starts at a good
            place. None treats all alike.
        loss: whose own weights learn too, undecayed and at a rate of their own.
    """
    rest = [p for p in model.parameters() if p is not slow]
    groups: list[dict[str, Any]] = [
        {"params": [p for p in rest if p.ndim > 1], "weight_decay": config.weight_decay},
        {"params": [p for p in rest if p.ndim <= 1], "weight_decay": 0.0},
    ]
    if slow is not None:
        groups.append({"params": [slow], "weight_decay": 0.0, "share": config.head_lr})
    if loss is not None and list(loss.parameters()):
        groups.append({"params": [*loss.parameters()], "weight_decay": 0.0, "share": loss.rate})
    return torch.optim.AdamW(groups, lr=config.lr)


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate, of which some groups get a share."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group.get("share", 1.0)


@torch.no_grad()
def update_average(average: dict[str, Tensor], model: nn.Module, decay: float, step: int) -> None:
    """Move the averaged weights towards the current ones; counters are copied.

    Early on the average would mostly hold the random start, so the decay grows with the step.
    """
    weight = 1 - min(decay, (1 + step) / (10 + step)) if decay else 1.0
    for name, value in model.state_dict().items():
        # Half precision is what descriptors keep their axes in: constants.
        if value.dtype == torch.float32:
            average[name].lerp_(value, weight)
        else:
            average[name].copy_(value)
