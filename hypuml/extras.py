"""Optional packages: which extra of ``pip install 'hypuml[EXTRA]'`` brings what."""

from __future__ import annotations

from importlib.util import find_spec

EXTRAS = {
    "onnxruntime": "app",
    "pillow_heif": "heic",
    "huggingface_hub": "train",
    "sklearn": "train",
    "scipy": "train",
    "torch": "train",
    "torchvision": "train",
    "timm": "train",
    "geoopt": "train",
    "onnx": "train",
    "onnxscript": "train",
    "threadpoolctl": "train",
    "umap": "layout",
    "pytorch_metric_learning": "baselines",
}


def is_installed(module: str) -> bool:
    """Whether a top-level module can be imported; nothing is imported for it."""
    return find_spec(module) is not None


def missing_message(module: str) -> str | None:
    """One sentence about a missing module and the command that installs it.

    Args:
        module: dotted name, as in ``ModuleNotFoundError.name``.

    Returns:
        None for a module that no extra brings.
    """
    top = module.partition(".")[0]
    if top not in EXTRAS:
        return None
    return f"{top} is not installed, and this needs it: pip install 'hypuml[{EXTRAS[top]}]'"
