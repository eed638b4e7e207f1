"""Training one head on cached features, and measuring it: the min_length loop of the study.

The batch, the losses, the calibration term and the optimiser are those of
:mod:`hypuml.training`; only the backbone is replaced by its cached features.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from hypuml import metrics
from hypuml.confidence import CONTROLS, DEPTH, evidence, fit_confidence, ranks
from hypuml.data.batches import BatchMaker, Pools, divide
from hypuml.data.degradations import KINDS
from hypuml.data.splits import class_ids
from hypuml.losses import LossConfig, Objective, make_loss
from hypuml.models.config import ModelConfig
from hypuml.models.head import HeadOutput, HyperbolicHead
from hypuml.search import Index
from hypuml.study.cached import LEVELS, VIEWS, Features
from hypuml.study.gardens import RATIOS, Roles
from hypuml.study.plan import Variant
from hypuml.training.config import TrainConfig
from hypuml.training.state import schedule
from hypuml.training.validation import retrieval_metrics
from hypuml.types import FloatArray

_OPTIONS = TrainConfig(
    steps=800, lr=3e-3, classes_per_batch=64, weight_decay=0.01, precision="float32"
)


def train_head(
    gardens: Sequence[Features],
    part: Roles,
    variant: Variant,
    setting: LossConfig,
    seed: int,
    steps: int | None = None,
) -> HyperbolicHead:
    """Train one head.

    Args:
        gardens: the gardens of the heads.
        part: which of them are fit and which calibrates.
        variant: what to train.
        setting: temperature and margins.
        seed: of weights and batches.
        steps: optimiser steps, instead of the study's own number.
    """
    torch.manual_seed(seed)
    options = replace(_OPTIONS, seed=seed, steps=steps or _OPTIONS.steps)
    features = gardens[0].clean.shape[1]
    config = ModelConfig(
        dim=32,
        max_distance=variant.max_distance,
        length=variant.length,
        uncertainty=variant.uncertainty,
        geometry=variant.geometry,
    )
    head = HyperbolicHead(config, features)
    pool = _Pool(gardens, part, variant, options)
    first = pool.batches.batch(0)
    head.initialise_scale(pool.views[0][torch.from_numpy(first.rows[: first.fit])])
    loss = make_loss(variant.loss, setting, head.distance)
    objective = Objective(loss, variant.calibration, variant.held_only)
    matrices, rest = ([p for p in head.parameters() if (p.ndim > 1) == m] for m in (True, False))
    groups = [
        {"params": matrices, "weight_decay": options.weight_decay},
        {"params": rest, "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=options.lr)
    labels = torch.from_numpy(pool.labels)
    for step in range(options.steps):
        batch = pool.batches.batch(step)
        out = head(pool.images(batch.rows, batch.degraded, step))
        chosen = labels[torch.from_numpy(batch.rows)]
        result = objective(out.points, out.uncertainty, chosen, batch.fit)
        for group in optimizer.param_groups:
            group["lr"] = options.lr * schedule(step, options)
        optimizer.zero_grad(set_to_none=True)
        result.total.backward()
        nn.utils.clip_grad_norm_(head.parameters(), options.clip)
        optimizer.step()
    return head.eval()


class _Pool:
    """Training features of several gardens as one array, with the maker of batches."""

    def __init__(
        self, gardens: Sequence[Features], part: Roles, variant: Variant, options: TrainConfig
    ) -> None:
        used = [gardens[i] for i in part.fit] + [gardens[part.calibration]]
        paths = [path for garden in used for path in garden.paths]
        ids, classes = class_ids(paths)
        number = {path: i for i, path in enumerate(classes)}
        held = np.arange(len(paths)) >= len(paths) - len(used[-1].paths)
        crossed = [pair for garden in used[:-1] for pair in garden.parents]
        mixed = torch.cat([garden.mixed for garden in used[:-1]])
        self.labels = np.concatenate([ids, [number[a] for a, _ in crossed]]).astype(np.int64)
        self.views = torch.stack(
            [torch.cat([*(g.views[v] for g in used), mixed]) for v in range(VIEWS)]
        )
        self._degraded = torch.cat([*(g.degraded for g in used), mixed])
        per_class = options.images_per_class
        taught = variant.calibration > 0
        sizes = divide(
            options.classes_per_batch * per_class,
            per_class,
            options.calibration_share if taught else 0.0,
            options.ambiguous_share if taught and variant.ambiguous else 0.0,
            options.degraded_share if taught and variant.degraded else 0.0,
        )
        pools = Pools(
            self.labels,
            np.flatnonzero(~held),
            np.flatnonzero(held),
            np.arange(len(paths), len(self.labels)),
            np.asarray([number[b] for _, b in crossed], dtype=np.int64),
        )
        self.batches = BatchMaker(pools, sizes, per_class, options.seed)

    def images(self, rows: np.ndarray, degraded: int, step: int) -> Tensor:
        """Features of a batch: a random view of each image, the last ones degraded."""
        chosen = torch.from_numpy(rows)
        view = torch.from_numpy(np.random.default_rng([step, 3]).integers(VIEWS, size=len(rows)))
        found = self.views[view, chosen]
        if degraded:
            found = torch.cat([found[:-degraded], self._degraded[chosen[-degraded:]]])
        return found


@torch.inference_mode()
def recall_at_1(head: HyperbolicHead, garden: Features) -> float:
    """Recall@1 alone, which is what settings are chosen by."""
    points = head(garden.clean).points.numpy()
    hits = Index(points, head.distance.ball).search(points, 1, exclude=np.arange(len(points)))
    return float(metrics.first_hit_correct(hits.ids, class_ids(garden.paths)[0])[0].mean())


@torch.inference_mode()
def measure(head: HyperbolicHead, garden: Features, calibration: Features | None) -> dict[str, Any]:
    """Every figure of a head on one garden that it has not been trained on.

    Args:
        head: trained by :func:`train_head`.
        garden: what it is measured on.
        calibration: where its answer confidence is fitted; None leaves that out.
    """
    c = head.distance.ball
    out = head(garden.clean)
    points, u = out.points.numpy(), out.uncertainty.numpy()
    found: dict[str, Any] = dict(retrieval_metrics(points, u, garden.paths, c))
    ids, _ = class_ids(garden.paths)
    index, everyone = Index(points, c), np.arange(len(points))
    hits = index.search(points, DEPTH, exclude=everyone)
    correct, rows = metrics.first_hit_correct(hits.ids, ids)
    found["controls"] = {
        "tangent_norm": metrics.r_auroc(-out.norm.numpy()[rows], correct),
        "feature_norm": metrics.r_auroc(-garden.clean.norm(dim=1).numpy()[rows], correct),
    }
    found["degradation"] = _sweep(head, garden)
    crossed = head(garden.series.flatten(0, 1)).uncertainty
    by_ratio = crossed.unflatten(0, garden.series.shape[:2]).mean(0).numpy()
    found["hybrids"] = {
        "mean_u": [float(x) for x in by_ratio],
        "spearman": metrics.spearman(by_ratio, RATIOS),
    }
    if calibration is not None:
        base: HeadOutput = head(calibration.clean)
        fitted = fit_confidence(
            base.points.numpy(), base.uncertainty.numpy(), class_ids(calibration.paths)[0], c
        )
        mutual = ranks(index.search, points, hits, everyone)
        seen = evidence(hits, mutual, ids, u, u, c)
        found["confidence_controls"] = {
            name: metrics.auroc(score(seen)[rows], correct) for name, score in CONTROLS.items()
        }
        if fitted is not None:
            probability = fitted.probability(seen)[rows]
            found["confidence_auroc"] = metrics.auroc(probability, correct)
            found["confidence_ece"] = metrics.ece(probability, correct)
    return found


def _sweep(head: HyperbolicHead, garden: Features) -> dict[str, Any]:
    """Per kind of degradation: Spearman of mean u with the level, share of images that rise."""
    found = {}
    for kind, by_level in zip(KINDS, garden.swept, strict=True):
        u: FloatArray = torch.stack([head(x).uncertainty for x in by_level]).numpy()
        found[kind] = {
            "spearman": metrics.spearman(u.mean(1), LEVELS),
            "share_rising": float((u[-1] > u[0]).mean()),
        }
    return found
