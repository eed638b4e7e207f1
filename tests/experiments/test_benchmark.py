"""Benchmarks at toy size: the reports are complete, JSON-able and measure what they say."""

import json
import math
import sys

import pytest
import torch

from hypuml.experiments.benchmark.common import take_turns
from hypuml.experiments.benchmark.losses import STEPS, WAYS, loss_step
from hypuml.experiments.commands.benchmark import BENCHMARKS
from hypuml.models.config import ModelConfig
from hypuml.training.config import TrainConfig


@pytest.fixture
def report_of(capsys):
    """Runs a benchmark at toy size."""

    def run(name, **toy):
        report = BENCHMARKS[name](seed=3, **toy)
        streams = capsys.readouterr()
        assert streams.err, "no progress on stderr"
        assert streams.out == ""
        assert json.loads(json.dumps(report)) == report
        assert report["benchmark"] == name
        assert report["seed"] == 3
        assert {"date", "hardware", "versions"} <= set(report)
        assert report["versions"]["torch"]
        return report

    return run


def test_search(report_of):
    report = report_of("search", count=20_000, n=32, batch=4, rounds=5)
    assert report["recall@10"] == 1.0
    for case, queries in (("single", 1), ("batched", 4)):
        seconds = report[case]["seconds"]
        assert report[case]["queries"] == queries
        assert all(math.isfinite(value) and value > 0 for value in seconds.values())
        ratio = seconds["hypuml"] / seconds["faiss"]
        assert report[case]["times_faiss"] == pytest.approx(ratio)
        assert set(seconds) == {"hypuml", "faiss", "geoopt"}
        # 1.1 and 50 at full size; reranking is a larger part of a small search.
        assert report[case]["times_faiss"] < 8
        assert report[case]["faster_than_geoopt"] > 2


def test_loss(monkeypatch, report_of):
    # Each peak is measured in a process of its own, which takes seconds: one step will do here.
    monkeypatch.setattr("hypuml.experiments.benchmark.losses.STEPS", ("margin",))
    report = report_of("loss", batch=200, n=32, rounds=5, processes=1)
    step = report["margin"]
    assert set(step["seconds"]) == set(step["peak_bytes"]) == set(WAYS)
    assert report["faster_than_geoopt"] == step["faster_than_geoopt"]
    assert report["less_memory_than_geoopt"] == step["less_memory_than_geoopt"]
    # 50 and 100 at full size.
    assert report["faster_than_geoopt"] > 4
    if sys.platform == "linux":
        # [B, B, n] floats at least, against a few [B, B].
        assert step["peak_bytes"]["geoopt"] > 4 * 200 * 200 * 32
        assert step["less_memory_than_geoopt"] > 5


@pytest.mark.parametrize("name", STEPS)
def test_the_two_ways_of_a_loss_step_have_one_gradient(name):
    """Broadcasting is a baseline only if it computes the same thing."""
    (ours,), (theirs,) = (loss_step(way, name, 20, 8, 0)() for way in WAYS)
    assert ours.abs().max() > 0
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-6)


def test_step(report_of):
    tiny = ModelConfig(backbone="resnet10t", dim=4, image_size=32)
    config = TrainConfig(model=tiny, classes_per_batch=8, images_per_class=4)
    report = report_of("step", rounds=3, config=config)
    assert report["images"] <= 32
    # Some of the images are there for the calibration term alone.
    assert 0 < report["fit_images"] < report["images"]
    assert set(report["seconds"]) == {"hypuml", "parent"}
    assert all(value > 0 for value in report["seconds"].values())
    assert report["rounds"] == 3
    # 1.0 at full size: the network takes the time, not the loss.
    assert 0.4 < report["times_parent"] < 2.5


def test_batches(report_of):
    report = report_of("batches", count=3)
    assert (report["batches"], report["non_finite"], report["failures"]) == (3, 0, [])


def test_contenders_take_turns():
    order = []
    contenders = {"a": lambda: order.append("a"), "b": lambda: order.append("b")}
    seconds = take_turns(contenders, 2, "turns")
    assert order == ["a", "b"] * 3
    assert {name: len(found) for name, found in seconds.items()} == {"a": 2, "b": 2}


def test_no_round_begins_when_the_time_is_up():
    seconds = take_turns({"a": lambda: None}, 1000, "turns", limit=0.0)
    assert len(seconds["a"]) == 1
