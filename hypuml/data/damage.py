"""Damage and malice that decoders pass over: endless scans, and streams that end early.

* A progressive JPEG may hold any number of scans, each of which costs a pass over the picture.
* A JPEG that ends early, with its end mark, decodes to one colour below that point.
* A PNG whose compressed data ends early, but properly, decodes to black below that point.
"""

from __future__ import annotations

import re
import zlib
from typing import BinaryIO, NamedTuple

# Encoders write about ten scans. A pass over a megapixel takes up to 3 ms.
USUAL_SCANS, MOST_SCANS, SCANNED_PIXELS = 16, 100, 600_000_000
# In compressed data 0xFF stands before 0, a restart mark or a fill byte; anything else is a marker.
_MARKER = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])")
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_SOS, _EOI = 0xDA, 0xD9
_PROGRESSIVE = {0xC2, 0xCA}
_LOSSLESS = {0xC3, 0xC7, 0xCB, 0xCF, 0xF7}
# Interlaced PNG: first column and row of each pass, and the steps (PNG specification, 8.2).
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
          (0, 1, 1, 2))  # fmt: skip
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_STEP = 1 << 20
_FURTHER = bytes(i * 89 % 251 for i in range(2048))


class JpegScans(NamedTuple):
    """Facts from a JPEG's markers.

    Attributes:
        scans: passes over the picture that decoding takes.
        progressive: whether all coefficients are held in memory meanwhile.
        lossless: whether it is of the kind that ordinary decoders do not read.
    """

    scans: int
    progressive: bool
    lossless: bool

    def too_many(self, pixels: int) -> bool:
        """Whether that many scans of so many pixels are an attack and no photograph."""
        if self.scans <= USUAL_SCANS:
            return False
        return self.scans > MOST_SCANS or self.scans * pixels > SCANNED_PIXELS


def jpeg_scans(data: bytes) -> JpegScans:
    """Count the scans of a JPEG file's first picture, up to ``MOST_SCANS + 1``.

    Args:
        data: the file; damaged ones give what was found before the damage.
    """
    scans, frame, components, place = 0, 0, 0, 2
    while scans <= MOST_SCANS:
        found = _MARKER.search(data, place)
        if found is None or found[1][0] == _EOI:
            break
        marker, place = found[1][0], found.end()
        if marker in (0x01, 0xD8):
            continue
        length = int.from_bytes(data[place : place + 2], "big")
        if marker in _FRAMES or marker == 0xF7:
            frame, components = marker, data[place + 7] if place + 7 < len(data) else 0
        elif marker == _SOS:
            scans += 1
            whole = place + 2 < len(data) and data[place + 2] == components
            if whole and frame not in _PROGRESSIVE:
                break  # everything in one scan: the decoder stops there
        place += max(2, length)
    return JpegScans(scans, frame in _PROGRESSIVE, frame in _LOSSLESS)


def jpeg_with_more(data: bytes) -> bytes:
    """The JPEG with further bytes before its end mark.

    A decoder that had all of its data before passes over them; one that had too little takes them
    for the rest of the picture, which comes out otherwise then.
    """
    place = 2
    while True:
        found = _MARKER.search(data, place)
        if found is None:
            return data
        if found[1][0] == _EOI:
            return data[: found.start()] + _FURTHER + data[found.start() :]
        place = found.end()
        if found[1][0] not in (0x01, 0xD8):
            place += max(2, int.from_bytes(data[place : place + 2], "big"))


def png_is_whole(stream: BinaryIO) -> bool:
    """Whether a PNG's compressed data holds all of its rows; inflates them without keeping them.

    Args:
        stream: a PNG file that could be decoded, read from its start.
    """
    stream.seek(8)
    wanted, held = -1, 0
    inflate = zlib.decompressobj()
    while True:
        head = stream.read(8)
        if len(head) < 8:
            return False
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        if kind == b"IEND":
            return False
        if kind not in (b"IHDR", b"IDAT"):
            stream.seek(length + 4, 1)
            continue
        body = stream.read(length)
        stream.seek(4, 1)
        if kind == b"IHDR":
            wanted = _png_bytes(body)
            continue
        while body and held < wanted:
            try:
                held += len(inflate.decompress(body, _STEP))
            except zlib.error:
                return False
            body = inflate.unconsumed_tail
        if held >= wanted:
            return True
        if inflate.eof:
            return False


def _png_bytes(header: bytes) -> int:
    """Bytes of all rows, each with its filter byte."""
    width, height = int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big")
    bits = header[8] * _CHANNELS[header[9]]
    passes = _ADAM7 if header[12] else ((0, 0, 1, 1),)
    total = 0
    for x, y, across, down in passes:
        columns, rows = -(-(width - x) // across), -(-(height - y) // down)
        if columns > 0 and rows > 0:
            total += rows * (1 + -(-columns * bits // 8))
    return total
