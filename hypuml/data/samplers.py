"""m-per-class batches, drawn from the step number alone.

A batch is a pure function of ``(seed, step)``: a resumed run sees exactly the batches that an
uninterrupted one would have seen, with no random state to store.
"""

from __future__ import annotations

import numpy as np

from hypuml.types import IntArray


class ClassBalancedSampler:
    """Draws ``classes_per_batch`` classes and ``images_per_class`` images of each."""

    def __init__(
        self,
        labels: IntArray,
        classes_per_batch: int,
        images_per_class: int,
        seed: int,
        rows: IntArray | None = None,
    ) -> None:
        """Index the classes.

        Args:
            labels: ``[N]`` class of every image.
            classes_per_batch: classes per batch; more than there are means all of them.
            images_per_class: images of each; a smaller class repeats images.
            seed: of the whole sequence of batches.
            rows: ``[N]`` row numbers to return instead of 0..N-1, or None.

        Raises:
            ValueError: no images, or a count below one.
        """
        if len(labels) == 0 or classes_per_batch < 1 or images_per_class < 1:
            raise ValueError(
                "a sampler needs images and counts of at least one, got "
                f"{len(labels)} images, {classes_per_batch} classes x {images_per_class} images"
            )
        rows = np.arange(len(labels)) if rows is None else rows
        order = np.argsort(labels, kind="stable")
        starts = np.flatnonzero(np.diff(labels[order], prepend=labels[order][0] - 1))
        self._members = [rows[part] for part in np.split(order, starts[1:])]
        self._classes = min(classes_per_batch, len(self._members))
        self._images = images_per_class
        self._seed = seed

    def batch(self, step: int) -> IntArray:
        """Rows of batch ``step``: ``[classes_per_batch * images_per_class]`` int64."""
        rng = np.random.default_rng([self._seed, step])
        chosen = rng.choice(len(self._members), self._classes, replace=False)
        parts = []
        for c in chosen:
            members = self._members[c]
            short = len(members) < self._images
            parts.append(rng.choice(members, self._images, replace=short))
        return np.concatenate(parts).astype(np.int64)
