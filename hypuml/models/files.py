"""A checkpoint's folder: which files it has, how they are found, checked and read; without torch.

``config.json`` carries the architecture, what the model was trained on and the sha256 of the
weights. The hash is checked before the weights are parsed, because a flipped bit in a weights file
otherwise loads without a word. Nothing is pickled.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypuml import loss_prediction
from hypuml.confidence.model import FILE as CONFIDENCE
from hypuml.files import write_atomically
from hypuml.models.config import renamed
from hypuml.types import Embedding, FloatArray, never_outside

FORMAT = 1
WEIGHTS, GRAPH, CONFIG = "model.safetensors", "model.onnx", "config.json"
FILES = [WEIGHTS, GRAPH, CONFIG, CONFIDENCE, loss_prediction.FILE]


class CheckpointError(ValueError):
    """A checkpoint cannot be used; the message has the file, the reason and what to do."""


@dataclass(frozen=True)
class Described:
    """Outputs of a model for a batch of images, float32.

    Attributes:
        points: ``[N, n]`` coordinates in the ball of the model's curvature.
        uncertainty: ``[N]`` values in [0, 1].
        norm: ``[N]`` length of the tangent vector before it is bounded.
        features: ``[N, F]`` backbone features.
        outside: ``[N]``, or a scalar for all, as in :class:`hypuml.types.Embedding`.
    """

    points: FloatArray
    uncertainty: FloatArray
    norm: FloatArray
    features: FloatArray
    outside: FloatArray = field(default_factory=never_outside)

    @property
    def embedding(self) -> Embedding:
        """The outputs without the features."""
        return Embedding(self.points, self.uncertainty, self.outside)


def read_config(folder: Path) -> dict[str, Any]:
    """Read and check ``config.json`` of a checkpoint, without torch's weights.

    Raises:
        CheckpointError: missing, not JSON, or of another format version.
    """
    path = folder / CONFIG
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise CheckpointError(f"{path} is not valid JSON; the checkpoint is damaged") from error
    keys = ("model", "weights_sha256")
    if not (
        isinstance(config, dict)
        and all(key in config for key in keys)
        and isinstance(config["model"], dict)
    ):
        raise CheckpointError(f"{path} is not the configuration of a Hyp-UML checkpoint")
    if config.get("format") != FORMAT:
        raise CheckpointError(
            f"{path} has format {config.get('format')!r}, this version reads format {FORMAT}"
        )
    config["model"] = renamed(config["model"])
    return config


def write_config(folder: Path, config: dict[str, Any]) -> None:
    """Write ``config.json`` of a checkpoint, whole or not at all."""
    write_atomically(folder / CONFIG, (json.dumps(config, indent=2) + "\n").encode())


def read_weights(folder: Path, config: dict[str, Any]) -> bytes:
    """The bytes of ``model.safetensors``.

    Args:
        folder: of the checkpoint.
        config: what :func:`read_config` gave for it.

    Raises:
        CheckpointError: they cannot be read, or are not those that the configuration names.
    """
    path = folder / WEIGHTS
    try:
        tensors = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {error.strerror}") from error
    if hashlib.sha256(tensors).hexdigest() != config["weights_sha256"]:
        raise CheckpointError(
            f"{path} does not match the sha256 in {CONFIG}: the file is damaged or "
            "was exchanged; copy or train the checkpoint again"
        )
    return tensors


def todays_name(tensor: str) -> str:
    """Name of a weight today: before lengths were modules of a registry, one was "damped"."""
    return tensor.replace("head.damped.", "head.length.")


def find_checkpoint(name: str, revision: str | None = None) -> Path:
    """Folder of a local checkpoint, or of the hub's snapshot of ``owner/name``.

    Raises:
        CheckpointError: there is neither.
    """
    folder = Path(name).expanduser()
    if (folder / CONFIG).exists():
        return folder
    looks_like_hub_id = name.count("/") == 1 and not name.startswith((".", "/", "~"))
    if folder.exists() or not looks_like_hub_id:
        raise CheckpointError(
            f"no checkpoint at {name!r}: expected a folder with {CONFIG} and {WEIGHTS}"
        )
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=FILES))
    except Exception as error:
        # The hub client raises many unrelated types for offline, unknown and private.
        raise CheckpointError(
            f"{name!r} is neither a local checkpoint nor reachable on the Hugging Face hub "
            f"({type(error).__name__})"
        ) from error
