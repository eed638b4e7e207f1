"""What the disk fetches of a gallery: points, distances, cards and colours."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app import asked, routes
from hypuml.figures import category_colours
from hypuml.figures.dots import by_group
from hypuml.geometry import dist
from hypuml.layout import around
from hypuml.types import NO_CLASS
from tests.support.app_support import CONFIDENCE
from tests.support.routes_support import (  # noqa: F401
    LEVELS,
    PATHS,
    VERSION,
    client_fixture,
    fetch,
    gallery_fixture,
    made,
    parts,
    placed,
    put_fixture,
)

# Points


def test_points_are_the_gallerys(client, gallery):
    answer = fetch(client, "points.safetensors")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert "immutable" in answer.headers["cache-control"]
    tensors, about = parts(answer.content)
    assert set(tensors) == {"xy", "uncertainty", "group"}
    assert np.array_equal(tensors["xy"], gallery.xy)
    assert np.array_equal(tensors["uncertainty"], gallery.uncertainty)
    assert tensors["group"].dtype == np.uint16
    groups = [tuple(path) for path in about["paths"]]
    assert len(set(groups)) == len(groups) == len(PATHS)
    for row, group in enumerate(tensors["group"]):
        own = gallery.paths[row]
        assert groups[group] == (() if own == (NO_CLASS,) else own)
    assert about["levels"] == list(LEVELS)
    assert about["unit"] == pytest.approx(1.3 * np.sqrt(0.7), rel=1e-12)
    assert about["exact"] is False
    assert about["umap"] is True
    assert about["tiles"] == {"side": 96, "columns": 10, "perTile": 100}


def test_the_unit_takes_true_distances_to_the_picture(client, gallery):
    unit = parts(fetch(client, "points.safetensors").content)[1]["unit"]
    assert np.allclose(np.hypot(*gallery.xy.T), np.tanh(unit * gallery.radius / 2), atol=1e-6)


def test_every_tensor_can_be_read_in_place(client, put):
    for count in (1, 2, 3, 7):
        put(made(count), str(count))
        data = fetch(client, "points.safetensors", str(count)).content
        length = int.from_bytes(data[:8], "little")
        for name, entry in json.loads(data[8 : 8 + length]).items():
            if name != "__metadata__":
                size = {"F32": 4, "U16": 2}[entry["dtype"]]
                assert (8 + length + entry["data_offsets"][0]) % size == 0


def test_ten_thousand_points_are_at_most_200_kb(client, put):
    paths = [
        (f"Ordo {i % 12}ales", f"Familia {i % 60}aceae", f"Genus species numero {i}")
        for i in range(500)
    ]
    put(made(10_000, paths=paths))
    assert len(fetch(client, "points.safetensors").content) <= 200_000


@pytest.mark.parametrize(("classes", "kind"), [(65_535, np.uint16), (65_536, np.uint32)])
def test_many_classes_get_wider_numbers(client, put, classes, kind):
    put(made(classes + 3, n=2, paths=[(f"{i:05d}",) for i in range(classes)]))
    tensors, about = parts(fetch(client, "points.safetensors").content)
    assert tensors["group"].dtype == kind
    assert len(about["paths"]) == classes
    for row in (0, 1, classes - 1, classes, classes + 2):
        assert about["paths"][tensors["group"][row]] == [f"{row % classes:05d}"]


def test_a_gallery_of_two_dimensions_is_exact_and_has_no_umap(client, put):
    put(made(n=2, umap=False))
    about = parts(fetch(client, "points.safetensors").content)[1]
    assert about["exact"] is True
    assert about["umap"] is False
    assert about["unit"] == pytest.approx(np.sqrt(0.7))
    answer = client.get(routes.gallery_url(VERSION, "umap.safetensors"))
    assert answer.status_code == 404


def test_the_free_umap(client, gallery):
    tensors, _ = parts(fetch(client, "umap.safetensors").content)
    assert np.array_equal(tensors["xy"], gallery.umap_xy)


def test_two_galleries_are_not_mixed_up(client, gallery, put):
    other = put(made(9, seed=1), "fedcba9876543210")
    for shown, version in ((gallery, VERSION), (other, "fedcba9876543210")):
        for rest in ("points", "umap", "around/r3"):
            tensors, _ = parts(fetch(client, f"{rest}.safetensors", version).content)
            assert all(len(tensor) == len(shown) for tensor in tensors.values())


# Around a query


def test_distances_to_an_image(client, gallery):
    answer = fetch(client, "around/r17.safetensors")
    tensors, about = parts(answer.content)
    distances, unit = around(gallery.points, gallery.points[17], gallery.curvature)
    assert set(tensors) == {"distances"}
    assert np.array_equal(tensors["distances"], distances.astype(np.float32))
    assert about == {"unit": unit}
    assert tensors["distances"][17] == 0
    hits = gallery.search(gallery.points[17:18], 5, exclude=np.array([17]))
    assert np.argsort(tensors["distances"], kind="stable")[1:6].tolist() == hits.ids[0].tolist()
    assert "immutable" in answer.headers["cache-control"]


def test_distances_to_a_query_from_outside(client, gallery):
    query = placed(0.1, -0.2, 0.3, 0.0, 0.4)
    token = asked.remember(VERSION, query)
    answer = fetch(client, f"around/{token}.safetensors")
    tensors, _ = parts(answer.content)
    expected = dist(gallery.points, query.point, gallery.curvature)
    assert np.allclose(tensors["distances"], expected, rtol=1e-6)
    # One visitor's own picture: not for caches that others share.
    assert answer.headers["cache-control"].startswith("private, max-age=")


# Cards


def test_a_card_says_what_the_app_says(client, gallery):
    gallery.confidence = CONFIDENCE
    known = []
    for row in range(0, 60, 7):
        reply = fetch(client, f"card/{row}.json?to=r5")
        card = reply.json()
        assert reply.headers["content-type"] == "application/json"
        assert reply.headers["cache-control"].startswith("private, max-age=")
        path = gallery.paths[row]
        assert card["id"] == gallery.ids[row]
        assert tuple(card["path"]) == (() if path == (NO_CLASS,) else path)
        assert card["u"] == float(gallery.uncertainty[row])
        assert card["d0"] == float(gallery.radius[row])
        assert card["distance"] == float(dist(gallery.points[5], gallery.points[row], 0.7))
        answer = gallery.ask(gallery.points[row], gallery.uncertainty[row], 10, row)
        assert (card["confidence"], card["reason"]) == (answer.probability, answer.reason)
        if answer.probability is not None:
            known.append(card["confidence"])
    assert len(set(known)) > 3


def test_distances_on_cards_are_those_of_the_answers(client, gallery):
    hits = gallery.search(gallery.points[8:9], 4, exclude=np.array([8]))
    for row, distance in zip(hits.ids[0], hits.distances[0], strict=True):
        card = fetch(client, f"card/{row}.json?to=r8").json()
        assert card["distance"] == pytest.approx(distance, rel=1e-12)
    assert fetch(client, "card/8.json?to=r8").json()["distance"] == 0


def test_a_card_to_a_query_from_outside(client, gallery):
    query = placed(0.1, -0.2, 0.3, 0.0, 0.4)
    token = asked.remember(VERSION, query)
    card = fetch(client, f"card/3.json?to={token}").json()
    assert card["distance"] == float(dist(gallery.points[3], query.point[0], 0.7))


def test_a_card_without_a_query_or_a_confidence(client, gallery):
    card = fetch(client, "card/3.json").json()
    assert card["distance"] is None
    assert card["confidence"] is None
    assert "without an answer confidence" in card["reason"]
    assert card["path"] == []
    forgotten = fetch(client, f"card/3.json?to={'0' * 16}")
    assert forgotten.json()["distance"] is None
    assert forgotten.headers["cache-control"] == "no-store"


def test_a_lone_image_has_a_card(client, put):
    gallery = put(made(1))
    gallery.confidence = CONFIDENCE
    card = fetch(client, "card/0.json?to=r0").json()
    assert card["confidence"] is None
    assert "no answer" in card["reason"]


# Colours


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("level", ["label", *LEVELS])
def test_colours_are_those_of_the_figures(client, gallery, level, theme):
    tensors, about = parts(fetch(client, "points.safetensors").content)
    answer = client.get(routes.colours_url(VERSION, level, theme))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    said = answer.json()
    assert set(said) == {"names", "codes", "colours"}
    assert len(said["codes"]) == len(about["paths"])
    traces = by_group(gallery, range(len(gallery)), level, theme)
    assert said["names"] == [name for name, _, _ in traces]
    assert said["colours"] == [marker["color"] for _, _, marker in traces]
    for number, (_, rows, _) in enumerate(traces):
        assert {said["codes"][tensors["group"][row]] for row in rows} == {number}


def test_more_classes_than_colours(client, put):
    paths = [(f"o{i % 7}", f"f{i % 50}", f"s{i}") for i in range(300)]
    gallery = put(made(400, paths=paths))
    said = client.get(routes.colours_url(VERSION, "label", "dark")).json()
    in_order = sorted(range(400), key=lambda i: gallery.paths[i])
    names = list(dict.fromkeys(gallery.labels[i] for i in in_order))
    assert said["names"] == names
    assert said["colours"] == list(category_colours(names, "dark").values())


@pytest.mark.parametrize("level", ["a/b", "100 %", "light", "{row}", "x?y#z", "\N{TULIP}"])
def test_levels_may_be_called_anything(client, put, monkeypatch, level):
    gallery = put(made())
    monkeypatch.setattr(gallery, "levels", (level, "family", "species"))
    said = client.get(routes.colours_url(VERSION, level, "light")).json()
    assert said["names"] == sorted({path[0] for path in PATHS})
    assert "{theme}" in routes.colours_url(VERSION, level)
    assert routes.colours_url(VERSION, level).count("{") == 1


# What all of them have in common

EVERYTHING = [
    "points.safetensors",
    "umap.safetensors",
    "around/r1.safetensors",
    "card/1.json",
    "colours/label/light.json",
]


@pytest.mark.parametrize("rest", EVERYTHING)
def test_another_gallery_is_not_there(client, gallery, rest):
    for version in ("fedcba9876543210", VERSION[:-1], VERSION.upper(), "..", "%2e%2e", ""):
        answer = client.get(f"/gallery/{version}/{rest}")
        assert answer.status_code == 404
        assert len(answer.text) < 60


@pytest.mark.parametrize("rest", EVERYTHING)
def test_only_reading(client, gallery, rest):
    url = routes.gallery_url(VERSION, rest)
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert client.request(method, url).status_code == 405
    head = client.head(url)
    assert head.status_code == 200
    assert head.content == b""


@pytest.mark.parametrize(
    "rest",
    [
        "points.safetensors.bak",
        "points.json",
        "gallery.json",
        "items.parquet",
        "embeddings.safetensors",
        "around/.safetensors",
        "around/..%2fpoints.safetensors",
        "card/60.json",
        "card/-1.json",
        "card/1e1.json",
        "card/.json",
        "card/" + "1" * 6000 + ".json",
        "card/..%2f1.json",
        "colours/label/blue.json",
        "colours/label/light.txt",
        "colours/uncertainty/light.json",
        "colours/no such level/light.json",
        "colours//light.json",
        "colours/light.json",
        "colours/family/light.json",
        "colours/..%2f..%2flabel/light.json",
        "colours/label%0a/light.json",
    ],
)
def test_nothing_else_is_there(client, gallery, rest):
    answer = client.get(f"/gallery/{VERSION}/{rest}")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/plain")
    assert str(Path.cwd()) not in answer.text


def test_addresses_follow_the_base_path(monkeypatch, gallery):
    from streamlit import config

    monkeypatch.setattr(config, "get_option", lambda name: "some/base/")
    urls = [routes.gallery_url(VERSION, rest) for rest in EVERYTHING]
    urls += [routes.colours_url(VERSION, "family/tribe", "dark"), routes.disk_url("types.js")]
    with TestClient(Starlette(routes=routes.routes())) as client:
        for url in urls:
            assert url.startswith("/some/base/")
            assert client.get(url).status_code == 200
            assert client.get(url.removeprefix("/some/base")).status_code == 404


def test_files_are_made_once(client, gallery):
    from app.routes import cloud

    fetch(client, "points.safetensors")
    before = cloud.points_file.cache_info().misses
    fetch(client, "points.safetensors")
    assert cloud.points_file.cache_info().misses == before
