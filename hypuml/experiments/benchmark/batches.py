"""Random batches of every kind, counting what comes out non-finite: the answer should be 0.

Points go through the Gram-form distances into every loss of the registry and the calibration term,
and the gradient goes back to the tangent vectors, the points and the uncertainties. Nothing in a
batch is typical: see :func:`draw`.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor

from hypuml.commands.common import Bar
from hypuml.experiments.benchmark.common import Report, header
from hypuml.geometry.torch import expmap0, pairwise_dist
from hypuml.losses import LOSSES, Calibration, LossConfig, make_loss

LAYOUTS = ("spread", "identical", "duplicates", "rim", "origin", "clusters")
UNCERTAINTIES = ("zeros", "ones", "random", "ends")
LARGEST_RADIUS = 12.0
"""Largest sqrt(c)*d0 that a model may have."""
FIGURES = ("loss", "calibration", "tangent_gradient", "point_gradient", "uncertainty_gradient")


@dataclass(frozen=True)
class RandomBatch:
    """One drawn batch.

    Attributes:
        tangent: ``[B, n]`` float32 tangent vectors at the origin.
        labels: ``[B]`` classes.
        uncertainty: ``[B]`` float32 in [0, 1].
        curvature: c > 0.
        config: temperature and margins.
    """

    tangent: Tensor
    labels: Tensor
    uncertainty: Tensor
    curvature: float
    config: LossConfig


def draw(seed: int, index: int) -> RandomBatch:
    """Batch number ``index`` of a run, a function of its arguments alone.

    Sizes 1 to 64, 1 class to a class per image; curvatures 1e-6 (where the ball is flat) to 10;
    ``sqrt(c) d0`` from 0 over 1e-8 up to 12; temperatures and margins 1e-3 to 100. The images are
    spread, all one point, partly duplicates, all on the rim, at the origin, or tight clusters.
    """
    rng = np.random.default_rng([seed, index])
    size, n = int(rng.integers(1, 65)), int(rng.choice([2, 3, 32, 128]))
    curvature = float(10 ** rng.uniform(-6, 1))
    direction = rng.normal(size=(size, n))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    radius = LARGEST_RADIUS * 10 ** rng.uniform(-9, 0) * rng.random((size, 1))
    layout = rng.choice(LAYOUTS)
    if layout == "identical":
        direction, radius = direction[:1].repeat(size, 0), radius[:1].repeat(size, 0)
    elif layout == "rim":
        radius = np.full((size, 1), LARGEST_RADIUS)
    elif layout == "origin":
        radius = radius * (rng.random((size, 1)) < 0.3)
    elif layout == "clusters":
        direction = direction[:1] + 10 ** rng.uniform(-9, 0) * direction
    if layout in ("duplicates", "rim"):
        source = rng.integers(0, size, size)
        direction, radius = direction[source], radius[source]
    # d0 = 2 ||v||.
    tangent = direction * radius / (2 * math.sqrt(curvature))
    u = {
        "zeros": np.zeros(size),
        "ones": np.ones(size),
        "random": rng.random(size),
        "ends": rng.integers(0, 2, size),
    }[rng.choice(UNCERTAINTIES)]
    temperature, *margins = 10 ** rng.uniform(-3, 2, 3)
    return RandomBatch(
        torch.from_numpy(tangent.astype(np.float32)),
        torch.from_numpy(rng.integers(0, rng.integers(1, size + 1), size)),
        torch.from_numpy(u.astype(np.float32)),
        curvature,
        LossConfig(float(temperature), float(min(margins)), float(max(margins))),
    )


def non_finite(batch: RandomBatch, names: tuple[str, ...]) -> dict[str, dict[str, bool]]:
    """Which figures of which loss are not finite on a batch.

    Args:
        batch: from :func:`draw`.
        names: keys of ``hypuml.losses.LOSSES``, of losses on distances.

    Returns:
        For every loss, for every entry of ``FIGURES``, whether a value of it is NaN or infinite.
    """
    v = batch.tangent.requires_grad_()
    u = batch.uncertainty.requires_grad_()
    x = expmap0(v, batch.curvature)
    eye = torch.eye(len(x), dtype=torch.bool)
    distances = math.sqrt(batch.curvature) * pairwise_dist(x, x, batch.curvature, mask=eye)
    found = {}
    for name in names:
        loss = make_loss(name, batch.config)
        losses, valid = loss.on_distances(distances, batch.labels, u)
        term = Calibration()(losses[valid], u[valid])
        total = losses.sum() + term
        gradients = torch.autograd.grad(total, (v, x, u), retain_graph=True)
        values = (losses, term, *gradients)
        found[name] = {
            figure: not bool(value.isfinite().all())
            for figure, value in zip(FIGURES, values, strict=True)
        }
    return found


def batches(seed: int = 0, count: int = 500) -> Report:
    """Count the non-finite values of ``count`` random batches.

    Returns:
        ``batches``, ``non_finite`` (batches with any, summed over the losses), ``losses`` (for each
        loss how many batches had each of ``FIGURES`` non-finite) and ``failures`` (the first ten:
        what :func:`draw` needs to repeat them).
    """
    names = tuple(name for name, loss in LOSSES.items() if loss.per_image)
    counts = {name: dict.fromkeys(FIGURES, 0) for name in names}
    total, failures, bar = 0, [], Bar("batches", "batch")
    for index in range(count):
        bar(index, count)
        batch = draw(seed, index)
        for name, figures in non_finite(batch, names).items():
            for figure, bad in figures.items():
                counts[name][figure] += bad
            if any(figures.values()):
                total += 1
                failures.append({"index": index, "loss": name} | asdict(batch.config))
    bar(count, count)
    return header("batches", seed, ("geoopt", "pytorch-metric-learning", "torch")) | {
        "batches": count,
        "non_finite": total,
        "losses": counts,
        "failures": failures[:10],
    }
