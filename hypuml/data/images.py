"""Safe decoding: any file becomes an upright 8-bit sRGB picture, or one clear sentence.

What a file *is* is read from its first bytes, never from its name (:mod:`hypuml.data.formats`); its
own reader and the limits are in :mod:`hypuml.data.decoding`. Animated files and those of several
pages give their first, transparency is laid on white.

Conventions: sizes are in pixels, ``(width, height)`` as in Pillow; pictures are mode ``"RGB"``.
"""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from hypuml.data.decoding import decode
from hypuml.data.formats import WANTED
from hypuml.data.limits import MAX_PIXELS, ImageError

__all__ = ["MAX_ASPECT", "MAX_PIXELS", "ImageError", "fit_short_side", "load_image", "square_crop"]

MAX_ASPECT = 4.0


def load_image(source: str | os.PathLike[str] | bytes | BinaryIO) -> Image.Image:
    """Decode one image of the :data:`hypuml.data.formats.FORMATS`.

    Args:
        source: a path, the bytes of a file, or a file object opened for reading in binary mode
            (read from its start when it can be rewound).

    Returns:
        Upright RGB picture of at most ``MAX_PIXELS`` pixels in sRGB, detached from the file;
        larger photographs come reduced.

    Raises:
        ImageError: nothing there, not a regular file, empty, another format, damaged or too large.
    """
    if isinstance(source, bytes):
        return decode(io.BytesIO(source))
    if not isinstance(source, str | os.PathLike):
        if source.seekable():
            source.seek(0)
        return decode(io.BytesIO(source.read()))
    try:
        # A named pipe would block for ever on open, so look before opening.
        if not stat.S_ISREG(os.stat(source).st_mode):
            raise ImageError(f"{_quoted(source)} is not a regular file; {WANTED}")
        with open(source, "rb") as stream:
            return decode(stream)
    except FileNotFoundError:
        raise ImageError(
            f"there is no file at {_quoted(source)}; {WANTED}: check the path"
        ) from None
    except ImageError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a path with a zero byte in it
        detail = getattr(error, "strerror", None) or error
        raise ImageError(
            f"{_quoted(source)} cannot be read ({detail}); {WANTED}: "
            "check its name and its permissions"
        ) from None


def square_crop(image: Image.Image, size: int) -> Image.Image:
    """Cut the centre square and resample it, anti-aliased, to ``size`` x ``size``.

    The one way a picture becomes a square here: thumbnails and model input show the same crop.

    Args:
        image: any picture with at least one pixel.
        size: wanted side in pixels, at least 1.

    Returns:
        A new ``size`` x ``size`` picture of the same mode.

    Raises:
        ValueError: ``size`` is below 1.
    """
    if size < 1:
        raise ValueError(f"size must be at least 1 pixel, got {size}")
    width, height = image.size
    side = min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    return _resize(image, (size, size), (left, top, left + side, top + side))


def fit_short_side(image: Image.Image, size: int) -> Image.Image:
    """Resample so that the short side has ``size`` pixels, keeping the proportions.

    Pictures more than ``MAX_ASPECT`` times longer than wide are first cut to that, around their
    centre: a strip one pixel high would otherwise grow to gigabytes.

    Args:
        image: any picture with at least one pixel.
        size: wanted short side in pixels, at least 1.

    Returns:
        A new picture of the same mode; its long side has at most ``MAX_ASPECT * size`` pixels.

    Raises:
        ValueError: ``size`` is below 1.
    """
    if size < 1:
        raise ValueError(f"size must be at least 1 pixel, got {size}")
    width, height = image.size
    longest = MAX_ASPECT * min(width, height)
    kept_w, kept_h = min(width, longest), min(height, longest)
    left, top = (width - kept_w) / 2, (height - kept_h) / 2
    scale = size / min(width, height)
    target = (max(size, round(kept_w * scale)), max(size, round(kept_h * scale)))
    return _resize(image, target, (left, top, left + kept_w, top + kept_h))


def _resize(
    image: Image.Image, size: tuple[int, int], box: tuple[float, float, float, float]
) -> Image.Image:
    """Bicubic with support scaled to the reduction; the gap of 3 is fast and not visibly worse."""
    return image.resize(size, Image.Resampling.BICUBIC, box=box, reducing_gap=3.0)


def _quoted(path: str | os.PathLike[str]) -> str:
    """The path as text that can always be printed, also when its bytes are no valid UTF-8."""
    return repr(str(Path(path)))
