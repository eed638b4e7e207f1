"""``gallery``: embed images with a model and write a folder that the app opens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from tyro.conf import arg

from hypuml.commands.common import Bar, note, report_left_out
from hypuml.commands.folders import Folder, open_data, report_layout
from hypuml.commands.options import (
    OPTIONAL,
    DataOption,
    ModelOption,
    Place,
    Root,
    places,
)
from hypuml.data.folder import FolderOptions
from hypuml.evaluation import report
from hypuml.gallery import build_gallery
from hypuml.models.embedder import Embedder
from hypuml.models.loading import load_model
from hypuml.types import Dataset, Embedding, FloatArray, indices_of

MetricsOf = Callable[[Sequence[int], FloatArray, FloatArray], dict[str, Any]]


@dataclass(frozen=True)
class Options:
    """Options of ``gallery``."""

    first: Annotated[Place, arg(metavar="DATA")] = None
    """name of a data set, or a folder of images (sub-folders are classes)"""
    second: Annotated[Place, arg(metavar="CHECKPOINT")] = None
    """folder of a checkpoint, or a hub id"""
    third: Annotated[Place, arg(metavar="OUT")] = None
    """folder of the gallery to write"""
    data: DataOption = None
    model: ModelOption = None
    out: Annotated[
        str | None, arg(metavar="OUT", help="OUT by name", help_behavior_hint=OPTIONAL)
    ] = None
    root: Root = None
    split: Literal["unseen", "seen", "all"] = "unseen"
    """classes to show; a folder of your own counts as unseen"""
    title: Annotated[str | None, arg(metavar="TEXT", help_behavior_hint=OPTIONAL)] = None
    """name shown in the app"""
    pictures: bool = True
    """thumbnails and the place of the originals; --no-pictures is for images that must not be
    passed on (pictures of a registry data set are shown where that is on the machine)"""
    folder: Folder = field(default_factory=FolderOptions)


def recorded_metrics(dataset: Dataset, model: Embedder) -> MetricsOf:
    """The evaluation report that a gallery keeps in its manifest, so that the app can quote it."""

    def measure(rows: Sequence[int], points: FloatArray, uncertainty: FloatArray) -> dict[str, Any]:
        paths = [dataset.items[i].path for i in rows]
        embedding = Embedding(points, uncertainty)
        found = report(embedding, paths, model.curvature, dataset.levels, model.config.radius)
        return {key: value for key, value in found.items() if value is not None}

    return measure


def run(options: Options) -> int:
    """Build the gallery; unreadable images are listed on stderr and left out."""
    data, checkpoint, out = places(
        (options.first, options.second, options.third),
        {"DATA": options.data, "CHECKPOINT": options.model, "OUT": options.out},
    )
    dataset = open_data(data, options.root, options.folder)
    rows = indices_of(dataset, options.split)
    if not len(rows):
        raise ValueError(f"data set {dataset.name!r} has no image in split {options.split!r}")
    model = load_model(checkpoint)
    report_layout(dataset)
    gallery = build_gallery(
        dataset,
        rows,
        model,
        Path(out),
        model_ref=checkpoint,
        title=options.title,
        progress=Bar("embedding"),
        metrics=recorded_metrics(dataset, model),
        pictures=options.pictures,
    )
    left_out = gallery.manifest["unreadable"]
    report_left_out(dataset, left_out)
    kept = f"{len(gallery):,} images" + (f", {len(left_out):,} left out" if left_out else "")
    note(f"{kept}; open it with: python -m hypuml app {out}")
    if line := outside_line(gallery.outside):
        note(line)
    print(out)
    return 0


def outside_line(outside: NDArray[np.bool_] | None) -> str:
    """How many images are outside what the model knows; empty for none, or where that is not known.

    Args:
        outside: ``[N]``, or None from a model that cannot tell.
    """
    if outside is None or not outside.any():
        return ""
    count, n = int(outside.sum()), len(outside)
    return (
        f"{count:,} of {n:,} images ({count / n:.0%}) are outside what this model knows: unlike "
        "the images it was fitted on, so its uncertainty and confidence are not to be trusted there"
    )
