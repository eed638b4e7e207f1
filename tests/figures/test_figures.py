"""Figures carry the data they are given, and nothing in a name is markup."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest

from hypuml import figures
from hypuml.figures import Dots, category_colours, disk_figure, uncertainty_histogram
from hypuml.figures.grid import ring_distances
from hypuml.figures.palette import MOST_COLOURS, uncertainty_scale
from hypuml.geometry import dist0

C, DILATION = 0.5, 1.3


def dots(n: int = 200, classes: int = 4, seed: int = 0) -> Dots:
    rng = np.random.default_rng(seed)
    d0 = rng.uniform(0.1, 3.0, n)
    theta = rng.uniform(0, 2 * np.pi, n)
    rho = np.tanh(DILATION * np.sqrt(C) * d0 / 2)
    xy = rho[:, None] * np.column_stack([np.cos(theta), np.sin(theta)])
    labels = [f"class {i % classes}" for i in range(n)]
    return Dots(xy.astype(np.float32), (1 - d0 / 3.5).astype(np.float32), d0, labels, C, DILATION)


def traces(figure: go.Figure, clickable: bool = True) -> list:
    return [t for t in figure.data if (t.customdata is not None) == clickable]


def test_every_dot_is_where_it_belongs_and_knows_its_row():
    data = dots()
    (trace,) = traces(disk_figure(data))
    assert np.array_equal(trace.customdata, np.arange(200))
    assert np.array_equal(np.column_stack([trace.x, trace.y]), data.xy)


def test_threshold_rejects_by_shape_and_colour_and_keeps_rows():
    data = dots()
    rejected, kept = traces(disk_figure(data, threshold=0.5))
    assert (data.uncertainty[kept.customdata] <= 0.5).all()
    assert (data.uncertainty[rejected.customdata] > 0.5).all()
    assert len(kept.customdata) + len(rejected.customdata) == 200
    assert rejected.marker.symbol != kept.marker.symbol
    assert isinstance(rejected.marker.color, str)
    everything = disk_figure(data, threshold=-0.1)
    assert sum(len(t.customdata) for t in traces(everything)) == 200


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("colour", ["uncertainty", "label"])
def test_themes_are_transparent_and_without_axes(theme, colour):
    figure = disk_figure(dots(), colour=colour, theme=theme, threshold=0.6, query=3, hits=[4, 5])
    assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0,0,0,0)"
    assert figure.layout.xaxis.visible is False
    assert figure.layout.yaxis.scaleanchor == "x"
    figure.to_json()


def test_an_unknown_theme_or_level_is_named():
    with pytest.raises(ValueError, match=r"'pink', expected one of light, dark"):
        disk_figure(dots(), theme="pink")
    with pytest.raises(ValueError, match="no level 'genus'"):
        disk_figure(dots(), colour="genus")


@pytest.mark.parametrize(("classes", "expected"), [(4, 4), (10, 10), (11, 1), (150, 1)])
def test_few_classes_get_a_legend_many_share_a_trace(classes, expected):
    found = traces(disk_figure(dots(classes=classes), colour="label"))
    assert len(found) == expected
    assert all(trace.showlegend == (expected > 1) for trace in found)
    rows = np.sort(np.concatenate([trace.customdata for trace in found]))
    assert np.array_equal(rows, np.arange(200))


@pytest.mark.parametrize("colour", ["uncertainty", "label"])
def test_colours_stay_below_what_webgl_dots_can_hold(colour):
    figure = disk_figure(dots(3000, 3000), colour=colour, threshold=0.9, query=0, hits=[1, 2, 3])
    used: set[object] = set()
    for trace in figure.data:
        if trace.marker.color is not None:
            values = trace.marker.color
            used |= {values} if isinstance(values, str) else set(np.asarray(values).tolist())
    assert 20 < len(used) < 200


def test_names_are_never_markup():
    data = dots(3)
    data.labels = ["<img src=x onerror=alert(1)>", "a & b </b> $\\alpha$", "x" * 500]
    data.paths = [(label,) for label in data.labels]
    (trace,) = traces(disk_figure(data))
    assert "&lt;img src=x onerror=alert(1)&gt;" in trace.text[0]
    assert "a &amp; b &lt;/b&gt; &#36;\\alpha&#36;" in trace.text[1]
    assert len(trace.text[2]) < 200
    for shown in [t.name for t in disk_figure(data, colour="label").data]:
        assert "<" not in shown
        assert "$" not in shown


def test_rings_are_drawn_at_true_distances_and_say_so():
    data = dots()
    figure = disk_figure(data)
    distances = ring_distances(data)
    assert 3 <= len(distances) <= 6
    circles = [s for s in figure.layout.shapes if s.type == "circle"]
    assert circles[0].x1 == 1.0
    for shape, d in zip(circles[1:], distances, strict=True):
        # The point of the unit disk at that radius, taken back to the model's distance.
        back = dist0(np.array([shape.x1, 0.0]), 1.0) / (DILATION * np.sqrt(C))
        assert back == pytest.approx(d)
    texts = [a.text for a in figure.layout.annotations]
    assert f"distance {distances[0]:g}" in texts
    assert f"{distances[1]:g}" in texts


@pytest.mark.parametrize("c", [1e-3, 1.0, 10.0])
@pytest.mark.parametrize("dilation", [0.3, 1.0, 8.0])
def test_rings_are_round_numbers_inside_the_disk(c, dilation):
    data = dots(5)
    data.curvature, data.dilation = c, dilation
    distances = ring_distances(data)
    assert 2 <= len(distances) <= 6
    assert np.tanh(dilation * np.sqrt(c) * distances[-1] / 2) < 0.97
    assert float(f"{distances[0]:.2g}") == pytest.approx(distances[0])


def test_lines_lead_from_the_query_to_each_hit():
    data = dots()
    figure = disk_figure(data, query=3, hits=[10, 20, 30], right=[True, False, None])
    solid, dotted = [t for t in traces(figure, clickable=False) if t.mode == "lines"]
    assert (solid.line.dash, dotted.line.dash) == ("solid", "dot")
    line = np.column_stack([dotted.x, dotted.y])[:-1]
    assert np.allclose(line[[0, -1]], data.xy[[3, 20]], atol=1e-6)
    # A geodesic of the disk: the midpoint is as far from one end as from the other.
    assert np.hypot(*line.T).max() < 1
    from hypuml.geometry import dist

    assert dist(line[12], line[0], 1.0) == pytest.approx(dist(line[12], line[-1], 1.0))
    rings = [t for t in traces(figure, clickable=False) if t.mode == "markers"]
    assert np.allclose([rings[-1].x[0], rings[-1].y[0]], data.xy[3])


def test_a_query_from_outside_is_drawn_where_it_was_placed():
    figure = disk_figure(dots(), query=np.array([[0.2, -0.4]]), hits=[1])
    last = figure.data[-1]
    assert (last.x[0], last.y[0]) == (0.2, -0.4)


@pytest.mark.parametrize("n", [1, 2, 30_000])
def test_any_size(n):
    figure = disk_figure(dots(n), threshold=0.5)
    assert sum(len(t.customdata) for t in traces(figure)) == n
    assert 3 <= figure.data[-1].marker.size <= 10


def test_equal_uncertainties_and_points_at_the_centre():
    data = Dots(np.zeros((4, 2)), np.full(4, 0.5), np.zeros(4))
    (trace,) = traces(disk_figure(data))
    assert np.isfinite(np.asarray(trace.marker.color, dtype=float)).all()
    assert "<b>" not in trace.text[0]


def test_histogram_counts_everybody_once():
    u = dots(500).uncertainty
    figure = uncertainty_histogram(u, 0.5)
    kept, rejected = (np.asarray(bar.y).sum() for bar in figure.data)
    assert kept == (u <= 0.5).sum()
    assert kept + rejected == 500
    assert f"kept {kept} of 500" in [a.text for a in figure.layout.annotations]
    assert not any("kept" in a.text for a in uncertainty_histogram(u).layout.annotations)
    for edge in (u[:0], np.full(9, 0.3)):
        assert sum(np.asarray(bar.y).sum() for bar in uncertainty_histogram(edge).data) == len(edge)


def test_uncertainty_colours_run_from_sure_to_unsure():
    scale = uncertainty_scale()
    colours = figures.uncertainty_colours(np.array([-1.0, 0.0, 1.0, 2.0]), 0.0, 1.0)
    assert colours == [scale[0], scale[0], scale[-1], scale[-1]]
    light = [sum(int(v) for v in c[4:-1].split(",")) for c in scale]
    assert np.corrcoef(light, np.arange(256))[0, 1] > 0.95


def test_class_colours_differ_until_there_are_too_many():
    few = category_colours([f"{i}" for i in range(40)])
    assert len(set(few.values())) == 40
    many = category_colours([f"{i}" for i in range(5000)], "dark")
    assert len(many) == 5000
    assert len(set(many.values())) <= MOST_COLOURS


def test_accent_is_the_apps_primary_colour():
    config = (Path(__file__).resolve().parents[2] / "app" / ".streamlit" / "config.toml").read_text(
        encoding="utf-8"
    )
    import tomllib

    assert tomllib.loads(config)["theme"]["light"]["primaryColor"] == figures.ACCENT


def test_figures_need_neither_streamlit_nor_torch():
    code = (
        "import sys, numpy as np; from hypuml import figures as f;"
        "f.disk_figure(f.Dots(np.zeros((1, 2)), np.zeros(1), np.zeros(1)));"
        "print(sorted({'streamlit', 'torch', 'umap', 'faiss'} & set(sys.modules)))"
    )
    root = Path(__file__).resolve().parents[2]
    run = [sys.executable, "-c", code]
    out = subprocess.run(run, cwd=root, capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
