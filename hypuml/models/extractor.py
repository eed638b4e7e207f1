"""What every backbone has: images in, one feature vector out, in two steps.

``raw`` is the costly step; what it gives can be kept and used again while the backbone does not
learn. ``project`` is the cheap one.
"""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor, nn


class Extractor(nn.Module):
    """A backbone.

    Attributes:
        trainable: whether it learns by gradient.
        num_features: width F of the feature vector.
        mean: channel means it expects to have been subtracted from pixels in [0, 1].
        std: channel standard deviations, likewise.
    """

    trainable: bool = True
    _statistics_learn: bool = True
    num_features: int
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def normalise(self, images: Tensor) -> Tensor:
        """What is expected of pixels ``[B, 3, S, S]`` in [0, 1]: ``(x - mean) / std``."""
        mean, std = (images.new_tensor(x)[:, None, None] for x in (self.mean, self.std))
        return (images - mean) / std

    def raw(self, images: Tensor) -> Tensor:
        """Raw features ``[B, R]`` of normalised images ``[B, 3, S, S]``."""
        raise NotImplementedError

    def project(self, raw: Tensor) -> Tensor:
        """Features ``[..., F]`` of raw features ``[..., R]``; the same unless overridden."""
        return raw

    def forward(self, images: Tensor) -> Tensor:
        """Features ``[B, F]`` of normalised images ``[B, 3, S, S]``."""
        return self.project(self.raw(images))

    def freeze(self) -> None:
        """Learn no more: no gradient, and batch statistics stay as they are."""
        self.trainable = False
        self.requires_grad_(False)
        self.eval()

    def freeze_statistics(self) -> None:
        """Keep batch statistics as they are, though the weights learn."""
        self._statistics_learn = False
        self.train(self.training)

    def train(self, mode: bool = True) -> Extractor:
        """As for every module, but what does not learn stays as in evaluation."""
        super().train(mode and self.trainable)
        if not self._statistics_learn:
            for module in self.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.eval()
        return self

    def round_weights(self) -> None:
        """Round matrices and filters to what half precision can hold; norms and biases stay."""
        with torch.no_grad():
            for tensor in self.parameters():
                if tensor.ndim > 1:
                    tensor.copy_(tensor.half().float())

    @property
    def device(self) -> torch.device:
        """Where its weights lie."""
        return next((x.device for x in (*self.parameters(), *self.buffers())), torch.device("cpu"))

    def raw_fingerprint(self) -> str:
        """Hash of all that raw features depend on beside the images."""
        return hash_of(self)


def hash_of(module: nn.Module) -> str:
    """Hex sha256 of a module's weights and their names."""
    found = hashlib.sha256()
    for name, value in module.state_dict().items():
        found.update(name.encode())
        found.update(value.detach().cpu().contiguous().numpy().tobytes())
    return found.hexdigest()
