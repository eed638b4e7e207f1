"""A small model that tells what is outside, and a gallery that it made; two garden flowers in five
of the gallery count as outside, and so does any noise.
"""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from hypuml.data.garden import GardenDataset
from hypuml.data.transforms import preprocess
from hypuml.gallery import Gallery
from hypuml.models.export import write_graph
from hypuml.models.hypuml import HypUML
from tests.support.app_support import _build, small_garden

AXES = 4  # of 32 features, so that there is something beyond them


def telling(folder: Path, images: list[Image.Image], inside: float) -> HypUML:
    """Save a copy of the garden's small model to which the share ``inside`` of images is known."""
    small = HypUML.from_pretrained(small_garden().parent)
    model = HypUML(replace(small.config, length="readout", min_length=0.3)).eval()
    model.load_state_dict(small.state_dict(), strict=False)
    how = model.preprocessing
    batch = [preprocess(image, how["size"], how["mean"], how["std"]) for image in images]
    with torch.inference_mode():
        features = model.backbone(torch.from_numpy(np.stack(batch)))
    length = model.head.length
    length.fit_axes(features)
    length.axes[AXES:] = 0
    residual = length.residual(features)
    length.outside_at.copy_(residual.quantile(inside))
    length.outside_scale.copy_(residual.std())
    length.centres.add_(2)
    model.save_pretrained(folder)
    write_graph(model, folder)
    return model


def telling_gallery(folder: Path, inside: float) -> Path:
    """Checkpoint in ``folder``, gallery of the small garden's flowers in ``folder/gallery``."""
    garden = GardenDataset()
    chosen = set(Gallery.open(small_garden()).ids)
    rows = [i for i, item in enumerate(garden.items) if item.id in chosen]
    size = HypUML.from_pretrained(small_garden().parent).config.image_size
    model = telling(folder, [garden.load(i, size) for i in rows], inside)
    _build(garden, rows, model, folder / "gallery", folder)
    return folder / "gallery"


@cache
def telling_garden() -> Path:
    """`telling_gallery` with two in five outside, built once per test process."""
    folder = Path(tempfile.mkdtemp(prefix="hypuml-outside-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return telling_gallery(folder / "telling", 0.6)


def noise(seed: int = 0) -> Image.Image:
    """Nothing that a garden has."""
    pixels = np.random.default_rng(seed).integers(0, 256, (96, 96, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def older(gallery: Path, target: Path) -> Path:
    """A copy of a gallery as it was written before galleries kept what is outside."""
    from hypuml.gallery.columns import Items, items_bytes
    from hypuml.gallery.manifest import ITEMS, write_file

    opened = Gallery.open(gallery)
    shutil.copytree(gallery, target)
    (target / ITEMS).unlink()
    items = Items(
        opened.ids,
        opened.images,
        opened.labels,
        opened.paths,
        opened.splits,
        opened.uncertainty,
        opened.radius,
        opened.xy,
        opened.umap_xy,
    )
    manifest = json.loads((target / "gallery.json").read_bytes())
    manifest["files"][ITEMS] = write_file(target, ITEMS, items_bytes(items))
    del manifest["outside"]
    (target / "gallery.json").write_text(json.dumps(manifest), encoding="utf-8")
    return target
