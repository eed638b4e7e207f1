"""Pictures over HTTP: what is served, and above all what is not."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app import resources, routes
from hypuml.data.folder import FolderDataset
from hypuml.gallery import build_gallery
from tests.support.app_support import pictures_gallery


@pytest.fixture
def registry(monkeypatch, tmp_path):
    monkeypatch.setattr(resources, "SHIPPED", tmp_path / "nothing ships")
    monkeypatch.setattr(resources.sys, "argv", ["main.py"])
    monkeypatch.setattr(resources, "galleries", resources.GalleryRegistry())
    return resources.galleries


@pytest.fixture
def client():
    with TestClient(Starlette(routes=routes.routes())) as client:
        yield client


@pytest.fixture
def entry(registry, tmp_path):
    return registry.add(pictures_gallery(tmp_path / "g", [("a",)] * 5))


def size_of(data: bytes) -> tuple[int, int]:
    return Image.open(io.BytesIO(data), formats=["WEBP"]).size


def test_a_thumbnail_is_the_stored_one_and_kept_for_good(client, entry):
    answer = client.get(routes.picture_url(entry.version, 3))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/webp"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.content == entry.gallery.thumbnail(3)


def test_a_tile_is_the_stored_file(client, registry, tmp_path):
    entry = registry.add(pictures_gallery(tmp_path / "g", [("a",)] * 103))
    for number in (0, 1):
        answer = client.get(routes.gallery_url(entry.version, f"tile/{number}.webp"))
        stored = (tmp_path / "g" / "thumbs" / f"{number:04d}.webp").read_bytes()
        assert answer.content == stored == entry.gallery.tile(number)
        assert answer.headers["content-type"] == "image/webp"
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["x-content-type-options"] == "nosniff"
    for wrong in (2, 102, -1):
        assert client.get(f"/gallery/{entry.version}/tile/{wrong}.webp").status_code == 404
        with pytest.raises(IndexError, match="expected 0 to 1"):
            entry.gallery.tile(wrong)


def test_a_gallery_changed_on_disk_is_not_served_and_names_no_file(client, entry):
    thumbs = entry.folder / "thumbs" / "0000.webp"
    thumbs.write_bytes(thumbs.read_bytes()[:-1] + b"!")
    for kind in ("tile", "thumb"):
        answer = client.get(routes.picture_url(entry.version, 0, kind))
        assert answer.status_code == 404
        assert answer.headers["cache-control"] == "no-store"
        assert str(entry.folder) not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/gallery/{v}/thumb/5.webp",
        "/gallery/{v}/thumb/-1.webp",
        "/gallery/{v}/thumb/1.png",
        "/gallery/{v}/thumb/1.5.webp",
        "/gallery/{v}/secret/1.webp",
        "/gallery/{v}/../gallery.json",
        "/gallery/{v}/thumb/..%2f..%2fgallery.json",
        "/gallery/0000000000000000/thumb/1.webp",
        "/gallery//thumb/1.webp",
        "/gallery/{v}/thumb/99999999999999999999999999.webp",
        "/gallery/{v}/thumb/" + "1" * 6000 + ".webp",
        "/gallery/{v}/thumb/\N{ARABIC-INDIC DIGIT ONE}.webp",
        "/gallery/{v}/thumb/+1.webp",
        "/gallery/{v}/tile/1.webp",
        "/gallery/{v}/tile/0000.webp/..",
        "/gallery/{v}/tile/..%2f..%2fgallery.json",
        "/gallery/{v}/tile/" + "1" * 6000 + ".webp",
        "/gallery/0000000000000000/tile/0.webp",
    ],
)
def test_nothing_else_is_served(client, entry, path):
    assert client.get(path.format(v=entry.version)).status_code == 404


def test_only_reading_is_allowed(client, entry):
    for url in (routes.picture_url(entry.version, 1), routes.picture_url(entry.version, 0, "tile")):
        assert client.post(url).status_code == 405
        assert client.delete(url).status_code == 405


def test_a_gallery_that_is_not_registered_is_not_served(client, registry, tmp_path, entry):
    other = resources.GalleryRegistry().add(pictures_gallery(tmp_path / "other", [("b",)] * 3))
    assert client.get(routes.picture_url(other.version, 0)).status_code == 404


def test_originals_are_bounded_and_fall_back_to_the_thumbnail(client, registry, tmp_path):
    import numpy as np

    from tests.support.app_support import FixedModel

    photos = tmp_path / "photos"
    photos.mkdir()
    for i in range(3):
        Image.effect_noise((1500, 1000), 50).convert("RGB").save(photos / f"{i}.jpg")
    points = np.array([[0.1, 0, 0], [0.2, 0.1, 0], [0, 0.3, 0.1]])
    build_gallery(FolderDataset(photos), range(3), FixedModel(points), tmp_path / "g",
                  model_ref=tmp_path / "none")  # fmt: skip
    entry = registry.add(tmp_path / "g")
    for kind, short in routes.SIZES.items():
        data = client.get(routes.picture_url(entry.version, 0, kind)).content
        assert min(size_of(data)) == short
    (photos / "1.jpg").unlink()
    (photos / "2.jpg").write_bytes(b"no longer a picture")
    for row in (1, 2):
        answer = client.get(routes.picture_url(entry.version, row, "picture"))
        assert answer.status_code == 200
        assert size_of(answer.content) == (96, 96)


def test_addresses_follow_the_base_path(monkeypatch, entry):
    from streamlit import config

    monkeypatch.setattr(config, "get_option", lambda name: "some/base/")
    assert routes.picture_url(entry.version, 2).startswith(f"/some/base/gallery/{entry.version}/")
    with TestClient(Starlette(routes=routes.routes())) as client:
        assert client.get(routes.picture_url(entry.version, 2)).status_code == 200
