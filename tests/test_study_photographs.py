"""The study on photographs: its plan, a run of it in small, and the tables made of it."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from hypuml.losses import LossConfig
from hypuml.study.photographs import DIM, FEW_DIMS, GEOMETRIES, OURS, STUDY
from hypuml.study.photographs_tables import (
    TABLES,
    cell,
    difference,
    effects,
    of_dimension,
)
from hypuml.study.running import best_of_each
from hypuml.study.variants import Variant

SEEDS, VARIANTS = STUDY.seeds, STUDY.variants


def test_baselines_are_tuned_over_as_many_settings_as_ours():
    tuned = [v for v in VARIANTS if not v.untrained and v.group != "pixels"]
    assert {len(STUDY.settings(v)) for v in tuned} == {len(STUDY.settings(OURS))}


def test_the_plan_holds_what_is_to_be_compared():
    assert {v.dim for v in VARIANTS if v.geometry == "spherical"} >= {2, 8, 32, 128}
    grid = [v for v in VARIANTS if v.group == "grid"]
    assert len(grid) == 2 * 2 * 2 * 2 * 3
    losses = {v.loss for v in VARIANTS}
    assert losses >= {"contrastive", "margin", "margin-reversed", "hyp-vit", "proxy-anchor"}


def test_from_pixels_there_are_both_flat_twins_and_the_parent():
    pixels = {(v.loss, v.geometry) for v in VARIANTS if v.group == "pixels"}
    assert pixels == {*(("contrastive", g) for g in GEOMETRIES), ("hyp-vit", "hyperbolic")}


def test_finalists_are_the_best_of_each_kind():
    a, b = Variant("baseline", "hyp-vit", max_distance=1.0), Variant("baseline", "hyp-vit")
    grid, small = Variant("grid"), replace(OURS, group="dimension", dim=32)
    few = replace(OURS, group="dimension", dim=FEW_DIMS)
    chosen = best_of_each({OURS: 0.5, a: 0.6, b: 0.7, grid: 0.9, small: 0.8, few: 0.4}, STUDY.kind)
    assert set(chosen) == {OURS, b, few}


def report(recall, u=0.6, per_class=None):
    return {
        "recall@1": recall,
        "r_auroc": u,
        "controls": {"tangent_norm": 0.55, "laplacian_variance": None},
        "tangent_norm_is_u": False,
        "confidence_auroc": 0.9,
        "confidence_ece": 0.05,
        "rejection": {"confidence": 0.6, "oracle": 0.8},
        "degradation": {"blur": {"share_rising": 0.9}, "crop": {"share_rising": 0.7}},
        "ood_auroc": None,
        "ood_auroc_matched": None,
        "curvature_use": 0.1,
        "tree_spearman": 0.2,
        "recall_per_class": per_class or {"a": [10, 8], "b": [30, 15]},
    }


def validation(recall, u=0.6):
    return {
        "recall@1": recall,
        "r_auroc": u,
        "calibration_fit": 0.3,
        "calibration_validation": None,
        "curvature_use": 0.1,
        "radius_q25": 1.0,
        "radius_q75": 1.5,
        "clipped": 0.0,
    }


def row(variant, recall, test=None):
    from dataclasses import asdict

    made = {
        "name": variant.name,
        "variant": asdict(variant),
        "setting": asdict(LossConfig()),
        "validation": [validation(recall + 0.01 * s) for s in SEEDS],
    }
    return made | ({"test": test} if test else {})


@pytest.fixture
def study():
    rows = [row(v, 0.5 + 0.001 * i) for i, v in enumerate(VARIANTS)]
    rows[0]["test"] = [report(0.7 + 0.01 * s) for s in SEEDS]
    parent = next(r for r in rows if r["variant"]["loss"] == "hyp-vit")
    parent["test"] = [report(0.6, per_class={"a": [10, 6], "b": [30, 15]}) for _ in SEEDS]
    for geometry in GEOMETRIES:
        of_dimension(rows, geometry, FEW_DIMS)["test"] = [report(0.5) for _ in SEEDS]
    for each in (r for r in rows if r["variant"]["group"] == "pixels"):
        right = 12 if each["variant"]["geometry"] == "spherical" else 10
        each["test"] = [report(0.4, per_class={"a": [20, right], "b": [20, 8]}) for _ in SEEDS]
    return {"rows": rows, "untaught": {"colour_histogram": 0.4, "descriptors": 0.5}}


def test_every_table_is_made(study):
    made = {name: make(study) for name, make in TABLES.items()}
    assert all(text.count("\n") >= 2 for text in made.values())
    assert "0.710 ±.010" in made["finalists"]
    assert "| colour histogram | 0.400 |" in made["results"]
    assert "| 0.500 ±.000, 0.500 ±.000 | +0.000 [+0.000, +0.000] |" in made["few-dimensions"]
    pixels = made["pixels-differences"].splitlines()
    assert len(pixels) == 5  # two flat twins and the parent below two lines of heading
    assert "spherical" in pixels[3]
    assert "| -0.050 [-0.100, +0.000] |" in pixels[3]
    assert "0.750" in made["finalists"]  # 0.6 of the 0.8 that an oracle removes
    json.dumps(made)


def test_a_difference_is_weighed_by_queries_and_its_interval_is_over_classes(study):
    ours, parent = (
        r
        for r in study["rows"]
        if "test" in r and r["variant"]["dim"] == DIM and r["variant"]["group"] != "pixels"
    )
    found = difference(ours, parent)
    assert found["mean"] == pytest.approx(2 / 40)  # two of class a's ten, none of b's thirty
    assert found["low"] == pytest.approx(0)
    assert found["high"] == pytest.approx(2 / 10)
    assert difference(ours, ours) == {"mean": 0, "low": 0, "high": 0}


def test_an_effect_is_that_of_one_factor_alone():
    variants = [v for v in VARIANTS if v.group == "grid"]
    rows = [
        row(v, 0.5 + (0.07 if v.calibration else 0) - 0.02 * (v.loss == "margin")) for v in variants
    ]
    found = effects(rows, "Recall@1")
    assert found["calibration on instead of off"]["mean"] == pytest.approx(0.07)
    assert found["margin instead of contrastive"]["mean"] == pytest.approx(-0.02)
    assert found["clip instead of tanh"]["mean"] == pytest.approx(0)
    assert found["clip instead of tanh"]["pairs"] == len(variants) // 2


def test_cells_leave_out_what_no_seed_has():
    assert cell([{"x": None}], lambda s: s["x"]) is None
    mean, half = cell([{"x": 0.2}, {"x": None}, {"x": 0.4}], lambda s: s["x"])
    assert (mean, half) == (pytest.approx(0.3), pytest.approx(0.1))


def test_dimensions_are_found_by_what_differs(study):
    for geometry in ("hyperbolic", "euclidean", "spherical"):
        for n in (2, 8, 32, 128):
            found = of_dimension(study["rows"], geometry, n)
            assert found is not None
            assert found["variant"]["dim"] == n
            assert found["variant"]["geometry"] == geometry
    assert np.isfinite(found["validation"][0]["recall@1"])
