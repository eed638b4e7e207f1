"""Backbones by timm name: image tensor in, one feature vector out.

Nothing is downloaded unless ``pretrained=True`` is asked for; timm then fetches the weights, and a
machine without a network gets one sentence instead of a traceback.
"""

from __future__ import annotations

import difflib
import warnings
from typing import Any

from torch import Tensor

from hypuml.models.extractor import Extractor

with warnings.catch_warnings():
    # timm scripts two activation functions on import, which torch has deprecated.
    warnings.filterwarnings("ignore", message=r"`torch\.jit\.script` is deprecated")
    import timm
    from timm.data import resolve_model_data_config


class Backbone(Extractor):
    """A timm network without its classifier."""

    def __init__(
        self, name: str, pretrained: bool = False, arguments: dict[str, Any] | None = None
    ) -> None:
        """Build the network.

        Args:
            name: timm model name, e.g. ``"resnet18"`` or ``"vit_small_patch16_224.dino"``.
            pretrained: fetch timm's pretrained weights.
            arguments: further keyword arguments of the timm model, e.g. ``{"channels": [...]}``.

        Raises:
            ValueError: unknown name, or arguments that the model does not take.
            OSError: the pretrained weights cannot be fetched.
        """
        super().__init__()
        check_backbone(name)
        try:
            self.net = timm.create_model(
                name, pretrained=pretrained, num_classes=0, **(arguments or {})
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
        self.num_features = int(self.net.num_features)  # type: ignore[arg-type]
        data = resolve_model_data_config(self.net)
        self.mean, self.std = tuple(data["mean"]), tuple(data["std"])

    def raw(self, images: Tensor) -> Tensor:
        """The network's pooled features ``[B, F]`` of normalised images ``[B, 3, S, S]``."""
        return self.net(images)


def check_backbone(name: str) -> None:
    """Raise ``ValueError`` naming close matches if timm does not know ``name``."""
    if not timm.is_model(name.split(".")[0]):
        close = difflib.get_close_matches(name, timm.list_models(), n=4)
        hint = f"did you mean {', '.join(close)}?" if close else "see timm.list_models()"
        raise ValueError(f"unknown backbone {name!r}: {hint}")
