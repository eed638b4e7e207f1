"""Time and memory of a hyperbolic loss step, Gram matrix against geoopt broadcasting.

A step is the distances of all pairs of a batch, the loss on them and the gradient back to the
points. Broadcasting is what geoopt does, and the parent's pairwise Möbius code with it.
"""

from __future__ import annotations

import platform
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import geoopt
import torch

from hypuml.commands.common import note
from hypuml.experiments.benchmark.common import CURVATURE, Report, best_seconds, header, points
from hypuml.geometry.torch import pairwise_dist
from hypuml.losses import make_loss

WAYS = ("gram", "geoopt")
STEPS = ("distances", "contrastive", "margin")
"""The mean distance alone, and the two losses."""
_PER_CLASS = 4
# Seconds of timing for each contender of each step.
_LIMIT = 5.0


def loss_step(way: str, name: str, batch: int, n: int, seed: int) -> Callable[[], object]:
    """One forward and backward pass, ready to run.

    Args:
        way: of measuring the distances, one of ``WAYS``.
        name: one of ``STEPS``.
        batch: images B; classes have four.
        n: dimension of the ball.
        seed: of the points and uncertainties.

    Returns:
        A function that gives the gradient of the mean loss, a tuple of one ``[B, n]`` tensor.
    """
    x = torch.from_numpy(points(seed, batch, n)).requires_grad_()
    labels = torch.arange(batch) // _PER_CLASS
    u = torch.rand(batch, generator=torch.Generator().manual_seed(seed))
    diagonal = torch.eye(batch, dtype=torch.bool)
    ball = geoopt.PoincareBall(torch.tensor(CURVATURE, dtype=torch.float64))
    loss = None if name == "distances" else make_loss(name)

    def step() -> object:
        if way == "gram":
            d = pairwise_dist(x, x, CURVATURE, diagonal)
        else:
            d = ball.dist(x[:, None, :], x[None, :, :]).masked_fill(diagonal, 0.0)
        values = d if loss is None else loss.on_distances(CURVATURE**0.5 * d, labels, u)[0]
        return torch.autograd.grad(values.mean(), x)

    return step


def extra_peak_bytes(way: str, name: str, batch: int, n: int, seed: int) -> int:
    """How far one step raises this process's resident memory at its peak (Linux).

    ``ru_maxrss`` will not do: a child inherits its parent's peak. The kernel's own mark can be
    reset. Meant for a fresh process, where no freed memory lies ready to be used again.
    """

    def resident(field: str) -> int:
        with open("/proc/self/status", encoding="ascii") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith(field))

    loss_step(way, name, 8, n, seed)()  # whatever the libraries allocate once
    step = loss_step(way, name, batch, n, seed)
    with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write("5")
    before = resident("VmRSS")
    step()
    return resident("VmHWM") - before


def _measured_apart(way: str, name: str, batch: int, n: int, seed: int, times: int) -> int | None:
    """Median ``extra_peak_bytes`` of fresh processes; None where the system cannot tell."""
    if platform.system() != "Linux":
        return None
    call = f"extra_peak_bytes{(way, name, batch, n, seed)}"
    code = f"from hypuml.experiments.benchmark import losses; print(losses.{call})"
    root = str(Path(__file__).resolve().parents[3])
    found = []
    for _ in range(times):
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            return None
        found.append(int(done.stdout))
    return int(statistics.median(found))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep torch to one thread inside.

    A thread pool on a shared machine waits for its slowest thread at every operation, which makes
    hundreds of milliseconds out of the ten of the fast contender.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def loss(
    seed: int = 0, batch: int = 900, n: int = 128, rounds: int = 60, processes: int = 3
) -> Report:
    """Every step of ``STEPS``, forward and backward: Gram against broadcasting.

    Args:
        seed: of the points.
        batch: images in the batch, all pairs counted.
        n: dimension of the ball.
        rounds: timed rounds of the Gram form, half of them before and half after the two of geoopt
            broadcasting, which takes seconds a round.
        processes: how many measure the memory of the Gram form.

    Returns:
        For each step the seconds (on one thread) and the extra peak memory in bytes of both ways,
        and their ratios; above them the smallest ratio of all steps. A peak is that of a process of
        its own (of the Gram form the median of several, because the allocator's reuse varies); null
        where the system cannot tell (elsewhere than on Linux).
    """
    steps = {name: _compare(name, seed, batch, n, rounds, processes) for name in STEPS}
    memory = [step["less_memory_than_geoopt"] for step in steps.values()]
    return (
        header("loss", seed, ("geoopt", "numpy", "torch"))
        | {
            "batch": batch,
            "n": n,
            "curvature": CURVATURE,
            "faster_than_geoopt": min(step["faster_than_geoopt"] for step in steps.values()),
            "less_memory_than_geoopt": None if None in memory else min(memory),
        }
        | steps
    )


def _compare(name: str, seed: int, batch: int, n: int, rounds: int, processes: int) -> Report:
    fast, slow = (loss_step(way, name, batch, n, seed) for way in WAYS)
    half = max(1, rounds // 2)
    with _one_thread():
        before = best_seconds({"gram": fast}, half, f"{name}, Gram", _LIMIT)["gram"]
        broadcast = best_seconds({"geoopt": slow}, 2, f"{name}, geoopt", _LIMIT)["geoopt"]
        gram = min(before, best_seconds({"gram": fast}, half, f"{name}, Gram", _LIMIT)["gram"])
    note(f"{name}: measuring memory in processes of their own")
    peak = {
        "gram": _measured_apart("gram", name, batch, n, seed, processes),
        "geoopt": _measured_apart("geoopt", name, batch, n, seed, 1),
    }
    return {
        "seconds": {"gram": gram, "geoopt": broadcast},
        "peak_bytes": peak,
        "faster_than_geoopt": broadcast / gram,
        "less_memory_than_geoopt": (
            peak["geoopt"] / peak["gram"] if peak["geoopt"] and peak["gram"] else None
        ),
    }
