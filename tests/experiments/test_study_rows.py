"""Rows of a study as the figures read them, whatever a file holds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from hypuml.figures import rows as r

SHIPPED = Path(__file__).resolve().parents[2] / "assets" / "docs" / "study.json"


def row(recall, part="validation", **variant):
    seeds = [
        {
            "recall@1": x,
            "degradation": {"blur": {"mean_u": [0.1, x], "share_rising": x}},
            "risk_coverage": {"coverage": [0.02, 1.0], "confidence": [0.0, 1 - x]},
        }
        for x in recall
    ]
    return made({"name": "n", "variant": {"loss": "contrastive"} | variant, part: seeds})


def made(content):
    (found,) = r.rows_of({"rows": [content]})
    return found


def test_a_cell_is_mean_and_half_range_over_the_seeds_that_have_it():
    seeds = [{"recall@1": x} for x in (0.5, 0.7, None)]
    some = made({"variant": {}, "validation": [*seeds, {}]})
    assert r.cell(some, "recall", "validation") == pytest.approx((0.6, 0.1, 2))
    assert r.cell(row([0.5]), "recall", "test") is None


def test_test_classes_are_read_where_there_are_any():
    assert r.part_of([row([0.5]), row([0.6], "test")]) == "test"
    assert r.part_of([row([0.5])]) == "validation"
    assert r.part_of([]) == "validation"


def test_names_say_the_options_and_only_what_differs():
    full = row([1], geometry="spherical", uncertainty="radial", length="tanh", max_distance=4.0,
               dim=8, calibration=1.0, held_only=True, degraded=False)  # fmt: skip
    assert r.name_of(full) == (
        "contrastive, spherical, radial, tanh, √c·2r 4, n 8, calibration 1, no degraded, held only"
    )
    assert (
        r.name_of(row([1], geometry="hyperbolic", calibration=0)) == "contrastive, no calibration"
    )


def test_dimensions_compare_rows_that_differ_in_nothing_else():
    rows = [row([0.5], geometry="hyperbolic", dim=8), row([0.4], geometry="hyperbolic", dim=2),
            row([0.9], geometry="hyperbolic", dim=2, calibration=3), row([0.9]),
            row([0.3], geometry="euclidean", dim=8, group="twin")]  # fmt: skip
    rows[0].test.append(r.Seed(recall=0.7))
    part, found = r.by_dimension(rows)
    assert part == "validation", "one finalist on the test classes is no curve"
    assert {g: [(n, c.mean) for n, c in x] for g, x in found.items()} == {
        "hyperbolic": [(2, 0.4), (8, 0.5)],
        "euclidean": [(8, 0.3)],
    }
    assert r.by_dimension(rows[:1])[1] == r.by_dimension([])[1] == {}


def test_spreads_come_best_first_and_not_too_many():
    rows = [row([x], dim=i) for i, x in enumerate((0.2, 0.9, 0.5))]
    found = r.spreads(rows, "validation", "recall", most=2)
    assert [c.mean for _, c in found] == [0.9, 0.5]


def test_curves_are_means_over_seeds_of_the_best_rows():
    rows = [row([0.4, 0.6]), row([0.1], dim=2)]
    levels, methods = r.damage_curves(rows, "validation", most=1)["blur"]
    assert levels == [0.0, 1.0]
    assert methods == {"contrastive": pytest.approx([0.1, 0.5])}
    ((coverage, risk),) = r.risk_curves(rows, "validation", most=1).values()
    assert coverage[-1] == 1.0
    assert risk[-1] == pytest.approx(0.5)
    assert r.risk_curves(rows, "validation", "u") == {}
    assert r.rising(rows, "validation", most=1) == {"contrastive": {"blur": pytest.approx(0.5)}}


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ([], "expected `object`"),
        ({"rows": 3}, "at rows"),
        ({"rows": [1]}, r"at rows\[0\]"),
        ({"rows": [{"variant": 2}]}, "variant"),
        ({"rows": [{"variant": {}, "validation": [{"recall@1": "much"}]}]}, "recall@1"),
        ({"rows": [{"variant": {}, "validation": [{"degradation": [1]}]}]}, "degradation"),
        ({"rows": [{"variant": {}, "test": [{"risk_coverage": {"u": ["a"]}}]}]}, "risk_coverage"),
    ],
)
def test_what_is_no_study_is_refused_and_the_place_is_named(content, place):
    with pytest.raises(ValueError, match=place) as caught:
        r.rows_of(content)
    assert str(caught.value).startswith("it is no study (")


def test_rows_without_figures_are_in_no_chart():
    bare = made({"variant": {}, "validation": [{"recall@1": 0.5, "risk_coverage": {"u": [1.0]}}]})
    assert r.damage_curves([bare], "validation") == {}
    assert r.risk_curves([bare], "validation") == {}
    assert r.rising([bare], "validation") == {}
    assert r.by_dimension([bare])[1] == {}


def test_the_shipped_study_reads_as_its_own_summary_does():
    from hypuml.experiments.study.garden_tables import cell

    content = json.loads(SHIPPED.read_text(encoding="utf-8"))
    rows = r.rows_of(content)
    assert len(rows) > 50
    part = r.part_of(rows)
    assert part == "test"
    for plain, one in zip(content["rows"], rows, strict=True):
        expected, found = cell(plain, "Recall@1", part), r.cell(one, "recall", part)
        assert (found is None) == (expected is None)
        if found is not None:
            assert np.allclose(found[:2], expected)
