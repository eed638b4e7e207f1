"""Pictures through the backbone once, features kept: what the heads of the study are trained on.

Convention: features are ``[N, F]`` float32; ``views`` are augmented as in training, ``clean`` is
the centre view that evaluation uses. One safetensors file per garden, written whole or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save
from torch import Tensor

from hypuml.data.augment import AugmentConfig, augment
from hypuml.data.degradations import KINDS, degrade, degrade_mixed
from hypuml.data.garden import GardenDataset
from hypuml.data.pixels import Progress, read_pixels
from hypuml.files import write_atomically
from hypuml.models.hypuml import HypUML
from hypuml.study.gardens import RATIOS, hybrid_series
from hypuml.types import AMBIGUOUS, IntArray, TaxonomyPath

VIEWS = 3
LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0)
SWEPT, PAIRS = 200, 50
# The views of a head's training are gentle: a frozen backbone cannot learn to undo strong ones.
_AUGMENT = AugmentConfig(min_scale=0.75, rotation=10.0, brightness=0.15, hue=0.02, noise=0.01)


@dataclass(frozen=True)
class Features:
    """One garden as the backbone sees it.

    Attributes:
        paths: ``[N]`` class of each image.
        clean: ``[N, F]``.
        views: ``[V, N, F]``, each image augmented V times.
        degraded: ``[N, F]``, each image degraded at random.
        swept: ``[K, L, M, F]`` M images degraded by each kind at each of ``LEVELS``.
        mixed: ``[H, F]`` hybrids for training, augmented.
        parents: ``[H]`` pairs of classes of those.
        series: ``[P, R, F]`` pairs of species crossed at each of ``RATIOS``.
    """

    paths: list[TaxonomyPath]
    clean: Tensor
    views: Tensor
    degraded: Tensor
    swept: Tensor
    mixed: Tensor
    parents: list[tuple[TaxonomyPath, TaxonomyPath]]
    series: Tensor


def cached_features(
    file: Path,
    model: HypUML,
    dataset: GardenDataset,
    rows: IntArray,
    seed: int,
    progress: Progress | None = None,
) -> Features:
    """Features of some images of a garden, from ``file`` if it is there.

    Args:
        file: safetensors file to read or to write.
        model: its backbone is used, its head is not.
        dataset: the garden.
        rows: the images.
        seed: of every random draw.
        progress: of drawing.
    """
    hybrids = [i for i, item in enumerate(dataset.items) if item.split == AMBIGUOUS]
    items = [dataset.items[i] for i in rows]
    crossed = [dataset.items[i] for i in hybrids]
    if not file.exists():
        tensors = _compute(model, dataset, rows, hybrids, seed, progress)
        write_atomically(file, save({k: v.contiguous() for k, v in tensors.items()}))
    loaded = load_file(file)
    return Features(
        paths=[item.path for item in items],
        parents=[(item.path, item.other) for item in crossed],
        **{name: loaded[name].float() for name in _NAMES},
    )


_NAMES = ("clean", "views", "degraded", "swept", "mixed", "series")


def _compute(
    model: HypUML,
    dataset: GardenDataset,
    rows: IntArray,
    hybrids: list[int],
    seed: int,
    progress: Progress | None,
) -> dict[str, Tensor]:
    size = model.config.image_size
    noise = torch.Generator().manual_seed(seed)

    def pixels(chosen: IntArray, side: int) -> Tensor:
        found, _, unreadable = read_pixels(dataset, chosen, side, progress=progress)
        assert not unreadable, "a drawn picture cannot be unreadable"
        return torch.from_numpy(found).permute(0, 3, 1, 2)

    large = round(size * 1.125)
    drawn = pixels(rows, large)
    clean = pixels(rows, size)

    def augmented(images: Tensor) -> Tensor:
        parts = [
            embed(model, augment(part.float() / 255, size, _AUGMENT, noise))
            for part in images.split(256)
        ]
        return torch.cat(parts)

    kinds = torch.randint(len(KINDS), (len(rows),), generator=noise)
    level = torch.rand(len(rows), generator=noise)
    bad = torch.cat(
        [
            embed(model, degrade_mixed(c.float() / 255, k, lv, noise))
            for c, k, lv in zip(clean.split(256), kinds.split(256), level.split(256), strict=True)
        ]
    )
    every = max(1, len(rows) // SWEPT)
    sample = clean[::every].float() / 255
    swept = torch.stack(
        [
            torch.stack(
                [
                    # Equally seeded draws: the same place and grain at every level.
                    embed(model, degrade(sample, kind, lv, torch.Generator().manual_seed(seed)))
                    for lv in LEVELS
                ]
            )
            for kind in KINDS
        ]
    )
    species = np.unique([dataset.species_index(int(i)) for i in rows])
    series = hybrid_series(dataset, species, PAIRS, size, seed)
    crossed = embed(model, torch.from_numpy(series.pixels).permute(0, 3, 1, 2).float() / 255)
    mixed = augmented(pixels(np.asarray(hybrids), large)) if hybrids else bad[:0]
    return {
        "clean": embed(model, clean.float() / 255),
        "views": torch.stack([augmented(drawn) for _ in range(VIEWS)]).half(),
        "degraded": bad.half(),
        "swept": swept.half(),
        "mixed": mixed.half(),
        "series": crossed.unflatten(0, (PAIRS, len(RATIOS))),
    }


@torch.inference_mode()
def embed(model: HypUML, images: Tensor) -> Tensor:
    """Backbone features ``[N, F]`` of images ``[N, 3, S, S]`` in [0, 1]."""
    model.eval()
    prepared = (model.backbone.normalise(part) for part in images.split(256))
    parts = [model.backbone(x.contiguous(memory_format=torch.channels_last)) for x in prepared]
    return torch.cat(parts).float()
