"""A small real checkpoint and galleries made with it, for tests of the app.

The network is tiny and untrained, but its head is fitted to one batch so that the points spread
over the disk: clicks, thresholds and uploads then do something.
"""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from hypuml.confidence import AnswerConfidence
from hypuml.confidence.model import Term
from hypuml.data.garden import GardenDataset
from hypuml.gallery import Embedder, build_gallery
from hypuml.types import Dataset, Embedding, Item
from tests.support import ROOT

MAIN = ROOT / "app" / "main.py"


def small_checkpoint(folder: Path, images: Sequence[Image.Image]) -> Path:
    """Save a tiny model whose points spread like principal components of ``images``."""
    import torch

    from hypuml.data.transforms import preprocess
    from hypuml.models.config import ModelConfig
    from hypuml.models.export import write_graph
    from hypuml.models.hypuml import HypUML

    torch.manual_seed(0)
    config = ModelConfig(
        "resnet10t", dim=8, image_size=32, backbone_args={"channels": [8, 8, 16, 32]}
    )
    model = HypUML(config).eval()
    batch = np.stack([preprocess(i, 32, model.backbone.mean, model.backbone.std) for i in images])
    with torch.inference_mode():
        features = model.backbone(torch.from_numpy(batch)).numpy()
    mean = features.mean(0)
    _, _, directions = np.linalg.svd(features - mean, full_matrices=False)
    weight = directions[:8] / (features - mean).std() * 0.06
    with torch.no_grad():
        model.head.linear.weight.copy_(torch.from_numpy(weight.copy()))
        model.head.linear.bias.copy_(torch.from_numpy(-weight @ mean))
        model.head.initialise_scale(torch.from_numpy(features.copy()))
    model.save_pretrained(folder)
    write_graph(model, folder)  # the app looks through it without torch
    return folder


def garden_gallery(folder: Path, per_species: int = 4) -> Path:
    """Write a checkpoint to ``folder`` and its gallery of unseen species to ``folder/gallery``.

    The flowers are the first ones of each species of the garden that ships, so that the program
    can draw them again.
    """
    garden = GardenDataset()
    first = {f"i{i:03d}" for i in range(per_species)}
    rows = [
        i
        for i, item in enumerate(garden.items)
        if item.split == "unseen" and item.id.rpartition("-")[2] in first
    ]
    return dataset_gallery(garden, rows, folder)


def dataset_gallery(dataset: Dataset, rows: Sequence[int], folder: Path) -> Path:
    """Checkpoint in ``folder``, gallery of ``rows`` in ``folder/gallery``; returns the latter."""
    from hypuml.models.hypuml import HypUML

    few = [dataset.load(i, 32) for i in rows[:: max(1, len(rows) // 64)]]
    model = HypUML.from_pretrained(small_checkpoint(folder, few))
    _build(dataset, rows, model, folder / "gallery", folder)
    return folder / "gallery"


def _build(
    dataset: Dataset, rows: Sequence[int], model: Embedder, out: Path, checkpoint: Path
) -> None:
    """Build a gallery without UMAP, which takes ten seconds to compile."""
    build_gallery(dataset, rows, model, out, model_ref=checkpoint, umap=False)


class Pictures:
    """A data set of plain coloured pictures with any paths one likes."""

    name, licence, description, source = "pictures", "none", "coloured squares", None

    def __init__(self, paths: Sequence[tuple[str, ...]], levels: tuple[str, ...] = ("class",)):
        self.levels = levels
        self.items = tuple(Item(f"p{i}", path, "unseen") for i, path in enumerate(paths))

    def load(self, index: int, size: int | None = None) -> Image.Image:
        colour = np.random.default_rng(index).integers(0, 255, (4, 4, 3), dtype=np.uint8)
        return Image.fromarray(colour).resize((96, 96), Image.Resampling.BICUBIC)


@cache
def small_garden() -> Path:
    """A gallery of 120 flowers with its checkpoint, built once per test process."""
    folder = Path(tempfile.mkdtemp(prefix="hypuml-app-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return garden_gallery(folder / "small", per_species=2)


CONFIDENCE = AnswerConfidence(
    0.3,
    {
        "soft_agreement": Term(0.8, 0.0, 1.0, -3.0, 3.0),
        "relative_lead": Term(0.5, 0.2, 0.2, 0.0, 1.0),
        "u_query": Term(-0.7, 0.5, 0.2, 0.0, 1.0),
    },
    fitted_on={},
)


def with_confidence(gallery: Path) -> Path:
    """Write a made-up answer confidence into a gallery's manifest."""
    manifest = json.loads((gallery / "gallery.json").read_bytes())
    manifest["confidence"] = CONFIDENCE.to_json()
    (gallery / "gallery.json").write_text(json.dumps(manifest), encoding="utf-8")
    return gallery


@cache
def sure_garden() -> Path:
    """`small_garden` with an answer confidence, in a folder "sure" beside it."""
    small = small_garden().parent
    folder = small.with_name("sure")
    shutil.copytree(small, folder)
    return with_confidence(folder / "gallery")


def pictures_gallery(folder: Path, paths: Sequence[tuple[str, ...]]) -> Path:
    """A gallery of coloured squares with these taxonomy paths; no checkpoint beside it."""
    n = len(paths)
    angle = np.arange(n)
    radius = np.linspace(0.2, 0.8, n)
    points = np.stack([np.cos(angle) * radius, np.sin(angle) * radius, 0 * angle], 1)
    _build(Pictures(paths), range(n), FixedModel(points), folder, folder.parent / "nowhere")
    return folder


class FixedModel:
    """Gives fixed points in the ball of curvature -1, in the order it is asked."""

    curvature = 1.0
    preprocessing = {"size": 32}  # noqa: RUF012

    def __init__(self, points: np.ndarray) -> None:
        self.left = list(points.astype(np.float32))

    def embed(self, images: Sequence[Image.Image]) -> Embedding:
        points = np.stack([self.left.pop(0) for _ in images])
        return Embedding(points, (1 - np.linalg.norm(points, axis=1)).astype(np.float32))
