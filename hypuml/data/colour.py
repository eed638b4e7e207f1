"""Decoded pictures of any mode become opaque 8-bit sRGB: depth, transparency, profiles, turning.

Greys of more than 8 bits are shown by the depth that they use, because files of 16 bits often hold
10, 12 or 14 of them and would come out nearly black (see :func:`white_of`).
"""

from __future__ import annotations

import io
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

FULL = 65535  # white of 16 bits
DEPTHS = (8, 10, 12)
# A picture of 14 bits differs from a dark one of 16 by its brightest pixels: near the top of 14.
FILLED_14 = 0.9 * (2**14 - 1)
# ICC colour space signature -> Pillow mode it describes.
_ICC_MODES = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}


def upright(image: Image.Image, white: int | None = None) -> Image.Image:
    """A loaded picture as opaque sRGB, turned by its EXIF orientation.

    Args:
        image: any mode.
        white: of greys with more than 8 bits, the value that is white; None finds it.

    Returns:
        Mode ``"RGB"``; what was transparent is white.
    """
    image = _turned(image)
    alpha = None
    if image.mode == "F" or image.mode.startswith("I"):
        opaque, alpha = _deep_grey(image, white)
    elif image.has_transparency_data:
        whole = image.convert("RGBA")
        alpha = whole.getchannel("A")
        opaque = whole.convert("L" if image.mode in ("1", "L", "LA") else "RGB")
    else:
        opaque = image.convert({"1": "L", "P": "RGB"}.get(image.mode, image.mode))
    picture = _to_srgb(opaque, image.info.get("icc_profile"))
    if alpha is not None:
        ground = Image.new("RGB", picture.size, "white")
        ground.paste(picture, mask=alpha)
        picture = ground
    return picture


def white_of(values: NDArray[Any]) -> int:
    """The value that is white in a 16-bit file, from the depth that its values use.

    Values that are 8-bit ones multiplied by 257 use all 16 bits, however dark the picture is. Those
    that are multiples of 4, 16, 64 or 256 are 8-bit ones shifted up by 2, 4, 6 or 8 bits, where
    they fit. All others use the smallest of 8, 10 and 12 bits that holds the brightest one; 14 bits
    only where the brightest one nearly fills them, because a dark picture of 16 bits looks alike.

    Args:
        values: integers in ``[0, 65535]``, any shape.

    Returns:
        At least 255, at most 65535.
    """
    top = int(values.max(initial=0))
    used = int(np.bitwise_or.reduce(values, axis=None)) if values.size else 0
    if top and not (values % 257).any():
        return FULL
    shift = (used & -used).bit_length() - 1 if used else 0  # zero bits below every value
    for step in (8, 6, 4, 2):
        if shift >= step and top <= 255 << step:
            return 255 << step
    for depth in DEPTHS:
        if top < 1 << depth:
            return (1 << depth) - 1
    return 2**14 - 1 if FILLED_14 <= top < 2**14 else FULL


def _turned(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # EXIF is often damaged; upright is a fair guess.
        return image


def _deep_grey(image: Image.Image, white: int | None) -> tuple[Image.Image, Image.Image | None]:
    """Greys of 16 and 32 bits and floats -> 8 bits and, if one value is transparent, a mask."""
    values = np.asarray(image)
    if values.dtype.kind == "f":
        values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
        values = values * 255 if values.max(initial=0) <= 1 else values
        values = np.rint(values)
    values = values.clip(0, FULL).astype(np.uint16)
    hole = image.info.get("transparency")
    shown = values != hole if isinstance(hole, int) else None
    white = white or white_of(values if shown is None else values[shown])
    scale = np.arange(FULL + 1, dtype=np.int64)
    table = ((scale * 255 + white // 2) // white).clip(0, 255).astype(np.uint8)
    grey = Image.fromarray(table[values])
    if shown is None:
        return grey, None
    return grey, Image.fromarray(np.where(shown, 255, 0).astype(np.uint8))


def _to_srgb(image: Image.Image, icc: bytes | None) -> Image.Image:
    """Colour-manage by the embedded profile; a broken or unfitting profile counts as none."""
    if icc:
        try:
            profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
            space = _ICC_MODES.get(profile.profile.xcolor_space)
            if space == image.mode:
                managed = ImageCms.profileToProfile(image, profile, _srgb(), outputMode="RGB")
                if managed is not None:
                    return managed
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass
    if image.mode == "LAB":
        lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
        managed = ImageCms.profileToProfile(image, lab, _srgb(), outputMode="RGB")
        if managed is not None:
            return managed
    return image.convert("RGB")


@cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
