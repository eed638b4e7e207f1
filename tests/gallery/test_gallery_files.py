"""A gallery on disk: whole or not there, and never opened when something does not fit."""

from __future__ import annotations

import hashlib
import json
import os
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import safetensors.numpy
from safetensors.numpy import load_file

from hypuml.gallery import Gallery, GalleryError, build_gallery
from hypuml.gallery import build as building
from tests.support.gallery_doubles import ColourModel, Squares

FILES = ["items.parquet", "embeddings.safetensors", "thumbs/0000.webp", "thumbs/0001.webp"]


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    out = tmp_path_factory.mktemp("built") / "g"
    return build_gallery(
        Squares(), range(130), ColourModel(), out, model_ref="x", umap=False
    ).folder


@pytest.fixture
def folder(original, tmp_path):
    return shutil.copytree(original, tmp_path / "g")


def change(folder, edit):
    """Edit the manifest in place."""
    path = folder / "gallery.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    edit(manifest)
    path.write_text(json.dumps(manifest), encoding="utf-8")


def replace(folder, name, data):
    """Replace a file and its entry in the manifest, as a forger would."""
    (folder / name).write_bytes(data)
    entry = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    change(folder, lambda m: m["files"].update({name: entry}))


def snapshot(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_other_tools_can_read_it(folder):
    table = pq.read_table(folder / "items.parquet")
    assert table.column_names[:5] == ["id", "image", "label", "taxonomy", "split"]
    assert table["taxonomy"][0].as_py() == ["family 0", "class 0"]
    assert load_file(folder / "embeddings.safetensors")["points"].shape == (130, 3)
    assert json.loads((folder / "gallery.json").read_bytes())["curvature"] == 0.7


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_bit_is_found(folder, name):
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    with pytest.raises(GalleryError, match=f"{name}.*sha256"):
        Gallery.open(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_cut_file_is_found(folder, name):
    (folder / name).write_bytes((folder / name).read_bytes()[:-10])
    with pytest.raises(GalleryError, match=f"{name}.*bytes"):
        Gallery.open(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(GalleryError, match=f"cannot read .*{name}"):
        Gallery.open(folder)


def test_a_tile_exchanged_after_opening_is_not_shown(folder):
    gallery = Gallery.open(folder)
    tile = folder / "thumbs/0000.webp"
    tile.write_bytes(tile.read_bytes()[::-1])
    with pytest.raises(GalleryError, match="sha256"):
        gallery.thumbnail(0)


def test_no_gallery_at_all(tmp_path):
    with pytest.raises(GalleryError, match="python -m hypuml gallery"):
        Gallery.open(tmp_path)
    with pytest.raises(GalleryError, match="no gallery"):
        Gallery.open(tmp_path / "missing")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"format": "other"}', "\udcff", "[" * 9999]
)
def test_a_manifest_that_is_none(folder, text):
    (folder / "gallery.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(GalleryError, match=r"gallery\.json"):
        Gallery.open(folder)


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda m: m.update(version=2), "version 2"),
        (lambda m: m.update(curvature=-1.0), "curvature"),
        (lambda m: m.update(curvature="0.7"), "curvature"),
        (lambda m: m.update(curvature=True), "curvature"),
        (lambda m: m.update(curvature=0.8), "radius"),
        (lambda m: m["layout"].update(dilation=None), "dilation"),
        (lambda m: m["layout"].update(dilation=m["layout"]["dilation"] * 1.1), "layout's radius"),
        (lambda m: m.update(count=129), "129"),
        (lambda m: m.update(count=0), "damaged"),
        (lambda m: m.update(count=100), "do not fit"),
        (lambda m: m.update(dimension=4), "expected points"),
        (lambda m: m.pop("files"), "files"),
        (
            lambda m: m["files"].update({"../secret": m["files"]["items.parquet"]}),
            "at `key` in files",
        ),
        (lambda m: m["files"].update({"items.parquet": None}), "at files"),
        (lambda m: m.update(source=3), "source"),
        (lambda m: m.update(levels=["family", 3]), r"at levels\[1\]: .*`str`"),
        (lambda m: m["unreadable"].update(a=None), "at unreadable"),
        (lambda m: m["files"]["items.parquet"].update(sha256="0" * 63), "at files"),
        (lambda m: m["files"]["items.parquet"].update(bytes=-1), "at files"),
        (lambda m: m["model"].pop("sha256"), "at model: .*sha256"),
        (lambda m: m.update(preprocessing={"size": 0}), "at preprocessing.size"),
    ],
)
def test_a_manifest_that_does_not_fit(folder, edit, words):
    change(folder, edit)
    with pytest.raises(GalleryError, match=words):
        Gallery.open(folder)


def points_like(folder, edit):
    points = load_file(folder / "embeddings.safetensors")["points"].copy()
    return edit(points)


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda p: {"points": np.where(p == p[3], np.nan, p).astype(np.float32)}, "not finite"),
        (lambda p: {"points": (p * 30).astype(np.float32)}, "outside the ball"),
        (lambda p: {"points": p.astype(np.float64)}, "expected points as float32"),
        (lambda p: {"points": p[:-1]}, "expected points"),
        (lambda p: {"vectors": p}, "expected points"),
        (lambda p: {"points": p[::-1].copy()}, "radius"),
    ],
)
def test_vectors_that_do_not_fit(folder, edit, words):
    replace(folder, "embeddings.safetensors", safetensors.numpy.save(points_like(folder, edit)))
    with pytest.raises(GalleryError, match=words):
        Gallery.open(folder)


@pytest.mark.parametrize("name", FILES[:2])
def test_rubbish_with_the_right_hash(folder, name):
    replace(folder, name, b"rubbish")
    with pytest.raises(GalleryError, match="is no"):
        Gallery.open(folder)


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("uncertainty", 1.5, "uncertainty"),
        ("id", "s1", "two items"),
        ("x", 0.99, "layout's radius"),
    ],
)
def test_rows_that_cannot_be(folder, column, value, words):
    table = pq.read_table(folder / "items.parquet")
    values = table[column].to_pylist()
    values[0] = value
    at = table.column_names.index(column)
    table = table.set_column(
        at, table.schema.field(column), pa.array(values, table.schema.field(column).type)
    )
    pq.write_table(table, folder / "changed.parquet")
    data = (folder / "changed.parquet").read_bytes()
    (folder / "changed.parquet").unlink()
    replace(folder, "items.parquet", data)
    with pytest.raises(GalleryError, match=words):
        Gallery.open(folder)


def rebuild(out, dataset=None, model=None):
    dataset = dataset or Squares(20)
    rows = range(len(dataset.items))
    return build_gallery(dataset, rows, model or ColourModel(), out, model_ref="x", umap=False)


def test_a_gallery_is_replaced(folder):
    assert len(rebuild(folder)) == 20
    assert len(Gallery.open(folder)) == 20
    assert [p.name for p in folder.parent.iterdir()] == ["g"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, MemoryError])
def test_an_interrupted_build_leaves_the_old_one_and_no_litter(folder, error):
    before = snapshot(folder)

    class Stopped(ColourModel):
        def embed(self, images):
            raise error

    with pytest.raises(error):
        rebuild(folder, model=Stopped())
    assert snapshot(folder) == before
    assert [p.name for p in folder.parent.iterdir()] == ["g"]


def test_a_full_disk_leaves_the_old_one(folder, monkeypatch):
    before = snapshot(folder)
    write = building.write_file

    def full(where, name, data):
        if name == "embeddings.safetensors":
            raise OSError(28, "No space left on device")
        return write(where, name, data)

    monkeypatch.setattr(building, "write_file", full)
    with pytest.raises(GalleryError, match="No space left on device"):
        rebuild(folder)
    assert snapshot(folder) == before
    assert [p.name for p in folder.parent.iterdir()] == ["g"]


def test_the_old_one_comes_back_when_the_last_step_fails(folder, monkeypatch):
    before = snapshot(folder)
    rename = type(folder).rename

    def fails(self, target):
        if self.name.startswith(".building"):
            raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(type(folder), "rename", fails)
    with pytest.raises(GalleryError, match="Input/output error"):
        rebuild(folder)
    assert snapshot(folder) == before
    assert [p.name for p in folder.parent.iterdir()] == ["g"]


def test_where_nothing_can_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(GalleryError, match="cannot write"):
        rebuild(tmp_path / "file" / "g")


def test_other_peoples_files_are_never_deleted(tmp_path, folder):
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "cat.jpg").write_bytes(b"cat")
    with pytest.raises(GalleryError, match="not a gallery"):
        rebuild(photos)
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(GalleryError, match=r"notes\.txt"):
        rebuild(folder)
    (tmp_path / "file").write_text("mine")
    with pytest.raises(GalleryError, match="not a gallery folder"):
        rebuild(tmp_path / "file")
    assert (photos / "cat.jpg").read_bytes() == b"cat"
    assert (folder / "notes.txt").read_text() == (tmp_path / "file").read_text() == "mine"


def test_an_empty_folder_is_no_obstacle(tmp_path):
    (tmp_path / "g").mkdir()
    assert len(rebuild(tmp_path / "g")) == 20


def test_everybody_may_read_what_is_built(folder):
    assert rebuild(folder).folder.stat().st_mode & 0o777 == 0o777 & ~_umask()


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask
