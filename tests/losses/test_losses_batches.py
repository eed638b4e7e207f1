"""Random batches: nothing non-finite, the strange ones really occur, a broken loss is caught."""

from __future__ import annotations

import math

import pytest
import torch

from hypuml.experiments.benchmark.batches import FIGURES, LARGEST_RADIUS, batches, draw
from hypuml.geometry.torch import dist0, expmap0
from hypuml.losses import LOSSES, MetricLoss


def test_no_random_batch_gives_a_non_finite_value():
    report = batches(seed=1, count=250)
    assert report["batches"] == 250
    assert report["failures"] == []
    assert report["non_finite"] == 0
    assert set(report["losses"]) == {n for n, loss in LOSSES.items() if loss.per_image}
    for figures in report["losses"].values():
        assert figures == dict.fromkeys(FIGURES, 0)


def test_strange_batches_are_among_them():
    drawn = [draw(0, index) for index in range(400)]
    radii = [
        math.sqrt(b.curvature) * dist0(expmap0(b.tangent.double(), b.curvature), b.curvature)
        for b in drawn
    ]
    assert {1, 2, 64} <= {len(b.labels) for b in drawn} <= set(range(1, 65))
    assert any(len(b.labels) > 1 and not b.tangent.any() for b in drawn)
    assert max(r.max() for r in radii) == pytest.approx(LARGEST_RADIUS, rel=1e-4)
    assert any(0 < r.max() < 1e-7 for r in radii)
    for repeated in (
        lambda b: len(b.tangent.unique(dim=0)) == 1 < len(b.tangent),  # all identical
        lambda b: 1 < len(b.tangent.unique(dim=0)) < len(b.tangent),  # some duplicates
        lambda b: len(b.labels.unique()) == 1 < len(b.labels),  # no negatives
        lambda b: (b.uncertainty == 1).all(),
        lambda b: (b.uncertainty == 0).all(),
        lambda b: b.curvature < 1e-5,
        lambda b: b.curvature > 5,
        lambda b: b.config.temperature < 3e-3,
    ):
        assert any(map(repeated, drawn))


def test_a_batch_can_be_drawn_again():
    first, again, other = draw(2, 7), draw(2, 7), draw(2, 8)
    assert torch.equal(first.tangent, again.tangent)
    assert first.config == again.config != other.config


def test_broken_losses_and_gradients_are_counted(monkeypatch):
    class InfiniteSlope(MetricLoss):
        def on_distances(self, distances, labels, uncertainty):
            # The root of 0: a finite value, no finite gradient.
            root = (distances - distances.detach()).sqrt().sum(1)
            return root, torch.ones_like(labels, dtype=torch.bool)

    class NotANumber(MetricLoss):
        def on_distances(self, distances, labels, uncertainty):
            return distances.sum(1) * math.nan, torch.ones_like(labels, dtype=torch.bool)

    for name in tuple(LOSSES):
        monkeypatch.delitem(LOSSES, name)
    monkeypatch.setitem(LOSSES, "slope", InfiniteSlope)
    monkeypatch.setitem(LOSSES, "nan", NotANumber)
    report = batches(seed=0, count=10)
    assert report["losses"]["slope"]["loss"] == 0
    assert report["losses"]["slope"]["tangent_gradient"] > 0
    assert report["losses"]["nan"]["loss"] == report["losses"]["nan"]["calibration"] == 10
    assert report["non_finite"] > 10
    assert len(report["failures"]) == 10
    assert {"index", "loss", "temperature"} <= set(report["failures"][0])
