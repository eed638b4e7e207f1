"""What a batch is made of. Its size never depends on what the uncertainty is taught with.

Four kinds of images, in this order:

* *fit*: the only ones that the metric-learning loss is computed on;
* *calibration-only*: images of classes the metric loss never sees;
* *ambiguous*: images that truly belong to two classes, both of which are among the fit classes of
  the batch, so that the ambiguity shows in their loss;
* *degraded*: further images of the fit and calibration-only classes, to be blurred, covered,
  cropped, darkened or made noisy.

The calibration term alone learns from the last three, and without calibration the whole batch is
fit images: runs with and without it cost the same number of forward passes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hypuml.data.samplers import ClassBalancedSampler
from hypuml.types import IntArray


@dataclass(frozen=True)
class Sizes:
    """Images of each kind in a batch; ``fit`` is a multiple of the images per class."""

    fit: int
    calibration: int
    ambiguous: int
    degraded: int

    @property
    def total(self) -> int:
        """Images in a batch."""
        return self.fit + self.calibration + self.ambiguous + self.degraded


@dataclass(frozen=True)
class Batch:
    """Rows of one batch, kinds in the module's order.

    Attributes:
        rows: ``[B]`` rows of the training part.
        fit: number of leading fit images.
        whole: number of leading images that are undamaged and of one class (fit, calibration-only).
        degraded: number of trailing images to be degraded.
    """

    rows: IntArray
    fit: int
    whole: int
    degraded: int


def divide(
    total: int, per_class: int, calibration: float, ambiguous: float, degraded: float
) -> Sizes:
    """Divide a batch of ``total`` images; at least two classes remain to be fit.

    Args:
        total: images in a batch.
        per_class: images per class.
        calibration: share of calibration-only images, in [0, 1).
        ambiguous: share of ambiguous images.
        degraded: share of degraded images.

    Raises:
        ValueError: the shares leave fewer than two classes to fit.
    """
    held = round(calibration * total / per_class) * per_class
    if calibration > 0:
        held = max(per_class, held)
    mixed, bad = round(ambiguous * total), round(degraded * total)
    fit = (total - held - mixed - bad) // per_class * per_class
    if fit < 2 * per_class:
        raise ValueError(
            f"a batch of {total} images with {per_class} per class leaves no two classes to fit "
            f"beside {held} calibration-only, {mixed} ambiguous and {bad} degraded images; "
            "raise --classes-per-batch or lower the shares"
        )
    return Sizes(fit, held, mixed, bad)


@dataclass(frozen=True)
class Pools:
    """What batches are drawn from.

    Attributes:
        labels: ``[N]`` class of every image of the training part.
        fit: rows of the fit images.
        calibration: rows of the calibration-only images, possibly none.
        ambiguous: rows of the ambiguous images, possibly none.
        other: second class of each of them.
    """

    labels: IntArray
    fit: IntArray
    calibration: IntArray
    ambiguous: IntArray
    other: IntArray


class BatchMaker:
    """Composes batches from the samplers; a pure function of ``(seed, step)``.

    Attributes:
        fit_rows: rows of the fit images.
        held_rows: rows of the calibration-only images.
    """

    def __init__(self, pools: Pools, sizes: Sizes, per_class: int, seed: int) -> None:
        """Index the images.

        Args:
            pools: what batches are drawn from.
            sizes: of the batches; kinds that have no images are left out.
            per_class: images per class.
            seed: of the sequence of batches.
        """
        labels, fit, calibration = pools.labels, pools.fit, pools.calibration
        self._labels, self._sizes, self._seed = labels, sizes, seed
        self.fit_rows, self.held_rows = fit, calibration
        self._fit = ClassBalancedSampler(
            labels[fit], max(1, sizes.fit // per_class), per_class, 2 * seed, rows=fit
        )
        self._held = None
        if len(calibration) and sizes.calibration:
            classes = sizes.calibration // per_class
            self._held = ClassBalancedSampler(
                labels[calibration], classes, per_class, 2 * seed + 1, rows=calibration
            )
        self._ambiguous, self._other = pools.ambiguous, pools.other

    def batch(self, step: int) -> Batch:
        """Batch number ``step``."""
        rng = np.random.default_rng([self._seed, step, 2])
        mixed = np.zeros(0, dtype=np.int64)
        required = None
        if len(self._ambiguous) and self._sizes.ambiguous:
            picked = rng.choice(len(self._ambiguous), min(self._sizes.ambiguous, len(self._other)))
            mixed = self._ambiguous[picked]
            required = np.stack([self._labels[mixed], self._other[picked]], 1).ravel()
        fit = self._fit.batch(step, required)
        held = self._held.batch(step) if self._held is not None else mixed[:0]
        bad = []
        # Degraded images take after the classes of the batch, so that each has its own kind in it.
        for rows, sampler in ((fit, self._fit), (held, self._held)):
            if sampler is not None and len(rows) and self._sizes.degraded:
                share = self._sizes.degraded * len(rows) / (len(fit) + len(held))
                labels = rng.choice(self._labels[rows], round(share))
                bad.append(sampler.more(step, labels))
        parts = [fit, held, mixed, *bad]
        return Batch(
            np.concatenate(parts), len(fit), len(fit) + len(held), sum(len(part) for part in bad)
        )
