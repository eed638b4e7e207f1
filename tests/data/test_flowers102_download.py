"""Downloading Flowers-102 from a real server: whole, in pieces, and when it goes wrong."""

from __future__ import annotations

import fcntl
import socket
from dataclasses import replace

import pytest
from torchvision.datasets import Flowers102

from hypuml.data import registry
from hypuml.data.flowers102.dataset import Flowers102Dataset
from hypuml.data.flowers102.download import download, official_source
from tests.support.flowers_support import (
    NUMBERS,
    archive,
    file_name,
    photograph,
    pretend_official,
    serving,
    write_official,
)

TAR = archive()
HALF = len(TAR) // 2


@pytest.fixture
def site(monkeypatch):
    # The server is on this machine, whatever proxy the machine uses for others.
    monkeypatch.setenv("no_proxy", "*")
    with serving(TAR) as started:
        yield started


def assert_whole(root) -> None:
    data = Flowers102Dataset(root)
    assert len(data.items) == len(NUMBERS)
    for i in range(1, len(NUMBERS) + 1):
        assert (root / "flowers-102" / "jpg" / file_name(i)).read_bytes() == photograph(i)
    names = {path.name for path in (root / "flowers-102").iterdir()}
    assert names == {"jpg", "102flowers.tgz", "imagelabels.mat", "setid.mat", ".lock"}


def refusal(kind, root, source, progress=None) -> str:
    with pytest.raises(kind) as caught:
        download(root, progress, source)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_the_official_source_is_torchvisions():
    source = official_source()
    assert source.prefix.startswith("https://www.robots.ox.ac.uk/")
    assert [source.archive[0], *(name for name, _ in source.tables)] == [
        *("102flowers.tgz", "imagelabels.mat", "setid.mat")
    ]
    for _, md5 in (source.archive, *source.tables):
        assert len(bytes.fromhex(md5)) == 16


def test_a_download_leaves_what_torchvision_opens(site, tmp_path, monkeypatch):
    pretend_official(site, monkeypatch)
    calls: list[tuple[int, int]] = []
    folder = registry.download(
        "flowers102", tmp_path / "new", lambda done, total: calls.append((done, total))
    )
    assert folder == tmp_path / "new" / "flowers-102"
    assert_whole(tmp_path / "new")
    assert calls[0] == (0, len(TAR))
    assert calls[-1] == (len(TAR), len(TAR))
    assert calls == sorted(calls)
    theirs = Flowers102(tmp_path / "new", split="test", download=False)
    assert len(theirs) == len(NUMBERS) - 6
    picture, label = theirs[0]
    ours = Flowers102Dataset(tmp_path / "new")
    assert label + 1 == NUMBERS[6]
    assert picture.tobytes() == ours.load(6).tobytes()


def test_what_is_here_is_not_asked_for(site, tmp_path):
    download(tmp_path, source=site.source)
    count = len(site.asked)
    assert count == 3
    download(tmp_path, source=site.source)
    assert len(site.asked) == count
    # Neither are files that were put there by hand.
    other = tmp_path / "other" / "flowers-102"
    other.mkdir(parents=True)
    for name, content in site.files.items():
        (other / name).write_bytes(content)
    download(tmp_path / "other", source=site.source)
    assert len(site.asked) == count
    assert_whole(tmp_path / "other")


def test_a_broken_connection_is_continued(site, tmp_path):
    site.break_after = HALF
    message = refusal(OSError, tmp_path, site.source)
    assert f"broke after {HALF:,} of {len(TAR):,} bytes" in message
    assert "continues where this stopped" in message
    assert (tmp_path / "flowers-102" / "102flowers.tgz.part").read_bytes() == TAR[:HALF]
    assert not (tmp_path / "flowers-102" / "jpg").exists()
    assert not registry.is_available("flowers102", tmp_path)

    calls: list[tuple[int, int]] = []
    download(tmp_path, lambda done, total: calls.append((done, total)), site.source)
    assert site.ranges_of_the_archive == [None, f"bytes={HALF}-"]
    assert calls[0] == (HALF, len(TAR))
    assert calls[-1] == (len(TAR), len(TAR))
    assert_whole(tmp_path)
    assert registry.is_available("flowers102", tmp_path)


def test_a_server_without_ranges_starts_over(site, tmp_path):
    site.break_after = HALF
    refusal(OSError, tmp_path, site.source)
    site.ranges = False
    calls: list[tuple[int, int]] = []
    download(tmp_path, lambda done, total: calls.append((done, total)), site.source)
    assert site.ranges_of_the_archive == [None, f"bytes={HALF}-"]
    assert calls[0] == (0, len(TAR))
    assert_whole(tmp_path)


def test_a_part_that_is_whole_only_gets_its_name(site, tmp_path):
    folder = tmp_path / "flowers-102"
    folder.mkdir()
    (folder / "102flowers.tgz.part").write_bytes(TAR)
    download(tmp_path, source=site.source)
    assert site.ranges_of_the_archive == [f"bytes={len(TAR)}-"]
    assert_whole(tmp_path)


@pytest.mark.parametrize("begun", [0, HALF])
def test_a_wrong_sum_removes_what_arrived(site, tmp_path, begun):
    folder = tmp_path / "flowers-102"
    folder.mkdir()
    if begun:
        (folder / "102flowers.tgz.part").write_bytes(b"x" * begun)
        source = site.source
    else:
        source = replace(site.source, archive=("102flowers.tgz", "0" * 32))
    message = refusal(OSError, tmp_path, source)
    assert f"expected {source.archive[1]}, and was removed" in message
    assert {path.name for path in folder.iterdir()} == {"imagelabels.mat", "setid.mat", ".lock"}
    download(tmp_path, source=site.source)
    assert_whole(tmp_path)


def test_offline_says_what_was_tried_and_what_to_do(site, tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        prefix = f"http://127.0.0.1:{closed.getsockname()[1]}/"
        source = replace(site.source, prefix=prefix)
        message = refusal(OSError, tmp_path, source)
    assert f"{prefix}imagelabels.mat cannot be reached (Connection refused)" in message
    assert "try again" in message
    assert repr(str(tmp_path / "flowers-102")) in message
    for name, md5 in (source.archive, *source.tables):
        assert f"{name} (MD5 {md5})" in message


def test_a_server_that_refuses_is_quoted(site, tmp_path):
    source = site.source
    del site.files["setid.mat"]
    assert "setid.mat answered 404 (Not Found)" in refusal(OSError, tmp_path, source)


def test_an_interrupted_unpacking_is_made_good(site, tmp_path):
    folder = write_official(tmp_path)
    for i in (2, 5):
        (folder / "jpg" / file_name(i)).unlink()
    (folder / "jpg" / "mine.txt").write_text("kept")
    (folder / ".unpacking-killed" / "jpg").mkdir(parents=True)
    (folder / "imagelabels.mat").write_bytes(b"damaged")
    download(tmp_path, source=site.source)
    assert (folder / "jpg" / "mine.txt").read_text() == "kept"
    assert_whole(tmp_path)


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (b"no archive at all", "cannot be unpacked"),
        (TAR[:HALF], "cannot be unpacked"),
        (archive({"png/1.png": b"x"}), "holds no folder 'jpg'"),
        (archive({"jpg/a.jpg": b"x", "../../evil": b"x"}), "cannot be unpacked"),
        (archive({"jpg/image_00001.jpg": b"x"}), "incomplete"),
    ],
    ids=["garbage", "cut short", "other folder", "climbs out", "too few"],
)
def test_an_archive_that_is_none_is_explained(site, tmp_path, content, wanted):
    site.files["102flowers.tgz"] = content
    root = tmp_path / "root"
    assert wanted in refusal(ValueError, root, site.source)
    assert not registry.is_available("flowers102", root)
    assert not list(tmp_path.rglob("evil"))
    assert not list(root.rglob(".unpacking-*"))


def test_a_full_disk_is_one_sentence(site, tmp_path):
    folder = tmp_path / "flowers-102"
    folder.mkdir()
    (folder / "102flowers.tgz.part").symlink_to("/dev/full")
    message = refusal(OSError, tmp_path, site.source)
    assert "cannot write" in message
    assert "No space left on device" in message


def test_a_place_that_cannot_be_written_is_one_sentence(site, tmp_path):
    (tmp_path / "file").write_text("x")
    assert "cannot write" in refusal(OSError, tmp_path / "file", site.source)


def test_two_downloads_at_once_are_one_too_many(site, tmp_path):
    folder = tmp_path / "flowers-102"
    folder.mkdir()
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "already" in refusal(ValueError, tmp_path, site.source)
    download(tmp_path, source=site.source)
    assert_whole(tmp_path)
