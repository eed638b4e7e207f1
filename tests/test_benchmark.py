"""Benchmarks at toy size: the reports are complete, JSON-able and measure what they say."""

import json
import math
import sys

import pytest

from hypuml.benchmark import BENCHMARKS


@pytest.mark.parametrize(
    ("name", "toy"),
    [
        ("search", {"count": 5000, "n": 8, "batch": 4, "rounds": 1}),
        ("loss", {"batch": 200, "n": 32, "rounds": 1}),
    ],
)
def test_reports(name, toy):
    report = BENCHMARKS[name](seed=3, **toy)
    assert json.loads(json.dumps(report)) == report
    assert report["benchmark"] == name
    assert report["seed"] == 3
    assert {"date", "hardware", "versions"} <= set(report)
    assert report["versions"]["geoopt"]
    if name == "search":
        assert report["recall@10"] == 1.0
        for case, queries in (("single", 1), ("batched", 4)):
            seconds = report[case]["seconds"]
            assert report[case]["queries"] == queries
            assert all(math.isfinite(value) and value > 0 for value in seconds.values())
            ratio = seconds["hypuml"] / seconds["faiss"]
            assert report[case]["times_faiss"] == pytest.approx(ratio)
            assert set(seconds) == {"hypuml", "faiss", "geoopt"}
    else:
        assert set(report["seconds"]) == set(report["peak_bytes"]) == {"gram", "geoopt"}
        assert report["faster_than_geoopt"] > 0
        if sys.platform == "linux":
            # [B, B, n] floats at least, against a few [B, B].
            assert report["peak_bytes"]["geoopt"] > 4 * 200 * 200 * 32
            assert report["less_memory_than_geoopt"] > 5


def test_the_two_forms_of_the_loss_step_have_one_gradient():
    """Broadcasting is a baseline only if it computes the same thing."""
    import torch

    from hypuml.benchmark.speed import _loss_step

    (ours,), (theirs,) = (_loss_step(kind, 20, 8, 0)() for kind in ("gram", "geoopt"))
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-6)
