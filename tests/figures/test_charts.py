"""The charts of an evaluation draw the data they are given, and their pages need no network."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hypuml.figures import degradation_figure, radius_figure, risk_coverage_figure, write_page
from hypuml.figures.radius import _shares

RISK = {
    "coverage": [0.5, 1.0],
    "oracle": [0.0, 0.2],
    "u": [0.1, 0.2],
    "confidence": [0.05, 0.2],
    "other": [0.2, 0.2],
}
DAMAGE = {
    "levels": [0.0, 0.5, 1.0],
    "kinds": {
        "blur": {"mean_u": [0.1, 0.3, 0.5], "recall@1": [0.9, 0.5, 0.1]},
        "noise": {"mean_u": [0.1, 0.2, 0.2], "recall@1": [0.9, 0.8, 0.7]},
    },
    "seen_in_training": ["blur"],
}


def test_risk_coverage_draws_every_score_confidence_first():
    figure = risk_coverage_figure(RISK)
    assert [t.name for t in figure.data] == [
        *("answer confidence", "uncertainty u", "oracle", "other")
    ]
    assert list(figure.data[1].y) == [0.1, 0.2]
    assert all(list(t.x) == [0.5, 1.0] for t in figure.data)
    assert [a.text for a in figure.layout.annotations] == ["all answered: 20.0% wrong"]
    assert figure.data[0].line.width > figure.data[2].line.width


def test_degradation_draws_u_and_recall_and_marks_what_was_trained():
    figure = degradation_figure(DAMAGE)
    assert [t.name for t in figure.data if t.showlegend] == ["blur (seen in training)", "noise"]
    assert [list(t.y) for t in figure.data] == [
        *([0.1, 0.3, 0.5], [0.9, 0.5, 0.1], [0.1, 0.2, 0.2], [0.9, 0.8, 0.7])
    ]
    # Told apart by shape as well as by colour.
    assert len({t.marker.symbol for t in figure.data}) == 2
    without = {**DAMAGE, "seen_in_training": None}
    without["kinds"] = {k: v | {"recall@1": None} for k, v in DAMAGE["kinds"].items()}
    figure = degradation_figure(without)
    assert [t.name for t in figure.data] == ["blur", "noise"]
    assert "xaxis2" not in figure.layout.to_plotly_json()


def radii(right):
    d0 = np.linspace(0.5, 3.0, len(right))
    return {"d0": d0.tolist(), "u": (1 - d0 / 4).tolist(), "right": right}


def test_radius_counts_every_image_once_by_its_answer():
    right = [False] * 20 + [True] * 50 + [None] * 10
    figure = radius_figure(radii(right))
    bars = {t.name: int(np.sum(t.y)) for t in figure.data if t.type == "bar"}
    assert bars == {"right answer": 50, "wrong answer": 20, "no query": 10}
    (line,) = [t for t in figure.data if t.type == "scatter"]
    assert line.y[0] == 1
    assert line.y[-1] == 0
    assert not [t for t in figure.data if t.type == "scattergl"]
    cloud = [t for t in radius_figure(radii(right), True).data if t.type == "scattergl"]
    assert sum(len(t.x) for t in cloud) == 80


@pytest.mark.parametrize("right", [[None] * 5, [True] * 5, [False], [True, False]])
@pytest.mark.parametrize("uncertainty", [True, False])
def test_radius_of_hardly_anything(right, uncertainty):
    figure = radius_figure(radii(right), uncertainty)
    assert sum(int(np.sum(t.y)) for t in figure.data if t.type == "bar") == len(right)
    same = radius_figure(radii(right) | {"d0": [1.0] * len(right)}, uncertainty)
    assert sum(int(np.sum(t.y)) for t in same.data if t.type == "bar") == len(right)


def test_shares_are_read_in_bins_of_equal_mass():
    x, y = _shares(np.arange(24.0)[::-1], np.arange(24)[::-1] < 6)
    assert x.tolist() == [2 * i + 0.5 for i in range(12)]
    assert y.tolist() == [1.0] * 3 + [0.0] * 9


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_both_themes_are_transparent_and_others_are_refused(theme):
    for draw, data in (
        (risk_coverage_figure, RISK),
        (degradation_figure, DAMAGE),
        (radius_figure, radii([True, False])),
    ):
        figure = draw(data, theme=theme)
        assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0,0,0,0)"
        with pytest.raises(ValueError, match="'pink', expected one of light, dark"):
            draw(data, theme="pink")


def test_pages_share_one_script_and_take_names_for_text(tmp_path):
    figure = risk_coverage_figure(RISK)
    first = write_page(tmp_path, "a", figure, "a <b> & c", "x < y")
    script = tmp_path / "plotly.min.js"
    before = script.stat().st_mtime_ns
    write_page(tmp_path, "b", figure, "t", "w")
    assert script.stat().st_mtime_ns == before
    assert script.stat().st_size > 1_000_000
    text = first.read_text(encoding="utf-8")
    assert "<h1>a &lt;b&gt; &amp; c</h1>" in text
    assert "<p>x &lt; y</p>" in text
    assert "http" not in text
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.html", "b.html", "plotly.min.js"]
    script.write_bytes(b"half a script")
    write_page(tmp_path, "b", figure, "t", "w")
    assert script.stat().st_size > 1_000_000


def test_charts_need_neither_streamlit_nor_torch():
    code = (
        "import sys; from hypuml import figures as f;"
        "f.radius_figure({'d0': [1.0], 'u': [0.5], 'right': [True]});"
        "print(sorted({'streamlit', 'torch', 'umap', 'faiss'} & set(sys.modules)))"
    )
    out = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert out.stdout.strip() == "[]"
