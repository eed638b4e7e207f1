"""A model whose every answer can be worked out by hand: it sees the mean colour of a picture."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from hypuml.geometry import expmap0
from hypuml.models.embedder import Embedder
from hypuml.models.files import Described


class ColourEyes(Embedder):
    """Points are mean colours in a ball of three dimensions; u falls with the contrast."""

    curvature = 0.7

    def __init__(self, size: int = 16, confidence=None, degradations=None) -> None:
        self.config = SimpleNamespace(image_size=size, uncertainty="predicted", radius=2.0)
        self._preprocessing = {"size": size, "mean": (0.5, 0.4, 0.3), "std": (0.2, 0.3, 0.4)}
        self.confidence = confidence
        self.loss_prediction = None
        self.training_info = {} if degradations is None else {"degradations": degradations}
        self.batches: list[int] = []

    @property
    def preprocessing(self) -> dict:
        return self._preprocessing

    def run(self, inputs: np.ndarray) -> Described:
        assert inputs.dtype == np.float32
        assert inputs.shape[1:] == (3, self.config.image_size, self.config.image_size)
        self.batches.append(len(inputs))
        shift, scale = (
            np.asarray(self._preprocessing[x])[None, :, None, None] for x in ("mean", "std")
        )
        pixels = inputs * scale + shift
        assert pixels.min() > -1e-5
        assert pixels.max() < 1 + 1e-5
        colour = pixels.mean(axis=(2, 3)) * 2 - 1
        contrast = pixels.std(axis=(2, 3)).mean(axis=1)
        return Described(
            expmap0(colour, self.curvature).astype(np.float32),
            np.exp(-20 * contrast).astype(np.float32),
            np.linalg.norm(colour, axis=1).astype(np.float32),
            np.column_stack([colour, contrast]).astype(np.float32),
        )


class AlwaysAgreement:
    """A confidence that is the agreement of the ten nearest, read back from its log-odds."""

    def probability(self, evidence):
        return 1 / (1 + np.exp(-np.asarray(evidence["agreement_10"])))
