"""Hyp-UML: hyperbolic, uncertainty-aware metric learning for image retrieval.

Importing the package is cheap on purpose: the app shows its first gallery before torch (seconds to
import) is needed, so the public names are resolved on first use (PEP 562).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hypuml.gallery import Gallery
    from hypuml.models.hypuml import HypUML
    from hypuml.models.loading import load_model
    from hypuml.types import Embedding, Hits

__version__ = "0.2.0"
__all__ = ["Embedding", "Gallery", "Hits", "HypUML", "__version__", "load_model"]

_WHERE = {
    "Embedding": "hypuml.types",
    "Gallery": "hypuml.gallery",
    "Hits": "hypuml.types",
    "HypUML": "hypuml.models.hypuml",
    "load_model": "hypuml.models.loading",
}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'hypuml' has no attribute {name!r}")
    return getattr(import_module(_WHERE[name]), name)
