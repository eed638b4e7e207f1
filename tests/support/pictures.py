"""Small pictures and hand-made PNG files for the tests of decoding."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pillow_heif
from PIL import Image

# Formats that are read, as Pillow names them, with options that keep colours.
KINDS: dict[str, dict] = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "MPO": {"quality": 95, "subsampling": 0},
    "PNG": {},
    "WEBP": {"lossless": True},
    "GIF": {},
    "TIFF": {"compression": "tiff_lzw"},
    "BMP": {},
    "DIB": {},
    "AVIF": {"quality": 95},
    "HEIF": {"quality": 95},
    "JPEG2000": {},
    "PPM": {},
}
pillow_heif.register_heif_opener()  # only to write them; the product never opens by trial

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def quadrants(size: int = 64) -> Image.Image:
    """Red, green / blue, white: every flip and rotation gives a different picture."""
    half = size // 2
    image = Image.new("RGB", (size, size), RED)
    image.paste(GREEN, (half, 0, size, half))
    image.paste(BLUE, (0, half, half, size))
    image.paste(WHITE, (half, half, size, size))
    return image


def corners(image: Image.Image) -> list[tuple[int, ...]]:
    w, h = image.size
    places = [
        (w // 4, h // 4),
        (3 * w // 4, h // 4),
        (w // 4, 3 * h // 4),
        (3 * w // 4, 3 * h // 4),
    ]
    return [image.getpixel(place) for place in places]


def close(got, wanted, tolerance: int = 6) -> bool:
    return bool(np.abs(np.asarray(got, int) - np.asarray(wanted, int)).max() <= tolerance)


def png_chunk(kind: bytes, data: bytes) -> bytes:
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def png_of_zeros(width: int, height: int) -> bytes:
    """A tiny file that unfolds to ``width`` x ``height`` grey pixels."""
    packer = zlib.compressobj(9)
    data = b"".join(packer.compress(bytes(width + 1)) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", data)
        + png_chunk(b"IEND", b"")
    )
