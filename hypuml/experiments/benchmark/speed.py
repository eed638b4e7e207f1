"""Speed of the exact search beside its peers, in the same run."""

from __future__ import annotations

import geoopt
import numpy as np
import torch

from hypuml.experiments.benchmark.common import CURVATURE, Report, best_seconds, header, points
from hypuml.geometry import lorentz_lift, nearest, pairwise_dist
from hypuml.search import Index

# Seconds of timing for each case.
_LIMIT = 20.0


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
    gallery, queries = points(seed, count, n), points(seed + 1, batch, n)
    index = Index(gallery, CURVATURE)
    flat = index._flat_index()
    lifted = lorentz_lift(queries, CURVATURE).astype(np.float32)
    lifted[:, 0] *= -1.0
    ball = geoopt.PoincareBall(torch.tensor(CURVATURE, dtype=torch.float64))
    rivals = torch.from_numpy(gallery)

    def broadcast(rows: slice) -> None:
        with torch.inference_mode():
            for query in torch.from_numpy(queries[rows]):  # more at once would need 51 MB each
                ball.dist(query[None], rivals).topk(10, largest=False)

    report = header("search", seed, ("faiss-cpu", "geoopt", "numpy", "torch"))
    report |= {"count": count, "n": n, "k": 10, "curvature": CURVATURE}
    for name, size in (("single", 1), ("batched", batch)):
        few = queries[:size]
        fast = best_seconds(
            {
                "hypuml": lambda few=few: index.search(few, 10),  # type: ignore[misc]
                "faiss": lambda size=size: flat.search(lifted[:size], 10),  # type: ignore[misc]
            },
            rounds if size == 1 else max(3, rounds // 60),
            f"{name}, ours and FAISS",
            _LIMIT,
        )
        # Broadcasting is linear in the queries: a few of them, scaled up, are measured enough.
        sample = min(size, 3)
        slow = best_seconds(
            {"geoopt": lambda s=sample: broadcast(slice(s))},  # type: ignore[misc]
            min(rounds, 3),
            f"{name}, geoopt",
            _LIMIT,
        )
        seconds = fast | {"geoopt": slow["geoopt"] * size / sample}
        report[name] = {
            "queries": size,
            "seconds": seconds,
            "times_faiss": seconds["hypuml"] / seconds["faiss"],
            "faster_than_geoopt": seconds["geoopt"] / seconds["hypuml"],
        }
    exact = nearest(pairwise_dist(queries, gallery, CURVATURE), 10)
    found = index.search(queries, 10).ids
    report["recall@10"] = float((found[:, :, None] == exact[:, None, :]).any(axis=2).mean())
    return report
