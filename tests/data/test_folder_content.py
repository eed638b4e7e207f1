"""Files by their content: odd suffixes, and what else lies in a folder, counted by kind."""

from __future__ import annotations

import zipfile

import pytest
from PIL import Image

from hypuml.data.folder import FolderDataset
from tests.support.folder_support import put
from tests.support.pictures import KINDS, RED, close, encoded

RED_PICTURE = Image.new("RGB", (32, 32), RED)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_format_is_found_under_any_name(tmp_path, kind):
    data = encoded(RED_PICTURE, kind, **KINDS[kind])
    names = [
        "a.jfif",
        "b.pjpeg",
        "c.jpe",
        "d.mpo",
        "e.dib",
        "f",
        "g.jpg",
        "h.HEIC",
        "i.text",
        "j.1",
    ]
    for name in names:
        (tmp_path / name).write_bytes(data)
    dataset = FolderDataset(tmp_path)
    assert [item.id for item in dataset.items] == names
    assert dataset.report.images == len(names)
    assert dataset.report.left_out == {}
    for row in range(len(names)):
        assert close(dataset.load(row).getpixel((16, 16)), RED, 8)


def test_what_else_lies_there_is_counted_by_kind(tmp_path):
    put(tmp_path, "cat/1.png")
    movie = b"\0\0\0\x18ftypmp42" + bytes(40)
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n"
    for name, data in {
        "cat/a.mp4": movie,
        "cat/b.mov": b"\0\0\0\x14ftypqt  " + bytes(40),
        "c.mkv": b"\x1a\x45\xdf\xa3" + bytes(40),
        "d.nef": b"MM\0*" + bytes(40),
        "e.CR2": b"II*\0\x10\0\0\0CR\2\0" + bytes(40),
        "f.txt": b"notes",
        "g.jpg": pointer,
        "h.png": pointer,
        "i.pdf": b"%PDF-1.7",
        "j.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    }.items():
        (tmp_path / name).write_bytes(data)
    report = FolderDataset(tmp_path).report
    assert report.images == 1
    assert report.formats == {"PNG": 1}
    assert set(report.summary.split(", ")) == {
        "3 videos",
        "2 raw photographs",
        "1 not an image",
        "2 unresolved Git-LFS pointers",
        "1 PDF document",
        "1 SVG drawing",
    }
    assert report.summary.startswith("3 videos, ")
    assert report.left_out["g.jpg"].startswith("an unresolved Git-LFS pointer: fetch the file")
    assert report.lines[0] == "1 image (1 PNG)"
    assert "a raw photograph: export it as JPEG first" in report.lines


def test_a_video_named_as_an_image_is_an_item_that_says_so(tmp_path):
    put(tmp_path, "1.png")
    (tmp_path / "2.jpg").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(40))
    data = FolderDataset(tmp_path)
    assert [item.id for item in data.items] == ["1.png", "2.jpg"]
    assert data.report.summary == "1 video"
    with pytest.raises(ValueError, match="this is a video; expected"):
        data.load(1)


def test_a_zip_is_to_be_unpacked_first(tmp_path):
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        archive.writestr("cat/1.png", encoded(RED_PICTURE))
    with pytest.raises(ValueError, match="a ZIP archive, unpack it first"):
        FolderDataset(tmp_path / "photos.zip")
    with pytest.raises(ValueError, match=r"no images in .*1 ZIP archive.*unpack it first"):
        FolderDataset(tmp_path)
    put(tmp_path, "cat/1.png")
    assert "a ZIP archive: unpack it first" in FolderDataset(tmp_path).report.lines


def test_a_checkout_without_its_large_files_is_called_that(tmp_path):
    for n in range(3):
        pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n"
        (tmp_path / f"{n}.jpg").write_bytes(pointer)
    words = r"no images in .*3 unresolved Git-LFS pointers.*'git lfs pull'"
    with pytest.raises(ValueError, match=words) as caught:
        FolderDataset(tmp_path)
    assert "\n" not in str(caught.value)
