"""Every data set we promise opens and gives a picture; everything else is explained."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from hypuml.data.folder import FolderDataset, FolderOptions
from hypuml.data.registry import DATASETS, data_root, download, is_available, open_dataset
from hypuml.types import AMBIGUOUS, indices_of
from tests.support.flowers_support import write_class_folders

# What puts a few images of a data set that has to be downloaded below a root.
STAND_INS = {"flowers102": write_class_folders}


@pytest.mark.parametrize("name", sorted(DATASETS))
def test_every_entry_builds_and_loads(name, tmp_path):
    entry = DATASETS[name]
    assert entry.name == name
    assert all((entry.licence, entry.description, entry.origin))
    assert is_available(name, root=tmp_path) == (entry.download is None)
    if entry.download is not None:
        with pytest.raises(ValueError, match=f"python -m hypuml data {name} "):
            open_dataset(name, root=tmp_path)
        STAND_INS[name](tmp_path)
        assert is_available(name, root=tmp_path)
    data = open_dataset(name, root=tmp_path)
    assert data.name == name
    assert data.licence
    assert data.description
    assert len({item.id for item in data.items}) == len(data.items)
    assert {item.split for item in data.items} - {AMBIGUOUS} == {"seen", "unseen"}
    assert max(len(item.path) for item in data.items) == len(data.levels)
    for split in ("seen", "unseen"):
        picture = data.load(int(indices_of(data, split)[-1]), 48)
        assert isinstance(picture, Image.Image)
        assert picture.mode == "RGB"
        assert min(picture.size) >= 48
        assert len(set(picture.tobytes())) > 10


def test_the_promised_data_sets_are_there():
    assert {"garden", "digits", "flowers102"} <= set(DATASETS)


def test_only_what_has_to_be_downloaded_can_be_downloaded(tmp_path):
    with pytest.raises(ValueError, match="'garden' needs no download"):
        download("garden", tmp_path)
    for unknown in (download, is_available):
        with pytest.raises(ValueError, match="unknown data set 'roses', expected one of digits"):
            unknown("roses", tmp_path)


def test_a_path_opens_a_folder(tmp_path):
    (tmp_path / "cat").mkdir()
    Image.new("RGB", (4, 4)).save(tmp_path / "cat" / "1.png")
    for path in (tmp_path, str(tmp_path)):
        data = open_dataset(path)
        assert isinstance(data, FolderDataset)
        assert [item.path for item in data.items] == [("cat",)]


def test_a_name_wins_over_a_folder_but_a_path_reaches_it(tmp_path, monkeypatch):
    (tmp_path / "digits" / "cat").mkdir(parents=True)
    Image.new("RGB", (4, 4)).save(tmp_path / "digits" / "cat" / "1.png")
    monkeypatch.chdir(tmp_path)
    assert len(open_dataset("digits").items) == 1797
    for path in ("./digits", "digits/", Path("digits"), str(tmp_path / "digits")):
        assert len(open_dataset(path).items) == 1


def test_options_are_for_folders(tmp_path):
    Image.new("RGB", (4, 4)).save(tmp_path / "1.png")
    Image.new("RGB", (4, 4)).save(tmp_path / "2.png")
    options = FolderOptions(exclude=("2.*",))
    assert [item.id for item in open_dataset(tmp_path, options=options).items] == ["1.png"]
    with pytest.raises(ValueError, match=r"expected a folder with options: write './digits'"):
        open_dataset("digits", options=options)


def test_a_home_folder_is_expanded(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "pictures").mkdir()
    Image.new("RGB", (4, 4)).save(tmp_path / "pictures" / "1.png")
    assert len(open_dataset("~/pictures").items) == 1


@pytest.mark.parametrize("name", ["gardn", "", "no/such/folder"])
def test_an_unknown_name_lists_the_known_ones(name):
    with pytest.raises(ValueError, match="unknown data set") as caught:
        open_dataset(name)
    message = str(caught.value)
    assert repr(name) in message
    assert "folder of images" in message
    assert "\n" not in message
    for known in DATASETS:
        assert known in message


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "cub.tgz").write_bytes(b"x")
    with pytest.raises(ValueError, match="is a file; expected a folder"):
        open_dataset(tmp_path / "cub.tgz")


def test_data_root_follows_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("HYPUML_DATA", str(tmp_path / "here"))
    assert data_root() == tmp_path / "here"
    monkeypatch.setenv("HYPUML_DATA", "~/there")
    assert data_root() == Path.home() / "there"
    monkeypatch.setenv("HYPUML_DATA", "")
    assert data_root() == Path.home() / ".cache" / "hypuml"
    monkeypatch.delenv("HYPUML_DATA")
    assert data_root() == Path.home() / ".cache" / "hypuml"
