"""The model behind a gallery, and where it puts a new picture. Only here the app needs torch.

The model that made a gallery is named in its manifest. It is used only when it lies on this
machine and its weights are the ones the gallery was made with: points of two models have nothing
to do with each other.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np

from app.queries import Placed
from hypuml.geometry import dist0

if TYPE_CHECKING:
    from PIL import Image

    from hypuml.gallery import Gallery
    from hypuml.models.hypuml import HypUML

_models: dict[str, HypUML] = {}  # by sha256 of the weights
_lock = threading.Lock()


def place(gallery: Gallery, image: Image.Image) -> Placed:
    """Embed a picture with the gallery's model and find its place on the gallery's disk.

    Raises:
        ValueError: the model cannot be used; one sentence for the user.
    """
    model = model_of(gallery)
    embedding = model.embed([image])
    point = np.asarray(embedding.points, dtype=np.float32)
    if point.shape[1] != gallery.points.shape[1] or not np.isclose(
        model.curvature, gallery.curvature, rtol=1e-6
    ):
        raise ValueError(
            f"the model gives points of {point.shape[1]} numbers at curvature "
            f"{-model.curvature:g}, the gallery holds {gallery.points.shape[1]} at "
            f"{-gallery.curvature:g}: build the gallery again with this model"
        )
    return Placed(
        point,
        float(embedding.uncertainty[0]),
        float(dist0(point, gallery.curvature)[0]),
        np.asarray(gallery.place(point), dtype=np.float32)[0],
    )


def model_of(gallery: Gallery) -> HypUML:
    """The model that made ``gallery``, loaded once per process.

    Raises:
        ValueError: it is not on this machine, is damaged, or is not the one that was used.
    """
    folder = gallery.model_path
    if folder is None:
        raise ValueError(
            "the model that made this gallery is not on this machine "
            f"(expected in {gallery.manifest['model'].get('path')!r}, seen from the gallery), so "
            "new pictures cannot be placed; its own pictures can still be queries"
        )
    with _lock:
        wanted = str(gallery.manifest["model"]["sha256"])
        if wanted not in _models:
            gallery.check_model(folder)
            from hypuml.models.hypuml import HypUML  # imports torch: seconds, so not before this

            _models[wanted] = HypUML.from_pretrained(folder)
        return _models[wanted]
