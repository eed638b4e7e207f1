"""Work done ahead of its use, in threads and in order.

For what waits for a disk or releases the interpreter while it computes: decoding, resampling,
NumPy on whole pictures.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_T = TypeVar("_T")
_R = TypeVar("_R")


def ahead(
    work: Callable[[_T], _R],
    things: Iterable[_T],
    workers: int | None = None,
    most: int = 256,
) -> Generator[_R, None, None]:
    """Apply ``work`` to every thing in threads. Close the generator to stop them.

    Args:
        work: called once for each thing; what it raises is raised where its result would be.
        things: taken one by one, a little ahead.
        workers: threads; by default one per core, at most 8.
        most: results that wait at a time, at least 1: far enough ahead that the caller
            never waits, and no more of them in memory.

    Yields:
        The results, in the order of the things.
    """
    threads = workers or min(8, os.cpu_count() or 1)
    pool = ThreadPoolExecutor(threads, thread_name_prefix="ahead")
    waiting: deque[Future[_R]] = deque()
    try:
        for thing in things:
            waiting.append(pool.submit(work, thing))
            if len(waiting) >= most:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
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
