"""What benchmarks share: the head of a report, points of the ball, timing in turns.

On a shared machine absolute times wander, so contenders take turns within each round and reports
give ratios. Progress goes to stderr, and timing ends when its time is up.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypuml import __version__
from hypuml.commands.common import Bar
from hypuml.geometry import expmap0

Report = dict[str, Any]

CURVATURE = 0.1
"""Of the speed benchmarks; with sqrt(c)*d0 up to 4."""


def header(name: str, seed: int, packages: tuple[str, ...]) -> Report:
    """What a reader needs to judge the figures that follow."""
    return {
        "benchmark": name,
        "seed": seed,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "hardware": {
            "processor": _processor(),
            "cores": os.cpu_count(),
            "threads": os.environ.get("OMP_NUM_THREADS", "default"),
            "system": platform.platform(),
        },
        "versions": {"hypuml": __version__, "python": platform.python_version()}
        | {package: version(package) for package in packages},
    }


def points(seed: int, count: int, n: int) -> NDArray[np.float32]:
    """Points ``[count, n]`` of random directions, ``sqrt(c) * d0`` spread evenly over [2, 4]."""
    rng = np.random.default_rng(seed)
    v = rng.normal(size=(count, n))
    v *= rng.uniform(1, 2, size=(count, 1)) / np.linalg.norm(v, axis=1, keepdims=True)
    return expmap0(v / np.sqrt(CURVATURE), CURVATURE).astype(np.float32)


def take_turns(
    contenders: dict[str, Callable[[], object]], rounds: int, label: str, limit: float = 60.0
) -> dict[str, list[float]]:
    """Time contenders in turns, after one untimed call of each.

    Args:
        contenders: what is timed, by name.
        rounds: how often, at most.
        label: in front of the progress.
        limit: seconds after which no further round begins; one there always is.

    Returns:
        Seconds of each contender in every round.
    """
    begin, bar = time.perf_counter(), Bar(label, "round")
    bar(0, rounds)
    for run in contenders.values():
        run()
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for done in range(1, rounds + 1):
        for name, run in contenders.items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
        bar(done, rounds)
        if time.perf_counter() - begin > limit:
            break
    bar.close()
    return seconds


def best_seconds(
    contenders: dict[str, Callable[[], object]], rounds: int, label: str, limit: float = 60.0
) -> dict[str, float]:
    """The best round of each (best, because noise only ever adds time); see :func:`take_turns`."""
    found = take_turns(contenders, rounds, label, limit)
    return {name: min(times) for name, times in found.items()}


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:  # no Linux
        pass
    return platform.processor() or platform.machine()
