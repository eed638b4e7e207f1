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

import pyarrow as pa
import pyarrow.parquet as pq

from hypuml.gallery import Gallery
from hypuml.types import IntArray

_TYPES = {
    "row": pa.int64(),
    "id": pa.string(),
    "image": pa.string(),
    "label": pa.string(),
    "taxonomy": pa.list_(pa.string()),
    "split": pa.string(),
    "uncertainty": pa.float32(),
    "radius": pa.float32(),
    "x": pa.float32(),
    "y": pa.float32(),
    "outside": pa.bool_(),
}
COLUMNS = tuple(_TYPES)
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
    _check(gallery, rows)
    chosen = rows.tolist()
    outside = [None] * len(rows) if gallery.outside is None else gallery.outside[rows]
    columns = (
        rows,
        [gallery.ids[row] for row in chosen],
        [gallery.images[row] for row in chosen],
        [gallery.labels[row] for row in chosen],
        [list(gallery.paths[row]) for row in chosen],
        [gallery.splits[row] for row in chosen],
        gallery.uncertainty[rows],
        gallery.radius[rows],
        *gallery.xy[rows].T,
        outside,
    )
    table = pa.table(dict(zip(COLUMNS, columns, strict=True)), schema=pa.schema(_TYPES))
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def _check(gallery: Gallery, rows: IntArray) -> None:
    wrong = rows[(rows < 0) | (rows >= len(gallery))]
    if len(wrong):
        raise ValueError(f"row {wrong[0]} is not in this gallery of {len(gallery)} images")
