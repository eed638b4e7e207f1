"""Random augmentation of whole batches with torch's own sampling, one set of parameters per image.

torchvision's transforms draw one set per call, i.e. per batch; calling them image by image costs
more than a small network's training step on a CPU. Two grid-sample calls and a colour matrix do it
for the batch at once, on whatever device the batch lies.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class AugmentConfig:
    """Ranges of the augmentation; zero (or one for ``min_scale``) switches a part off."""

    min_scale: float = 0.5
    """Smallest random crop as a share of the image's area, in (0, 1]."""
    flip: float = 0.5
    """Probability of a mirror image, in [0, 1]; 0 for digits and lettering."""
    rotation: float = 15.0
    """Largest rotation in degrees."""
    brightness: float = 0.3
    """Brightness, contrast and saturation vary by a factor in 1 +- this."""
    hue: float = 0.03
    """Largest hue rotation as a share of the colour circle."""
    noise: float = 0.02
    """Largest standard deviation of added pixel noise, pixels in [0, 1]."""

    def __post_init__(self) -> None:
        """Check the ranges; raises ``ValueError``."""
        if not 0 < self.min_scale <= 1:
            raise ValueError(f"min-scale must be in (0, 1], got {self.min_scale}")
        for name in ("flip", "brightness"):
            if not getattr(self, name) <= 1:
                raise ValueError(f"{name} must be at most 1, got {getattr(self, name)}")
        for name in ("flip", "rotation", "brightness", "hue", "noise"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} must not be negative, got {getattr(self, name)}")


def augment(images: Tensor, size: int, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    """Crop, flip, rotate and recolour a batch.

    Args:
        images: ``[B, 3, H, W]`` pixels in [0, 1].
        size: side of the square output.
        config: ranges.
        generator: source of randomness, on the device of ``images``.

    Returns:
        ``[B, 3, size, size]`` pixels in [0, 1].
    """

    def uniform(low: float, high: float) -> Tensor:
        draw = torch.rand(len(images), device=images.device, generator=generator)
        return low + (high - low) * draw

    side = uniform(config.min_scale, 1.0).sqrt()
    aspect = uniform(-1, 1).mul(math.log(4 / 3) / 2).exp()
    width, height = (side * aspect).clamp(max=1), (side / aspect).clamp(max=1)
    flip = torch.where(uniform(0, 1) < config.flip, -1.0, 1.0)
    angle = uniform(-1, 1) * math.radians(config.rotation)
    cos, sin = angle.cos(), angle.sin()
    shift_x, shift_y = uniform(-1, 1) * (1 - width), uniform(-1, 1) * (1 - height)
    theta = torch.stack(
        [
            torch.stack([flip * width * cos, -height * sin, shift_x], -1),
            torch.stack([flip * width * sin, height * cos, shift_y], -1),
        ],
        -2,
    )
    grid = F.affine_grid(theta, [len(images), 3, size, size], align_corners=False)
    x = F.grid_sample(images, grid, padding_mode="reflection", align_corners=False)
    x = _recolour(x, uniform, config)
    if config.noise:
        noise = torch.randn(x.shape, device=x.device, generator=generator)
        x = x + noise * uniform(0, config.noise)[:, None, None, None]
    return x.clamp(0, 1)


# Luma weights of ITU-R BT.601, and orthonormal axes of the plane of colours with equal sum.
_LUMA = (0.299, 0.587, 0.114)
_AXIS_A = (2 / math.sqrt(6), -1 / math.sqrt(6), -1 / math.sqrt(6))
_AXIS_B = (0.0, 1 / math.sqrt(2), -1 / math.sqrt(2))


def _recolour(x: Tensor, draw: Callable[[float, float], Tensor], config: AugmentConfig) -> Tensor:
    """Brightness, contrast, saturation and hue, each with its own factor per image."""
    b = config.brightness
    luma = x.new_tensor(_LUMA)
    brightness, contrast, saturation = (draw(1 - b, 1 + b)[:, None, None, None] for _ in range(3))
    grey = torch.einsum("bchw,c->bhw", x, luma)[:, None]
    x = grey + (x - grey) * saturation
    mean = grey.mean(dim=(2, 3), keepdim=True)
    x = (mean + (x - mean) * contrast) * brightness
    if config.hue:
        turn = draw(-config.hue, config.hue) * 2 * math.pi
        basis = x.new_tensor([_AXIS_A, _AXIS_B])
        rotation = torch.stack(
            [
                torch.stack([turn.cos(), -turn.sin()], -1),
                torch.stack([turn.sin(), turn.cos()], -1),
            ],
            -2,
        )
        identity = torch.eye(2, device=x.device)
        matrix = torch.eye(3, device=x.device) + basis.T @ (rotation - identity) @ basis
        x = torch.einsum("bij,bjhw->bihw", matrix, x)
    return x
