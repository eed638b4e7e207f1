"""A Hyp-UML model: a backbone and a head, read from and written to a checkpoint's folder.

On disk it is ``model.safetensors`` + ``config.json`` (:mod:`hypuml.models.files`).
``from_pretrained`` takes a local folder or the id of a repository on the Hugging Face hub (through
huggingface_hub's mixin).
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from huggingface_hub import PyTorchModelHubMixin
from safetensors.torch import load as load_safetensors
from safetensors.torch import save as save_safetensors
from torch import Tensor, nn

from hypuml import loss_prediction
from hypuml.confidence import AnswerConfidence
from hypuml.confidence.model import FILE as CONFIDENCE
from hypuml.files import write_atomically
from hypuml.loss_prediction import LossPrediction
from hypuml.models.backbone import Backbone
from hypuml.models.config import ModelConfig
from hypuml.models.embedder import Embedder
from hypuml.models.export import ExportError, write_graph
from hypuml.models.files import (
    CONFIG,
    FORMAT,
    GRAPH,
    WEIGHTS,
    CheckpointError,
    Described,
    find_checkpoint,
    read_config,
    read_weights,
    todays_name,
    write_config,
)
from hypuml.models.head import HeadOutput, HyperbolicHead

_log = logging.getLogger(__name__)


def _halved(tensor: Tensor) -> Tensor:
    """Matrices and filters in half precision, which holds them exactly once they were rounded."""
    return tensor.half() if tensor.ndim > 1 and tensor.is_floating_point() else tensor


class HypUML(Embedder, nn.Module, PyTorchModelHubMixin, library_name="hypuml"):
    """A model that torch computes and that can be trained; see :class:`Embedder`."""

    def __init__(self, config: ModelConfig, pretrained: bool | None = None) -> None:
        """Build the network, with random weights unless ``config.pretrained``.

        Args:
            config: the architecture.
            pretrained: overrides ``config.pretrained``; False when weights are loaded afterwards.
        """
        super().__init__()
        self.config = config
        self.backbone = Backbone(
            config.backbone,
            config.pretrained if pretrained is None else pretrained,
            config.backbone_args,
            config.root_features,
        )
        self.head = HyperbolicHead(config, self.backbone.num_features)
        self.training_info: dict[str, Any] = {}
        self.confidence: AnswerConfidence | None = None
        self.loss_prediction: LossPrediction | None = None

    def check_input(self) -> None:
        """Embed one blank image, so that a wrong input size is found before any work.

        Raises:
            ValueError: the backbone does not take images of ``config.image_size``.
        """
        size, was_training = self.config.image_size, self.training
        self.eval()
        try:
            with torch.inference_mode():
                self(torch.zeros(1, 3, size, size))
        except (AssertionError, RuntimeError, ValueError) as error:
            raise ValueError(
                f"backbone {self.config.backbone!r} does not work with {size} px images "
                f"({str(error).splitlines()[0]}); choose another --image-size, or pass img_size "
                "in --backbone-args"
            ) from error
        self.train(was_training)

    def forward(self, images: Tensor) -> HeadOutput:
        """Embed normalised images ``[B, 3, S, S]``."""
        return self.head(self.backbone(images))

    @property
    def preprocessing(self) -> dict[str, Any]:
        """How a picture becomes the network's input; recorded in every gallery."""
        return {
            "size": self.config.image_size,
            "resize": "short side, centre crop",
            "mean": list(self.backbone.mean),
            "std": list(self.backbone.std),
        }

    def run(self, inputs: np.ndarray) -> Described:
        """One forward pass of preprocessed inputs ``[N, 3, S, S]`` float32, N >= 1."""
        self.eval()
        device = next(self.parameters()).device
        # Grad mode belongs to the thread, so it is switched off here and not by the caller.
        with torch.inference_mode():
            features = self.backbone(torch.from_numpy(inputs).to(device)).float()
            out = self.head(features)
        outputs = (out.points, out.uncertainty, out.norm, features, out.outside)
        return Described(*(x.cpu().numpy() for x in outputs))

    def save_pretrained(self, save_directory: str | Path, **_: Any) -> None:
        """Write the checkpoint; each file appears whole or not at all.

        The exported graph comes last (:mod:`hypuml.models.export`). Where none can be made, that is
        logged in one sentence, and the model will need torch.
        """
        folder = Path(save_directory)
        folder.mkdir(parents=True, exist_ok=True)
        state = {k: v.detach().cpu().contiguous() for k, v in self.state_dict().items()}
        if self.config.half_weights:
            state = {k: _halved(v) if k.startswith("backbone.") else v for k, v in state.items()}
        tensors = save_safetensors(state, metadata={"format": "pt"})
        config: dict[str, Any] = {
            "format": FORMAT,
            "model": asdict(self.config),
            "weights_sha256": hashlib.sha256(tensors).hexdigest(),
            "training": self.training_info,
            "preprocessing": self.preprocessing,
        }
        # What was made for other weights must not stay beside these.
        for name, part in (
            (CONFIDENCE, self.confidence),
            (loss_prediction.FILE, self.loss_prediction),
        ):
            (folder / name).unlink(missing_ok=True)
            if part is not None:
                part.save(folder)
        (folder / GRAPH).unlink(missing_ok=True)
        write_atomically(folder / WEIGHTS, tensors)
        write_config(folder, config)
        try:
            write_graph(self, folder)
        except ExportError as error:
            _log.warning("%s gets no exported graph: %s", folder, error)

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
        folder = find_checkpoint(str(pretrained_model_name_or_path), revision)
        config = read_config(folder)
        tensors = read_weights(folder, config)
        try:
            model = cls(ModelConfig.from_dict(config["model"]), pretrained=False)
            model.load_tensors(tensors)
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

    def load_tensors(self, tensors: bytes) -> None:
        """Take the weights of a ``model.safetensors``, in whatever precision it has them.

        Raises:
            RuntimeError, ValueError: they are those of another architecture, or damaged.
        """
        stored = load_safetensors(tensors)
        self.load_state_dict({todays_name(name): tensor for name, tensor in stored.items()})
