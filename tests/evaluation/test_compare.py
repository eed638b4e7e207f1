"""Comparing two models on the same images: against naive twins, and where something is missing."""

from __future__ import annotations

import numpy as np
import pytest

from hypuml import metrics
from hypuml.evaluation.compare import Side, common_rows, compare
from hypuml.geometry import dist, dist0
from hypuml.metrics import bootstrap_over_classes
from hypuml.types import NO_CLASS
from tests.support.confidence_doubles import cluster, fitted_once

C = (1.0, 0.4)


def sides(noise=(0.5, 1.1), confidence=(None, None)):
    """Two models of different quality and curvature on the same 224 images of 16 classes."""
    made = []
    for i, (spread, c, sure) in enumerate(zip(noise, C, confidence, strict=True)):
        points, u, ids = cluster(noise=spread, seed=i, c=c)
        made.append(Side(f"model {i}", points, u, c, sure, 4.0 + i))
    # Padded, so that the order of the names is that of the numbers: resamples draw by place.
    return made[0], made[1], [("family", f"class {i:02d}") for i in ids], ids


def naive_first(side: Side) -> np.ndarray:
    """Nearest other image of each, by all distances."""
    d = np.array([dist(side.points, p, side.curvature) for p in side.points])
    np.fill_diagonal(d, np.inf)
    return d.argmin(axis=1)


def test_every_figure_is_that_of_its_plain_twin():
    a, b, paths, ids = sides(confidence=(fitted_once(), fitted_once()))
    found = compare(a, b, paths)
    assert found.queries.tolist() == list(range(len(ids)))
    for judged in found.sides:
        first = naive_first(judged.side)
        right = ids[first] == ids
        assert judged.first.tolist() == first.tolist()
        assert judged.correct.tolist() == right.tolist()
        assert judged.figures["recall@1"] == right.mean()
        assert judged.figures["r_auroc"] == metrics.r_auroc(judged.side.uncertainty, right)
        sure = judged.scores["confidence"]
        assert judged.figures["confidence_auroc"] == metrics.auroc(sure, right)
        assert np.allclose(judged.d0, dist0(judged.side.points, judged.side.curvature))
        use = metrics.curvature_use(judged.side.points, judged.side.curvature)
        assert judged.figures["curvature_use"] == use


def test_the_interval_of_the_difference_is_the_paired_bootstrap_over_classes():
    a, b, paths, ids = sides(confidence=(fitted_once(), fitted_once()))
    found = compare(a, b, paths)
    one, other = found.sides

    def difference(name, judged_by):
        def statistic(rows):
            values = [judged_by(side, rows) for side in (one, other)]
            return None if None in values else values[0] - values[1]

        expected = bootstrap_over_classes(statistic, ids)
        got = found.differences[name]
        assert (got.value, got.low, got.high) == pytest.approx(
            (expected.value, expected.low, expected.high), abs=1e-12
        )
        return got

    recall = difference("recall@1", lambda side, rows: side.correct[rows].mean())
    assert recall.low > 0, "the first model is much better"
    difference("r_auroc", lambda s, rows: metrics.r_auroc(-s.scores["u"][rows], s.correct[rows]))
    difference(
        "confidence_auroc",
        lambda s, rows: metrics.auroc(s.scores["confidence"][rows], s.correct[rows]),
    )


def test_queries_that_one_alone_answers_surest_mistakes_first():
    a, b, paths, ids = sides()
    found = compare(a, b, paths)
    right = [ids[naive_first(side)] == ids for side in (a, b)]
    for rows, mine, wrong, other in (
        (found.only[0], right[0], right[1], b),
        (found.only[1], right[1], right[0], a),
    ):
        assert sorted(rows.tolist()) == np.flatnonzero(mine & ~wrong).tolist()
        assert (np.diff(other.uncertainty[rows]) >= 0).all()
    assert len(found.only[0])
    assert len(found.only[1])


def test_a_model_compared_with_itself_differs_in_nothing():
    a, _, paths, _ = sides()
    found = compare(a, a, paths)
    assert [rows.tolist() for rows in found.only] == [[], []]
    for difference in found.differences.values():
        assert (difference.value, difference.low, difference.high) == (0.0, 0.0, 0.0)


def test_missing_classes_and_single_images_are_no_queries():
    a, b, paths, ids = sides()
    paths = [(NO_CLASS,) if i % 7 == 0 else path for i, path in enumerate(paths)]
    paths = [(f"alone {i}",) if ids[i] == 3 else path for i, path in enumerate(paths)]
    found = compare(a, b, paths)
    expected = [i for i in range(len(ids)) if i % 7 and ids[i] != 3]
    assert found.queries.tolist() == expected
    for judged in found.sides:
        first = naive_first(judged.side)[expected]
        right = [paths[i] == paths[j] for i, j in zip(expected, first, strict=True)]
        assert judged.correct.tolist() == right


def test_without_classes_only_the_geometry_is_left():
    a, b, paths, _ = sides()
    found = compare(a, b, [(NO_CLASS,)] * len(paths))
    assert not len(found.queries)
    assert found.differences == {}
    for judged in found.sides:
        assert judged.figures["recall@1"] is judged.figures["r_auroc"] is None
        assert judged.figures["curvature_use"] is not None
        assert len(judged.first) == len(judged.scores["u"]) == 0


def test_one_class_has_no_figure_to_compare():
    a, b, paths, _ = sides()
    found = compare(a, b, [("only",)] * len(paths))
    assert not {"recall@1", "r_auroc"} & set(found.differences)
    assert all(judged.figures["recall@1"] is None for judged in found.sides)


def test_a_confidence_on_one_side_is_no_difference():
    a, b, paths, _ = sides(confidence=(fitted_once(), None))
    found = compare(a, b, paths)
    assert found.sides[0].figures["confidence_auroc"] is not None
    assert found.sides[1].figures["confidence_auroc"] is None
    assert "confidence_auroc" not in found.differences


def test_sides_that_do_not_fit_the_images_are_refused():
    a, b, paths, _ = sides()
    with pytest.raises(ValueError, match=r"got 224 points .* for 3 images, expected one each"):
        compare(a, b, paths[:3])


def test_common_images_are_found_by_id():
    first, second = common_rows([f"i{n}" for n in range(9)], [f"i{n}" for n in range(12, 4, -1)])
    assert first.tolist() == [5, 6, 7, 8]
    assert second.tolist() == [7, 6, 5, 4]
    assert [len(rows) for rows in common_rows(["a"], [])] == [0, 0]
