"""From an uploaded file to a point on a gallery's disk. Here, and only here, torch is needed.

The model that made a gallery is named in its manifest. It is used only when it lies on this
machine and its weights are the ones the gallery was made with: points of two models have nothing
to do with each other.
"""

from __future__ import annotations

import base64
import io
import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from app.state import Upload
from hypuml.data.images import fit_short_side, load_image
from hypuml.geometry import dist0

if TYPE_CHECKING:
    from hypuml.checkpoint import HypUML
    from hypuml.gallery import Gallery

MAX_BYTES = 30 * 2**20
SHOWN = 384

_models: dict[str, HypUML] = {}  # by sha256 of the weights
_lock = threading.Lock()


def embed_upload(gallery: Gallery, version: str, name: str, data: bytes) -> Upload:
    """Read a picture, embed it with the gallery's model and place it on the gallery's disk.

    Args:
        gallery: where it is to be searched.
        version: the gallery's manifest hash.
        name: the file's name, for display only.
        data: the file's bytes.

    Raises:
        ValueError: not a picture, or the model cannot be used; one sentence for the user.
    """
    if len(data) > MAX_BYTES:
        raise ValueError(
            f"the file has {len(data) / 2**20:.0f} MB, at most "
            f"{MAX_BYTES / 2**20:.0f} MB are read: choose a smaller picture"
        )
    image = load_image(data)
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
    return Upload(
        name=name,
        data_url=_data_url(image),
        point=point,
        uncertainty=float(embedding.uncertainty[0]),
        radius=float(dist0(point, gallery.curvature)[0]),
        xy=np.asarray(gallery.place(point), dtype=np.float32),
        version=version,
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
            from hypuml.checkpoint import HypUML  # imports torch: seconds, so not before this

            _models[wanted] = HypUML.from_pretrained(folder)
        return _models[wanted]


def _data_url(image: Any) -> str:
    out = io.BytesIO()
    fit_short_side(image, min(SHOWN, *image.size)).save(out, "WEBP", quality=85, method=2)
    return "data:image/webp;base64," + base64.b64encode(out.getvalue()).decode("ascii")
