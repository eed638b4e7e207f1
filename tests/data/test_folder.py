"""Folders as data sets: classes, order, odd names, and never a step outside."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pyarrow as pa
import pytest
from PIL import Image

from hypuml.data.folder import FolderDataset
from hypuml.data.images import ImageError
from hypuml.types import NO_CLASS, indices_of


def put(root: Path, *names: str) -> Path:
    """Small pictures at relative paths; the width of the n-th is n + 1 pixels."""
    for n, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (n + 1, 4), "red").save(path, "PNG")
    return root


def ids(dataset: FolderDataset) -> list[str]:
    return [item.id for item in dataset.items]


def test_sub_folders_are_classes(tmp_path):
    data = FolderDataset(put(tmp_path / "pets", "dog/a.png", "cat/b.png", "cat/c.jpg"))
    assert ids(data) == ["cat/b.png", "cat/c.jpg", "dog/a.png"]
    assert [item.path for item in data.items] == [("cat",), ("cat",), ("dog",)]
    assert [item.label for item in data.items] == ["cat", "cat", "dog"]
    assert [item.image for item in data.items] == ids(data)
    assert data.levels == ("class",)
    assert data.name == "pets"
    assert data.source == (tmp_path / "pets").resolve()
    assert data.description == "3 images in 2 classes from the folder pets"
    assert [data.load(row).width for row in range(3)] == [2, 3, 1]


def test_nested_sub_folders_are_a_taxonomy_of_unequal_depth(tmp_path):
    data = FolderDataset(put(tmp_path, "rosids/rosa/canina/1.png", "moss/1.png"))
    assert [item.path for item in data.items] == [("moss",), ("rosids", "rosa", "canina")]
    assert data.levels == ("level 1", "level 2", "class")


def test_images_beside_sub_classes_form_a_leaf_of_their_own(tmp_path):
    data = FolderDataset(put(tmp_path, "rosa/1.png", "rosa/canina/2.png"))
    assert [item.path for item in data.items] == [("rosa", "rosa"), ("rosa", "canina")]
    assert [item.label for item in data.items] == ["rosa", "canina"]
    put(tmp_path, "rosa/rosa/gallica/3.png")
    paths = {item.path for item in FolderDataset(tmp_path).items}
    assert len(paths) == 3
    assert not any(a != b and a == b[: len(a)] for a in paths for b in paths)


def test_a_flat_folder_has_one_class_without_a_name(tmp_path):
    data = FolderDataset(put(tmp_path, "b.png", "a.png"))
    assert ids(data) == ["a.png", "b.png"]
    assert {item.path for item in data.items} == {(NO_CLASS,)}
    assert data.levels == ("class",)


def test_everything_counts_as_unseen(tmp_path):
    data = FolderDataset(put(tmp_path, "a/1.png", "b/1.png"))
    assert indices_of(data, "unseen").tolist() == indices_of(data, "all").tolist() == [0, 1]
    assert indices_of(data, "seen").tolist() == []


def test_natural_order(tmp_path):
    names = ["class 10/1.png", "class 2/img10.png", "class 2/img9.png", "class 2/Img1.png"]
    assert ids(FolderDataset(put(tmp_path, *names))) == [
        "class 2/Img1.png",
        "class 2/img9.png",
        "class 2/img10.png",
        "class 10/1.png",
    ]


def test_order_does_not_depend_on_the_file_system(tmp_path, monkeypatch):
    names = ["a1.png", "A1.png", "a01.png", "a1b.png", "a١.png", "a²/1.png", "1/1.png", "é.png"]
    put(tmp_path, *names)
    first = ids(FolderDataset(tmp_path))
    scandir = os.scandir

    class Reversed:
        def __init__(self, path):
            with scandir(path) as listing:
                self.entries = sorted(listing, key=lambda entry: entry.name, reverse=True)

        def __enter__(self):
            return iter(self.entries)

        def __exit__(self, *_):
            return None

    monkeypatch.setattr(os, "scandir", Reversed)
    assert ids(FolderDataset(tmp_path)) == first
    assert len(set(first)) == len(names)


def test_what_is_no_image_by_name_is_left_out(tmp_path):
    put(tmp_path, "a/1.png", "a/.hidden.png", ".git/2.png", "a/._mac.jpg")
    (tmp_path / "a" / "notes.txt").write_text("x")
    (tmp_path / "a" / "Thumbs.db").write_text("x")
    os.mkfifo(tmp_path / "a" / "pipe.png")
    data = FolderDataset(tmp_path)
    assert ids(data) == ["a/1.png"]
    assert data.skipped == {}


def test_unsupported_and_broken_images_are_listed_so_that_they_can_be_reported(tmp_path):
    put(tmp_path, "a/1.PNG")
    (tmp_path / "a" / "2.gif").write_bytes(b"GIF86")
    (tmp_path / "a" / "3.jpg").write_bytes(b"")
    data = FolderDataset(tmp_path)
    assert ids(data) == ["a/1.PNG", "a/2.gif", "a/3.jpg"]
    assert data.report.images == 1
    assert data.report.left_out.keys() == {"a/2.gif", "a/3.jpg"}
    assert data.load(0).mode == "RGB"
    with pytest.raises(ImageError, match="not an image"):
        data.load(1)
    with pytest.raises(ImageError, match="empty"):
        data.load(2)


def test_links_are_left_out_and_said_so(tmp_path):
    outside = put(tmp_path / "outside", "secret.png")
    root = put(tmp_path / "root", "a/1.png")
    (root / "a" / "2.png").symlink_to(outside / "secret.png")
    (root / "a" / "3.png").symlink_to(root / "a" / "1.png")
    (root / "away").symlink_to(outside)
    (root / "loop").symlink_to(root)
    (root / "a" / "readme").symlink_to(outside / "secret.png")
    data = FolderDataset(root)
    assert ids(data) == ["a/1.png"]
    assert set(data.skipped) == {"a/2.png", "a/3.png", "away", "loop"}


def test_a_file_replaced_by_a_link_is_not_read(tmp_path):
    outside = put(tmp_path / "outside", "secret.png")
    root = put(tmp_path / "root", "a/1.png", "b/2.png")
    data = FolderDataset(root)
    (root / "a" / "1.png").unlink()
    (root / "a" / "1.png").symlink_to(outside / "secret.png")
    (root / "b" / "2.png").unlink()
    (root / "b").rmdir()
    (root / "b").symlink_to(outside)
    (outside / "2.png").write_bytes((outside / "secret.png").read_bytes())
    for row in range(2):
        with pytest.raises(ImageError, match="link out of the folder"):
            data.load(row)


def test_a_file_that_is_gone_is_reported(tmp_path):
    data = FolderDataset(put(tmp_path, "a/1.png"))
    (tmp_path / "a" / "1.png").unlink()
    with pytest.raises(ImageError, match="no file at"):
        data.load(0)


def test_the_folder_itself_may_be_a_link(tmp_path):
    put(tmp_path / "real", "a/1.png")
    (tmp_path / "alias").symlink_to(tmp_path / "real")
    data = FolderDataset(tmp_path / "alias")
    assert ids(data) == ["a/1.png"]
    assert data.load(0).mode == "RGB"


def test_a_gallery_built_inside_is_not_part_of_the_data(tmp_path):
    put(tmp_path, "a/1.png", "my gallery/thumbs/0.webp", "gallery.json/1.png")
    for name in ("gallery.json", "items.parquet"):
        (tmp_path / "my gallery" / name).write_text("x")
    assert ids(FolderDataset(tmp_path)) == ["a/1.png", "gallery.json/1.png"]


def test_names_that_are_no_utf8_can_be_stored_and_loaded(tmp_path):
    folder = os.fsencode(tmp_path) + b"/caf\xe9"
    os.mkdir(folder)
    for n, name in enumerate([b"\xff.png", rb"\udcff.png", b"\xfe.png"]):
        Image.new("RGB", (n + 1, 4)).save(os.fsdecode(folder + b"/" + name), "PNG")
    data = FolderDataset(tmp_path)
    assert len(set(ids(data))) == 3
    assert sorted(data.load(row).width for row in range(3)) == [1, 2, 3]
    for item in data.items:
        text = [item.id, item.image, *item.path]
        assert pa.array(text, pa.string()).to_pylist() == text
    assert {item.label for item in data.items} == {r"caf\udce9"}


@pytest.mark.parametrize("name", ["<b>&amp;", "a\nb", "..x", "...", "%2e%2e", "'\""])
def test_names_are_only_names(tmp_path, name):
    data = FolderDataset(put(tmp_path, f"c {name}/x{name}.png"))
    assert data.items[0].label == f"c {name}"
    assert data.load(0).size == (1, 4)


def test_what_is_no_folder_of_images_is_said_in_one_sentence(tmp_path):
    with pytest.raises(ValueError, match=r"no images in .*expected JPEG, PNG, .* files") as caught:
        FolderDataset(tmp_path)
    assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="does not exist; expected a folder of images"):
        FolderDataset(tmp_path / "gone")
    (tmp_path / "file.zip").write_bytes(b"PK")
    with pytest.raises(
        ValueError, match=r"is a file; expected a folder of images.*unpack it first"
    ):
        FolderDataset(tmp_path / "file.zip")
    (tmp_path / "1.png").symlink_to("/dev/null")
    with pytest.raises(ValueError, match=r"1 link or closed folder left out"):
        FolderDataset(tmp_path)


def test_a_closed_folder_is_reported(tmp_path, monkeypatch):
    put(tmp_path, "open/1.png", "closed/2.png")
    scandir = os.scandir

    def guarded(path):
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    data = FolderDataset(tmp_path)
    assert ids(data) == ["open/1.png"]
    assert data.skipped == {"closed": "cannot be opened (Permission denied)"}
    monkeypatch.setattr(Path, "is_dir", lambda self: True)
    with pytest.raises(ValueError, match=r"cannot be opened \(Permission denied\)"):
        FolderDataset(tmp_path / "closed")


def test_listing_is_fast(tmp_path):
    for c in range(20):
        (tmp_path / f"class {c}").mkdir()
        for i in range(250):
            (tmp_path / f"class {c}" / f"img_{i}.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    start = time.perf_counter()
    assert len(FolderDataset(tmp_path).items) == 5_000
    # 60 microseconds a file when measured; the bar only catches a decode per file.
    assert time.perf_counter() - start < 1.5
