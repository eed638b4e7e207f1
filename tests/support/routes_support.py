"""Galleries in memory in a registry of their own, and our routes as a client sees them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app import query_tokens, resources, routes
from app.queries import Query
from hypuml.gallery import Gallery
from hypuml.gallery.columns import Items
from hypuml.geometry import dist0, expmap0
from hypuml.types import NO_CLASS

LEVELS = ("order", "family/tribe", "species")
VERSION = "0123456789abcdef"
PATHS = [
    ("Rosales", "Rosaceae", "Rosa <b>canina</b>"),
    ("Asterales", "Asteraceae", "alba"),
    ("Rosales", "Moraceae", "alba"),
    (NO_CLASS,),
    ("Asterales", "Ælfwineaceae", "\N{TULIP}"),
    ("Asterales",),
]


def made(count: int = 60, n: int = 5, c: float = 0.7, paths=PATHS, umap: bool = True, seed=0):
    """A gallery in memory: real numbers, no pictures."""
    rng = np.random.default_rng(seed)
    points = expmap0(rng.normal(size=(count, n)) * 0.6 / np.sqrt(c * n), c).astype(np.float32)
    dilation, d0 = (1.0 if n <= 2 else 1.3), dist0(points, c)
    turn = rng.uniform(0, 2 * np.pi, count)
    xy = np.tanh(dilation * np.sqrt(c) * d0 / 2) * np.stack([np.cos(turn), np.sin(turn)])
    own = [paths[i % len(paths)] for i in range(count)]
    items = Items(
        [f"p{i}" for i in range(count)],
        [""] * count,
        [path[-1] for path in own],
        own,
        ["unseen"] * count,
        rng.uniform(size=count).astype(np.float32),
        d0.astype(np.float32),
        (np.sqrt(c) * points if n == 2 else xy.T).astype(np.float32),
        rng.uniform(-0.6, 0.6, (count, 2)).astype(np.float32) if umap else None,
    )
    manifest = {"curvature": c, "levels": LEVELS, "layout": {"dilation": dilation}, "source": None}
    return Gallery(Path("/nowhere"), manifest, points, items)


@pytest.fixture(name="put")
def put_fixture(monkeypatch, tmp_path):
    """Put a gallery into an otherwise empty registry, before any query."""
    monkeypatch.setattr(resources, "SHIPPED", tmp_path / "nothing ships")
    monkeypatch.setattr(resources.sys, "argv", ["main.py"])
    monkeypatch.setattr(resources, "galleries", resources.GalleryRegistry())
    monkeypatch.setattr(query_tokens, "_points", type(query_tokens._points)())

    def put(gallery: Gallery, version: str = VERSION) -> Gallery:
        entry = resources.Entry(f"g{version}", Path("/nowhere"), gallery, version)
        resources.galleries._entries[entry.key] = entry
        return gallery

    return put


@pytest.fixture(name="gallery")
def gallery_fixture(put):
    return put(made())


@pytest.fixture(name="client")
def client_fixture():
    with TestClient(Starlette(routes=routes.routes())) as client:
        yield client


def fetch(client, rest: str, version: str = VERSION):
    answer = client.get(routes.gallery_url(version, rest))
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    return answer


def parts(data: bytes):
    """Tensors and facts of a safetensors file, its header read by hand, as the browser does."""
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    return safetensors.numpy.load(data), json.loads(header["__metadata__"]["disk"])


def placed(*coordinates: float) -> Query:
    point = np.array([coordinates], np.float32)
    return Query(VERSION, point, 0.5, float(dist0(point, 0.7)[0]), np.zeros(2))
