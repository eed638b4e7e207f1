"""The fitted model: features in, probability out, and its JSON form.

``p = sigmoid(intercept + sum_i weight_i * (clip(x_i, low_i, high_i) - mean_i) / scale_i)``. Inputs
are clipped to what the fit has seen, so that an unusual gallery (duplicates, another kind of
image) cannot push one term far beyond anything that was calibrated.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from hypuml.confidence.features import INPUTS
from hypuml.files import explained, write_atomically

FORMAT = "hypuml-answer-confidence"
FILE = "confidence.json"
_AGAIN = "fit the confidence again"


class Term(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one input counts.

    Attributes:
        weight: of the standardised input.
        mean: of the input where the confidence was fitted.
        scale: its standard deviation there, > 0.
        low: smaller values count as this.
        high: larger values count as this, >= ``low``.
    """

    weight: float
    mean: float
    scale: Annotated[float, msgspec.Meta(gt=0)]
    low: float
    high: float

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError(
                f"got a range from {self.low:g} to {self.high:g}, expected one that is not reversed"
            )


class AnswerConfidence(
    msgspec.Struct, frozen=True, tag_field="format", tag=FORMAT, rename={"terms": "inputs"}
):
    """A calibrated probability that the first hit is right; see :mod:`hypuml.confidence.fit`.

    Attributes:
        intercept: log-odds where every input is at its mean.
        terms: name of each input (out of ``INPUTS``) and how it counts.
        fitted_on: what it was fitted on and how good it was there (JSON-able; see
            :func:`hypuml.confidence.fit.fit_confidence`).
        version: of the JSON form.
    """

    intercept: float
    terms: dict[str, Term]
    fitted_on: dict[str, Any]
    version: Literal[1] = 1

    def __post_init__(self) -> None:
        unknown = sorted(set(self.terms) - set(INPUTS))
        if unknown or not self.terms:
            raise ValueError(
                f"got inputs {unknown or 'none'}, expected some of: {', '.join(INPUTS)}"
            )

    def probability(self, features: Mapping[str, ArrayLike]) -> NDArray[np.float64]:
        """Probability that each query's first hit is right.

        Args:
            features: from :func:`hypuml.confidence.features.answer_features`, of Q queries.

        Returns:
            ``[Q]`` float64 in [0, 1]; 0 where there is no answer, or one without a class, since
            that cannot be right.

        Raises:
            ValueError: a feature that is missing or not finite.
        """
        missing = sorted({*self.terms, "answered"} - set(features))
        if missing:
            raise ValueError(f"the features lack {', '.join(missing)}")
        answered = np.asarray(features["answered"], dtype=np.float64)
        logit = np.full(answered.shape, float(self.intercept))
        for name, term in self.terms.items():
            x = np.asarray(features[name], dtype=np.float64)
            if not np.isfinite(x).all():
                raise ValueError(f"got {name} with values that are not finite")
            logit += term.weight * (np.clip(x, term.low, term.high) - term.mean) / term.scale
        # The logistic function written with tanh cannot overflow.
        return np.where(answered > 0.0, 0.5 * (1.0 + np.tanh(0.5 * logit)), 0.0)

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON-able values; floats survive the round trip exactly."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        return found

    @classmethod
    def from_json(cls, data: Any) -> AnswerConfidence:
        """Read what :meth:`to_json` gave.

        Raises:
            ValueError: something else, of another version, incomplete, or numbers that cannot be.
        """
        try:
            return msgspec.convert(data, cls)
        except msgspec.ValidationError as error:
            raise ValueError(f"this is no usable answer confidence ({explained(error)})") from None

    def save(self, folder: str | Path) -> None:
        """Write ``confidence.json`` into an existing folder, whole or not at all.

        Raises:
            OSError: the folder cannot be written to.
        """
        text = msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"
        write_atomically(Path(folder) / FILE, text)

    @classmethod
    def load(cls, folder: str | Path) -> AnswerConfidence | None:
        """Read ``confidence.json`` of a folder.

        Returns:
            None where there is no such file.

        Raises:
            ValueError: the file cannot be read, is damaged, or is something else.
        """
        path = Path(folder) / FILE
        try:
            return cls.from_json(msgspec.json.decode(path.read_bytes()))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ValueError(f"cannot read {path}: {error.strerror}") from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise ValueError(f"{path} is damaged (no valid JSON); {_AGAIN}") from None
        except ValueError as error:
            raise ValueError(f"{path} cannot be used: {error}; {_AGAIN}") from None
