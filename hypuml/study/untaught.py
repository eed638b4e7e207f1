"""How far the unseen photographs get without a label: what every trained row has to beat.

Convention: Recall@1 by the largest inner product of unit vectors, every image queries the rest.
"""

from __future__ import annotations

import numpy as np

from hypuml.benchmark.garden import colour_histogram, recall_at_1
from hypuml.data.splits import class_ids
from hypuml.evaluation import embed_dataset
from hypuml.models.hypuml import HypUML
from hypuml.types import Dataset


def untaught(dataset: Dataset, model: HypUML) -> dict[str, float]:
    """Recall@1 on the unseen classes of two descriptions that know no class.

    Args:
        dataset: the photographs.
        model: one whose backbone counts; its head is not used.

    Returns:
        ``colour_histogram`` (8 x 8 x 8 RGB cells of the network's input) and ``descriptors``
        (the backbone's features: colour, texture and shape along their principal axes).
    """
    from PIL import Image

    seen = embed_dataset(model, dataset, "unseen")
    labels = class_ids(seen.paths)[0]
    colours = np.stack([colour_histogram(Image.fromarray(p)) for p in seen.pixels])
    features = seen.described.features
    features = features / np.linalg.norm(features, axis=1, keepdims=True)
    return {
        "colour_histogram": recall_at_1(colours, labels),
        "descriptors": recall_at_1(features, labels),
    }
