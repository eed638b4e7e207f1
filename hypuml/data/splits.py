"""Splitting the training classes again, by class: fit, calibration-only and validation.

Zero-shot means that validation classes must be as new to the model as test classes are. Where the
taxonomy has a level above the class with enough groups (species in genera), whole groups are held
out, because a sibling species in the training set would make the validation too easy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hypuml.types import IntArray, TaxonomyPath

# Fewer groups than this cannot be split into three parts that each mean something.
_MIN_GROUPS = 10


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
        The three parts. With at least 10 groups on the level above the class, validation holds
        whole groups; calibration classes are always drawn class by class.

    Raises:
        ValueError: a share out of range, or fewer than two classes left to fit.
    """
    for name, share in (("validation", validation), ("calibration", calibration)):
        if not 0 <= share < 1:
            raise ValueError(f"{name} share must be in [0, 1), got {share}")
    rng = np.random.default_rng([seed, 0x5B117])
    classes = sorted(set(paths))
    groups = sorted({path[:-1] for path in classes})
    by_group = len(groups) >= _MIN_GROUPS
    units: list[TaxonomyPath] = groups if by_group else classes
    order = rng.permutation(len(units))
    held = {units[i] for i in order[: round(validation * len(units))]}
    held_out = [p for p in classes if (p[:-1] if by_group else p) in held]
    rest = [p for p in classes if (p[:-1] if by_group else p) not in held]
    chosen = rng.permutation(len(rest))[: round(calibration * len(rest))]
    calibrate = [rest[i] for i in sorted(chosen)]
    fit = [p for p in rest if p not in set(calibrate)]
    if len(fit) < 2:
        raise ValueError(
            f"training needs at least two classes to fit, got {len(fit)} of {len(classes)}; "
            "lower the validation and calibration shares or add classes"
        )
    return ClassSplit(tuple(fit), tuple(calibrate), tuple(held_out))


def class_ids(paths: Sequence[TaxonomyPath]) -> tuple[IntArray, list[TaxonomyPath]]:
    """Number the classes of items.

    Returns:
        ``[N]`` int64 ids and the class paths in id order (sorted).
    """
    classes = sorted(set(paths))
    number = {path: i for i, path in enumerate(classes)}
    return np.asarray([number[p] for p in paths], dtype=np.int64), classes
