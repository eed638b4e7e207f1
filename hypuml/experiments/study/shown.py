"""Test figures of heads, made of features alone: no image is damaged, none is foreign.

The images of the test classes are looked at once for all heads of a backbone.
"""

from __future__ import annotations

import copy
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save
from torch import Tensor

from hypuml import metrics
from hypuml.confidence import DEPTH
from hypuml.evaluation import embed_dataset
from hypuml.evaluation.answers import answer_report, answer_scores
from hypuml.evaluation.controls import control_report, scores_of
from hypuml.evaluation.failures import failure_report
from hypuml.evaluation.image_statistics import laplacian_variance
from hypuml.evaluation.retrieval import retrieval_report, retrieve
from hypuml.evaluation.run import risk_curves
from hypuml.experiments.benchmark.garden import colour_histogram, recall_at_1
from hypuml.files import write_atomically
from hypuml.models.files import Described
from hypuml.models.head import HyperbolicHead
from hypuml.models.hypuml import HypUML
from hypuml.models.readout import ReadoutLength
from hypuml.taxonomy import class_ids
from hypuml.types import Dataset, FloatArray, TaxonomyPath, indices_of

# Adding softplus of this or less changes no score.
_SILENT = -30.0
# Parts of a "readout" that are left out of it.
PARTS: dict[str, tuple[str, ...]] = {
    "all parts": (),
    "without damage": ("damage",),
    "without outside": ("outside",),
    "the error score alone": ("damage", "outside"),
    "without the error score": ("error",),
    "without the cone": ("cone",),
}


@dataclass(frozen=True)
class Shown:
    """The images of the test classes.

    Attributes:
        features: ``[N, F]``.
        sharpness: ``[N]`` Laplacian variance.
        colours: ``[N, 512]`` colour histograms of unit length.
        paths: ``[N]`` classes.
        levels: names of the taxonomy levels.
    """

    features: Tensor
    sharpness: FloatArray
    colours: FloatArray
    paths: list[TaxonomyPath]
    levels: tuple[str, ...]


def shown_images(dataset: Dataset, model: HypUML, folder: Path) -> Shown:
    """Look at the test classes through a backbone, or read what an earlier run left in ``folder``.

    Args:
        dataset: its "unseen" classes are shown.
        model: whose backbone does not learn; its head is not used.
        folder: where features are kept.
    """
    listing = [(dataset.items[i].id, dataset.items[i].path) for i in indices_of(dataset, "unseen")]
    facts = f"{listing} {model.backbone.raw_fingerprint()} {model.config.image_size}"
    path = folder / f"shown-{hashlib.sha256(facts.encode()).hexdigest()[:16]}.safetensors"
    if not path.exists():
        _look(dataset, model, path)
    found = load_file(path)
    return Shown(
        found["features"],
        found["sharpness"].numpy(),
        found["colours"].numpy(),
        [dataset.items[i].path for i in found["rows"].tolist()],
        tuple(dataset.levels),
    )


def _look(dataset: Dataset, model: HypUML, path: Path) -> None:
    seen = embed_dataset(model, dataset, "unseen")
    colours = np.stack([colour_histogram(Image.fromarray(pixels)) for pixels in seen.pixels])
    tensors = {
        "features": torch.from_numpy(seen.described.features),
        "sharpness": torch.from_numpy(laplacian_variance(seen.pixels)),
        "colours": torch.from_numpy(colours),
        "rows": torch.from_numpy(seen.rows),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, save(tensors))


def untaught(shown: Shown) -> dict[str, float]:
    """Recall@1 on the test classes without a label, by the cosine of two descriptions.

    Returns:
        ``colour_histogram`` (8 x 8 x 8 RGB cells of the network's input) and ``features`` (the
        backbone's, as they come).
    """
    labels = class_ids(shown.paths)[0]
    features = shown.features.numpy()
    features = features / np.linalg.norm(features, axis=1, keepdims=True)
    return {
        "colour_histogram": recall_at_1(shown.colours, labels),
        "features": recall_at_1(features, labels),
    }


@torch.inference_mode()
def described(model: HypUML, features: Tensor) -> Described:
    """Outputs of a model for images with features ``[N, F]``."""
    out = model.head(features)
    return Described(*(x.numpy() for x in (out.points, out.uncertainty, out.norm, features)))


def shown_metrics(model: HypUML, shown: Shown) -> dict[str, Any]:
    """Figures on the test classes.

    Returns:
        Those of :func:`hypuml.evaluation.evaluate` that need no image: retrieval, answers, controls
        and, for a "readout", ``parts``: Recall@1 and R-AUROC of u with parts of it left out.
    """
    seen, c = described(model, shown.features), model.curvature
    found = retrieve(seen.points, c, shown.paths, DEPTH)
    result = retrieval_report(seen.embedding, shown.paths, shown.levels, found)
    result["curvature_use"] = metrics.curvature_use(seen.points, c)
    everyone = [str(row) for row in range(len(shown.paths))]
    result["recall_per_class"] = failure_report(found, everyone, None)["recall_per_class"]
    scores = answer_scores(model.confidence, found, seen.uncertainty, c)
    answers, rows = answer_report(scores, found), found.queries
    controls = {
        name: None if score is None else score[rows]
        for name, score in scores_of(seen, shown.sharpness, model.loss_prediction).items()
    }
    intervals = result["intervals"] | answers.pop("intervals")
    result |= answers
    result |= control_report(seen.uncertainty[rows], controls, found.correct, found.query_classes)
    if isinstance(model.head.length, ReadoutLength):
        result["parts"] = _parts(model, shown)
    return result | {"intervals": intervals, "risk_coverage": risk_curves(found, scores)}


def _parts(model: HypUML, shown: Shown) -> dict[str, dict[str, float | None]]:
    """What is left of a readout without some of its parts, everything else as it was fitted."""
    result: dict[str, dict[str, float | None]] = {}
    for name, left_out in PARTS.items():
        head = copy.deepcopy(model.head)
        for part in left_out:
            silence(head, part)
        with torch.inference_mode():
            out = head(shown.features)
        found = retrieve(out.points.numpy(), model.curvature, shown.paths)
        u = out.uncertainty.numpy()[found.queries]
        result[name] = {
            "recall@1": float(found.correct.mean()),
            "r_auroc": metrics.r_auroc(u, found.correct),
        }
    return result


@torch.no_grad()
def silence(head: HyperbolicHead, part: str) -> None:
    """Leave a part of a fitted "readout" head out: error, damage, outside, or its cone."""
    length = head.length
    assert isinstance(length, ReadoutLength)
    if part == "damage":
        length.damage.out.weight.zero_()
        length.damage.out.bias.fill_(_SILENT)
    elif part == "outside":
        length.outside_at.fill_(-_SILENT * float(length.outside_scale) + 20)
    elif part == "error":
        length.weight.zero_()
    else:
        head.cone = 0.0
