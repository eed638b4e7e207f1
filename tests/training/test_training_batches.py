"""What a batch is made of: sizes, kinds, and that none of it changes what a step costs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from hypuml.data.batches import BatchMaker, Pools, divide
from hypuml.data.garden import GardenConfig, GardenDataset, TreeConfig
from hypuml.training.data import fingerprint, prepare
from hypuml.training.features import varied
from hypuml.types import AMBIGUOUS, indices_of
from tests.support.squares import SquaresDataset
from tests.support.training_support import tiny_config


def maker(**shares):
    """Classes 0-5 to fit, 6-7 for calibration, 8 hybrids between the fit ones."""
    labels = np.concatenate([np.repeat(np.arange(8), 5), np.arange(8) % 6]).astype(np.int64)
    every = {"calibration": 0.25, "ambiguous": 0.1, "degraded": 0.2} | shares
    rows = np.arange(len(labels))
    pools = Pools(
        labels,
        fit=rows[:30],
        calibration=rows[30:40],
        ambiguous=rows[40:],
        other=(np.arange(8) + 1) % 6,
    )
    return BatchMaker(pools, divide(40, 2, **every), per_class=2, seed=4), labels


def test_the_parts_fill_the_batch_and_leave_whole_classes_to_fit():
    sizes = divide(256, 4, calibration=0.15, ambiguous=0.06, degraded=0.12)
    assert sizes.fit % 4 == 0
    assert sizes.calibration % 4 == 0
    assert 252 <= sizes.total <= 256
    assert divide(256, 4, 0, 0, 0).fit == 256


def test_too_small_a_batch_is_refused():
    with pytest.raises(ValueError, match="leaves no two classes to fit"):
        divide(8, 4, calibration=0.3, ambiguous=0.0, degraded=0.1)


def test_kinds_come_in_order_and_from_their_own_rows():
    made, labels = maker()
    for step in range(10):
        batch = made.batch(step)
        fit = batch.rows[: batch.fit]
        assert (fit < 30).all()
        degraded = batch.rows[len(batch.rows) - batch.degraded :]
        between = batch.rows[batch.fit : len(batch.rows) - batch.degraded]
        assert (between >= 30).all()
        assert (between >= 40).sum() == 4
        assert (degraded < 40).all()
        # Each degraded or ambiguous image has its own class in the batch to be ranked against.
        whole = set(labels[batch.rows[: -batch.degraded]].tolist())
        assert set(labels[degraded].tolist()) <= whole
        assert batch.rows.tolist() == made.batch(step).rows.tolist()
    assert made.batch(0).rows.tolist() != made.batch(1).rows.tolist()


def test_both_classes_of_an_ambiguous_image_are_fit_in_its_batch():
    made, labels = maker(calibration=0.0, ambiguous=0.05, degraded=0.0)
    for step in range(10):
        batch = made.batch(step)
        fit = set(labels[batch.rows[: batch.fit]].tolist())
        for row in batch.rows[batch.fit :]:
            assert {int(labels[row]), (int(row) - 40 + 1) % 6} <= fit


def test_calibration_does_not_change_how_many_images_a_step_takes():
    counts = {
        weight: len(
            prepare(SquaresDataset(), tiny_config(calibration=weight)).batches.batch(0).rows
        )
        for weight in (0.0, 1.0)
    }
    assert counts[1.0] <= counts[0.0]


def test_only_the_last_images_are_degraded():
    config = tiny_config(degraded_share=0.25, calibration_share=0.0)
    data = prepare(SquaresDataset(), config)
    batch = data.batches.batch(0)
    assert batch.degraded == 4
    seeded = [torch.Generator().manual_seed(1) for _ in range(2)]
    pixels = data.train.pixels[torch.from_numpy(batch.rows)].float() / 255
    size, ranges = config.model.image_size, config.augment
    with_damage, levels = varied(pixels, size, ranges, batch.degraded, seeded[0])
    without, none = varied(pixels, size, ranges, 0, seeded[1])
    assert (len(levels), len(none)) == (4, 0)
    assert ((levels >= 0) & (levels <= 1)).all()
    assert torch.equal(with_damage[:-4], without[:-4])
    assert not torch.equal(with_damage[-4:], without[-4:])
    assert with_damage.min() >= 0
    assert with_damage.max() <= 1


def test_hybrids_are_trained_on_and_never_evaluated():
    garden = GardenDataset(
        config=GardenConfig(
            seed=3,
            tree=TreeConfig((2,), 6, 2, unseen_genera=2),
            seen_individuals=3,
            unseen_individuals=2,
            training_hybrids=40,
        )
    )
    crossed = [i for i, item in enumerate(garden.items) if item.split == AMBIGUOUS]
    assert len(crossed) == 40
    assert not set(crossed) & set(indices_of(garden, "all").tolist())
    seen = {item.path for item in garden.items if item.split == "seen"}
    for i in crossed:
        assert {garden.items[i].path, garden.items[i].other} <= seen
        assert garden.items[i].path != garden.items[i].other
    data = prepare(garden, tiny_config(classes_per_batch=6, ambiguous_share=0.1))
    fit = set(data.split.fit)
    used = [i for i in crossed if {garden.items[i].path, garden.items[i].other} <= fit]
    assert 0 < len(used) < 40
    assert len(data.train.labels) == len(used) + sum(
        3 for path in seen if path not in set(data.split.validation)
    )
    picture = np.asarray(garden.load(crossed[0], 24))
    assert picture.shape == (24, 24, 3)
    assert np.array_equal(picture, np.asarray(garden.load(crossed[0], 24)))


def test_restricted_batches_hold_the_given_images_alone_and_are_as_large():
    made, labels = maker()
    rows = np.flatnonzero(np.isin(labels, [1, 3, 5, 6]))
    rows = rows[rows < 40]
    restricted = made.restricted(rows)
    assert restricted.fit_rows.tolist() == rows.tolist()
    assert not len(restricted.held_rows)
    drawn = set()
    for step in range(30):
        batch = restricted.batch(step)
        assert batch.fit == batch.whole == len(batch.rows)
        assert batch.degraded == 0
        # Four classes of two images; as many as asked for, 20, there are not.
        assert np.unique(labels[batch.rows], return_counts=True)[1].tolist() == [2] * 4
        drawn |= set(batch.rows.tolist())
        assert batch.rows.tolist() == made.restricted(rows).batch(step).rows.tolist()
    assert drawn == set(rows.tolist())
    # With classes enough a batch has the size of the whole run's.
    enough, _ = maker(calibration=0.0, ambiguous=0.0, degraded=0.0)
    small = BatchMaker(enough._pools, divide(8, 2, 0, 0, 0), per_class=2, seed=4)
    assert len(small.restricted(np.arange(25)).batch(0).rows) == 8


def test_a_run_is_recognised_by_the_images_it_trains_on_alone():
    def listing(**changes):
        dataset = SquaresDataset()
        for row, item in changes.get("items", {}).items():
            dataset.items[row] = item
        return fingerprint(dataset)

    items = SquaresDataset().items
    unseen = next(i for i, item in enumerate(items) if item.split == "unseen")
    seen = next(i for i, item in enumerate(items) if item.split == "seen")
    before = listing()
    assert listing(items={unseen: replace(items[unseen], id="another")}) == before
    for change in ({"id": "another"}, {"path": ("group 0", "grey")}, {"split": "unseen"}):
        assert listing(items={seen: replace(items[seen], **change)}) != before
    # Ambiguous images are trained on too, and a folder without splits is all of it.
    mixed = replace(items[unseen], split=AMBIGUOUS)
    assert listing(items={unseen: mixed}) != before
    whole = {row: replace(item, split="") for row, item in enumerate(items)}
    changed = whole | {unseen: replace(whole[unseen], id="another")}
    assert listing(items=whole) != listing(items=changed)
