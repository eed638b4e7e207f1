"""Tables as they lie beside images: CSV and TSV of any separator, JSON lines, Parquet.

Cells are texts, trimmed; what is missing is empty. Numbers keep the digits they are written with,
so that "007" stays a name.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hypuml.data.folder.names import printable
from hypuml.types import Column

SUFFIXES = frozenset({".csv", ".tsv", ".jsonl", ".parquet"})
MOST_BYTES, MOST_ROWS = 200 * 2**20, 5_000_000
MOST_COLUMNS = 200
_PADDED = re.compile(r"[+-]?0\d")


@dataclass(frozen=True)
class Table:
    """Rows of texts.

    Attributes:
        header: names of the columns, as written.
        columns: one list of cells for each, all of one length.
    """

    header: tuple[str, ...]
    columns: tuple[list[str], ...]

    def __len__(self) -> int:
        return len(self.columns[0]) if self.columns else 0


def read_table(path: Path) -> Table:
    """Read a table.

    Raises:
        ValueError: no table of these kinds, damaged, or too large; one sentence.
        OSError: it cannot be opened.
    """
    about = path.stat()
    if not stat.S_ISREG(about.st_mode):
        raise ValueError("it is no regular file")
    if about.st_size > MOST_BYTES:
        raise ValueError(f"it is larger than {MOST_BYTES >> 20} MB")
    suffix = path.suffix.lower()
    try:
        if suffix == ".parquet":
            return _parquet(path)
        text = _decoded(path.read_bytes())
        return _json_lines(text) if suffix == ".jsonl" else _separated(text)
    except (csv.Error, pa.ArrowException, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"it is no table that can be read ({error})") from None


def typed(cells: Iterable[str]) -> Column:
    """Numbers where every cell is one or empty (NaN then), the texts otherwise."""
    texts = tuple(cells)
    try:
        numbers = tuple(float(text) if text else float("nan") for text in texts)
    except ValueError:
        return texts
    written = [text for text in texts if text]
    # "007" and "1_000" are names, and a column of nothing is no column of numbers.
    odd = any(_PADDED.match(text) or "_" in text for text in written)
    finite = all(math.isfinite(float(text)) for text in written)
    return numbers if written and finite and not odd else texts


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _separated(text: str) -> Table:
    first = text.split("\n", 1)[0]
    separator = max(",\t;|", key=first.count)
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if row]
    if not rows or len(rows[0]) > MOST_COLUMNS:
        raise ValueError("it is empty" if not rows else f"it has {len(rows[0])} columns")
    width = len(rows[0])
    body = [[cell.strip() for cell in row[:width]] + [""] * (width - len(row)) for row in rows]
    return _table([str(name) for name in body[0]], body[1:])


def _json_lines(text: str) -> Table:
    rows = [json.loads(line) for line in text.splitlines() if line.strip()]
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise ValueError("not every line is an object")
    header = list(dict.fromkeys(key for row in rows for key in row))[:MOST_COLUMNS]
    cells = [[_text(row.get(key)) for key in header] for row in rows]
    return _table([printable(key) for key in header], cells)


def _parquet(path: Path) -> Table:
    file = pq.ParquetFile(path)
    if file.metadata.num_rows > MOST_ROWS:
        raise ValueError(f"it has {file.metadata.num_rows:,} rows")
    schema = file.schema_arrow
    plain = [f.name for f in schema if not pa.types.is_nested(f.type) and not _is_binary(f.type)]
    table = file.read(columns=plain[:MOST_COLUMNS])
    columns = [[_text(cell) for cell in table[name].to_pylist()] for name in table.column_names]
    return Table(tuple(table.column_names), tuple(columns))


def _is_binary(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _table(header: list[str], rows: list[list[str]]) -> Table:
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in header]
    return Table(tuple(header), tuple(columns))


def _text(value: Any) -> str:
    """A cell; 3.0 is 3, because a whole number becomes a float where others are missing."""
    if value is None or isinstance(value, list | dict):
        return ""
    if isinstance(value, float):
        if not np.isfinite(value):
            return ""
        return str(int(value)) if value == int(value) else str(value)
    return printable(str(value).strip())
