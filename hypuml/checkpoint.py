"""A trained model on disk: ``model.safetensors`` + ``config.json``, read and written in one place.

``config.json`` carries the architecture, what the model was trained on and the sha256 of the
weights. The hash is checked before the weights are parsed, because a flipped bit in a weights file
otherwise loads without a word. Nothing is pickled. ``from_pretrained`` takes a local folder or the
id of a repository on the Hugging Face hub (through huggingface_hub's mixin).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from huggingface_hub import PyTorchModelHubMixin, snapshot_download
from PIL import Image
from safetensors.torch import load as load_safetensors
from safetensors.torch import save as save_safetensors

from hypuml import loss_prediction
from hypuml.confidence import AnswerConfidence, weights
from hypuml.data.transforms import preprocess
from hypuml.files import write_atomically
from hypuml.loss_prediction import LossPrediction
from hypuml.models.network import ModelConfig, Network
from hypuml.types import Embedding, FloatArray

FORMAT = 1
WEIGHTS, CONFIG = "model.safetensors", "config.json"
FILES = [WEIGHTS, CONFIG, weights.FILE, loss_prediction.FILE]


class CheckpointError(ValueError):
    """A checkpoint cannot be used; the message says which file, why, and what to do."""


@dataclass(frozen=True)
class Described:
    """All that a model says about a batch of images, float32.

    Attributes:
        points: ``[N, n]`` coordinates in the ball of the model's curvature.
        uncertainty: ``[N]`` values in [0, 1].
        norm: ``[N]`` length of the tangent vector before the squash.
        features: ``[N, F]`` backbone features.
    """

    points: FloatArray
    uncertainty: FloatArray
    norm: FloatArray
    features: FloatArray

    @property
    def embedding(self) -> Embedding:
        """Points and uncertainty alone."""
        return Embedding(self.points, self.uncertainty)


class HypUML(Network, PyTorchModelHubMixin, library_name="hypuml"):
    """A model that maps pictures to points in the ball and uncertainties.

    Attributes:
        config: the architecture.
        training_info: what the checkpoint says of its own training (data set, seed, steps ...).
        confidence: probability that an answer is right, where one has been fitted.
        loss_prediction: a control for the uncertainty, where one has been fitted.
    """

    def __init__(self, config: ModelConfig, pretrained: bool | None = None) -> None:
        """Build the network, with random weights unless ``config.pretrained``."""
        super().__init__(config, pretrained)
        self.training_info: dict[str, Any] = {}
        self.confidence: AnswerConfidence | None = None
        self.loss_prediction: LossPrediction | None = None

    @property
    def preprocessing(self) -> dict[str, Any]:
        """How a picture becomes the network's input; recorded in every gallery."""
        return {
            "size": self.config.image_size,
            "resize": "short side, centre crop",
            "mean": list(self.backbone.mean),
            "std": list(self.backbone.std),
        }

    def embed(self, images: Sequence[Image.Image], batch_size: int = 64) -> Embedding:
        """Embed RGB pictures of any size.

        Args:
            images: N pictures.
            batch_size: pictures per forward pass.

        Returns:
            Points ``[N, n]`` float32 in the ball and uncertainty ``[N]`` in [0, 1].

        Raises:
            ValueError: the network gives a value that is not finite (broken weights).
        """
        size, mean, std = self.config.image_size, self.backbone.mean, self.backbone.std
        batches = [
            self.embed_array(np.stack([preprocess(im, size, mean, std) for im in batch]))
            for batch in (images[i : i + batch_size] for i in range(0, len(images), batch_size))
        ]
        if not batches:
            n = self.config.dim
            return Embedding(np.empty((0, n), np.float32), np.empty(0, np.float32))
        return Embedding(
            np.concatenate([b.points for b in batches]),
            np.concatenate([b.uncertainty for b in batches]),
        )

    def embed_array(self, inputs: np.ndarray) -> Embedding:
        """Embed preprocessed inputs ``[N, 3, S, S]`` float32 in one forward pass."""
        return self.describe_array(inputs).embedding

    def describe_array(self, inputs: np.ndarray) -> Described:
        """Embed preprocessed inputs ``[N, 3, S, S]`` float32, with what the controls need.

        Raises:
            ValueError: the network gives a value that is not finite (broken weights).
        """
        self.eval()
        device = next(self.parameters()).device
        # Grad mode belongs to the thread, so it is switched off here and not by the caller.
        with torch.inference_mode():
            features = self.backbone(torch.from_numpy(inputs).to(device)).float()
            out = self.head(features)
        found = Described(
            *(x.cpu().numpy() for x in (out.points, out.uncertainty, out.norm, features))
        )
        if not (np.isfinite(found.points).all() and np.isfinite(found.uncertainty).all()):
            raise ValueError("the model gives values that are not finite; its weights are broken")
        return found

    def save_pretrained(self, save_directory: str | Path, **_: Any) -> None:
        """Write the checkpoint; each file appears whole or not at all, the config last."""
        folder = Path(save_directory)
        folder.mkdir(parents=True, exist_ok=True)
        state = {k: v.detach().cpu().contiguous() for k, v in self.state_dict().items()}
        tensors = save_safetensors(state, metadata={"format": "pt"})
        config = {
            "format": FORMAT,
            "model": asdict(self.config),
            "weights_sha256": hashlib.sha256(tensors).hexdigest(),
            "training": self.training_info,
        }
        # What was fitted for other weights must not stay beside these.
        for name, part in (
            (weights.FILE, self.confidence),
            (loss_prediction.FILE, self.loss_prediction),
        ):
            (folder / name).unlink(missing_ok=True)
            if part is not None:
                part.save(folder)
        write_atomically(folder / WEIGHTS, tensors)
        write_atomically(folder / CONFIG, (json.dumps(config, indent=2) + "\n").encode())

    @classmethod
    def from_pretrained(  # type: ignore[override]
        cls, pretrained_model_name_or_path: str | Path, *, revision: str | None = None
    ) -> HypUML:
        """Load a model.

        Args:
            pretrained_model_name_or_path: folder of a checkpoint, or a hub id ``owner/name``.
            revision: branch, tag or commit of a hub id.

        Raises:
            CheckpointError: there is no checkpoint, or it is damaged or of another kind.
        """
        folder = _find(str(pretrained_model_name_or_path), revision)
        config = read_config(folder)
        try:
            weights = (folder / WEIGHTS).read_bytes()
        except OSError as error:
            raise CheckpointError(f"cannot read {folder / WEIGHTS}: {error.strerror}") from error
        if hashlib.sha256(weights).hexdigest() != config["weights_sha256"]:
            raise CheckpointError(
                f"{folder / WEIGHTS} does not match the sha256 in {CONFIG}: the file is damaged or "
                "was exchanged; copy or train the checkpoint again"
            )
        try:
            model = cls(ModelConfig(**config["model"]), pretrained=False)
            model.load_state_dict(load_safetensors(weights))
        except (RuntimeError, TypeError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise CheckpointError(
                f"the weights in {folder} do not fit its {CONFIG}: {reason}"
            ) from error
        model.training_info = config.get("training", {})
        try:
            model.confidence = AnswerConfidence.load(folder)
            model.loss_prediction = LossPrediction.load(folder)
        except ValueError as error:
            raise CheckpointError(str(error)) from error
        return model.eval()


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
    if not isinstance(config, dict) or not all(key in config for key in keys):
        raise CheckpointError(f"{path} is not the configuration of a Hyp-UML checkpoint")
    if config.get("format") != FORMAT:
        raise CheckpointError(
            f"{path} has format {config.get('format')!r}, this version reads format {FORMAT}"
        )
    return config


def _find(name: str, revision: str | None) -> Path:
    """Folder of a local checkpoint, or of the hub's snapshot of ``owner/name``."""
    folder = Path(name).expanduser()
    if (folder / CONFIG).exists():
        return folder
    looks_like_hub_id = name.count("/") == 1 and not name.startswith((".", "/", "~"))
    if folder.exists() or not looks_like_hub_id:
        raise CheckpointError(
            f"no checkpoint at {name!r}: expected a folder with {CONFIG} and {WEIGHTS}"
        )
    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=FILES))
    except Exception as error:
        # The hub client raises many unrelated types for offline, unknown and private.
        raise CheckpointError(
            f"{name!r} is neither a local checkpoint nor reachable on the Hugging Face hub "
            f"({type(error).__name__})"
        ) from error
