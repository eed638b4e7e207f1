"""Ways to set the length of a tangent vector, which is how far from the origin an image lies.

A length is a module that is given the vectors before they are bounded and the features that they
were made from, and returns their lengths in (0, r]. It may have parameters and buffers of its own,
which a checkpoint keeps below ``head.length``. A new one is a class and an entry in ``LENGTHS``.

* ``tanh`` (default): ``r tanh(|v| / r)``, smooth everywhere.
* ``clip``: ``min(|v|, r)``, the parent recipe (Hyp-ViT). Clipped vectors share one length and get
  no radial gradient.
* ``readout``: made from an uncertainty that is read off the features, fitted after training
  (:mod:`hypuml.models.readout`).

The first two are dead far outside r; a head starts with a median norm of r / 2
(:meth:`hypuml.models.head.HyperbolicHead.initialise_scale`).
"""

from __future__ import annotations

import torch
from torch import Tensor

from hypuml.models.config import ModelConfig
from hypuml.models.length import Length, norm_of
from hypuml.models.readout import ReadoutLength


class TanhLength(Length):
    """Smooth bounded length ``r tanh(|v| / r)``."""

    def forward(self, tangent: Tensor, features: Tensor) -> Tensor:
        """See :class:`Length`; the features do not matter."""
        return self.r * torch.tanh(norm_of(tangent) / self.r)


class ClipLength(Length):
    """Hard bounded length ``min(|v|, r)``."""

    def forward(self, tangent: Tensor, features: Tensor) -> Tensor:
        """See :class:`Length`; the features do not matter."""
        return norm_of(tangent).clamp(max=self.r)


LENGTHS: dict[str, type[Length]] = {
    "tanh": TanhLength,
    "clip": ClipLength,
    "readout": ReadoutLength,
}


def make_length(config: ModelConfig, in_features: int) -> Length:
    """The length of a configuration.

    Raises:
        ValueError: its name is unknown; the message lists the known ones.
    """
    if config.length not in LENGTHS:
        raise ValueError(f"unknown length {config.length!r}, expected one of {', '.join(LENGTHS)}")
    return LENGTHS[config.length](config, in_features)
