"""``gallery``: embed images with a model and write a folder that the app opens."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypuml.commands.common import Bar, add_data, note, report_left_out
from hypuml.data.registry import open_dataset
from hypuml.types import SPLITS, Dataset, Embedding, FloatArray, indices_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from hypuml.models.embedder import Embedder

MetricsOf = Callable[[Sequence[int], FloatArray, FloatArray], dict[str, Any]]


def add_arguments(parser: ArgumentParser, arguments: Sequence[str]) -> None:
    """Declare the options."""
    add_data(parser)
    parser.add_argument(
        "checkpoint", metavar="CHECKPOINT", help="folder of a checkpoint, or a hub id"
    )
    parser.add_argument("out", metavar="OUT", type=Path, help="folder of the gallery to write")
    parser.add_argument(
        "--split",
        default="unseen",
        choices=SPLITS,
        help="classes to show; a folder of your own counts as unseen",
    )
    parser.add_argument("--title", metavar="TEXT", help="name shown in the app")
    parser.add_argument(
        "--no-pictures",
        dest="pictures",
        action="store_false",
        help="leave thumbnails and the place of the originals out, for images that must not be "
        "passed on; pictures of a registry data set are shown where that is on the machine",
    )


def recorded_metrics(dataset: Dataset, model: Embedder) -> MetricsOf:
    """The evaluation report that a gallery keeps in its manifest, so that the app can quote it."""
    from hypuml.evaluation import report

    def measure(rows: Sequence[int], points: FloatArray, uncertainty: FloatArray) -> dict[str, Any]:
        paths = [dataset.items[i].path for i in rows]
        embedding = Embedding(points, uncertainty)
        found = report(embedding, paths, model.curvature, dataset.levels, model.config.radius)
        return {key: value for key, value in found.items() if value is not None}

    return measure


def run(options: Namespace) -> int:
    """Build the gallery; unreadable images are listed on stderr and left out."""
    dataset = open_dataset(options.data, options.root)
    rows = indices_of(dataset, options.split)
    if not len(rows):
        raise ValueError(f"data set {dataset.name!r} has no image in split {options.split!r}")
    from hypuml.gallery import build_gallery
    from hypuml.models.loading import load_model

    model = load_model(options.checkpoint)
    gallery = build_gallery(
        dataset,
        rows,
        model,
        options.out,
        model_ref=options.checkpoint,
        title=options.title,
        progress=Bar("embedding"),
        metrics=recorded_metrics(dataset, model),
        pictures=options.pictures,
    )
    left_out = gallery.manifest["unreadable"]
    report_left_out(dataset, left_out)
    kept = f"{len(gallery):,} images" + (f", {len(left_out):,} left out" if left_out else "")
    note(f"{kept}; open it with: streamlit run app/main.py -- --gallery {options.out}")
    if line := outside_line(gallery.outside):
        note(line)
    print(options.out)
    return 0


def outside_line(outside: NDArray[np.bool_] | None) -> str:
    """How many images are outside what the model knows; empty for none, or where nobody can tell.

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
