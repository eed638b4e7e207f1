"""The figures of the Models room: they draw what is there, and leave out what is not."""

from __future__ import annotations

import numpy as np
import pytest

from hypuml.figures import (
    damage_by_method_figure,
    degradation_figure,
    dimension_figure,
    distances_figure,
    reliability_figure,
    rising_figure,
    risk_by_method_figure,
    spread_figure,
    study_figure,
    training_figure,
    u_against_u_figure,
)
from hypuml.figures.methods import styles
from hypuml.figures.reliability import reliability
from hypuml.figures.rows import Cell
from hypuml.figures.training import PANELS, RADIUS, training_panels

BAD = "<b>$x$</b>"
HISTORY = [
    {"step": 100, "loss": 2.0, "recall@1": 0.5, "map@r": 0.3, "r_auroc": None, "radius_q25": 1.0,
     "radius_q75": 2.0},
    {"step": 200, "loss": float("nan"), "recall@1": 0.7, "r_auroc": 0.6, "radius_q25": 1.5,
     "radius_q75": 2.5, "clipped": 0.1, "calibration_fit": 0.4},
]  # fmt: skip


def names(figure):
    return [trace.name for trace in figure.data]


def test_a_training_has_a_panel_for_what_some_entry_recorded():
    assert training_panels(HISTORY) == ["loss", "recall@1", "r_auroc", RADIUS, "clipped", "rank"]
    assert training_panels([]) == []
    assert training_panels([{"step": 1, "loss": "a lot", "recall@1": True}]) == []


def test_a_training_curve_leaves_gaps_where_there_is_no_number():
    figure = training_figure(HISTORY, "loss")
    assert list(figure.data[0].x) == [100, 200]
    assert list(figure.data[0].y) == [2.0, None]
    assert names(training_figure(HISTORY, "recall@1")) == ["Recall@1", "MAP@R"]
    (line,) = training_figure(HISTORY, "rank").data
    assert list(line.y) == [None, 0.4]


def test_the_radii_are_bands_below_the_bound():
    wide = [entry | {"radius_q05": 0.5, "radius_q95": 3.0} for entry in HISTORY]
    for history, bands in ((HISTORY, 1), (wide, 2)):
        figure = training_figure(history, RADIUS, bound=6.0)
        assert len(figure.data) == 2 * bands
        assert [trace.fill for trace in figure.data] == [None, "tonexty"] * bands
        assert list(figure.data[-2].y) == [1.0, 1.5]
        assert list(figure.data[-1].y) == [2.0, 2.5]
        assert [shape.y0 for shape in figure.layout.shapes] == [6.0]
    assert not training_figure(HISTORY, RADIUS).layout.shapes


def test_unknown_panels_and_themes_are_named():
    with pytest.raises(ValueError, match=r"unknown panel 'x', expected one of loss,"):
        training_figure(HISTORY, "x")
    for name in PANELS:
        with pytest.raises(ValueError, match="unknown theme 'pink'"):
            training_figure(HISTORY, name, theme="pink")


def test_reliability_is_the_mean_of_each_bin():
    rng = np.random.default_rng(0)
    p = rng.random(100)
    y = rng.random(100) < p
    said, was, size = reliability(p, y, bins=7)
    assert size.sum() == 100
    assert size.max() - size.min() <= 1
    order = np.argsort(p)
    start = 0
    for s, w, n in zip(said, was, size, strict=True):
        part = order[start : start + n]
        start += n
        assert s == pytest.approx(p[part].mean())
        assert w == pytest.approx(y[part].mean())
    figure = reliability_figure(p, y)
    assert names(figure) == ["perfectly calibrated", "answer confidence"]
    assert sum(figure.data[1].customdata) == 100


def test_reliability_of_few_or_no_answers_and_of_unequal_lengths():
    said, was, size = reliability([0.9, 0.2], [True, False])
    assert (said.tolist(), was.tolist(), size.tolist()) == ([0.2, 0.9], [0.0, 1.0], [1, 1])
    assert [len(x) for x in reliability([], [])] == [0, 0, 0]
    with pytest.raises(ValueError, match="expected one each"):
        reliability([0.1], [True, False])


def test_histograms_of_distances_count_everybody_on_the_same_bars():
    groups = {"a": np.linspace(0, 3, 50), "b": np.linspace(1, 5, 70)}
    figure = distances_figure(groups, {"a": 4.0, "b": 6.0})
    assert [sum(bar.y) for bar in figure.data] == [50, 70]
    assert list(figure.data[0].x) == list(figure.data[1].x)
    texts = [note.text for note in figure.layout.annotations]
    assert texts == ["bound 2r = 4.00 (a)", "bound 2r = 6.00 (b)"]
    same = distances_figure(groups, {"a": 6.0, "b": 6.0})
    assert [note.text for note in same.layout.annotations] == ["bound 2r = 6.00"]
    assert [sum(bar.y) for bar in distances_figure({"none": np.zeros(0)}).data] == [0]


def test_methods_differ_in_more_than_colour():
    for look in zip(styles("abcd"), styles("bcde"), strict=True):
        assert look[0].dash == look[1].dash
    found = styles(["one", "two", "three"])
    assert len({s.colour for s in found}) == len({s.dash for s in found}) == 3
    assert len({s.symbol for s in found}) == 3


def test_curves_of_methods_carry_their_data_and_no_markup():
    figure = risk_by_method_figure({"a": ([0.5, 1.0], [0.1, 0.2]), BAD: ([0.5, 1.0], [0.0, 0.2])})
    assert names(figure) == ["a", "&lt;b&gt;&#36;x&#36;&lt;/b&gt;"]
    assert list(figure.data[1].y) == [0.0, 0.2]
    figure = damage_by_method_figure([0, 1], {"a": [0.1, 0.9]}, BAD)
    assert list(figure.data[0].y) == [0.1, 0.9]
    assert "<b>" not in figure.layout.xaxis.title.text


def test_u_against_u_draws_the_largest_group_first_and_everybody_once():
    u = ([0.1, 0.2, 0.3, 0.4], [0.5, 0.6, 0.7, 0.8])
    figure = u_against_u_figure(u, ("a", BAD), ["x", "y", "y", "y"])
    assert names(figure) == ["y", "x"]
    assert [list(t.x) for t in figure.data] == [[0.2, 0.3, 0.4], [0.1]]
    assert [list(t.y) for t in figure.data] == [[0.6, 0.7, 0.8], [0.5]]
    assert "<b>" not in figure.layout.yaxis.title.text


def test_dimensions_are_drawn_with_the_range_of_the_seeds():
    series = {
        "hyperbolic": [(2, Cell(0.4, 0.02, 3)), (8, Cell(0.6, 0.01, 3))],
        "euclidean": [(8, Cell(0.55, 0.03, 2))],
    }
    figure = dimension_figure(series)
    assert names(figure) == ["hyperbolic", "euclidean"]
    assert list(figure.data[0].error_y.array) == [0.02, 0.01]
    assert list(figure.layout.xaxis.tickvals) == [2, 8]
    assert figure.layout.xaxis.type == "log"


def test_spreads_say_who_they_are_above_their_dots():
    figure = spread_figure([("first", Cell(0.7, 0.1, 3)), (BAD, Cell(0.6, 0.0, 1))], "R", 0.5)
    assert list(figure.data[0].x) == [0.7, 0.6]
    assert figure.layout.annotations[0].text == "first"
    assert "<b>" not in figure.layout.annotations[1].text
    low, high = figure.layout.yaxis.range
    assert low > high, "the first one is on top"
    spread_figure([], "R").to_json()


def test_the_study_draws_groups_it_does_not_know():
    point = {"name": BAD, "loss": "a", "recall": (0.5, 0.0), "r_auroc": (0.6, 0.1)}
    points = [point | {"group": group} for group in ("grid", "finalist")]
    figure = study_figure(points)
    assert names(figure) == ["a (grid)", "a (finalist)"]
    assert "<b>" not in figure.data[1].text[0]
    assert len({trace.marker.symbol for trace in figure.data}) == 2


def test_shares_that_rise_are_drawn_per_method():
    figure = rising_figure({"a": {"blur": 0.9, "crop": 0.4}, "b": {"blur": 1.0}})
    assert [list(t.y) for t in figure.data] == [[0.9, 0.4], [1.0]]


def test_one_panel_of_the_damage_alone():
    data = {"levels": [0, 1], "kinds": {"blur": {"mean_u": [0.1, 0.5], "recall@1": None}}}
    figure = degradation_figure(data, only="mean_u")
    assert [list(t.y) for t in figure.data] == [[0.1, 0.5]]
    with pytest.raises(ValueError, match=r"got no panel 'recall@1'"):
        degradation_figure(data, only="recall@1")
    data["kinds"]["blur"]["recall@1"] = [0.9, 0.2]
    assert [list(t.y) for t in degradation_figure(data, only="recall@1").data] == [[0.9, 0.2]]
