"""The model behind a gallery, and where it puts a new picture.

This process stays without torch: models are looked through with onnxruntime, or, where a checkpoint
has no exported graph, by torch in a process of its own (:func:`hypuml.models.loading.load_model`).
The model that made a gallery is named in its manifest. It is used only when it lies on this
machine and its weights are the ones the gallery was made with: points of two models have nothing
to do with each other.
"""

from __future__ import annotations

import threading

import numpy as np
from PIL import Image

from app.jobs import Jobs
from app.queries import Query
from app.resources import Entry
from hypuml.data.degradation_scale import KINDS
from hypuml.data.degraded_pictures import degrade_picture
from hypuml.gallery import Gallery
from hypuml.geometry import dist0
from hypuml.models.embedder import Embedder
from hypuml.models.loading import has_graph, load_model

_models: dict[str, Embedder] = {}  # by sha256 of the weights
_lock = threading.Lock()
_warming: Jobs[None] = Jobs("first use of model")


# Seconds after a page is drawn until its model is loaded: the browser is to paint first.
WARM_AFTER = 1.0


def place(entry: Entry, image: Image.Image) -> Query:
    """Embed a picture with the gallery's model and find its place on the gallery's disk.

    Raises:
        ValueError: the model cannot be used; one sentence for the user.
    """
    gallery = entry.opened
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
    return Query(
        entry.version,
        point,
        float(embedding.uncertainty[0]),
        float(dist0(point, gallery.curvature)[0]),
        np.asarray(gallery.place(point), dtype=np.float32)[0],
        bool(embedding.outside[0] > 0),
    )


def model_of(gallery: Gallery) -> Embedder:
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
        if wanted in _models and not _models[wanted].alive:
            _models.pop(wanted).close()
        if wanted not in _models:
            gallery.check_model(folder)

            _models[wanted] = load_model(folder, apart=True)
        return _models[wanted]


def warm(entry: Entry) -> None:
    """Get ready for a first upload or degradation, soon, in the background, once per gallery.

    What takes its time is imported, the model is loaded, and a blank picture is looked at. Torch is
    not started for this: hundreds of megabytes are not to be spent on a guess.
    """
    key = str(entry.opened.manifest["model"].get("sha256"))
    _warming.start(key, lambda job: _warm(entry), delay=WARM_AFTER)


def _warm(entry: Entry) -> None:

    try:
        folder = entry.opened.model_path
        if folder is None or not has_graph(folder):
            return
        blank = Image.new("RGB", (64, 64))
        for kind in KINDS:
            blank = degrade_picture(blank, kind, 0.5)
        place(entry, blank)
    except (ValueError, OSError):
        # An upload will meet the same error, and report it.
        return
