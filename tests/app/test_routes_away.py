"""Pictures over HTTP where a gallery holds none: a drawing until the originals are here."""

from __future__ import annotations

import io
import xml.etree.ElementTree as xml

import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app import resources, routes
from hypuml.data.registry import data_root
from tests.support.prints import pictureless, shop_fixture, write  # noqa: F401

KINDS = ("thumb", "picture", "large", "tile")


@pytest.fixture(name="entry")
def entry_fixture(shop, monkeypatch, tmp_path) -> resources.Entry:
    monkeypatch.setattr(resources, "SHIPPED", tmp_path / "nothing ships")
    monkeypatch.setattr(resources.sys, "argv", ["main.py"])
    monkeypatch.setattr(resources, "shelf", resources.Shelf())
    return resources.shelf.add(pictureless(tmp_path))


@pytest.fixture(name="client")
def client_fixture():
    with TestClient(Starlette(routes=routes.routes())) as client:
        yield client


def size_of(data: bytes) -> tuple[int, int]:
    return Image.open(io.BytesIO(data), formats=["WEBP"]).size


@pytest.mark.parametrize("kind", KINDS)
def test_a_drawing_stands_in_and_is_not_kept(client, entry, kind):
    answer = client.get(routes.picture_url(entry.version, 1, kind, here=False))
    assert answer.status_code == 200  # an error would be said in the browser's console
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    svg = xml.fromstring(answer.content)
    assert svg.tag.endswith("}svg")
    width, height = float(svg.attrib["width"]), float(svg.attrib["height"])
    assert width == height
    assert (width == 960) == (kind == "tile")


@pytest.mark.parametrize("kind", KINDS)
def test_what_does_not_exist_is_still_missing(client, entry, kind):
    assert client.get(routes.picture_url(entry.version, 104, kind)).status_code == 404
    assert client.get(routes.picture_url(entry.version, 1, "huge")).status_code == 404
    assert client.get(routes.picture_url(entry.version, 2, "tile")).status_code == 404


def test_real_pictures_take_its_place_and_may_be_kept(client, entry):
    urls = {kind: routes.picture_url(entry.version, 1, kind) for kind in KINDS}
    before = {kind: client.get(url).content for kind, url in urls.items()}
    write(data_root())
    entry.gallery.refresh()
    for kind, side in (("thumb", 96), ("picture", 160), ("large", 160), ("tile", 960)):
        answer = client.get(urls[kind])
        assert answer.content != before[kind]
        assert answer.headers["content-type"] == "image/webp"
        assert min(size_of(answer.content)) == side
        kept = answer.headers["cache-control"]
        assert ("immutable" in kept) == (kind == "thumb")
        assert "no-store" not in kept


def test_the_address_of_a_picture_changes_when_it_comes(entry):
    away, here = (routes.picture_url(entry.version, 1, here=here) for here in (False, True))
    assert away != here
    assert away.startswith(here)
