"""A control for the uncertainty: predict an image's own loss from frozen backbone features.

Learning Loss (Yoo & Kweon, CVPR 2019) reads a small network off a model's features to predict the
loss the model will make. Here the backbone is frozen, the network has one hidden layer, and its
target is the logarithm of the retrieval loss, the target of :mod:`hypuml.losses.calibration`. An
uncertainty that is trained *with* the model should be at least as good.

Convention: features ``[N, F]`` float32; the prediction is a score, high = a large loss expected.
"""

from __future__ import annotations

import warnings
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from hypuml.files import write_atomically
from hypuml.types import FloatArray

FILE = "loss_prediction.safetensors"
HIDDEN = 64


@dataclass(frozen=True)
class LossPrediction:
    """A fitted predictor, in plain arrays.

    Attributes:
        mean: ``[F]`` of the features it was fitted on.
        scale: ``[F]`` positive standard deviations of those.
        hidden_weight: ``[F, H]``.
        hidden_bias: ``[H]``.
        weight: ``[H, 1]``.
        bias: ``[1]``.
    """

    mean: FloatArray
    scale: FloatArray
    hidden_weight: FloatArray
    hidden_bias: FloatArray
    weight: FloatArray
    bias: FloatArray

    def __call__(self, features: FloatArray) -> FloatArray:
        """Predicted log-loss ``[N]`` of features ``[N, F]``."""
        x = (features - self.mean) / self.scale
        hidden = np.maximum(x @ self.hidden_weight + self.hidden_bias, 0)
        found: FloatArray = (hidden @ self.weight + self.bias)[:, 0]
        return found

    def save(self, folder: Path) -> None:
        """Write the arrays into a checkpoint's folder."""
        arrays = {f.name: getattr(self, f.name).astype(np.float32) for f in fields(self)}
        write_atomically(folder / FILE, save(arrays))

    @classmethod
    def load(cls, folder: Path) -> LossPrediction | None:
        """Read the arrays; None where the checkpoint has none.

        Raises:
            ValueError: the file is damaged.
        """
        path = folder / FILE
        if not path.exists():
            return None
        try:
            arrays = load(path.read_bytes())
            found = cls(**{f.name: arrays[f.name] for f in fields(cls)})
        except (OSError, KeyError, ValueError, SafetensorError) as error:
            raise ValueError(f"{path} is damaged ({type(error).__name__}); remove it") from error
        if not all(np.isfinite(array).all() for array in astuple(found)):
            raise ValueError(f"{path} holds values that are not finite; remove it")
        return found


def fit_loss_prediction(
    features: FloatArray, losses: FloatArray, floor: float = 0.01, seed: int = 0
) -> LossPrediction:
    """Fit the predictor.

    Args:
        features: ``[N, F]`` backbone features.
        losses: ``[N]`` losses >= 0 of the same images.
        floor: added before the logarithm, as in the calibration term.
        seed: of the weights and of the images held back to stop in time.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPRegressor

    mean, scale = features.mean(0), features.std(0)
    scale = np.where(scale > 0, scale, 1.0)
    target = np.log(losses + floor)
    network = MLPRegressor(
        hidden_layer_sizes=(HIDDEN,), alpha=1e-2, early_stopping=True, random_state=seed
    )
    with warnings.catch_warnings():
        # The number of passes is a budget, not a promise.
        warnings.simplefilter("ignore", ConvergenceWarning)
        network.fit((features - mean) / scale, target)
    (first, second), (bias, last) = network.coefs_, network.intercepts_
    arrays = (mean, scale, first, bias, second, last)
    return LossPrediction(*(np.asarray(a, dtype=np.float32) for a in arrays))
