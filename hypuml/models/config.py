"""What a model is made of: enough to rebuild it before its weights are read; without torch."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import Any

from hypuml.geometry import GEOMETRIES

UNCERTAINTIES = ("radial", "predicted")
SQUASHES = ("tanh", "clip", "polar", "graded", "damped", "familiar")


def _json_object(text: str) -> dict[str, Any]:
    """Read a JSON object given on the command line."""
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError(f"expected a JSON object, got {text}")
    return value


# argparse names the type in its message: "invalid JSON object value: ...".
_json_object.__name__ = "JSON object"


@dataclass(frozen=True)
class ModelConfig:
    """Architecture of a model; enough to rebuild it before its weights are read."""

    backbone: str = "resnet18"
    """timm model name, or "descriptors": colour, texture and shape, counted."""
    # The metadata is how simple-parsing is told to read this option as JSON.
    backbone_args: dict[str, Any] = field(
        default_factory=dict, metadata={"custom_args": {"type": _json_object, "metavar": "JSON"}}
    )
    """Further arguments of the timm model, as JSON, e.g. '{"channels": [32, 64, 128, 256]}'."""
    pretrained: bool = False
    """Start from timm's pretrained weights (downloaded)."""
    dim: int = 32
    """Dimension n of the Poincaré ball."""
    curvature: float = 1.0
    """c > 0: the ball has curvature -c."""
    diameter: float = 4.0
    """sqrt(c) * 2r: bound of the scaled distance from the origin."""
    squash: str = "tanh"
    """How tangent vectors are bounded: tanh, clip, or with the length apart from the direction:
    polar (a readout), graded (a second one for damage), damped (norm and damage) or familiar
    (nearness to known classes)."""
    known_classes: int = 256
    """Training classes that the squash "familiar" has room for."""
    inner: float = 0.5
    """Smallest length of "graded", "damped" and "familiar" as a share of the greatest."""
    uncertainty: str = "radial"
    """Where the uncertainty comes from: radial (near the origin = unsure) or predicted."""
    geometry: str = "hyperbolic"
    """Where the points live: hyperbolic, or for comparison euclidean or spherical."""
    image_size: int = 64
    """Side of the square input in pixels."""

    def __post_init__(self) -> None:
        """Check every value; raises ``ValueError`` saying what was expected."""
        for name, least in (("dim", 2), ("known_classes", 1)):
            if getattr(self, name) < least:
                raise ValueError(
                    f"{name.replace('_', ' ')} must be at least {least}, got {getattr(self, name)}"
                )
        for name in ("curvature", "diameter"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} must be a positive number, got {value}")
        if not 0 <= self.inner < 1:
            raise ValueError(f"inner must be in [0, 1), got {self.inner}")
        # Beyond this float32 coordinates cannot tell points near the rim apart.
        if self.diameter > 12:
            raise ValueError(f"diameter (sqrt(c) * 2r) must be at most 12, got {self.diameter}")
        choices = (
            ("squash", SQUASHES),
            ("uncertainty", UNCERTAINTIES),
            ("geometry", GEOMETRIES),
        )
        for name, known in choices:
            if getattr(self, name) not in known:
                got = getattr(self, name)
                raise ValueError(f"unknown {name} {got!r}, expected one of {', '.join(known)}")
        if not 16 <= self.image_size <= 1024:
            raise ValueError(f"image size must be 16 to 1024 pixels, got {self.image_size}")
