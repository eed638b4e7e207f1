"""The fitted model: features in, probability out, and its JSON form.

``p = sigmoid(intercept + sum_i weight_i * (clip(x_i, low_i, high_i) - mean_i) / scale_i)``. Inputs
are clipped to what the fit has seen, so that an unusual gallery (duplicates, another kind of
image) cannot push one term far beyond anything that was calibrated.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hypuml.confidence.features import INPUTS
from hypuml.files import write_atomically

FORMAT, VERSION = "hypuml-answer-confidence", 1
FILE = "confidence.json"
_AGAIN = "fit the confidence again"
_NUMBERS = ("weight", "mean", "scale", "low", "high")


@dataclass(frozen=True)
class Term:
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
    scale: float
    low: float
    high: float

    def __post_init__(self) -> None:
        numbers = [getattr(self, name) for name in _NUMBERS]
        if not all(_is_number(value) for value in numbers):
            raise ValueError(f"got {numbers} as {', '.join(_NUMBERS)}, expected finite numbers")
        if self.scale <= 0.0 or self.low > self.high:
            raise ValueError(
                f"got scale {self.scale:g} and a range from {self.low:g} to {self.high:g}, "
                "expected a scale > 0 and a range that is not reversed"
            )


@dataclass(frozen=True)
class AnswerConfidence:
    """A calibrated probability that the first hit is right; see :func:`fit_confidence`.

    Attributes:
        intercept: log-odds where every input is at its mean.
        terms: name of each input (out of ``INPUTS``) and how it counts.
        fitted_on: what it was fitted on and how good it was there (JSON-able; see
            :func:`fit_confidence`).
    """

    intercept: float
    terms: Mapping[str, Term]
    fitted_on: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _is_number(self.intercept):
            raise ValueError(f"got intercept {self.intercept!r}, expected a finite number")
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
        return {
            "format": FORMAT,
            "version": VERSION,
            "intercept": float(self.intercept),
            "inputs": {
                name: {key: float(getattr(term, key)) for key in _NUMBERS}
                for name, term in self.terms.items()
            },
            "fitted_on": dict(self.fitted_on),
        }

    @classmethod
    def from_json(cls, data: Any) -> AnswerConfidence:
        """Read what :meth:`to_json` gave.

        Raises:
            ValueError: something else, of another version, incomplete, or numbers that cannot be.
        """
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise ValueError(f"this is no answer confidence (no format {FORMAT!r})")
        if data.get("version") != VERSION or isinstance(data["version"], bool):
            raise ValueError(
                f"the answer confidence has version {data.get('version')!r}, "
                f"this program reads {VERSION}"
            )
        inputs, fitted_on = data.get("inputs"), data.get("fitted_on")
        if not isinstance(inputs, dict) or not isinstance(fitted_on, dict):
            raise ValueError("the answer confidence lacks inputs or fitted_on")
        try:
            terms = {name: Term(**values) for name, values in inputs.items()}
            return cls(data.get("intercept"), terms, fitted_on)  # type: ignore[arg-type]
        except TypeError:
            raise ValueError(
                f"an input of the answer confidence is not described by {', '.join(_NUMBERS)}"
            ) from None
        except ValueError as error:
            raise ValueError(f"the answer confidence is damaged: {error}") from None

    def save(self, folder: str | Path) -> None:
        """Write ``confidence.json`` into an existing folder, whole or not at all.

        Raises:
            ValueError: ``fitted_on`` holds a number that is not finite.
            OSError: the folder cannot be written to.
        """
        text = json.dumps(self.to_json(), indent=2, allow_nan=False) + "\n"
        write_atomically(Path(folder) / FILE, text.encode())

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
            return cls.from_json(json.loads(path.read_bytes(), parse_constant=_refuse))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ValueError(f"cannot read {path}: {error.strerror}") from None
        except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
            raise ValueError(f"{path} is damaged (no valid JSON); {_AGAIN}") from None
        except ValueError as error:
            raise ValueError(f"{path} cannot be used: {error}; {_AGAIN}") from None


def _is_number(value: Any) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # JSON has whole numbers of any length
        return False


def _refuse(constant: str) -> float:
    raise ValueError(f"the answer confidence holds {constant}, expected finite numbers")
