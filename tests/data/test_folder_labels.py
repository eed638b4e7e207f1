"""Tables of labels beside the images: found, read, and never taken for what they are not."""

from __future__ import annotations

import math

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hypuml.data.folder import FolderDataset, FolderOptions
from hypuml.data.folder.tables import typed
from hypuml.types import NO_CLASS
from tests.support.folder_support import assumed, classes, put, splits

ROWS = [("1.png", "cat"), ("2.png", "dog"), ("3.png", "cat")]
EXPECTED = {"images/1.png": "cat", "images/2.png": "dog", "images/3.png": "cat"}


@pytest.fixture
def root(tmp_path):
    return put(tmp_path / "pets", *EXPECTED)


def csv(rows, header="file,label") -> str:
    return "\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("labels.csv", csv(ROWS)),
        ("pets.CSV", "\ufeff" + csv(ROWS, "Image Name,Class").replace("\n", "\r\n")),
        ("labels.tsv", csv(ROWS, "filename,species").replace(",", "\t")),
        ("labels.csv", csv(ROWS, "path;category").replace(",", ";")),
        ("labels.csv", csv([(f"images/{f}", c) for f, c in ROWS])),
        ("labels.csv", csv([(f"/home/me/pets/images/{f}", c) for f, c in ROWS])),
        ("labels.csv", csv([(f"pets\\images\\{f}", c) for f, c in ROWS])),
        ("labels.csv", csv([(f[:-4], c) for f, c in ROWS], "id,breed")),
        ("labels.csv", csv(ROWS).split("\n", 1)[1]),
        ("labels.csv", csv([(f, f'" {c} "') for f, c in ROWS])),
        ("images/labels.csv", csv(ROWS)),
        ("metadata.jsonl", '{"file_name": "1.png", "label": "cat"}\n{"file_name": "2.png", '
         '"label": "dog", "box": [1]}\n\n{"file_name": "3.png", "label": "cat"}\n'),
    ],
)  # fmt: skip
def test_labels_lie_beside_the_images(root, name, text):
    (root / name).write_text(text, encoding="utf-8")
    assert classes(root) == EXPECTED
    data = FolderDataset(root)
    assert f"classes come from {name!r}" in data.report.assumed
    assert data.report.labels == repr(name)
    assert data.report.left_out == {}
    assert data.columns == {}
    assert set(classes(root, labels="none").values()) == {""}


def test_parquet_with_numbers_gaps_and_nested_columns(root):
    table = pa.table(
        {
            "file": [row[0] for row in ROWS],
            "label": [3.0, None, 3.0],
            "split": ["train", "validation", None],
            "weight": [1.5, None, 2.5],
            "boxes": [[1], [2], [3]],
            "image": [b"x", b"y", b"z"],
        }
    )
    pq.write_table(table, root / "labels.parquet")
    assert list(classes(root).values()) == ["", "3", "3"]
    data = FolderDataset(root)
    by_id = {item.id: row for row, item in enumerate(data.items)}
    weight = [data.columns["weight"][by_id[name]] for name in EXPECTED]
    assert weight[0] == 1.5
    assert math.isnan(weight[1])
    assert [data.columns["split"][by_id[name]] for name in EXPECTED] == ["train", "val", ""]
    assert set(data.columns) == {"split", "weight"}
    assert "images without a class there: 1 of 3" in data.report.assumed


def test_further_columns_become_columns(root):
    rows = [(f, c, n, f"00{n}", split) for n, ((f, c), split) in enumerate(
        zip(ROWS, ("train", "train", "test"), strict=True))]  # fmt: skip
    (root / "labels.csv").write_text(csv(rows, "file,label,age,code,split"))
    data = FolderDataset(root)
    by_id = {item.id: row for row, item in enumerate(data.items)}
    assert [data.columns["age"][by_id[name]] for name in EXPECTED] == [0.0, 1.0, 2.0]
    assert [data.columns["code"][by_id[name]] for name in EXPECTED] == ["000", "001", "002"]
    assert splits(root)["images/3.png"] == "test"
    assert data.report.splits == {"train": 2, "test": 1}


def test_columns_without_classes_leave_the_folders_classes(tmp_path):
    put(tmp_path, "cat/1.png", "dog/2.png")
    (tmp_path / "when.csv").write_text(csv([("cat/1.png", 2019), ("dog/2.png", 2021)], "file,year"))
    data = FolderDataset(tmp_path)
    assert [item.label for item in data.items] == ["cat", "dog"]
    assert data.columns == {"year": (2019.0, 2021.0)}
    assert "columns come from 'when.csv'" in data.report.assumed


def test_texts_that_no_file_can_hold_are_spelt_out(root):
    row = '{"file": "1.png", "label": "a\\ud800", "\\ud801": "b\\ud802", "long": "%s"}' % (
        "9" * 5000
    )
    (root / "labels.jsonl").write_text(row)
    data = FolderDataset(root)
    texts = [*data.columns, *(cell for column in data.columns.values() for cell in column)]
    assert "\\ud801" in data.columns
    assert {item.label for item in data.items} == {"a\\ud800", NO_CLASS}
    assert all(text.encode() or text == "" for text in texts)


def test_numbers_of_thousands_of_digits_are_classes_too(root):
    (root / "labels.csv").write_text(csv([(f, f"{n}" * 5000) for n, f in enumerate(EXPECTED)]))
    assert len(set(classes(root).values())) == 3


def test_a_table_wins_over_folders_and_equal_names_stay_apart(tmp_path):
    put(tmp_path, "a/1.png", "b/1.png", "b/2.png")
    (tmp_path / "labels.csv").write_text(csv([("a/1.png", "x"), ("b/1.png", "y"), ("1.png", "z")]))
    assert classes(tmp_path) == {"a/1.png": "x", "b/1.png": "y", "b/2.png": ""}
    assert "rows there without an image here: 1" in assumed(tmp_path)
    assert "names of folders are no classes, because a table has them" in assumed(tmp_path)


def test_a_table_in_each_split(tmp_path):
    put(tmp_path, "train/1.png", "test/1.png")
    (tmp_path / "train" / "metadata.csv").write_text(csv([("1.png", "cat")], "file_name,label"))
    (tmp_path / "test" / "metadata.csv").write_text(csv([("1.png", "dog")], "file_name,label"))
    assert classes(tmp_path) == {"train/1.png": "cat", "test/1.png": "dog"}
    assert splits(tmp_path) == {"train/1.png": "train", "test/1.png": "test"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "file,label\n",
        csv([("7.png", "cat"), ("8.png", "dog"), ("1.png", "cat")]),
        csv([("cat", 3)], "name,count"),
        "a,b,c\n1,2,3\n",
        "\0\0\0",
        "{}\n",
        '{"json": 1}',
        "x" * 200_000,
        ",".join(map(str, range(500))) + "\n",
    ],
)
def test_other_tables_are_no_labels(root, text):
    for name in ("other.csv", "other.jsonl", "other.parquet"):
        (root / name).write_text(text)
    assert set(classes(root).values()) == {""}
    data = FolderDataset(root)
    assert data.report.labels == ""
    assert {"other.csv", "other.jsonl", "other.parquet"} <= data.report.left_out.keys()


def test_two_tables_are_one_too_many(root):
    for name in ("a.csv", "b.csv"):
        (root / name).write_text(csv(ROWS))
    assert set(classes(root).values()) == {""}
    assert "'a.csv' and 'b.csv' all name images here: none was read" in assumed(root)
    assert classes(root, labels="a.csv") == EXPECTED
    (root / "b.csv").write_text(csv([(row[0], 1) for row in ROWS], "file,year"))
    assert classes(root) == EXPECTED  # the only one with classes


def test_a_table_that_is_named_lies_anywhere(root, tmp_path):
    table = tmp_path / "elsewhere.csv"
    table.write_text(csv(ROWS, "what,kind"))
    named = {"labels": str(table), "file_column": "what", "label_column": "kind"}
    assert classes(root, **named) == EXPECTED


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        (None, {}, "there is no table of labels at .*expected CSV or Parquet"),
        (csv([("9.png", "cat")]), {}, "names no image of the folder; expected a column 'file'"),
        (csv(ROWS, "a,b"), {}, "names no image of the folder"),
        (csv(ROWS), {"label_column": "kind"}, "has no column 'kind', it has 'file', 'label'"),
        ("", {}, r"cannot be used: it is no table that can be read \(it is empty\)"),
    ],
)
def test_a_named_table_that_does_not_fit_is_refused_in_a_sentence(root, text, options, words):
    if text is not None:
        (root / "t.csv").write_text(text)
    with pytest.raises(ValueError, match=words) as caught:
        FolderDataset(root, FolderOptions(labels=str(root / "t.csv"), **options))
    assert "\n" not in str(caught.value)


def test_a_device_is_no_table(root):
    with pytest.raises(ValueError, match="cannot be used: it is no regular file"):
        FolderDataset(root, FolderOptions(labels="/dev/zero"))


def test_labels_are_names_like_folders(root):
    rows = [("1.png", "Ka\u0308se"), ("2.png", " K\u00e4se "), ("3.png", "a/b <b>")]
    (root / "labels.csv").write_text(csv(rows), encoding="utf-8")
    assert {item.path for item in FolderDataset(root).items} == {("K\u00e4se",), ("a/b <b>",)}


def test_what_is_a_number():
    assert typed(["1", "", "2.5"])[0] == 1.0
    assert typed(["1e3"]) == (1000.0,)
    for cells in (["007"], ["1_000"], ["inf"], ["nan"], [""], ["x", "1"]):
        assert typed(cells) == tuple(cells)
