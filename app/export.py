"""Chosen images as a table to take away: CSV for spreadsheets, Parquet for programs.

One line per image, in the order given: row, id, image (its file below the data set's folder,
empty when drawn by code), label, taxonomy from the root's child to the class, split, uncertainty
in [0, 1], radius (hyperbolic distance d0 from the origin, in the model's own space), x and y on the
gallery's disk, and outside (whether the image is unlike anything that the model was fitted on;
empty where the model cannot tell). Images without a class have the label that the gallery gives
them, "(no class)".
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hypuml.types import FloatArray, IntArray, TaxonomyPath

if TYPE_CHECKING:
    import pyarrow as pa

    from hypuml.gallery import Gallery

COLUMNS = (
    "row", "id", "image", "label", "taxonomy", "split",
    "uncertainty", "radius", "x", "y", "outside",
)  # fmt: skip
SEPARATOR = " › "
# What makes a spreadsheet run a cell (OWASP, "CSV injection"), and the sign that prevents it,
# which therefore has to be marked itself.
_ACTIVE = frozenset("=+-@\t\r\n＝＋－＠'")


def as_csv(gallery: Gallery, rows: IntArray) -> bytes:
    """The images as CSV (RFC 4180) in UTF-8.

    It begins with a byte order mark: without one Excel takes the file for its local 8-bit
    encoding and garbles every name that is not plain Latin. pandas, Arrow and DuckDB skip the
    mark by themselves; Python's ``csv`` does so when the file is opened as ``utf-8-sig``.

    **Texts are made harmless.** A text that a spreadsheet would run as a formula (its first sign
    is one of ``= + - @``, their full-width forms, a tab or a line break, also behind blanks) gets
    an apostrophe in front, and so does one that begins with an apostrophe. Taking one leading
    apostrophe from each text gives the original back. Numbers are written as they are, with as
    many digits as float32 needs to be the same again.

    Args:
        gallery: whose images.
        rows: ``[M]`` row numbers, in the wanted order; ``M`` may be 0.

    Raises:
        ValueError: a row that the gallery does not have.
    """
    _check(gallery, rows)
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows.tolist():
        texts = (
            gallery.ids[row],
            gallery.images[row],
            gallery.labels[row],
            SEPARATOR.join(gallery.paths[row]),
            gallery.splits[row],
        )
        reals = (gallery.uncertainty[row], gallery.radius[row], *gallery.xy[row])
        outside = "" if gallery.outside is None else str(bool(gallery.outside[row])).lower()
        writer.writerow([row, *map(harmless, texts), *map(str, reals), outside])
    return out.getvalue().encode("utf-8-sig")


def harmless(text: str) -> str:
    """``text`` as a cell that no spreadsheet runs: with an apostrophe in front where needed."""
    first = text.lstrip(" \u00a0\ufeff")[:1]
    return f"'{text}" if first in _ACTIVE else text


def as_parquet(gallery: Gallery, rows: IntArray) -> bytes:
    """The images as a Parquet file, every text as the gallery has it.

    ``row`` is int64, ``taxonomy`` a list of strings, the other texts strings, ``outside`` Boolean
    (null where the model cannot tell), and the other numbers float32.

    Args:
        gallery: whose images.
        rows: ``[M]`` row numbers, in the wanted order; ``M`` may be 0.

    Raises:
        ValueError: a row that the gallery does not have.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    _check(gallery, rows)
    chosen = rows.tolist()

    def texts(values: Sequence[str]) -> pa.Array:
        return _texts(values[row] for row in chosen)

    columns = [
        _numbers(rows.astype(np.int64)),
        texts(gallery.ids),
        texts(gallery.images),
        texts(gallery.labels),
        _lists([gallery.paths[row] for row in chosen]),
        texts(gallery.splits),
        *(
            _numbers(values[rows].astype(np.float32))
            for values in (gallery.uncertainty, gallery.radius, gallery.xy[:, 0], gallery.xy[:, 1])
        ),
        _truths(gallery.outside, rows),
    ]
    sink = pa.BufferOutputStream()
    table = pa.Table.from_arrays(columns, names=list(COLUMNS))
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue().to_pybytes()


def _check(gallery: Gallery, rows: IntArray) -> None:
    wrong = rows[(rows < 0) | (rows >= len(gallery))]
    if len(wrong):
        raise ValueError(f"row {wrong[0]} is not in this gallery of {len(gallery)} images")


# Columns are made from buffers, because `pyarrow.array` imports pandas: half a second for nothing.


def _numbers(values: FloatArray | IntArray) -> pa.Array:
    """``[M]`` float32 or int64 as a column."""
    import pyarrow as pa

    kind = pa.from_numpy_dtype(values.dtype)
    buffer = pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(kind, len(values), [None, buffer])


def _truths(values: NDArray[np.bool_] | None, rows: IntArray) -> pa.Array:
    """``[M]`` of ``values`` as a Boolean column; nulls where there are none."""
    import pyarrow as pa

    if values is None:
        return pa.nulls(len(rows), pa.bool_())
    packed = np.packbits(values[rows], bitorder="little")
    return pa.Array.from_buffers(pa.bool_(), len(rows), [None, pa.py_buffer(packed)])


def _texts(values: Iterable[str]) -> pa.Array:
    """Texts as a column of strings."""
    import pyarrow as pa

    encoded = [value.encode() for value in values]
    offsets = pa.py_buffer(_offsets(encoded))
    return pa.StringArray.from_buffers(len(encoded), offsets, pa.py_buffer(b"".join(encoded)))


def _lists(paths: Sequence[TaxonomyPath]) -> pa.Array:
    """Paths as a column of lists of strings."""
    import pyarrow as pa

    names = _texts(name for path in paths for name in path)
    return pa.ListArray.from_arrays(_numbers(_offsets(paths)), names)


def _offsets(parts: Sequence[Any]) -> Any:
    """``[M + 1]`` int32, where each part begins in all parts laid end to end."""
    lengths = np.fromiter(map(len, parts), np.int64, len(parts))
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
