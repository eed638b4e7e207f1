"""Options of the losses.

Convention: every loss is handed distances in units of the curvature radius, ``sqrt(c) d``, so that
a temperature or a margin means the same at every curvature. All fields are in that unit, but for
losses with proxies, which are handed points of the sphere.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class LossConfig:
    """Temperature and margins; a loss reads the ones that it has.

    Attributes:
        temperature: of the contrastive losses, > 0, in units of ``sqrt(c) d``; of "proxy-anchor"
            in units of a cosine.
        margin_low: smallest margin of the margin losses, > 0, in units of ``sqrt(c) d``.
        margin_high: largest margin, >= ``margin_low``; the one margin of "fixed-margin".

    Raises:
        ValueError: a field is not a finite number above 0, or the margins are the wrong way round.
    """

    temperature: float = 0.2
    margin_low: float = 0.1
    margin_high: float = 0.5

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{field.name} must be a finite number above 0, got {value}")
        if self.margin_low > self.margin_high:
            raise ValueError(
                f"margin_low must not exceed margin_high, got {self.margin_low} and "
                f"{self.margin_high}"
            )
