"""Images per second of building a gallery, beside the bare backbone in torch, in the same run."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import timm
import torch
from PIL import Image

from hypuml.data.folder import FolderDataset
from hypuml.experiments.benchmark.common import Report, best_seconds, header
from hypuml.gallery.build import embed_images
from hypuml.gallery.thumbs import AtlasWriter
from hypuml.models.config import ModelConfig
from hypuml.models.hypuml import HypUML
from hypuml.models.loading import load_model

BACKBONE = "tf_efficientnet_lite0"
SIZE = 224


def embed(seed: int = 0, count: int = 256, rounds: int = 3, side: int = 320) -> Report:
    """Build the embedding part of a gallery of photographs, thumbnails included.

    Args:
        seed: of the weights and the pictures; speed depends on neither.
        count: pictures.
        rounds: timed rounds; the best one counts.
        side: longer side of the JPEG files in pixels.

    Returns:
        Images per second of ``torch`` (the bare timm network on decoded tensors, in its two memory
        layouts), of ``graph`` (the exported model, head included, on the same tensors) and of
        ``gallery`` (the exported model from files: decoding, resampling, thumbnails); and
        ``gallery_over_torch``, against the faster layout.
    """
    torch.manual_seed(seed)
    network = timm.create_model(BACKBONE, num_classes=0).eval()
    channels_last = timm.create_model(BACKBONE, num_classes=0).eval()
    channels_last = channels_last.to(memory_format=torch.channels_last)
    tensors = np.random.default_rng(seed).normal(size=(64, 3, SIZE, SIZE)).astype(np.float32)
    plain = torch.from_numpy(tensors)
    turned = plain.to(memory_format=torch.channels_last)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        HypUML(ModelConfig(backbone=BACKBONE, image_size=SIZE, dim=128)).save_pretrained(
            place / "model"
        )
        model = load_model(place / "model")
        _photographs(place / "photos", count, side, seed)
        photos = FolderDataset(place / "photos")

        def bare(net: torch.nn.Module, batch: torch.Tensor) -> None:
            with torch.inference_mode():
                net(batch)

        def gallery() -> None:
            with tempfile.TemporaryDirectory(dir=place) as atlas:
                embed_images(
                    photos, list(range(count)), model, AtlasWriter(Path(atlas)), None, 64, None
                )

        seconds = best_seconds(
            {
                "torch": lambda: bare(network, plain),
                "torch_channels_last": lambda: bare(channels_last, turned),
                "graph": lambda: model.run(tensors),
                "gallery": gallery,
            },
            rounds,
            "embedding",
        )
    speed = {name: 64 / seconds[name] for name in ("torch", "torch_channels_last", "graph")}
    speed["gallery"] = count / seconds["gallery"]
    best = max(speed["torch"], speed["torch_channels_last"])
    return header("embed", seed, ("timm", "torch", "onnxruntime", "pillow")) | {
        "backbone": BACKBONE,
        "size": SIZE,
        "images": count,
        "files": f"JPEG, longer side {side} px",
        "images_per_second": speed,
        "graph_over_torch": speed["graph"] / best,
        "gallery_over_torch": speed["gallery"] / best,
    }


def _photographs(folder: Path, count: int, side: int, seed: int) -> None:
    """JPEG files of about as many bytes as photographs of that size have."""
    folder.mkdir()
    rng = np.random.default_rng(seed)
    for number in range(count):
        coarse = rng.integers(0, 256, (24, 18, 3), dtype=np.uint8)
        picture = Image.fromarray(coarse).resize((side * 3 // 4, side), Image.Resampling.BICUBIC)
        grain = rng.normal(0, 8, (side, side * 3 // 4, 1))
        pixels = np.clip(np.asarray(picture) + grain, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:05d}.jpg", quality=90)
