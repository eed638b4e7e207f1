"""Degraded views of whole batches: blur, occlusion, crop, noise and darkness at any level.

For training with examples that are known to be uncertain, and for measuring whether uncertainty
rises with the damage. One level per image, on whatever device the batch lies. What the levels mean
stands in ``degradation_scale``; ``degraded_pictures`` does the same to one picture without torch.

Conventions: images are ``[B, 3, H, W]`` floats in [0, 1] and so is the result, in the same dtype;
the input is never changed; at level 0 an image comes back exactly as it went in.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from hypuml.data import degradation_scale as scale
from hypuml.data.degradation_scale import KINDS

__all__ = ["DEGRADATIONS", "KINDS", "apply", "degrade", "degrade_mixed", "draw"]


def degrade(images: Tensor, kind: str, level: float | Tensor, generator: torch.Generator) -> Tensor:
    """Degrade every image of a batch in one way.

    Args:
        images: ``[B, 3, H, W]`` pixels in [0, 1].
        kind: one of ``KINDS``.
        level: strength in [0, 1], one for all or ``[B]``, one per image.
        generator: source of randomness, on the device of ``images``. What it gives does not depend
            on the level: equally seeded calls differ in strength, not in place or grain.

    Returns:
        ``[B, 3, H, W]`` pixels in [0, 1].

    Raises:
        ValueError: unknown kind, or images or levels of another shape, type or range.
    """
    return apply(images, kind, level, draw(images, kind, generator))


def degrade_mixed(
    images: Tensor, kinds_index: Tensor, level: float | Tensor, generator: torch.Generator
) -> Tensor:
    """Degrade every image of a batch in its own way.

    The same as taking the images of each kind, in the order of ``KINDS``, through ``degrade`` with
    one generator.

    Args:
        images: ``[B, 3, H, W]`` pixels in [0, 1].
        kinds_index: ``[B]`` int64, places in ``KINDS``.
        level: strength in [0, 1], one for all or ``[B]``, one per image.
        generator: source of randomness, on the device of ``images``.

    Returns:
        ``[B, 3, H, W]`` pixels in [0, 1].

    Raises:
        ValueError: images, kinds or levels of another shape, type or range.
    """
    _check_images(images)
    levels = _levels(level, images)
    if kinds_index.shape != levels.shape or kinds_index.dtype != torch.int64:
        raise ValueError(
            f"kinds have to be int64 of shape {list(levels.shape)}, "
            f"got {kinds_index.dtype} of shape {list(kinds_index.shape)}"
        )
    # One trip to the host for all kinds; boolean masks would take one each.
    numbers = kinds_index.tolist()
    if numbers and not 0 <= min(numbers) <= max(numbers) < len(KINDS):
        raise ValueError(
            f"kinds have to be from 0 to {len(KINDS) - 1}, got {min(numbers)} to {max(numbers)}"
        )
    result = images.clone()
    for number, kind in enumerate(KINDS):
        members = [row for row, n in enumerate(numbers) if n == number]
        if members:
            rows = torch.tensor(members, device=images.device)
            result[rows] = degrade(images[rows], kind, levels[rows], generator)
    return result


def draw(images: Tensor, kind: str, generator: torch.Generator) -> Tensor:
    """Draw what is random about a degradation, to be applied at one or several levels.

    Args:
        images: ``[B, 3, H, W]``; only their number, size and device matter.
        kind: one of ``KINDS``.
        generator: source of randomness, on the device of ``images``.

    Returns:
        ``[B, *draws_of(kind, H, W).shape]`` float32.

    Raises:
        ValueError: unknown kind, or images of another shape or type.
    """
    _check_images(images)
    wanted = scale.draws_of(kind, *images.shape[2:])
    make = torch.randn if wanted.normal else torch.rand
    # Always float32, so that the places are the same for images of every dtype.
    return make(
        (len(images), *wanted.shape),
        dtype=torch.float32,
        device=images.device,
        generator=generator,
    )


def apply(images: Tensor, kind: str, level: float | Tensor, draws: Tensor) -> Tensor:
    """Degrade a batch with given random numbers: no randomness of its own.

    Args:
        images: ``[B, 3, H, W]`` pixels in [0, 1].
        kind: one of ``KINDS``.
        level: strength in [0, 1], one for all or ``[B]``, one per image.
        draws: what ``draw`` gave for images of this number and size.

    Returns:
        ``[B, 3, H, W]`` pixels in [0, 1].

    Raises:
        ValueError: unknown kind, or images, levels or draws of another shape, type or range.
    """
    _check_images(images)
    expected = (len(images), *scale.draws_of(kind, *images.shape[2:]).shape)
    if draws.shape != expected:
        raise ValueError(f"{kind} needs draws of shape {expected}, got {tuple(draws.shape)}")
    levels = _levels(level, images)
    if not images.numel():
        return images.clone()
    # Half precision is too coarse for positions and for sums over a row.
    dtype = torch.promote_types(images.dtype, torch.float32)
    result = DEGRADATIONS[kind](images.to(dtype), levels.to(dtype), draws.to(dtype))
    result = result.clamp_(0, 1).to(images.dtype)
    # Blur and crop reproduce an image only up to rounding at level 0: the original is exact.
    untouched = levels == 0
    if bool(untouched.any()):
        result[untouched] = images[untouched]
    return result


def _check_images(images: Tensor) -> None:
    if images.ndim != 4 or images.shape[1] != 3 or not images.is_floating_point():
        raise ValueError(
            "images have to be floats of shape [B, 3, H, W], "
            f"got {images.dtype} of shape {list(images.shape)}"
        )


def _levels(level: float | Tensor, images: Tensor) -> Tensor:
    """One float32 (or wider) level per image, ``[B]``, on the images' device."""
    levels = torch.as_tensor(level, device=images.device)
    levels = levels.to(torch.promote_types(levels.dtype, torch.float32))
    if levels.ndim == 0:
        levels = levels.expand(len(images))
    if levels.shape != (len(images),):
        raise ValueError(
            f"levels have to be one number or one per image ({len(images)}), "
            f"got shape {list(levels.shape)}"
        )
    # Written so that not-a-number fails too.
    if not bool(((levels >= 0) & (levels <= 1)).all()):
        raise ValueError(
            f"levels have to be in [0, 1], got {levels.min().item():g} to {levels.max().item():g}"
        )
    return levels


def _blur(images: Tensor, level: Tensor, draws: Tensor) -> Tensor:
    """Gaussian blur as heat flow in a picture with insulated borders.

    In the cosine basis (DCT-II) a Gaussian of standard deviation sigma with mirrored borders
    multiplies frequency w by exp(-sigma^2 w^2 / 2). As one small matrix per image and side its
    cost does not grow with sigma, pictures smaller than the kernel need no special case, and the
    distance from the original never falls as the level rises: every coefficient only shrinks.
    """
    count, channels, height, width = images.shape
    sigma = scale.blur_sigma(level, height, width)
    rows = _heat_flow(sigma, height)
    columns = rows if height == width else _heat_flow(sigma, width)
    # The matrices are symmetric, so that multiplying from the right needs no transposition.
    flat = images.reshape(count, channels * height, width) @ columns
    turned = flat.view(count, channels, height, width).transpose(2, 3)
    flat = turned.reshape(count, channels * width, height) @ rows
    return flat.view(count, channels, width, height).transpose(2, 3)


def _heat_flow(sigma: Tensor, size: int) -> Tensor:
    """Symmetric matrices ``[B, size, size]`` that blur along one side by ``sigma [B]`` pixels."""
    place = torch.arange(size, device=sigma.device, dtype=sigma.dtype)
    frequency = math.pi / size * place
    basis = torch.cos(frequency[:, None] * (place + 0.5)) * math.sqrt(2 / size)
    basis[0] = 1 / math.sqrt(size)
    gain = torch.exp(-0.5 * (sigma[:, None] * frequency).square())
    return (basis.T * gain[:, None, :]) @ basis


def _occlude(images: Tensor, level: Tensor, draws: Tensor) -> Tensor:
    """One opaque leaf-coloured rectangle, its edges anti-aliased so that it grows smoothly."""
    left, top, right, bottom = scale.occluder(level, *draws[:, :3].unbind(1))
    covered = (
        _covered(top, bottom, images.shape[2])[:, None, :, None]
        * _covered(left, right, images.shape[3])[:, None, None, :]
    )
    colour = torch.stack([scale.leaf_colour(draws[:, 3 + c], c) for c in range(3)], 1)
    return torch.lerp(images, colour[:, :, None, None], covered)


def _covered(start: Tensor, stop: Tensor, size: int) -> Tensor:
    """Share of each pixel, ``[B, size]``, between two places given as shares of the side."""
    edge = torch.arange(size, device=start.device, dtype=start.dtype)
    first, last = start[:, None] * size, stop[:, None] * size
    return (torch.minimum(last, edge + 1) - torch.maximum(first, edge)).clamp(0, 1)


def _crop(images: Tensor, level: Tensor, draws: Tensor) -> Tensor:
    """A window blown up to the whole picture, bilinearly; it loses detail and surroundings."""
    left, top, right, bottom = scale.crop_window(level, *draws.unbind(1))
    zero = torch.zeros_like(left)
    # In affine_grid's coordinates the picture reaches from -1 to 1.
    theta = torch.stack(
        [right - left, zero, left + right - 1, zero, bottom - top, top + bottom - 1], 1
    )
    grid = F.affine_grid(theta.view(-1, 2, 3), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)


def _add_noise(images: Tensor, level: Tensor, draws: Tensor) -> Tensor:
    """Gaussian noise, the same pattern at every level."""
    return torch.addcmul(images, scale.noise_std(level)[:, None, None, None], _grain(draws, images))


def _darken(images: Tensor, level: Tensor, draws: Tensor) -> Tensor:
    """Less light, more of the sensor's own noise, and only the grey levels that are left."""
    light = scale.exposure(level)[:, None, None, None]
    std = scale.dark_noise_std(level)[:, None, None, None]
    # In place on the new product only: a batch of images costs more to move than to compute.
    dark = (images * light).addcmul_(std, _grain(draws, images))
    return dark.mul_(scale.GREY_LEVELS).round_().div_(scale.GREY_LEVELS)


def _grain(draws: Tensor, images: Tensor) -> Tensor:
    """Grains ``[B, 3, h, w]`` at the size of the images, with unit variance at every pixel."""
    if draws.shape[2:] == images.shape[2:]:
        return draws
    (h, w), (height, width) = draws.shape[2:], images.shape[2:]
    down = torch.tensor(scale.grain_weights(h, height), device=draws.device, dtype=draws.dtype)
    across = torch.tensor(scale.grain_weights(w, width), device=draws.device, dtype=draws.dtype)
    return down @ (draws @ across.T)


# Deterministic (images [B, 3, H, W], level [B], draws [B, ...]) -> new images, not yet clipped.
DEGRADATIONS: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "blur": _blur,
    "occlusion": _occlude,
    "crop": _crop,
    "noise": _add_noise,
    "darkness": _darken,
}
