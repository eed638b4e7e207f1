"""Backbone and head as one module: normalised images in, points and uncertainty out."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from hypuml.models import descriptors
from hypuml.models.backbone import Backbone
from hypuml.models.descriptors import Descriptors
from hypuml.models.head import (
    GEOMETRIES,
    SQUASHES,
    UNCERTAINTIES,
    HeadOutput,
    HyperbolicHead,
)


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
            ("squash", tuple(SQUASHES)),
            ("uncertainty", UNCERTAINTIES),
            ("geometry", GEOMETRIES),
        )
        for name, known in choices:
            if getattr(self, name) not in known:
                got = getattr(self, name)
                raise ValueError(f"unknown {name} {got!r}, expected one of {', '.join(known)}")
        if not 16 <= self.image_size <= 1024:
            raise ValueError(f"image size must be 16 to 1024 pixels, got {self.image_size}")


def _backbone(config: ModelConfig, pretrained: bool) -> Backbone | Descriptors:
    """The backbone of a configuration; raises ``ValueError`` for arguments it does not take."""
    if config.backbone != descriptors.NAME:
        return Backbone(config.backbone, pretrained, config.backbone_args)
    try:
        found = Descriptors(**config.backbone_args)
    except TypeError as error:
        raise ValueError(
            f"backbone {config.backbone!r} does not take {config.backbone_args}; it takes "
            '{"components": N} alone'
        ) from error
    # The head starts from as many of the features' own axes as it has dimensions.
    if found.num_features < config.dim:
        raise ValueError(
            f"{found.num_features} components cannot fill {config.dim} dimensions; raise "
            "components in --backbone-args or lower --dim"
        )
    return found


class Network(nn.Module):
    """A Hyp-UML network."""

    def __init__(self, config: ModelConfig, pretrained: bool | None = None) -> None:
        """Build the network of ``config``.

        Args:
            config: the architecture.
            pretrained: overrides ``config.pretrained``; False when weights are loaded afterwards.
        """
        super().__init__()
        self.config = config
        self.backbone = _backbone(config, config.pretrained if pretrained is None else pretrained)
        self.head = HyperbolicHead(
            self.backbone.num_features,
            config.dim,
            config.curvature,
            config.diameter,
            config.squash,
            config.uncertainty,
            config.geometry,
            config.known_classes,
            config.inner,
        )

    @property
    def curvature(self) -> float:
        """C > 0 of the ball of curvature -c that the points lie in."""
        return self.head.ball

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
