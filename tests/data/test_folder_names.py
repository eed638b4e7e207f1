"""Odd names, junk that systems leave behind, links, patterns, and names of WordNet ids."""

from __future__ import annotations

import json
import os
import unicodedata

import pytest
from PIL import Image

from hypuml.data.folder import FolderDataset, FolderOptions
from hypuml.types import NO_CLASS
from tests.support.folder_support import assumed, classes, put


def ids(root, **options) -> list[str]:
    return list(classes(root, **options))


def test_junk_of_systems_is_ignored_and_counted(tmp_path):
    names = ["cat/1.png", "@eaDir/1.png/SYNOPHOTO_THUMB_XL.jpg", "__MACOSX/cat/1.png"]
    names += [".ipynb_checkpoints/1-checkpoint.png", "cat/._1.png", "cat/@eaDir/2.jpg"]
    put(tmp_path, *names, "thumbs/1.png", "#recycle/1.png")
    (tmp_path / "Thumbs.db").write_bytes(b"x")
    (tmp_path / ".DS_Store").write_bytes(b"x")
    data = FolderDataset(tmp_path)
    assert [item.id for item in data.items] == ["cat/1.png"]
    assert data.report.left_out == {}
    assert data.report.ignored["@eaDir"] == 2
    assert data.report.ignored["hidden"] == 3
    assert "ignored: " in "\n".join(data.report.lines)
    assert classes(tmp_path, keep=("thumbs",)) == {"cat/1.png": "cat", "thumbs/1.png": "thumbs"}


def test_patterns_leave_out_files_and_folders(tmp_path):
    put(tmp_path, "cat/1.png", "cat/1_mask.png", "old/2.png", "dog/raw/3.png", "dog/4.png")
    exclude = ("*_mask.png", "old/", "dog/raw/*")
    assert ids(tmp_path, exclude=exclude) == ["cat/1.png", "dog/4.png"]
    assert FolderDataset(tmp_path, FolderOptions(exclude=exclude)).report.excluded == 3
    with pytest.raises(ValueError, match="lists of patterns"):
        FolderOptions(exclude="*.png")


@pytest.mark.parametrize(
    "name", ["# % ? &", "new\nline", "🌷", "'\"", "<b>x</b>", "\u202etxet", "a/."]
)
def test_odd_names_are_found_and_lead_back(tmp_path, name):
    put(tmp_path, f"{name} class/{name}.png".replace("/.", "_"), "plain/1.png")
    data = FolderDataset(tmp_path)
    assert len({item.id for item in data.items}) == 2
    for row, item in enumerate(data.items):
        assert (tmp_path / item.image).is_file()
        assert data.load(row).height == 4
        assert item.id == item.image


def test_names_equal_after_normalisation_and_trimming_are_one_class(tmp_path):
    one, other = (unicodedata.normalize(form, "Kälte é") for form in ("NFC", "NFD"))
    put(tmp_path, f"{one}/1.png", f"{other}/2.png", f"{one} /3.png", "cat/1.png")
    data = FolderDataset(tmp_path)
    assert {item.path for item in data.items} == {(one,), ("cat",)}
    assert len({item.id for item in data.items}) == 4
    assert data.report.assumed == (
        f"3 folders are one class, {one!r}: their names are equal after Unicode normalisation and "
        "trimming",
    )
    assert sorted(data.load(row).width for row in range(4)) == [1, 2, 3, 4]


def test_a_class_of_blanks_keeps_a_name(tmp_path):
    put(tmp_path, " /1.png", "cat/1.png")
    assert {item.label for item in FolderDataset(tmp_path).items} == {" ", "cat"}


def linked(tmp_path):
    """Classes made of links: to files, relative ones too, and to a folder."""
    store = put(tmp_path / "store", "1.png", "2.png", "more/3.png", "more/4.png")
    root = tmp_path / "root"
    (root / "cat").mkdir(parents=True)
    (root / "cat" / "a.png").symlink_to(store / "1.png")
    (root / "cat" / "b.png").symlink_to("../../store/2.png")
    (root / "dog").symlink_to(store / "more")
    return root


def test_links_are_followed_on_request(tmp_path):
    root = linked(tmp_path)
    (root / "real").mkdir()
    Image.new("RGB", (9, 4)).save(root / "real" / "5.png")
    assert ids(root) == ["real/5.png"]
    data = FolderDataset(root, FolderOptions(follow_links=True))
    assert [item.id for item in data.items] == [
        *("cat/a.png", "cat/b.png", "dog/3.png", "dog/4.png", "real/5.png"),
    ]
    assert {item.label for item in data.items} == {"cat", "dog", "real"}
    assert [data.load(row).width for row in range(5)] == [1, 2, 3, 4, 9]
    assert data.skipped == {}


def test_a_folder_of_links_alone_says_what_was_left_out(tmp_path):
    with pytest.raises(ValueError, match=r"no images in .*3 links or closed folders left out"):
        FolderDataset(linked(tmp_path))


def test_circles_of_links_end(tmp_path):
    root = linked(tmp_path)
    (root / "cat" / "up").symlink_to(root)
    (root / "again").symlink_to(tmp_path / "store" / "more")
    (tmp_path / "store" / "more" / "round").symlink_to("..")
    (root / "gone").symlink_to(tmp_path / "nothing")
    (root / "self.png").symlink_to(root / "self.png")
    data = FolderDataset(root, FolderOptions(follow_links=True))
    assert sorted(data.load(row).width for row in range(len(data.items))) == [1, 1, 2, 2, 3, 4]
    # The first of two links to one folder has it, in the order of names.
    assert set(data.skipped) == {"again/round/more", "cat/up", "dog", "gone", "self.png"}
    assert data.skipped["gone"] == "is a link that leads nowhere"
    os.mkfifo(tmp_path / "pipe")
    (root / "cat" / "pipe.png").symlink_to(tmp_path / "pipe")
    assert len(FolderDataset(root, FolderOptions(follow_links=True)).items) == 6


def test_the_cache_of_a_hub_is_read_by_its_links(tmp_path):
    root = tmp_path / "datasets--someone--pets"
    put(root, "blobs/0a1b", "blobs/2c3d")
    snapshot = root / "snapshots" / ("0123456789" * 4)
    for split, name, blob in (("train", "1.png", "0a1b"), ("test", "2.png", "2c3d")):
        (snapshot / split / "cat").mkdir(parents=True)
        (snapshot / split / "cat" / name).symlink_to(f"../../../../blobs/{blob}")
    (root / "refs").mkdir()
    for start in (root, snapshot):
        data = FolderDataset(start, FolderOptions(follow_links=True))
        assert {item.path for item in data.items} == {("cat",)}
        assert sorted(data.columns["split"]) == ["test", "train"]
        assert sorted(data.load(row).width for row in range(2)) == [1, 2]


MAPPINGS = {
    "words.txt": "n00004475\torganism, being\nn01440764\ttench, Tinca tinca\nn02012849\tcrane\n"
    "n03126707\tcrane\n",
    "LOC_synset_mapping.txt": "n01440764 tench, Tinca tinca\nn02012849 crane\nn03126707 crane\n",
    "map_clsloc.txt": "n01440764 1 tench\nn02012849 2 crane\nn03126707 3 crane\n",
    "imagenet_class_index.json": json.dumps(
        {"0": ["n01440764", "tench"], "1": ["n02012849", "crane"], "2": ["n03126707", "crane"]}
    ),
    "Labels.json": json.dumps(
        {"n01440764": "tench, Tinca tinca", "n02012849": "crane", "n03126707": "crane"}
    ),
}


@pytest.mark.parametrize("name", sorted(MAPPINGS))
def test_wordnet_ids_get_their_names(tmp_path, name):
    ids = ("n01440764", "n02012849", "n03126707", "n99999999")
    put(tmp_path, *(f"train/{i}/images/{i}_0.JPEG" for i in ids), "val/n01440764/images/9.JPEG")
    (tmp_path / name).write_text(MAPPINGS[name])
    named = ["tench", "crane (n02012849)", "crane (n03126707)", "n99999999"]
    assert set(classes(tmp_path).values()) == set(named)
    assert f"names of WordNet ids come from {name!r}" in assumed(tmp_path)
    assert FolderDataset(tmp_path).report.left_out == {}
    assert set(classes(tmp_path, wordnet_names=False).values()) == set(ids)


@pytest.mark.parametrize("text", ["", "[", "[[[1]]]", '{"a": 3}', "\0\0", "n01440764"])
def test_a_damaged_list_of_names_is_passed_over(tmp_path, text):
    put(tmp_path, "n01440764/1.png", "n02012849/1.png")
    for name in MAPPINGS:
        (tmp_path / name).write_text(text)
    assert set(classes(tmp_path).values()) == {"n01440764", "n02012849"}


def test_a_flat_folder_has_no_classes(tmp_path):
    put(tmp_path, "1.png", "2.png")
    data = FolderDataset(tmp_path)
    assert {item.path for item in data.items} == {(NO_CLASS,)}
    assert data.report.unlabelled == 2
