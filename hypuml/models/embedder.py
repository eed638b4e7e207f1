"""What galleries, evaluation and the app use of a model, whatever computes it; without torch.

Two classes have it: :class:`hypuml.models.hypuml.HypUML` (torch, can be trained) and
:class:`hypuml.models.exported.ExportedModel` (onnxruntime, the same weights).

Convention: a network's input is ``[N, 3, S, S]`` float32 RGB, less the means and over the
deviations of :attr:`Embedder.preprocessing`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hypuml.data.images import square_crop
from hypuml.data.prefetch import in_batches
from hypuml.data.transforms import normalise
from hypuml.geometry import ball_curvature
from hypuml.models.config import ModelConfig
from hypuml.models.files import Described
from hypuml.types import Embedding, joined

if TYPE_CHECKING:
    from PIL import Image

    from hypuml.confidence import AnswerConfidence
    from hypuml.loss_prediction import LossPrediction


class Embedder:
    """A model that maps pictures to points in the ball and uncertainties.

    Attributes:
        config: the architecture.
        training_info: what the checkpoint records of its training (data set, seed, steps ...).
        confidence: probability that an answer is right, where one has been fitted.
        loss_prediction: a control for the uncertainty, where one has been fitted.
    """

    config: ModelConfig
    training_info: dict[str, Any]
    confidence: AnswerConfidence | None
    loss_prediction: LossPrediction | None

    @property
    @abstractmethod
    def preprocessing(self) -> dict[str, Any]:
        """How a picture becomes the network's input; recorded in every gallery.

        ``size`` in pixels, ``mean`` and ``std`` per channel after scaling pixels to [0, 1].
        """

    @abstractmethod
    def run(self, inputs: np.ndarray) -> Described:
        """One forward pass of preprocessed inputs ``[N, 3, S, S]`` float32, N >= 1."""

    @property
    def alive(self) -> bool:
        """Whether it can still be used; a subprocess may have ended."""
        return True

    def close(self) -> None:
        """Let go of what the model holds outside this process; most hold nothing."""

    @property
    def curvature(self) -> float:
        """C > 0 of the ball of curvature -c that the points lie in."""
        return ball_curvature(self.config.geometry, self.config.curvature)

    def embed(self, images: Sequence[Image.Image], batch_size: int = 64) -> Embedding:
        """Embed RGB pictures of any size.

        Args:
            images: N pictures.
            batch_size: pictures per forward pass.

        Returns:
            Points ``[N, n]`` float32 in the ball, uncertainty ``[N]`` in [0, 1], and outside
            ``[N]``.

        Raises:
            ValueError: the network gives a value that is not finite (broken weights).
        """
        size = self.preprocessing["size"]
        squares = (np.asarray(square_crop(image.convert("RGB"), size)) for image in images)
        batches = [self.describe(np.stack(x)).embedding for x in in_batches(squares, batch_size)]
        if not batches:
            n = self.config.dim
            return Embedding(np.empty((0, n), np.float32), np.empty(0, np.float32))
        return joined(batches)

    def describe(self, pixels: np.ndarray, batch_size: int = 64) -> Described:
        """The one way from pixels to an embedding, with what the controls need.

        Args:
            pixels: ``[N, S, S, 3]`` uint8 RGB squares of the network's input size, N >= 1.
            batch_size: squares per forward pass; a few dozen small ones stay in the cache.

        Raises:
            ValueError: the network gives a value that is not finite (broken weights).
        """
        how = self.preprocessing
        parts = [
            self.describe_array(normalise(pixels[i : i + batch_size], how["mean"], how["std"]))
            for i in range(0, len(pixels), batch_size)
        ]
        embedding = joined([part.embedding for part in parts])
        return Described(
            embedding.points,
            embedding.uncertainty,
            np.concatenate([part.norm for part in parts]),
            np.concatenate([part.features for part in parts]),
            embedding.outside,
        )

    def describe_array(self, inputs: np.ndarray) -> Described:
        """Embed preprocessed inputs ``[N, 3, S, S]`` float32, with what the controls need.

        Raises:
            ValueError: the network gives a value that is not finite (broken weights).
        """
        found = self.run(inputs)
        if not (np.isfinite(found.points).all() and np.isfinite(found.uncertainty).all()):
            raise ValueError("the model gives values that are not finite; its weights are broken")
        return found
