"""What ships is what it says it is: checkpoints, galleries, cards, pages and README agree."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from hypuml import Gallery, HypUML
from hypuml.data.flowers102.classes import flower_classes
from hypuml.data.registry import open_dataset
from hypuml.evaluation import report
from hypuml.experiments.page import fill, shipped_tables
from hypuml.experiments.shipped import SHIPPED
from hypuml.geometry import dist
from hypuml.recipes import recipe
from hypuml.training import TrainConfig
from hypuml.types import Embedding, indices_of
from tests.support import ROOT

DRAWN = ("garden", "digits-2d")
NAMES = tuple(name for name, entry in SHIPPED.items() if entry.gallery)


def test_every_checkpoint_that_ships_stands_in_the_table():
    assert sorted(p.name for p in (ROOT / "checkpoints").iterdir() if p.is_dir()) == sorted(SHIPPED)
    for name, entry in SHIPPED.items():
        assert (ROOT / "checkpoints" / name / "gallery").exists() == entry.gallery
        card = (ROOT / "checkpoints" / name / "README.md").read_text(encoding="utf-8")
        assert entry.about in card


@pytest.fixture(scope="module", params=NAMES)
def folder(request):
    return ROOT / "checkpoints" / request.param


@pytest.fixture(scope="module")
def gallery(folder):
    return Gallery.open(folder / "gallery")


@pytest.fixture(scope="module")
def recorded(folder):
    return json.loads((folder / "evaluation.json").read_text())


@pytest.fixture(scope="module")
def garden_report():
    return json.loads((ROOT / "checkpoints" / "garden" / "evaluation.json").read_text())


def test_sizes(folder):
    weights = folder / "model.safetensors"
    assert weights.stat().st_size <= 16_000_000
    assert max(p.stat().st_size for p in folder.rglob("*") if p.is_file()) < 20_000_000


def test_gallery_belongs_to_the_model_and_covers_the_unseen_split(folder, gallery):
    gallery.check_model(folder)
    assert gallery.model_path is not None
    assert gallery.model_path.resolve() == folder
    assert set(gallery.splits) == {"unseen"}
    if folder.name in DRAWN:
        dataset = open_dataset(SHIPPED[folder.name].shown)
        assert gallery.ids == [dataset.items[i].id for i in indices_of(dataset, "unseen")]


def test_the_flowers_come_without_a_picture_and_with_their_place_among_the_plants():
    folder = ROOT / "checkpoints" / "flowers"
    assert not [p for p in folder.rglob("*") if p.suffix in (".webp", ".jpg", ".png")]
    gallery = Gallery.open(folder / "gallery")
    assert not gallery.stores_thumbnails
    assert gallery.levels == ("order", "family", "genus", "species")
    unseen = {kind.path for kind in flower_classes().values() if kind.split == "unseen"}
    assert set(gallery.paths) <= unseen
    assert all(re.fullmatch(r"image_\d{5}", name) for name in gallery.ids)
    assert len(set(gallery.ids)) == len(gallery)


def test_it_was_trained_with_the_recipe_it_is_rebuilt_by(folder):
    stages = SHIPPED[folder.name].stages
    log = json.loads((folder / "training.json").read_text())["config"]
    start = f"checkpoints/{folder.name}.stage{len(stages) - 1}" if len(stages) > 1 else ""
    assert TrainConfig.from_log(log) == replace(recipe(stages[-1]), init=start)
    assert log["dataset"] == SHIPPED[folder.name].training_set


@pytest.mark.parametrize("folder", DRAWN, indirect=True)
def test_the_model_puts_the_pictures_where_the_gallery_has_them(folder, gallery):
    dataset = open_dataset(SHIPPED[folder.name].shown)
    row_of = {item.id: row for row, item in enumerate(dataset.items)}
    model = HypUML.from_pretrained(folder)
    assert model.confidence == gallery.confidence
    chosen = range(0, len(gallery), 150)
    size = model.config.image_size
    again = model.embed([dataset.load(row_of[gallery.ids[i]], size) for i in chosen])
    off = dist(again.points, gallery.points[list(chosen)], gallery.curvature)
    assert off.max() < 0.02  # floating point of another processor, not another picture
    assert again.uncertainty == pytest.approx(gallery.uncertainty[list(chosen)], abs=0.01)


def test_the_recorded_figures_are_those_of_the_gallery(gallery, recorded):
    found = report(Embedding(gallery.points, gallery.uncertainty), gallery.paths, gallery.curvature)
    for key in ("recall@1", "r_auroc", "tree_spearman", "curvature_use", "map@r"):
        assert found[key] == pytest.approx(recorded[key], abs=0.01), key


def test_no_figure_of_the_garden_has_slipped(garden_report):
    assert garden_report["recall@1"] >= 0.85
    assert garden_report["r_auroc"] >= 0.62
    assert garden_report["tree_spearman"] >= 0.6
    assert garden_report["curvature_use"] > 0.05
    assert garden_report["confidence_auroc"] >= 0.85
    assert garden_report["confidence_ece"] <= 0.05
    assert garden_report["controls_that_beat_u"] == []
    assert garden_report["controls_that_beat_confidence"] == []


def test_no_figure_of_the_flowers_has_slipped():
    found = json.loads((ROOT / "checkpoints" / "flowers" / "evaluation.json").read_text())
    assert found["recall@1"] >= 0.95
    assert found["r_auroc"] >= 0.64
    assert found["intervals"]["r_auroc"]["low"] > 0.5
    assert found["confidence_auroc"] >= 0.95
    assert found["confidence_ece"] <= 0.03
    assert found["controls_that_beat_u"] == []
    assert found["ood_auroc_matched"] >= 0.95
    for kind in found["degradation"].values():
        assert kind["spearman"] >= 0.9
        assert kind["share_rising"] >= 0.95


def test_the_model_for_photographs_ships_without_a_gallery():
    folder = ROOT / "checkpoints" / "photos"
    assert not (folder / "gallery").exists()
    assert (folder / "model.safetensors").stat().st_size <= 16_000_000
    log = json.loads((folder / "training.json").read_text())["config"]
    assert TrainConfig.from_log(log) == recipe("photos-general")
    found = json.loads((folder / "evaluation.json").read_text())
    assert found["recall@1"] >= 0.91
    assert found["confidence_auroc"] >= 0.85
    assert f"{found['recall@1']:.3f}" in (folder / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", ["blur", "occlusion", "darkness"])
def test_uncertainty_of_the_garden_rises_with_damage(garden_report, kind):
    found = garden_report["degradation"][kind]
    assert found["spearman"] >= 0.9
    assert found["share_rising"] >= 0.9


def test_uncertainty_of_the_garden_rises_towards_the_middle_of_a_cross():
    found = json.loads((ROOT / "checkpoints" / "garden" / "ambiguity.json").read_text())
    assert found["hybrids"]["all"]["spearman"] >= 0.9


def test_the_layout_of_the_garden_is_radius_true_and_keeps_neighbours():
    gallery = Gallery.open(ROOT / "checkpoints" / "garden" / "gallery")
    d0 = 2 * np.arctanh(np.sqrt(gallery.curvature) * np.linalg.norm(gallery.points, axis=1))
    expected = np.tanh(gallery.dilation * d0 / 2)
    assert np.hypot(*np.asarray(gallery.xy).T) == pytest.approx(expected, abs=1e-6)
    fidelity = gallery.fidelity
    assert fidelity["overlap@10"] >= 0.8 * fidelity["free_umap"]["overlap@10"]
    assert fidelity["overlap@10"] > 3 * fidelity["random_angle"]["overlap@10"]


def test_the_disk_of_the_digits_is_the_models_own_space():
    gallery = Gallery.open(ROOT / "checkpoints" / "digits-2d" / "gallery")
    assert gallery.points.shape[1] == 2
    assert gallery.fidelity["exact"]
    angle = np.arctan2(*np.asarray(gallery.xy).T) - np.arctan2(*gallery.points.T)
    # One rotation or mirror image aside, nothing is projected.
    radius = np.linalg.norm(gallery.points, axis=1)
    assert np.argsort(np.hypot(*np.asarray(gallery.xy).T)).tolist() == np.argsort(radius).tolist()
    turned = np.exp(1j * angle)
    assert np.abs(turned - turned[0]).max() < 1e-4


def test_cards_quote_the_recorded_figures(folder, recorded):
    card = (folder / "README.md").read_text(encoding="utf-8")
    for key in ("recall@1", "r_auroc", "confidence_auroc", "tree_spearman"):
        if recorded[key] is not None:
            assert f"{recorded[key]:.3f}" in card


def test_the_page_of_models_quotes_the_recorded_figures(garden_report):
    readme = (ROOT / "assets" / "docs" / "models.md").read_text(encoding="utf-8")
    row = re.search(r"^\| this model.*$", readme, re.MULTILINE)
    assert row is not None
    for key in ("recall@1", "r_auroc", "confidence_auroc", "tree_spearman"):
        assert f"{garden_report[key]:.3f}" in row.group()


@pytest.mark.parametrize(
    "name", ["README.md", *(f"assets/docs/{page}.md" for page in ("models", "results", "flowers"))]
)
def test_tables_of_a_page_are_those_of_what_ships(name):
    page = (ROOT / name).read_text(encoding="utf-8")
    assert fill(page, shipped_tables(ROOT)) == page


def test_a_marker_without_a_table_is_refused():
    with pytest.raises(ValueError, match="unknown table 'nonsense'"):
        fill("<!-- table: nonsense -->\n<!-- end -->", {})
    with pytest.raises(ValueError, match="no <!-- table"):
        fill("# nothing to fill", {})
