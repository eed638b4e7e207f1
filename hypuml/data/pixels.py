"""Pixels of a whole data set in one array: decoded (or drawn) once, read many times in training.

uint8 in memory up to ``MEMORY_LIMIT`` bytes, above that in a memory-mapped temporary file: 100,000
images of 72 px are 1.6 GB. Pictures are prepared by worker processes, because drawing and decoding
are what a small network waits for.
"""

from __future__ import annotations

import os
import tempfile
from collections import deque
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hypuml.data.images import square_crop
from hypuml.types import Dataset, IntArray, Progress

MEMORY_LIMIT = 4 << 30
_CHUNK = 64

_worker_dataset: Dataset | None = None


def _start_worker(dataset: Dataset) -> None:
    global _worker_dataset
    _worker_dataset = dataset


def _read(dataset: Dataset, row: int, size: int) -> NDArray[np.uint8] | str:
    """Pixels ``[size, size, 3]`` of one item, or the reason why there are none."""
    try:
        return np.asarray(square_crop(dataset.load(row, size), size), dtype=np.uint8)
    except (ValueError, OSError) as error:
        return str(error)


def _read_chunk(rows: list[int], size: int) -> list[NDArray[np.uint8] | str]:
    assert _worker_dataset is not None
    return [_read(_worker_dataset, row, size) for row in rows]


def read_pixels(
    dataset: Dataset,
    rows: IntArray,
    size: int,
    workers: int | None = None,
    progress: Progress | None = None,
) -> tuple[NDArray[np.uint8], IntArray, dict[str, str]]:
    """Decode or draw items as squares.

    Args:
        dataset: where the items come from.
        rows: ``[M]`` row numbers of ``dataset.items``.
        size: side of the squares in pixels.
        workers: processes; None means one per core, 0 means none but this one.
        progress: called with (done, total) after each chunk.

    Returns:
        ``[K, size, size, 3]`` uint8 pixels, their ``[K]`` row numbers, and the reason for each of
        the ``M - K`` unreadable items by id.

    Raises:
        ValueError: not one item could be read.
    """
    chunks = [[int(r) for r in rows[i : i + _CHUNK]] for i in range(0, len(rows), _CHUNK)]
    pixels = _allocate(len(rows), size)
    kept: list[int] = []
    unreadable: dict[str, str] = {}

    def store(chunk: list[int], results: list[NDArray[np.uint8] | str]) -> None:
        for row, result in zip(chunk, results, strict=True):
            if isinstance(result, str):
                unreadable[dataset.items[row].id] = result
            else:
                pixels[len(kept)] = result
                kept.append(row)
        if progress:
            progress(len(kept) + len(unreadable), len(rows))

    count = (os.cpu_count() or 1) if workers is None else workers
    # Starting processes costs about a second each: not worth it for a handful of images.
    if count < 2 or len(chunks) < 4:
        for chunk in chunks:
            store(chunk, [_read(dataset, row, size) for row in chunk])
    else:
        with ProcessPoolExecutor(
            count, mp_context=get_context("spawn"), initializer=_start_worker, initargs=(dataset,)
        ) as pool:
            # Only a few results wait at a time, or they would all be in memory twice.
            ahead: deque[tuple[list[int], Future[list[NDArray[np.uint8] | str]]]] = deque()
            try:
                for chunk in chunks:
                    ahead.append((chunk, pool.submit(_read_chunk, chunk, size)))
                    if len(ahead) > 4 * count:
                        first, future = ahead.popleft()
                        store(first, future.result())
                for first, future in ahead:
                    store(first, future.result())
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
    if not kept:
        reason = next(iter(unreadable.values()), "there are no images")
        raise ValueError(f"no image of {dataset.name!r} could be read; the first: {reason}")
    return pixels[: len(kept)], np.asarray(kept, dtype=np.int64), unreadable


def _allocate(count: int, size: int) -> NDArray[np.uint8]:
    shape = (count, size, size, 3)
    if count * size * size * 3 <= MEMORY_LIMIT:
        return np.empty(shape, dtype=np.uint8)
    handle, name = tempfile.mkstemp(prefix="hypuml-pixels-")
    os.close(handle)
    array = np.memmap(name, dtype=np.uint8, mode="w+", shape=shape)
    # The mapping keeps the file alive; without a name it cannot be left behind.
    Path(name).unlink()
    return array


def through_side(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Squares ``[N, S, S, 3]`` brought to ``side`` pixels and back to S: one sharpness for all."""
    result = np.empty(pixels.shape, dtype=np.uint8)
    for i, one in enumerate(pixels):
        small = square_crop(Image.fromarray(one), side)
        result[i] = np.asarray(square_crop(small, pixels.shape[1]))
    return result
