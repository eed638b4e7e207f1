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
        self._place = {int(labels[order[start]]): i for i, start in enumerate(starts)}
        self._classes = min(classes_per_batch, len(self._members))
        self._images = images_per_class
        self._seed = seed

    def batch(self, step: int, required: IntArray | None = None) -> IntArray:
        """Rows of batch ``step``: ``[classes_per_batch * images_per_class]`` int64.

        Args:
            step: number of the batch.
            required: classes that have to be among the chosen; the first of them count when there
                are more than fit.
        """
        rng = np.random.default_rng([self._seed, step])
        chosen = rng.permutation(len(self._members))
        if required is not None:
            first = list(dict.fromkeys(self._place[int(label)] for label in required))
            chosen = np.asarray([*first, *chosen[~np.isin(chosen, first)]])
        parts = [self._draw(rng, c, self._images) for c in chosen[: self._classes]]
        return np.concatenate(parts)

    def more(self, step: int, labels: IntArray) -> IntArray:
        """One more row of the class of each of ``labels`` ``[M]``, as ``[M]`` int64."""
        rng = np.random.default_rng([self._seed, step, 1])
        parts = [self._draw(rng, self._place[int(label)], 1) for label in labels]
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)

    def _draw(self, rng: np.random.Generator, place: int, count: int) -> IntArray:
        members = self._members[place]
        return rng.choice(members, count, replace=len(members) < count).astype(np.int64)
