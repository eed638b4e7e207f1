"""Speed beside the peers: each benchmark measures ours and the baselines in the same run.

On a shared machine absolute times wander, so contenders take turns within each
round and the report gives ratios of their best rounds (best, because noise only ever adds time).
"""

from __future__ import annotations

import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hypuml.benchmark.common import Report, header

_CURVATURE = 0.1  # of the benchmarks; with sqrt(c)*d0 up to 4


def _points(seed: int, count: int, n: int) -> NDArray[np.float32]:
    """Points with random directions and ``sqrt(c) * d0`` spread evenly over [2, 4]."""
    from hypuml.geometry import expmap0

    rng = np.random.default_rng(seed)
    v = rng.normal(size=(count, n))
    v *= rng.uniform(1, 2, size=(count, 1)) / np.linalg.norm(v, axis=1, keepdims=True)
    return expmap0(v / np.sqrt(_CURVATURE), _CURVATURE).astype(np.float32)


def _best(contenders: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Best seconds of each, taking turns; one untimed call of each comes first."""
    for run in contenders.values():
        run()
    best = dict.fromkeys(contenders, float("inf"))
    for _ in range(rounds):
        for name, run in contenders.items():
            start = time.perf_counter()
            run()
            best[name] = min(best[name], time.perf_counter() - start)
    return best


def search(
    seed: int = 0, count: int = 100_000, n: int = 128, batch: int = 100, rounds: int = 300
) -> Report:
    """Exact hyperbolic 10-NN against FAISS of the same width and geoopt broadcasting.

    Args:
        seed: of the points; the queries are other points of the same distribution.
        count: gallery size.
        n: dimension of the ball; FAISS searches the ``n + 1`` lifted coordinates.
        batch: queries in the batched case.
        rounds: timed rounds of the fast contenders (geoopt gets at most three).

    Returns:
        Seconds per call, ratios and the recall against a float64 pass.
    """
    import geoopt
    import torch

    from hypuml.geometry import lorentz_lift, nearest, pairwise_dist
    from hypuml.search import Index

    points, queries = _points(seed, count, n), _points(seed + 1, batch, n)
    index = Index(points, _CURVATURE)
    flat = index._flat_index()
    lifted = lorentz_lift(queries, _CURVATURE).astype(np.float32)
    lifted[:, 0] *= -1.0
    ball = geoopt.PoincareBall(torch.tensor(_CURVATURE, dtype=torch.float64))
    gallery = torch.from_numpy(points)

    def broadcast(rows: slice) -> None:
        with torch.inference_mode():
            for query in torch.from_numpy(queries[rows]):  # more at once would need 51 MB each
                ball.dist(query[None], gallery).topk(10, largest=False)

    report = header("search", seed, ("faiss-cpu", "geoopt", "numpy", "torch"))
    report |= {"count": count, "n": n, "k": 10, "curvature": _CURVATURE}
    for name, size in (("single", 1), ("batched", batch)):
        few = queries[:size]
        fast = _best(
            {
                "hypuml": lambda few=few: index.search(few, 10),  # type: ignore[misc]
                "faiss": lambda size=size: flat.search(lifted[:size], 10),  # type: ignore[misc]
            },
            rounds if size == 1 else max(3, rounds // 60),
        )
        # Broadcasting is linear in the queries: a few of them, scaled up, are measured enough.
        sample = min(size, 3)
        slow = _best({"geoopt": lambda s=sample: broadcast(slice(s))}, min(rounds, 3))  # type: ignore[misc]
        seconds = fast | {"geoopt": slow["geoopt"] * size / sample}
        report[name] = {
            "queries": size,
            "seconds": seconds,
            "times_faiss": seconds["hypuml"] / seconds["faiss"],
            "faster_than_geoopt": seconds["geoopt"] / seconds["hypuml"],
        }
    exact = nearest(pairwise_dist(queries, points, _CURVATURE), 10)
    found = index.search(queries, 10).ids
    report["recall@10"] = float((found[:, :, None] == exact[:, None, :]).any(axis=2).mean())
    return report


def _loss_step(kind: str, batch: int, n: int, seed: int) -> Callable[[], object]:
    """One forward and backward pass through all pairwise distances of a batch."""
    import geoopt
    import torch

    from hypuml.geometry_torch import pairwise_dist

    points = torch.from_numpy(_points(seed, batch, n)).requires_grad_()
    diagonal = torch.eye(batch, dtype=torch.bool)
    ball = geoopt.PoincareBall(torch.tensor(_CURVATURE, dtype=torch.float64))

    def step() -> object:
        if kind == "gram":
            d = pairwise_dist(points, points, _CURVATURE, diagonal)
        else:
            d = ball.dist(points[:, None, :], points[None, :, :]).masked_fill(diagonal, 0.0)
        return torch.autograd.grad(d.mean(), points)

    return step


def extra_peak_bytes(kind: str, batch: int, n: int, seed: int) -> int:
    """How far one step raises this process's resident memory at its peak (Linux).

    ``ru_maxrss`` will not do: a child inherits its parent's peak. The kernel's own mark can be
    reset. Meant for a fresh process, where no freed memory lies ready to be used again.
    """

    def resident(field: str) -> int:
        with open("/proc/self/status", encoding="ascii") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith(field))

    _loss_step(kind, 8, n, seed)()  # whatever the libraries allocate once
    step = _loss_step(kind, batch, n, seed)
    with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write("5")
    before = resident("VmRSS")
    step()
    return resident("VmHWM") - before


def _measured_apart(kind: str, batch: int, n: int, seed: int) -> int | None:
    """``extra_peak_bytes`` of a fresh process; None where the system cannot tell."""
    if platform.system() != "Linux":
        return None
    call = f"extra_peak_bytes{(kind, batch, n, seed)}"
    code = f"from hypuml.benchmark import speed; print(speed.{call})"
    root = str(Path(__file__).resolve().parents[2])
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False
    )
    return int(done.stdout) if done.returncode == 0 else None


def loss(seed: int = 0, batch: int = 900, n: int = 128, rounds: int = 10) -> Report:
    """The distance step of a hyperbolic loss, forward and backward: Gram against broadcasting.

    Args:
        seed: of the points.
        batch: images in the batch, all pairs counted.
        n: dimension of the ball.
        rounds: timed rounds of the Gram form (geoopt broadcasting gets at most two).

    Returns:
        Seconds and extra peak memory in bytes of each, and their ratios. Each peak is that of a
        process of its own; null where the system cannot tell (elsewhere than on Linux).
    """
    seconds = _best({"gram": _loss_step("gram", batch, n, seed)}, rounds)
    seconds |= _best({"geoopt": _loss_step("geoopt", batch, n, seed)}, min(rounds, 2))
    memory = {kind: _measured_apart(kind, batch, n, seed) for kind in seconds}
    gram, broadcast = memory["gram"], memory["geoopt"]
    return header("loss", seed, ("geoopt", "numpy", "torch")) | {
        "batch": batch,
        "n": n,
        "curvature": _CURVATURE,
        "seconds": seconds,
        "peak_bytes": memory,
        "faster_than_geoopt": seconds["geoopt"] / seconds["gram"],
        "less_memory_than_geoopt": broadcast / gram if gram and broadcast else None,
    }
