"""What sub-folders mean: splits above and below classes, containers, and when a class stays one."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from PIL import Image

from hypuml.data.folder import FolderDataset, FolderOptions
from hypuml.data.folder.layout import split_name
from tests.support.folder_support import assumed, classes, put, splits

CLASSES = ("bee", "cat", "dog", "elk", "fox", "gnu")


def three_layouts(tmp_path) -> dict[str, object]:
    """The same photographs as class folders, under splits, with splits below, and with a table."""
    rng = np.random.default_rng(0)
    names = [
        (c, f"{c} {i}.png", ["train", "val", "test"][i % 3]) for c in CLASSES for i in range(9)
    ]
    for label, name, split in names:
        image = Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8))
        (tmp_path / "plain" / label).mkdir(parents=True, exist_ok=True)
        image.save(tmp_path / "plain" / label / name)
        for path in (f"above/{split}/{label}", f"below/{label}/{split}", "table/images"):
            (tmp_path / path).mkdir(parents=True, exist_ok=True)
            shutil.copy(tmp_path / "plain" / label / name, tmp_path / path / name)
    rows = "".join(f"{name},{label},{split}\n" for label, name, split in reversed(names))
    (tmp_path / "table" / "labels.csv").write_text("file,label,split\n" + rows)
    return {name: FolderDataset(tmp_path / name) for name in ("plain", "above", "below", "table")}


def test_the_same_photographs_are_the_same_data_however_they_lie(tmp_path):
    layouts = three_layouts(tmp_path)
    plain = layouts.pop("plain")
    assert plain.columns == {}
    assert plain.report.assumed == ()
    for data in layouts.values():
        assert [item.path for item in data.items] == [item.path for item in plain.items]
        assert data.levels == plain.levels == ("class",)
        rows = range(len(plain.items))
        assert all(data.load(r).tobytes() == plain.load(r).tobytes() for r in rows)
        assert data.columns["split"] == tuple(["train", "val", "test"][r % 3] for r in rows)
        assert data.report.splits == {"train": 18, "val": 18, "test": 18}
    for name in ("above", "below"):
        assert layouts[name].report.assumed == (
            "the folders 'train', 'val' and 'test' are splits of the data, not classes",
        )


@pytest.mark.parametrize(
    "names", [("train", "val", "test"), ("Training", "valid"), ("dev", "eval")]
)
def test_usual_names_of_splits_above_the_classes(tmp_path, names):
    put(tmp_path, *(f"{name}/{label}/1.png" for name in names for label in ("cat", "dog")))
    assert set(classes(tmp_path).values()) == {"cat", "dog"}
    assert set(splits(tmp_path).values()) == {split_name(name) for name in names}
    assert "are splits" in assumed(tmp_path)


def test_splits_without_classes_have_no_made_up_class(tmp_path):
    put(tmp_path, "train/1.png", "test/2.png")
    assert classes(tmp_path) == {"train/1.png": "", "test/2.png": ""}
    assert splits(tmp_path) == {"train/1.png": "train", "test/2.png": "test"}


def test_a_class_called_test_among_others_stays_a_class(tmp_path):
    put(tmp_path, "cat/1.png", "test/1.png", "train set of tracks/1.png")
    assert set(classes(tmp_path).values()) == {"cat", "test", "train set of tracks"}
    assert splits(tmp_path) == {}
    assert assumed(tmp_path) == ""


def test_a_class_called_train_below_vehicles_stays_a_class(tmp_path):
    put(tmp_path, "vehicles/train/1.png", "vehicles/bus/1.png", "school/test/1.png", "school/1.png")
    found = set(classes(tmp_path).values())
    assert found == {"vehicles/train", "vehicles/bus", "school/test", "school/school"}


def test_a_split_alone_is_one(tmp_path):
    put(tmp_path, "train/cat/1.png", "train/dog/1.png")
    assert set(classes(tmp_path).values()) == {"cat", "dog"}
    assert set(splits(tmp_path).values()) == {"train"}
    assert "the folder 'train' is a split" in assumed(tmp_path)


def test_a_class_without_test_images_below_which_the_others_have_them(tmp_path):
    put(tmp_path, "cat/train/1.png", "cat/test/2.png", "dog/train/3.png", "elk/4.png")
    assert set(classes(tmp_path).values()) == {"cat", "dog", "elk"}
    assert splits(tmp_path)["dog/train/3.png"] == "train"
    assert splits(tmp_path)["elk/4.png"] == ""


def test_images_beside_the_splits_belong_to_none(tmp_path):
    put(tmp_path, "train/cat/1.png", "test/cat/2.png", "dog/3.png", "4.png")
    assert classes(tmp_path)["dog/3.png"] == "dog"
    assert splits(tmp_path)["dog/3.png"] == splits(tmp_path)["4.png"] == ""


def test_nested_classes_below_splits_are_a_taxonomy(tmp_path):
    put(tmp_path, "train/rosids/rosa/1.png", "val/rosids/rosa/2.png", "val/moss/3.png")
    assert set(classes(tmp_path).values()) == {"rosids/rosa", "moss"}
    assert FolderDataset(tmp_path).levels == ("level 1", "class")


def test_folders_around_the_splits_say_nothing(tmp_path):
    put(tmp_path, "my photos/images/train/cat/1.png", "my photos/images/val/dog/2.png")
    assert set(classes(tmp_path).values()) == {"cat", "dog"}


def test_both_answers_can_be_overruled(tmp_path):
    put(tmp_path / "a", "train/cat/1.png", "test/cat/2.png")
    assert set(classes(tmp_path / "a", splits="classes").values()) == {"train/cat", "test/cat"}
    assert splits(tmp_path / "a", splits="classes") == {}
    put(tmp_path / "b", "cat/1.png", "test/2.png")
    assert classes(tmp_path / "b", splits="splits") == {"cat/1.png": "cat", "test/2.png": ""}
    assert splits(tmp_path / "b", splits="splits")["test/2.png"] == "test"
    with pytest.raises(ValueError, match="unknown value 'maybe' for splits"):
        FolderOptions(splits="maybe")


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train", "train"),
        ("TRAINING", "train"),
        ("train2017", "train"),
        ("images_train", "train"),
        ("train-images", "train"),
        ("validation_set", "val"),
        ("dev", "val"),
        ("eval", "test"),
        ("testing", "test"),
        ("trains", ""),
        ("latest", ""),
        ("test tube", ""),
        ("", ""),
    ],
)
def test_which_names_are_splits(name, split):
    assert split_name(name) == split


def test_a_folder_called_images_is_no_class(tmp_path):
    put(tmp_path / "flat", "images/1.png", "images/2.png")
    assert set(classes(tmp_path / "flat").values()) == {""}
    assert assumed(tmp_path / "flat") == "a folder called 'images' is no class"
    assert FolderDataset(tmp_path / "flat").description == "2 images from the folder flat"
    put(tmp_path / "deep", "data/cat/images/1.png", "data/dog/images/2.png")
    assert set(classes(tmp_path / "deep").values()) == {"cat", "dog"}
    put(tmp_path / "kinds", "images/1.png", "drawings/2.png")
    assert set(classes(tmp_path / "kinds").values()) == {"images", "drawings"}


def test_an_empty_class_folder_is_no_class(tmp_path):
    put(tmp_path, "cat/1.png", "dog/1.png")
    (tmp_path / "elk").mkdir()
    assert set(classes(tmp_path).values()) == {"cat", "dog"}
