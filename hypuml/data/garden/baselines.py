"""How far one gets in the garden without learning: colour, pixels, and the ceiling of the tree.

Convention: pictures are of one split; Recall@1 is leave-one-out by species, values in [0, 1].
``python -m hypuml.data.garden.baselines`` measures the default garden.
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np
from PIL import Image

from hypuml.data.garden.dataset import GardenDataset
from hypuml.data.garden.traits import trait_distance_matrix
from hypuml.types import FloatArray, IntArray, TaxonomyPath, indices_of


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


def recall_at_1(features: FloatArray, labels: IntArray) -> float:
    """Leave-one-out nearest neighbour by inner product of unit vectors ``[N, D]``."""
    likeness = features @ features.T
    np.fill_diagonal(likeness, -np.inf)
    return float((labels[likeness.argmax(1)] == labels).mean())


def taxonomy_distances(paths: list[TaxonomyPath]) -> FloatArray:
    """``[S, S]`` edges between leaves of equal depth in the tree of ``paths``."""
    same = np.stack(
        [[[p[: d + 1] == q[: d + 1] for q in paths] for p in paths] for d in range(len(paths[0]))]
    )
    return 2.0 * (len(paths[0]) - same.sum(0))


def spearman(x: FloatArray, y: FloatArray) -> float:
    """Rank correlation of two vectors, ties sharing their mean rank."""

    def ranks(v: FloatArray) -> FloatArray:
        _, back, counts = np.unique(v, return_inverse=True, return_counts=True)
        return (np.cumsum(counts) - (counts - 1) / 2.0)[back]

    return float(np.corrcoef(ranks(x), ranks(y))[0, 1])


def tree_ceiling(garden: GardenDataset, split: str = "unseen") -> float:
    """Spearman correlation of true trait distance and taxonomy distance over species pairs."""
    kinds = [s for s in garden.species if split in ("all", s.split)]
    upper = np.triu_indices(len(kinds), 1)
    traits = trait_distance_matrix([s.traits for s in kinds])
    tree = taxonomy_distances([s.path for s in kinds])
    return spearman(traits[upper], tree[upper])


def baselines(garden: GardenDataset, split: str = "unseen", size: int = 96) -> dict[str, float]:
    """Measure what needs no training.

    Args:
        garden: the data set.
        split: ``"seen"``, ``"unseen"`` or ``"all"``.
        size: pixels of the pictures that are drawn.

    Returns:
        ``colour_histogram`` and ``pixels`` (Recall@1), ``tree_ceiling`` (Spearman), ``images``,
        ``species`` and ``ms_per_image`` (drawing alone).
    """
    rows = indices_of(garden, split)
    labels = np.array([garden.species_index(int(i)) for i in rows])
    colours, pixels, spent = [], [], 0.0
    for i in rows:
        start = time.perf_counter()
        picture = garden.load(int(i), size)
        spent += time.perf_counter() - start
        colours.append(colour_histogram(picture))
        pixels.append(thumbnail_pixels(picture))
    return {
        "images": float(len(rows)),
        "species": float(len(set(labels.tolist()))),
        "colour_histogram": recall_at_1(np.stack(colours), labels),
        "pixels": recall_at_1(np.stack(pixels), labels),
        "tree_ceiling": tree_ceiling(garden, split),
        "ms_per_image": 1000.0 * spent / len(rows),
    }


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(
        prog="python -m hypuml.data.garden.baselines", description=__doc__
    )
    parser.add_argument("--seed", type=int, default=0, help="which garden")
    parser.add_argument("--size", type=int, default=96, help="pixels of one picture")
    a = parser.parse_args()
    print(json.dumps(baselines(GardenDataset(a.seed), size=a.size), indent=2))


if __name__ == "__main__":
    main()
