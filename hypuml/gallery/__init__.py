"""A gallery on disk: images of a data set as a model sees them, ready to be searched and shown.

The folder is made of files other tools can open too::

    gallery.json              format version, data set, curvature, model, layout, file hashes
    items.parquet             one row per image: id, image, label, taxonomy, split, uncertainty,
                              radius, x, y, umap_x, umap_y; outside, from models with this output
    embeddings.safetensors    one tensor ``points`` [N, n] float32
    thumbs/0000.webp ...      atlas tiles of 100 thumbnails

A gallery may be written without pictures, for images that must not be passed on: ``thumbnails``
and ``source`` are then null in ``gallery.json`` and there is no ``thumbs``. It still opens; its
pictures are made from the data set where that is on the machine.

Conventions: row numbers are the same everywhere, from 0. ``radius`` is d0, the hyperbolic distance
from the origin; ``x, y`` lie in the unit disk at ``tanh(dilation * sqrt(c) * d0 / 2)`` from its
centre. File names and labels are data: never markup, never a way out of ``source``.

Opening a gallery imports neither torch nor umap; faiss is imported by the first search.
"""

from __future__ import annotations

from hypuml.gallery.build import Embedder, build_gallery
from hypuml.gallery.gallery import Gallery
from hypuml.gallery.manifest import GalleryError

__all__ = ["Embedder", "Gallery", "GalleryError", "build_gallery"]
