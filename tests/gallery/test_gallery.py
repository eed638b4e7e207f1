"""Building a gallery, and what an opened one gives."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hypuml.data.garden import GardenConfig, GardenDataset
from hypuml.data.registry import open_dataset
from hypuml.gallery import Gallery, GalleryError, build_gallery
from hypuml.geometry import dist0
from tests.support.gallery_doubles import ColourModel, Squares, photo_folder


def build(out: Path, dataset=None, model=None, **options) -> Gallery:
    dataset = dataset or Squares()
    options = {"model_ref": out.parent / "nowhere", "umap": False} | options
    return build_gallery(dataset, range(len(dataset.items)), model or ColourModel(), out, **options)


@pytest.fixture(scope="module")
def gallery(tmp_path_factory):
    out = tmp_path_factory.mktemp("built") / "squares"
    build(out, title="Squares <i>", metrics=lambda rows, points, u: {"n": len(rows)})
    return Gallery.open(out)


def test_columns_say_what_the_data_set_and_the_model_said(gallery):
    data, model = Squares(), ColourModel()
    expected = model.embed([data.load(i, 48) for i in range(130)])
    assert len(gallery) == 130
    assert gallery.ids == [item.id for item in data.items]
    assert gallery.labels == [item.label for item in data.items]
    assert gallery.paths == [item.path for item in data.items]
    assert gallery.splits == [item.split for item in data.items]
    assert np.array_equal(gallery.points, expected.points)
    assert np.array_equal(gallery.uncertainty, expected.uncertainty)
    assert np.allclose(gallery.radius, dist0(expected.points, 0.7), rtol=1e-6)
    assert (gallery.curvature, gallery.levels) == (0.7, ("family", "class"))
    assert (gallery.name, gallery.title) == ("squares", "Squares <i>")
    assert gallery.manifest["metrics"] == {"n": 130}
    assert gallery.points.dtype == gallery.xy.dtype == gallery.radius.dtype == np.float32


def test_stored_screen_radius_is_the_dilated_true_radius(gallery):
    rho = np.tanh(gallery.dilation * np.sqrt(0.7) * dist0(gallery.points, 0.7) / 2)
    assert np.abs(np.hypot(*gallery.xy.astype(np.float64).T) - rho).max() < 1e-6


def test_search_and_place(gallery):
    hits = gallery.search(gallery.points[:3], 5)
    assert hits.ids[:, 0].tolist() == [0, 1, 2]
    others = gallery.search(gallery.points[:3], 5, exclude=np.arange(3))
    assert not (others.ids == np.arange(3)[:, None]).any()
    assert np.allclose(gallery.place(gallery.points[:3]), gallery.xy[:3], atol=1e-6)


def test_thumbnails_show_the_pictures_in_row_order(gallery):
    data = Squares()
    for row in (0, 99, 100, 129):
        picture = Image.open(io.BytesIO(gallery.thumbnail(row)))
        assert (picture.format, picture.size) == ("WEBP", (96, 96))
        colour = np.asarray(picture.convert("RGB"), dtype=float)
        assert np.abs(colour - data.colour(row)).mean() < 8
    for row in (-1, 130):
        with pytest.raises(IndexError, match="expected 0 to 129"):
            gallery.thumbnail(row)


def test_threads_share_a_gallery(gallery):
    fresh = Gallery.open(gallery.folder)
    start = threading.Barrier(8)

    def work(seed):
        start.wait()
        rows = np.random.default_rng(seed).permutation(130)
        thumbs = {row: fresh.thumbnail(row) for row in rows.tolist()}
        return thumbs, fresh.search(fresh.points, 3).ids

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(work, range(8)))
    assert all(r[0] == results[0][0] for r in results)
    assert all(np.array_equal(r[1], results[0][1]) for r in results)


def test_levels(gallery):
    assert gallery.labels_at("family") == [f"family {i % 2}" for i in range(130)]
    assert gallery.labels_at("class") == gallery.labels
    with pytest.raises(ValueError, match="expected one of family, class"):
        gallery.labels_at("genus")


def test_arrays_are_read_only(gallery):
    for array in (gallery.points, gallery.xy, gallery.uncertainty, gallery.radius):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_unreadable_images_are_left_out_and_listed(tmp_path):
    gallery = build(tmp_path / "g", Squares(20, broken=(3, 7)))
    assert len(gallery) == 18
    assert gallery.unreadable == {"s3": "number 3 is broken", "s7": "number 7 is broken"}
    assert "s3" not in gallery.ids
    assert gallery.manifest["offered"] == 20
    assert gallery.search(gallery.points, 1).ids[:, 0].tolist() == list(range(18))


def test_none_readable_is_an_error_that_leaves_nothing(tmp_path):
    with pytest.raises(GalleryError, match=r"none of the 3 images .* number 0 is broken"):
        build(tmp_path / "deep" / "er" / "g", Squares(3, broken=(0, 1, 2)))
    assert list(tmp_path.iterdir()) == []


def test_no_images(tmp_path):
    with pytest.raises(GalleryError, match="no images"):
        build_gallery(Squares(), [], ColourModel(), tmp_path / "g", model_ref="x", umap=False)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_tiny_galleries(tmp_path, count):
    gallery = build(tmp_path / "g", Squares(count))
    assert len(gallery) == count
    assert len(gallery.search(gallery.points[:1], 10).ids[0]) == count


def test_all_images_identical(tmp_path):
    data = Squares(30)
    data.colour = lambda index: (10, 200, 30)
    gallery = build(tmp_path / "g", data)
    assert np.ptp(gallery.xy, axis=0).max() == 0
    assert gallery.search(gallery.points[:1], 4).ids.tolist() == [[0, 1, 2, 3]]


def test_batches_progress_and_sizes(tmp_path):
    data, model, seen = Squares(50), ColourModel(), []
    build(tmp_path / "g", data, model, batch_size=16, progress=lambda *at: seen.append(at))
    assert model.batches == [16, 16, 16, 2]
    assert seen == [(16, 50), (32, 50), (48, 50), (50, 50)]
    # Drawn once for the model and, as that is smaller than a thumbnail, once for the eye.
    assert sorted(set(data.sizes)) == [48, 96]


def test_subset_keeps_the_order_given(tmp_path):
    data = Squares(20)
    gallery = build_gallery(
        data, [7, 3, 11], ColourModel(), tmp_path / "g", model_ref="x", umap=False
    )
    assert gallery.ids == ["s7", "s3", "s11"]


@pytest.mark.parametrize(
    ("points", "u"),
    [
        ([[np.nan, 0.0]], [0.5]),
        ([[1.2, 0.0]], [0.5]),
        ([[0.1, 0.0]], [1.5]),
        ([[0.1, 0.0]], [np.nan]),
    ],
)
def test_a_model_that_makes_no_sense_is_refused(tmp_path, points, u):
    from hypuml.types import Embedding

    class Broken(ColourModel):
        def embed(self, images):
            return Embedding(
                np.repeat(np.array(points, np.float32), len(images), 0),
                np.repeat(np.array(u, np.float32), len(images)),
            )

    with pytest.raises(GalleryError, match="the model gives"):
        build(tmp_path / "g", model=Broken())
    assert list(tmp_path.iterdir()) == []


def test_folder_of_photographs(tmp_path):
    source = photo_folder(tmp_path / "photos")
    gallery = build(tmp_path / "g", open_dataset(source))
    assert set(gallery.labels) == {"<b>roses<i> & more", "tulips \N{TULIP}"}
    picture = gallery.original(0)
    assert picture.size == (80, 60)
    assert gallery.has_original(0)
    (source / gallery.images[0]).unlink()
    assert gallery.original(0) is None
    assert not gallery.has_original(0)
    (source / gallery.images[1]).write_text("not an image")
    assert gallery.original(1) is None
    assert gallery.has_original(1)  # looked for, not read


def test_no_path_leads_out_of_the_source(tmp_path):
    source = photo_folder(tmp_path / "photos")
    secret = tmp_path / "secret.png"
    Image.new("RGB", (8, 8)).save(secret)
    gallery = build(tmp_path / "g", open_dataset(source))
    gallery.images[:2] = ["../secret.png", str(secret)]
    linked = source / gallery.images[2]
    linked.unlink()
    linked.symlink_to(secret)
    assert [gallery.original(i) for i in range(3)] == [None] * 3
    assert not any(gallery.has_original(i) for i in range(3))


def test_drawn_pictures_are_drawn_again(tmp_path):
    garden = open_dataset("garden")
    rows = [0, 5]
    gallery = build_gallery(garden, rows, ColourModel(), tmp_path / "g", model_ref="x", umap=False)
    assert gallery.original(1, size=120).size == (120, 120)
    assert gallery.has_original(1)
    assert gallery.manifest["source"] is None
    # A name out of the manifest is never taken for a path.
    manifest = gallery.manifest | {"name": str(photo_folder(tmp_path / "photos"))}
    (gallery.folder / "gallery.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert Gallery.open(gallery.folder).original(1, size=64) is None


def test_pictures_drawn_with_other_settings_are_not_drawn_again(tmp_path):
    other = GardenDataset(config=GardenConfig(hard_share=0.5))
    gallery = build_gallery(other, [0, 5], ColourModel(), tmp_path / "g", model_ref="x", umap=False)
    assert gallery.original(1, size=64) is None
    assert not gallery.has_original(1)


def test_model_is_found_beside_the_gallery_and_checked(tmp_path):
    checkpoint = tmp_path / "checkpoint"
    checkpoint.mkdir()
    (checkpoint / "model.safetensors").write_bytes(b"weights")
    gallery = build(checkpoint / "gallery", model_ref=checkpoint)
    assert gallery.manifest["model"]["path"] == ".."
    moved = tmp_path / "elsewhere"
    checkpoint.rename(moved)
    gallery = Gallery.open(moved / "gallery")
    assert gallery.model_path == moved
    gallery.check_model(gallery.model_path)
    (moved / "model.safetensors").write_bytes(b"weights of another")
    with pytest.raises(GalleryError, match="not the one the gallery"):
        gallery.check_model(moved)
    with pytest.raises(GalleryError, match="cannot read the model"):
        gallery.check_model(tmp_path)


def test_a_model_far_away_is_recorded_by_its_full_path(tmp_path):
    checkpoint = tmp_path / "a" / "b" / "checkpoint"
    checkpoint.mkdir(parents=True)
    (checkpoint / "model.safetensors").write_bytes(b"weights")
    gallery = build(tmp_path / "c" / "d" / "gallery", model_ref=checkpoint)
    assert gallery.manifest["model"]["path"] == str(checkpoint)
    assert gallery.model_path == checkpoint
    assert build(tmp_path / "g", model_ref="owner/name").model_path is None


def test_manifest_is_strict_json_and_lists_what_is_there(gallery):
    text = (gallery.folder / "gallery.json").read_text(encoding="utf-8")

    def refuse(constant):
        raise AssertionError(constant)

    manifest = json.loads(text, parse_constant=refuse)
    there = {p.relative_to(gallery.folder).as_posix() for p in gallery.folder.rglob("*.*")}
    assert set(manifest["files"]) == there - {"gallery.json"}
    assert manifest["count"] == 130
    assert manifest["dataset"]["name"] == "squares"


def test_opening_imports_nothing_heavy(gallery):
    code = (
        "import sys; from hypuml import Gallery; g = Gallery.open(sys.argv[1]); g.thumbnail(0);"
        "print(sorted({'torch', 'umap', 'numba', 'faiss', 'sklearn', 'scipy', 'pandas'}"
        " & set(sys.modules)))"
    )
    root = Path(__file__).resolve().parents[2]
    run = [sys.executable, "-c", code, str(gallery.folder)]
    out = subprocess.run(run, cwd=root, capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
