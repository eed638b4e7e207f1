"""Splits, samplers, pixels and augmentation."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hypuml.data.augment import AugmentConfig, augment
from hypuml.data.pixels import read_pixels
from hypuml.data.samplers import ClassBalancedSampler
from hypuml.data.splits import CALIBRATION, FIT, VALIDATION, split_classes, split_images
from hypuml.taxonomy import class_ids
from tests.support.squares import SquaresDataset

GENERA = [(f"g{g}", f"g{g} s{s}") for g in range(12) for s in range(4)]


def test_split_is_disjoint_complete_and_holds_out_whole_genera():
    split = split_classes(GENERA, seed=3)
    parts = [set(split.fit), set(split.calibration), set(split.validation)]
    assert set.union(*parts) == set(GENERA)
    assert sum(map(len, parts)) == len(GENERA)
    held = {p[0] for p in split.validation}
    assert len(split.validation) == 4 * len(held)
    assert not held & {p[0] for p in split.fit + split.calibration}
    assert not {p[0] for p in split.fit} & {p[0] for p in split.calibration}
    assert all(map(len, parts))


def test_split_depends_on_the_seed_and_not_on_the_order():
    assert split_classes(GENERA, 1) == split_classes(GENERA[::-1] * 2, 1)
    assert split_classes(GENERA, 1) != split_classes(GENERA, 2)


def test_few_groups_are_split_class_by_class():
    flat = [(f"class {i}",) for i in range(20)]
    split = split_classes(flat, 0, validation=0.25, calibration=0.2)
    assert (len(split.fit), len(split.calibration), len(split.validation)) == (12, 3, 5)


def test_too_few_classes_are_refused():
    with pytest.raises(ValueError, match="at least two classes"):
        split_classes([("only",)], 0)
    with pytest.raises(ValueError, match=r"\[0, 1\)"):
        split_classes(GENERA, 0, validation=1.0)


def test_images_are_split_alike_in_every_class():
    paths = [(name,) for name in "abc" for _ in range(20)]
    part_of = split_images(paths, 5, validation=0.25, calibration=0.2)
    for start in (0, 20, 40):
        counts = np.bincount(part_of[start : start + 20], minlength=3)
        assert (counts[FIT], counts[CALIBRATION], counts[VALIDATION]) == (12, 3, 5)
    assert (part_of != split_images(paths, 6, validation=0.25, calibration=0.2)).any()
    with pytest.raises(ValueError, match=r"\[0, 1\)"):
        split_images(paths, 0, calibration=-0.1)


def test_class_ids_number_sorted_paths():
    ids, classes = class_ids([("b",), ("a",), ("b",)])
    assert ids.tolist() == [1, 0, 1]
    assert classes == [("a",), ("b",)]


def test_batches_hold_m_of_each_class_and_depend_on_the_step_alone():
    labels = np.repeat(np.arange(7), 5)[::-1].copy()
    sampler = ClassBalancedSampler(labels, classes_per_batch=3, images_per_class=4, seed=9)
    again = ClassBalancedSampler(labels, classes_per_batch=3, images_per_class=4, seed=9)
    for step in range(20):
        rows = sampler.batch(step)
        counts = np.bincount(labels[rows], minlength=7)
        assert sorted(counts[counts > 0].tolist()) == [4, 4, 4]
        assert len(set(rows.tolist())) == 12
        assert rows.tolist() == again.batch(step).tolist()
    assert sampler.batch(0).tolist() != sampler.batch(1).tolist()


def test_required_classes_are_in_the_batch_and_more_images_are_of_the_asked_classes():
    labels = np.repeat(np.arange(9), 6)
    sampler = ClassBalancedSampler(labels, classes_per_batch=4, images_per_class=2, seed=1)
    for step in range(20):
        rows = sampler.batch(step, required=np.array([7, 2, 7]))
        assert {2, 7} <= set(labels[rows].tolist())
        assert len(set(labels[rows].tolist())) == 4
        wanted = np.array([3, 3, 8])
        assert labels[sampler.more(step, wanted)].tolist() == wanted.tolist()
    assert len(sampler.batch(0, required=np.arange(9))) == 8
    assert len(sampler.more(0, wanted[:0])) == 0


def test_small_classes_repeat_images_and_rows_are_translated():
    sampler = ClassBalancedSampler(
        np.array([0, 1, 1]), 5, 3, seed=0, rows=np.array([10, 20, 30], dtype=np.int64)
    )
    rows = sampler.batch(0)
    assert len(rows) == 6
    assert set(rows.tolist()) <= {10, 20, 30}
    assert (rows == 10).sum() == 3


def test_sampler_refuses_nothing_to_draw_from():
    with pytest.raises(ValueError, match="0 images"):
        ClassBalancedSampler(np.array([], dtype=np.int64), 2, 2, seed=0)


@pytest.mark.parametrize("workers", [0, 2])
def test_pixels_keep_the_order_and_report_what_cannot_be_read(workers):
    dataset = SquaresDataset(classes=5, each=60, broken={7, 130})
    rows = np.arange(300, dtype=np.int64)
    seen = []
    pixels, kept, unreadable = read_pixels(
        dataset, rows, 12, workers=workers, progress=lambda done, total: seen.append((done, total))
    )
    assert pixels.shape == (298, 12, 12, 3)
    assert kept.tolist() == [i for i in range(300) if i not in (7, 130)]
    assert unreadable == {"item 7": "item 7 is broken", "item 130": "item 130 is broken"}
    assert seen[-1] == (300, 300)
    assert np.array_equal(pixels[-1], np.asarray(dataset.load(299, 12)))


def test_pixels_of_nothing_readable_are_refused():
    dataset = SquaresDataset(classes=2, each=2, broken={0, 1, 2, 3})
    with pytest.raises(ValueError, match="item 0 is broken"):
        read_pixels(dataset, np.arange(4, dtype=np.int64), 8)


def test_augmentation_is_reproducible_in_range_and_differs_by_image():
    images = torch.rand(1, 3, 40, 40).repeat(6, 1, 1, 1)
    config = AugmentConfig()
    first = augment(images, 32, config, torch.Generator().manual_seed(1))
    again = augment(images, 32, config, torch.Generator().manual_seed(1))
    assert first.shape == (6, 3, 32, 32)
    assert torch.equal(first, again)
    assert torch.equal(first, first.clamp(0, 1))
    assert (first[0] - first[1]).abs().mean() > 0.01


def test_augmentation_switched_off_is_a_resize_or_its_mirror():
    images = torch.rand(8, 3, 32, 32)
    config = AugmentConfig(min_scale=1, rotation=0, brightness=0, hue=0, noise=0)
    out = augment(images, 32, config, torch.Generator().manual_seed(0))
    # Only the aspect jitter is left: it shrinks a side by at most 4/3.
    same = (out - images).abs().mean((1, 2, 3))
    mirrored = (out - images.flip(-1)).abs().mean((1, 2, 3))
    assert (torch.minimum(same, mirrored) < 0.35).all()


def test_hue_rotation_keeps_grey_grey():
    grey = torch.full((4, 3, 16, 16), 0.5)
    config = AugmentConfig(min_scale=1, rotation=0, brightness=0, hue=0.5, noise=0)
    out = augment(grey, 16, config, torch.Generator().manual_seed(0))
    assert (out - 0.5).abs().max() < 1e-5


@pytest.mark.parametrize(("option", "value"), [("min_scale", 0.0), ("noise", -1.0), ("hue", -0.1)])
def test_bad_augmentation_is_refused(option, value):
    with pytest.raises(ValueError, match=str(value)):
        AugmentConfig(**{option: value})
