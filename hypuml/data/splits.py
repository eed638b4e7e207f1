"""Splitting the training classes again: fit, calibration-only and validation.

Zero-shot means that validation classes must be as new to the model as test classes are. Where the
taxonomy has a level above the class with enough groups (species in genera), whole groups are held
out, because a sibling species in the training set would make the validation too easy. A data set
that tests on new *images* of its training classes (digits) is split by image in the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hypuml.taxonomy import class_ids
from hypuml.types import IntArray, TaxonomyPath

# Fewer groups than this cannot be split into three parts that each mean something.
_MIN_GROUPS = 10
# Numbers of the parts, in the order of ``ClassSplit.parts``.
FIT, CALIBRATION, VALIDATION = range(3)


@dataclass(frozen=True)
class ClassSplit:
    """Class paths of each part; disjoint, each sorted.

    Attributes:
        fit: trained by the metric-learning loss.
        calibration: seen by the calibration term alone, so that the uncertainty meets classes
            whose losses have not collapsed.
        validation: never trained on; every choice is made here.
    """

    fit: tuple[TaxonomyPath, ...]
    calibration: tuple[TaxonomyPath, ...]
    validation: tuple[TaxonomyPath, ...]

    def parts(self) -> tuple[tuple[TaxonomyPath, ...], ...]:
        """The parts in the order of ``FIT``, ``CALIBRATION``, ``VALIDATION``."""
        return self.fit, self.calibration, self.validation


def split_classes(
    paths: Sequence[TaxonomyPath],
    seed: int,
    validation: float = 0.2,
    calibration: float = 0.2,
) -> ClassSplit:
    """Split classes at random.

    Args:
        paths: taxonomy path of every class or item; duplicates are merged.
        seed: of the random split.
        validation: share of all classes kept for validation, in [0, 1).
        calibration: share of the *remaining* classes for the calibration term alone, in [0, 1).

    Returns:
        The three parts. With at least 10 groups on the level above the class, validation and
        calibration hold whole groups.

    Raises:
        ValueError: a share out of range, or fewer than two classes left to fit.
    """
    _check_shares(validation, calibration)
    rng = np.random.default_rng([seed, 0x5B117])
    classes = sorted(set(paths))
    groups = sorted({path[:-1] for path in classes})
    by_group = len(groups) >= _MIN_GROUPS
    units: list[TaxonomyPath] = groups if by_group else classes
    order = [units[i] for i in rng.permutation(len(units))]
    first = round(validation * len(units))
    second = first + round(calibration * (len(units) - first))
    part_of = {unit: VALIDATION for unit in order[:first]}
    part_of |= {unit: CALIBRATION for unit in order[first:second]}
    fit, calibrate, held_out = (
        [p for p in classes if part_of.get(p[:-1] if by_group else p, FIT) == part]
        for part in (FIT, CALIBRATION, VALIDATION)
    )
    if len(fit) < 2:
        raise ValueError(
            f"training needs at least two classes to fit, got {len(fit)} of {len(classes)}; "
            "lower the validation and calibration shares or add classes"
        )
    return ClassSplit(tuple(fit), tuple(calibrate), tuple(held_out))


def split_images(
    paths: Sequence[TaxonomyPath], seed: int, validation: float = 0.2, calibration: float = 0.2
) -> IntArray:
    """Split images at random, every class in the same proportions.

    Args:
        paths: ``[N]`` class of every image.
        seed: of the random split.
        validation: share of each class's images kept for validation, in [0, 1).
        calibration: share of the *remaining* images for the calibration term alone, in [0, 1).

    Returns:
        ``[N]`` int64: ``FIT``, ``CALIBRATION`` or ``VALIDATION``.

    Raises:
        ValueError: a share out of range.
    """
    _check_shares(validation, calibration)
    rng = np.random.default_rng([seed, 0x5B118])
    part_of = np.full(len(paths), FIT, dtype=np.int64)
    ids, classes = class_ids(paths)
    for one in range(len(classes)):
        rows = rng.permutation(np.flatnonzero(ids == one))
        first = round(validation * len(rows))
        second = first + round(calibration * (len(rows) - first))
        part_of[rows[:first]] = VALIDATION
        part_of[rows[first:second]] = CALIBRATION
    return part_of


def _check_shares(validation: float, calibration: float) -> None:
    for name, share in (("validation", validation), ("calibration", calibration)):
        if not 0 <= share < 1:
            raise ValueError(f"{name} share must be in [0, 1), got {share}")


def thinned(rows: IntArray, ids: IntArray, most: int, rng: np.random.Generator) -> IntArray:
    """At most about ``most`` of ``rows``, the same number from every class (or all it has)."""
    if len(rows) <= most:
        return rows
    per_class = max(2, most // len(np.unique(ids)))
    kept = [rng.permutation(np.flatnonzero(ids == one))[:per_class] for one in np.unique(ids)]
    return rows[np.sort(np.concatenate(kept))]
