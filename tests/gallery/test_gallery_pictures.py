"""A gallery without pictures: what it holds, and its pictures once the originals are here."""

from __future__ import annotations

import io
import json
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from hypuml.data.registry import data_root, download, open_dataset
from hypuml.gallery import Gallery, GalleryError, build_gallery, originals
from tests.support.gallery_doubles import ColourModel, photo_folder
from tests.support.prints import COUNT, Prints, colour, pictureless, shop_fixture, write  # noqa: F401


@pytest.fixture(name="gallery")
def gallery_fixture(shop, tmp_path) -> Gallery:
    return Gallery.open(pictureless(tmp_path))


def pixel(data: bytes, place: int = 0) -> np.ndarray:
    image = Image.open(io.BytesIO(data), formats=("WEBP",)).convert("RGB")
    return np.asarray(image, float)[place // 10 * 96 + 48, place % 10 * 96 + 48]


def test_nothing_of_a_picture_is_written(gallery, tmp_path):
    write(tmp_path / "elsewhere")
    files = {p.relative_to(gallery.folder).as_posix() for p in gallery.folder.rglob("*")}
    assert files == {"gallery.json", "items.parquet", "embeddings.safetensors"}
    text = (gallery.folder / "gallery.json").read_text(encoding="utf-8")
    manifest = json.loads(text)
    assert manifest["thumbnails"] is None
    assert manifest["source"] is None
    assert "elsewhere" not in text
    with_pictures = build_gallery(
        Prints(tmp_path / "elsewhere"),
        range(COUNT),
        ColourModel(),
        tmp_path / "g",
        model_ref="x",
        umap=False,
    )
    assert np.array_equal(with_pictures.points, gallery.points)
    assert np.array_equal(with_pictures.uncertainty, gallery.uncertainty)
    assert with_pictures.paths == gallery.paths


def test_it_opens_and_answers_without_them(gallery):
    assert len(gallery) == COUNT
    assert gallery.search(gallery.points[:2], 3).ids[:, 0].tolist() == [0, 1]
    assert not gallery.stores_thumbnails
    assert not gallery.has_pictures
    assert gallery.thumbnail(3) is None
    assert gallery.tile(0) is None
    assert gallery.tile(1) is None
    assert gallery.original(3) is None
    assert not gallery.has_original(3)
    for wrong in (-1, COUNT):
        with pytest.raises(IndexError, match="expected 0 to 103"):
            gallery.thumbnail(wrong)
    with pytest.raises(IndexError, match="expected 0 to 1"):
        gallery.tile(2)


def test_after_the_download_they_are_there(gallery):
    assert not gallery.has_pictures
    download("prints")
    assert not gallery.has_pictures  # looked for a moment ago
    gallery.refresh()
    assert gallery.has_pictures
    assert not gallery.drawn
    assert gallery.has_original(103)
    assert gallery.original(103).size == (200, 160)
    for row in (0, 99, 100, 103):
        assert Image.open(io.BytesIO(gallery.thumbnail(row))).size == (96, 96)
        assert np.abs(pixel(gallery.thumbnail(row)) - colour(row)).max() < 12
    for row in (0, 57, 99):
        assert np.abs(pixel(gallery.tile(0), row) - colour(row)).max() < 16
    assert Image.open(io.BytesIO(gallery.tile(1))).size == (960, 960)
    assert np.abs(pixel(gallery.tile(1), 3) - colour(103)).max() < 16


def test_it_is_looked_for_now_and_then_and_listed_once(gallery, monkeypatch):
    now = 1000.0
    monkeypatch.setattr(originals.time, "monotonic", lambda: now)
    Prints.listed = 0
    for _ in range(50):
        assert gallery.thumbnail(1) is None
        assert not gallery.has_pictures
    assert Prints.listed == 1
    write(data_root())  # by hand, or by another program
    now += originals.PATIENCE
    assert gallery.has_pictures
    for row in range(50):
        gallery.thumbnail(row)
        assert gallery.has_original(row)
    assert Prints.listed == 2


def test_a_folder_that_is_moved_away_is_missed_and_found_again(gallery):
    write(data_root())
    gallery.refresh()
    assert gallery.has_pictures
    kept = gallery.thumbnail(5)
    (data_root() / "prints").rename(data_root() / "away")
    assert not gallery.has_pictures
    assert not gallery.has_original(5)
    assert gallery.original(5) is None
    assert gallery.thumbnail(6) is None
    assert gallery.thumbnail(5) == kept  # made before
    (data_root() / "away").rename(data_root() / "prints")
    gallery.refresh()
    assert gallery.has_pictures
    assert gallery.thumbnail(6) is not None


def test_one_photograph_that_is_missing_leaves_the_others(gallery):
    write(data_root())
    (data_root() / "prints" / "4.png").write_bytes(b"no picture")
    (data_root() / "prints" / "5.png").unlink()
    assert gallery.has_pictures
    assert gallery.thumbnail(4) is gallery.thumbnail(5) is None
    assert gallery.has_original(4)
    assert not gallery.has_original(5)
    tile = gallery.tile(0)
    assert np.ptp(pixel(tile, 5)) < 40  # grey
    assert np.abs(pixel(tile, 6) - colour(6)).max() < 16
    write(data_root(), 4, 6)
    assert np.abs(pixel(gallery.tile(0), 5) - colour(5)).max() < 16


def test_threads_get_the_same_thumbnails(gallery):
    write(data_root())
    start = threading.Barrier(8)

    def work(seed: int) -> dict[int, bytes | None]:
        start.wait()
        rows = np.random.default_rng(seed).permutation(COUNT).tolist()
        return {row: gallery.thumbnail(row) for row in rows}

    Prints.listed = 0
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(work, range(8)))
    assert None not in results[0].values()
    assert all(result == results[0] for result in results)
    assert Prints.listed == 1


def test_a_folder_of_ones_own_can_be_left_out_too(tmp_path):
    data = open_dataset(photo_folder(tmp_path / "photos"))
    gallery = build_gallery(
        data, range(6), ColourModel(), tmp_path / "g", model_ref="x", pictures=False, umap=False
    )
    assert gallery.manifest["source"] is None
    assert not gallery.has_pictures
    assert gallery.thumbnail(0) is None


def test_what_code_draws_needs_no_fetching(tmp_path):
    garden = open_dataset("garden")
    gallery = build_gallery(
        garden, [0, 5], ColourModel(), tmp_path / "g", model_ref="x", pictures=False, umap=False
    )
    assert gallery.has_pictures
    assert gallery.drawn
    assert Image.open(io.BytesIO(gallery.thumbnail(1))).size == (96, 96)


@pytest.mark.parametrize("pictures", [True, False])
def test_files_that_do_not_fit_what_the_manifest_says_of_thumbnails(shop, tmp_path, pictures):
    photos = open_dataset(photo_folder(tmp_path / "photos"))
    folder = build_gallery(
        photos,
        range(6),
        ColourModel(),
        tmp_path / "g",
        model_ref="x",
        pictures=pictures,
        umap=False,
    ).folder
    path = folder / "gallery.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["thumbnails"] = None if pictures else {"side": 96, "columns": 10, "rows": 10}
    path.write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(GalleryError, match="files do not fit 6 images"):
        Gallery.open(folder)


def test_one_kind_replaces_the_other(gallery, tmp_path):
    write(tmp_path / "elsewhere")
    data = Prints(tmp_path / "elsewhere")
    shutil.copytree(gallery.folder, tmp_path / "g")
    full = build_gallery(
        data, range(COUNT), ColourModel(), tmp_path / "g", model_ref="x", umap=False
    )
    assert full.stores_thumbnails
    assert full.has_pictures
    bare = build_gallery(
        data, range(COUNT), ColourModel(), tmp_path / "g", model_ref="x", pictures=False, umap=False
    )
    assert not (bare.folder / "thumbs").exists()
