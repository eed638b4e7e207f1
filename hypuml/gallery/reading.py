"""Reading images ahead of the model, in threads.

Images stream through: a picture is decoded (or drawn), cut to the model's input square and to its
thumbnail, and let go, so that 100,000 photographs never lie in memory together.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple, TypeVar

from PIL import Image

from hypuml.data.images import square_crop
from hypuml.gallery.thumbs import SIDE
from hypuml.types import Dataset

_T = TypeVar("_T")


class Prepared(NamedTuple):
    """One readable image, reduced to what is needed of it; no thumbnail where none is wanted."""

    row: int
    square: Image.Image
    thumbnail: Image.Image | None


def read_ahead(
    dataset: Dataset, rows: list[int], size: int, workers: int | None, thumbnails: bool = True
) -> Generator[Prepared | tuple[int, str], None, None]:
    """Read pictures in threads. Close the generator to stop them.

    Args:
        dataset: where they come from.
        rows: which, in this order.
        size: side of the model's input in pixels.
        workers: threads; by default one per core, at most 8.
        thumbnails: whether they are wanted.

    Yields:
        For every row, in order, a picture ready for the model, or ``(row, reason)`` without one.
    """

    def prepare(row: int) -> Prepared | tuple[int, str]:
        try:
            image = dataset.load(row, size)
            square = square_crop(image, size)
            if not thumbnails:
                return Prepared(row, square, None)
            if dataset.source is None and min(image.size) < SIDE:
                image = dataset.load(row, SIDE)  # drawn by code: sharper than an enlargement
            return Prepared(row, square, square_crop(image, SIDE))
        except (ValueError, OSError) as error:
            return row, str(error)

    threads = workers or min(8, os.cpu_count() or 1)
    pool = ThreadPoolExecutor(threads, thread_name_prefix="decode")
    ahead: deque[Future[Prepared | tuple[int, str]]] = deque()
    try:
        for row in rows:
            ahead.append(pool.submit(prepare, row))
            # Far enough ahead that a forward pass never waits; results are small squares.
            if len(ahead) >= 256:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def in_batches(source: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """Lists of ``size`` things, the last one shorter."""
    batch: list[_T] = []
    for thing in source:
        batch.append(thing)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
