"""What uncertainty costs in training: a whole step with it against the same step without.

Both steps take a batch of the same size through the network of the "garden" recipe, forward and
backward, and update its weights. One has the uncertainty-aware loss and the calibration term (some
of its images are there for that term alone, see :mod:`hypuml.data.batches`), the other the
parent's loss on all images. Reading and augmenting pictures is left out: it is the same for both
and would only flatter the ratio.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor, nn

from hypuml.data.batches import divide
from hypuml.experiments.benchmark.common import Report, header, take_turns
from hypuml.models.hypuml import HypUML
from hypuml.recipes import recipe
from hypuml.training.config import TrainConfig
from hypuml.training.setup import slow_precision
from hypuml.training.state import RunState, make_optimizer


def training_step(
    config: TrainConfig, images: Tensor, labels: Tensor, fit: int, seed: int
) -> Callable[[], object]:
    """A network with its optimiser, ready to take steps on one batch.

    Args:
        config: the run; ``loss`` and ``calibration`` (0 leaves the term out) make the difference.
        images: ``[B, 3, S, S]`` normalised.
        labels: ``[B]`` classes.
        fit: number of leading images that the metric-learning loss sees.
        seed: of the weights.

    Returns:
        A function that takes one step and gives its loss.
    """
    torch.manual_seed(seed)
    model = HypUML(config.model)
    model.to(memory_format=torch.channels_last)
    model.train()
    objective = config.objective(labels)
    optimizer = make_optimizer(model, config, objective.loss)
    state = RunState(model, objective, optimizer, step=1)
    state.reset_average()
    low = config.precision == "bfloat16"
    images = images.contiguous(memory_format=torch.channels_last)

    def step() -> object:
        with torch.autocast("cpu", torch.bfloat16, enabled=low):
            features = model.backbone(images)
        out = model.head(features.float())
        result = objective(out.points, out.uncertainty, labels, fit)
        optimizer.zero_grad(set_to_none=True)
        result.total.backward()
        nn.utils.clip_grad_norm_(model.parameters(), config.clip)
        optimizer.step()
        state.update_average(config.ema)
        return result.metric

    return step


def step(seed: int = 0, rounds: int = 20, config: TrainConfig | None = None) -> Report:
    """The training step of a recipe with uncertainty and calibration, and without.

    Args:
        seed: of the weights and the (random) images; a network's time does not depend on them.
        rounds: timed rounds at most, in which the two take turns; fewer on a slow machine.
        config: the run; the "garden" recipe unless given. Its calibration weight must not be 0.

    Returns:
        Median seconds of both, ``times_parent`` (the median over the rounds of their ratio, which
        a machine that slows down for a while disturbs least) and the batch.
    """
    config = config or recipe("garden")
    if slow_precision(config):
        config = replace(config, precision="float32")
    total = config.classes_per_batch * config.images_per_class
    sizes = divide(
        total,
        config.images_per_class,
        config.calibration_share,
        config.ambiguous_share,
        config.degraded_share,
    )
    generator = torch.Generator().manual_seed(seed)
    side = config.model.image_size
    images = torch.randn(sizes.total, 3, side, side, generator=generator)
    labels = torch.arange(sizes.total) // config.images_per_class
    parent = replace(config, loss="hyp-vit", calibration=0.0)
    seconds = take_turns(
        {
            "hypuml": training_step(config, images, labels, sizes.fit, seed),
            "parent": training_step(parent, images, labels, sizes.total, seed),
        },
        rounds,
        "training steps",
    )
    ratios = [ours / theirs for ours, theirs in zip(*seconds.values(), strict=True)]
    return header("step", seed, ("timm", "torch")) | {
        "backbone": config.model.backbone,
        "image_size": side,
        "precision": config.precision,
        "images": sizes.total,
        "fit_images": sizes.fit,
        "loss": config.loss,
        "rounds": len(ratios),
        "seconds": {name: statistics.median(found) for name, found in seconds.items()},
        "times_parent": statistics.median(ratios),
    }
