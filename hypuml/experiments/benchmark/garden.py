"""How far one gets in the garden without learning, beside what the true traits allow.

Convention: pictures are of one split; Recall@1 is leave-one-out by species, values in [0, 1].
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch
from PIL import Image

from hypuml.commands.common import Bar
from hypuml.data.garden import GardenDataset, trait_distance_matrix
from hypuml.data.transforms import preprocess
from hypuml.experiments.benchmark.common import Report, header
from hypuml.metrics import matrix_spearman
from hypuml.models.backbone import Backbone
from hypuml.taxonomy import Taxonomy
from hypuml.types import FloatArray, IntArray, indices_of


def colour_histogram(picture: Image.Image) -> FloatArray:
    """Hellinger-scaled 8 x 8 x 8 RGB histogram, ``[512]`` of unit length."""
    rgb = np.asarray(picture.convert("RGB"), np.int64) >> 5
    code = (rgb[..., 0] * 64 + rgb[..., 1] * 8 + rgb[..., 2]).ravel()
    counts = np.bincount(code, minlength=512).astype(np.float32)
    return np.sqrt(counts / counts.sum())


def thumbnail_pixels(picture: Image.Image) -> FloatArray:
    """Standardised 32 x 32 pixels, ``[3072]`` of unit length."""
    small = picture.convert("RGB").resize((32, 32), Image.Resampling.BOX)
    x = np.asarray(small, np.float32).ravel()
    x = x - x.mean()
    return x / max(float(np.linalg.norm(x)), 1e-6)


def random_network_features(pictures: list[Image.Image], seed: int, size: int = 64) -> FloatArray:
    """Unit-length features ``[N, 512]`` of a ResNet-18 that was never trained."""
    torch.manual_seed(seed)
    net = Backbone("resnet18").eval()
    found, bar = [], Bar("random network")
    with torch.inference_mode():
        for start in range(0, len(pictures), 128):
            batch = [preprocess(p, size, net.mean, net.std) for p in pictures[start : start + 128]]
            found.append(net(torch.from_numpy(np.stack(batch))).numpy())
            bar(start + len(batch), len(pictures))
    features = np.concatenate(found)
    # Untrained features share one large direction; without the mean they do their best.
    features = features - features.mean(axis=0)
    return features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)


def recall_at_1(features: FloatArray, labels: IntArray) -> float:
    """Leave-one-out nearest neighbour by inner product of unit vectors ``[N, D]``."""
    likeness = features @ features.T
    np.fill_diagonal(likeness, -np.inf)
    return float((labels[likeness.argmax(1)] == labels).mean())


def tree_ceiling(garden: GardenDataset, split: str = "unseen") -> float | None:
    """Spearman correlation of true trait distance and taxonomy distance over species pairs."""
    kinds = [s for s in garden.species if split in ("all", s.split)]
    tree = Taxonomy.from_paths([s.path for s in kinds])
    order = tree.class_ids([s.path for s in kinds])
    taxonomy = tree.distance_matrix()[np.ix_(order, order)]
    return matrix_spearman(trait_distance_matrix([s.traits for s in kinds]), taxonomy)


def measure(
    dataset: GardenDataset, split: str = "unseen", size: int = 96, seed: int = 0
) -> dict[str, Any]:
    """Measure what needs no training.

    Args:
        dataset: the garden.
        split: ``"seen"``, ``"unseen"`` or ``"all"``.
        size: pixels of the pictures that are drawn.
        seed: of the random network.

    Returns:
        ``recall@1`` of ``colour_histogram``, ``pixels`` and ``random_network``, ``tree_ceiling``
        (Spearman), ``images``, ``species`` and ``ms_per_image`` (median time of drawing one).
    """
    rows = indices_of(dataset, split)
    labels = np.array([dataset.species_index(int(i)) for i in rows], dtype=np.int64)
    pictures, spent, bar = [], [], Bar("drawing")
    for i in rows:
        start = time.perf_counter()
        pictures.append(dataset.load(int(i), size))
        spent.append(time.perf_counter() - start)
        bar(len(spent), len(rows))
    return {
        "images": len(rows),
        "species": len(set(labels.tolist())),
        "recall@1": {
            "colour_histogram": recall_at_1(np.stack([*map(colour_histogram, pictures)]), labels),
            "pixels": recall_at_1(np.stack([*map(thumbnail_pixels, pictures)]), labels),
            "random_network": recall_at_1(random_network_features(pictures, seed), labels),
        },
        "tree_ceiling": tree_ceiling(dataset, split),
        "ms_per_image": 1000.0 * float(np.median(spent)),
    }


def garden(seed: int = 0) -> Report:
    """The default garden's unseen genera; ``seed`` is the random network's."""
    report = header("garden", seed, ("numpy", "torch", "timm"))
    return report | measure(GardenDataset(), seed=seed)
