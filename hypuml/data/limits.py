"""How large images may be, and the error for one that cannot be read."""

from __future__ import annotations

import io
from typing import BinaryIO

from hypuml.data.formats import WANTED

MAX_PIXELS = 40_000_000
MAX_JPEG_PIXELS = 205_000_000  # the largest sensors of phones have 200 megapixels
MAX_PROGRESSIVE_PIXELS = 64_000_000  # all coefficients are in memory, up to 8 bytes a pixel
MAX_HEIC_PIXELS = 51_000_000  # phones write 48 megapixels
MAX_BYTES = 256 * 2**20  # of formats whose readers take the whole file into memory
MISSING = (
    f"the file is damaged or cut short (rows are missing at its end); {WANTED}: "
    "copy or download it again"
)


class ImageError(ValueError):
    """A file is no picture that can be shown; the message is one sentence for the user."""


def bounded(stream: BinaryIO) -> io.BytesIO:
    """The whole file in memory.

    Raises:
        ImageError: it is larger than ``MAX_BYTES``.
    """
    data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ImageError(
            f"the file has more than {MAX_BYTES >> 20} MB; {WANTED} of at most that: "
            "make it smaller first"
        )
    return io.BytesIO(data)


def check_size(size: tuple[int, int], limit: int = MAX_PIXELS) -> None:
    """Refuse a picture of more than ``limit`` pixels.

    Raises:
        ImageError: it has more.
    """
    width, height = size
    if width * height > limit:
        raise ImageError(too_large(f"{width} x {height} pixels", limit))


def too_large(found: str, limit: int = MAX_PIXELS) -> str:
    """One sentence about a picture with too many pixels."""
    return (
        f"the image has {found}; expected at most {limit // 1_000_000} megapixels for a file of "
        "its kind: make it smaller first"
    )
