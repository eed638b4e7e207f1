"""What a model is made of: enough to rebuild it before its weights are read; without torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

LengthName = Literal["tanh", "clip", "readout"]
UncertaintyName = Literal["radial", "predicted"]
GeometryName = Literal["hyperbolic", "euclidean", "spherical"]

# Options as checkpoints called them before; None is one that is gone.
RENAMED = {
    "diameter": "max_distance",
    "squash": "length",
    "inner": "min_length",
    "known_classes": None,
}


@dataclass(frozen=True)
class ModelConfig:
    """Architecture of a model; enough to rebuild it before its weights are read."""

    backbone: str = "resnet18"
    """timm model name."""
    backbone_args: dict[str, Any] = field(default_factory=dict)
    """Further arguments of the timm model, as JSON, e.g. '{"channels": [32, 64, 128, 256]}'."""
    pretrained: bool = False
    """Start from pretrained weights: of tf_efficientnet_lite0 to lite2 those of an installed
    package, of other backbones timm's (downloaded)."""
    root_features: bool = False
    """Take the square root of the backbone's features, as of histograms (the Hellinger kernel)."""
    half_weights: bool = False
    """Round the backbone's weights to half precision, which halves the file."""
    dim: int = 32
    """Dimension n of the Poincaré ball."""
    curvature: float = 1.0
    """c > 0: the ball has curvature -c."""
    max_distance: float = 4.0
    """sqrt(c) * 2r: bound of the scaled distance from the origin."""
    length: LengthName = "tanh"
    """How the length of tangent vectors is set; clip: as in Hyp-ViT; readout: an
    uncertainty fitted after training."""
    min_length: float = 0.5
    """Smallest length of "readout" as a share of the greatest."""
    cone: float = 0.0
    """Weight k of a direction that all points share: cosines become (cos + k) / (1 + k), so that a
    point near the origin is not the nearest neighbour of all others."""
    uncertainty: UncertaintyName = "radial"
    """Where the uncertainty comes from; radial: near the origin is uncertain."""
    geometry: GeometryName = "hyperbolic"
    """Where the points live; the flat and the spherical one are for comparison."""
    image_size: int = 64
    """Side of the square input in pixels."""

    def __post_init__(self) -> None:
        """Check every value; raises ``ValueError`` with what was expected."""
        if self.dim < 2:
            raise ValueError(f"dim must be at least 2, got {self.dim}")
        for name in ("curvature", "max_distance"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{_option(name)} must be a positive number, got {value}")
        if not 0 <= self.min_length < 1:
            raise ValueError(f"min-length must be in [0, 1), got {self.min_length}")
        if not (math.isfinite(self.cone) and self.cone >= 0):
            raise ValueError(f"cone must be a number of at least 0, got {self.cone}")
        # Beyond this float32 coordinates cannot tell points near the rim apart.
        if self.max_distance > 12:
            raise ValueError(
                f"max-distance (sqrt(c) * 2r) must be at most 12, got {self.max_distance}"
            )
        choices = (
            ("uncertainty", get_args(UncertaintyName)),
            ("geometry", get_args(GeometryName)),
        )
        for name, known in choices:
            if getattr(self, name) not in known:
                got = getattr(self, name)
                raise ValueError(f"unknown {name} {got!r}, expected one of {', '.join(known)}")
        if not 16 <= self.image_size <= 1024:
            raise ValueError(f"image size must be 16 to 1024 pixels, got {self.image_size}")

    @property
    def radius(self) -> float:
        """R > 0, the greatest length of a tangent vector."""
        return self.max_distance / (2 * math.sqrt(self.curvature))

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> ModelConfig:
        """A configuration as a checkpoint keeps it, or kept it before options were renamed.

        Raises:
            TypeError, ValueError: an option is unknown, or a value out of range.
        """
        return cls(**renamed(given))


def renamed(given: Mapping[str, Any]) -> dict[str, Any]:
    """Options of a model by today's names."""
    new = {RENAMED.get(name, name): value for name, value in given.items()}
    found = {name: value for name, value in new.items() if name is not None}
    return found


def _option(name: str) -> str:
    return name.replace("_", "-")
