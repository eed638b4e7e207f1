"""What ships is what it says it is: checkpoint, gallery, card and README agree with each other."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from hypuml import Gallery, HypUML
from hypuml.data.registry import open_dataset
from hypuml.evaluation import report
from hypuml.geometry import dist
from hypuml.types import Embedding, indices_of

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "checkpoints" / "garden"


@pytest.fixture(scope="module")
def gallery():
    return Gallery.open(FOLDER / "gallery")


@pytest.fixture(scope="module")
def recorded():
    return json.loads((FOLDER / "evaluation.json").read_text())


def test_sizes():
    weights = FOLDER / "model.safetensors"
    assert weights.stat().st_size <= 16_000_000
    assert max(p.stat().st_size for p in FOLDER.rglob("*") if p.is_file()) < 20_000_000


def test_gallery_shows_unseen_species_of_the_garden_and_belongs_to_the_model(gallery):
    assert len(gallery) >= 2000
    assert set(gallery.splits) == {"unseen"}
    assert len(set(gallery.paths)) >= 40
    gallery.check_model(FOLDER)
    assert gallery.model_path is not None
    assert gallery.model_path.resolve() == FOLDER


def test_the_model_puts_the_pictures_where_the_gallery_has_them(gallery):
    dataset = open_dataset("garden")
    row_of = {item.id: row for row, item in enumerate(dataset.items)}
    model = HypUML.from_pretrained(FOLDER)
    chosen = range(0, len(gallery), 150)
    size = model.config.image_size
    again = model.embed([dataset.load(row_of[gallery.ids[i]], size) for i in chosen])
    off = dist(again.points, gallery.points[list(chosen)], gallery.curvature)
    assert off.max() < 0.02  # floating point of another processor, not another picture
    assert again.uncertainty == pytest.approx(gallery.uncertainty[list(chosen)], abs=0.01)


def test_gallery_covers_the_unseen_split(gallery):
    dataset = open_dataset("garden")
    assert gallery.ids == [dataset.items[i].id for i in indices_of(dataset, "unseen")]


def test_the_recorded_figures_are_those_of_the_gallery_and_none_has_slipped(gallery, recorded):
    found = report(Embedding(gallery.points, gallery.uncertainty), gallery.paths, gallery.curvature)
    for key in ("recall@1", "r_auroc", "tree_spearman", "curvature_use", "map@r"):
        assert found[key] == pytest.approx(recorded[key], abs=0.01), key
    assert recorded["recall@1"] >= 0.84
    assert recorded["r_auroc"] >= 0.62
    assert recorded["tree_spearman"] >= 0.6
    assert recorded["curvature_use"] > 0.05


def test_the_layout_is_radius_true_and_keeps_neighbours(gallery):
    d0 = 2 * np.arctanh(np.sqrt(gallery.curvature) * np.linalg.norm(gallery.points, axis=1))
    expected = np.tanh(gallery.dilation * d0 / 2)
    assert np.hypot(*np.asarray(gallery.xy).T) == pytest.approx(expected, abs=1e-6)
    fidelity = gallery.fidelity
    assert fidelity["overlap@10"] >= 0.8 * fidelity["free_umap"]["overlap@10"]
    assert fidelity["overlap@10"] > 3 * fidelity["random_angle"]["overlap@10"]


def test_card_and_readme_quote_the_recorded_figures(recorded):
    card = (FOLDER / "README.md").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    row = re.search(r"^\| this model.*$", readme, re.MULTILINE)
    assert row is not None
    for key in ("recall@1", "r_auroc", "tree_spearman"):
        assert f"{recorded[key]:.3f}" in card
        assert f"{recorded[key]:.3f}" in row.group()
