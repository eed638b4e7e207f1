"""Decoding bytes of one image, each format by its own Pillow reader, with its limits checked first.

No other decoder than the one that a file's first bytes call for ever sees them, and sizes are
checked before a pixel is unpacked: a PNG of 400 kB can unfold to gigabytes. Photographs larger than
``MAX_PIXELS`` are read at a half, a quarter or an eighth of their size where the format can do that
while decoding (JPEG), and so are large JPEG 2000 files, which are slow.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile, DibImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.PpmImagePlugin import PpmImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from hypuml.data import formats
from hypuml.data.colour import FULL, upright
from hypuml.data.damage import jpeg_scans, jpeg_with_more, png_is_whole
from hypuml.data.formats import HEAD, RAW, WANTED, Format, Kind, sniff
from hypuml.data.limits import (
    MAX_HEIC_PIXELS,
    MAX_JPEG_PIXELS,
    MAX_PIXELS,
    MAX_PROGRESSIVE_PIXELS,
    MISSING,
    ImageError,
    bounded,
    check_size,
    too_large,
)

SLOW_PIXELS = 2_000_000  # read by loops in Python: seconds
QUICK_JPEG2000 = 4_000_000  # larger ones are decoded at lower resolution: 1 s a megapixel
# TIFF compressions that are read; old-style JPEG, LERC and the like are rare and little tried.
_TIFF_KINDS = {"raw", "tiff_ccitt", "group3", "group4", "tiff_lzw", "jpeg", "tiff_adobe_deflate",
               "packbits", "tiff_deflate", "zstd"}  # fmt: skip
_DNG_VERSION, _TILE_WIDTH, _TILE_LENGTH = 50706, 322, 323

# A photograph with a scratched EXIF block is still a good photograph: not worth a line on stderr.
warnings.filterwarnings("ignore", module=r"PIL\.(TiffImagePlugin|PngImagePlugin)$")


def decode(stream: BinaryIO) -> Image.Image:
    """Decode one image.

    Args:
        stream: a seekable file at its start.

    Returns:
        Upright RGB picture in sRGB, detached from the file.

    Raises:
        ImageError: empty, no image, of another format, damaged, or too large.
    """
    found = sniff(stream.read(HEAD))
    if isinstance(found, Kind):
        raise ImageError(refusal(found))
    stream.seek(0)
    try:
        return _READERS[found](stream)
    except ImageError:
        raise
    except Image.DecompressionBombError:
        raise ImageError(too_large("far more pixels")) from None
    except Exception as error:  # Pillow's readers let many kinds through on hostile bytes.
        detail = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise ImageError(
            f"the file is damaged or cut short ({detail}); {WANTED}: "
            "open it in an image program and save it again"
        ) from None


def refusal(kind: Kind) -> str:
    """One sentence about a file that is no image."""
    advice = kind.advice or "choose another file, or convert it first"
    return f"this is {kind.one}; {WANTED}: {advice}"


def _plain(reader: type[ImageFile.ImageFile], white: int | None = None) -> Any:
    """A reader without further limits than the size."""

    def read(stream: BinaryIO) -> Image.Image:
        with reader(bounded(stream) if reader in _WHOLE else stream) as image:
            return _loaded(image, white)

    return read


def _loaded(image: ImageFile.ImageFile, white: int | None = None) -> Image.Image:
    check_size(image.size)
    image.load()
    return upright(image, white)


def _jpeg(stream: BinaryIO) -> Image.Image:
    data = bounded(stream).getvalue()
    with JpegImageFile(io.BytesIO(data)) as image:
        width, height = image.size
        scans = jpeg_scans(data)
        if scans.lossless:
            raise ImageError(f"this is a lossless JPEG image; {WANTED}: save it as PNG first")
        limit = MAX_PROGRESSIVE_PIXELS if scans.progressive else MAX_JPEG_PIXELS
        check_size(image.size, limit)
        if scans.too_many(width * height):
            raise ImageError(
                f"the JPEG takes {scans.scans} passes or more to decode, about ten are usual; "
                f"{WANTED}: open it in an image program and save it again"
            )
        part = next(p for p in (1, 2, 4, 8) if width * height <= MAX_PIXELS * p * p)
        _load_jpeg(image, part)
        # A picture that ends early has one colour from there on; so has many a whole one.
        row = _last_row(image)
        if (row == row[:, :1]).all():
            with JpegImageFile(io.BytesIO(jpeg_with_more(data))) as other:
                _load_jpeg(other, part)
                if not np.array_equal(row, _last_row(other)):
                    raise ImageError(MISSING)
        return upright(image)


def _load_jpeg(image: JpegImageFile, part: int) -> None:
    """Decode at the size divided by 1, 2, 4 or 8."""
    if part > 1:
        image.draft(image.mode, (image.width // part, image.height // part))
    image.load()


def _last_row(image: Image.Image) -> NDArray[Any]:
    return np.asarray(image.crop((0, image.height - 1, image.width, image.height)))


def _png(stream: BinaryIO) -> Image.Image:
    with PngImageFile(stream) as image:
        check_size(image.size)
        image.load()
        # Rows that never came are zero. Most pictures end in something else: not looked at twice.
        if not _last_row(image).any() and not png_is_whole(stream):
            raise ImageError(MISSING)
        return upright(image)


def _tiff(stream: BinaryIO) -> Image.Image:
    with TiffImageFile(stream) as image:
        tags = image.tag_v2
        if _DNG_VERSION in tags:
            raise ImageError(refusal(RAW))
        kind = str(image.info.get("compression", "raw"))
        if kind not in _TIFF_KINDS:
            raise ImageError(
                f"the TIFF is compressed in a rare way ({kind}); {WANTED}: save it with LZW"
            )
        # Libtiff unpacks whole tiles, which may be larger than the picture.
        check_size((int(tags.get(_TILE_WIDTH, 1)), int(tags.get(_TILE_LENGTH, 1))))
        return _loaded(image)


def _bmp(stream: BinaryIO) -> Image.Image:
    start = stream.read(2)
    stream.seek(0)
    with (BmpImageFile if start == b"BM" else DibImageFile)(stream) as image:
        if image.tile and image.tile[0].codec_name == "bmp_rle":
            check_size(image.size, SLOW_PIXELS)
        return _loaded(image)


def _jpeg2000(stream: BinaryIO) -> Image.Image:
    data = bounded(stream).getvalue()
    with Jpeg2KImageFile(io.BytesIO(data)) as image:
        width, height = image.size
        check_size(image.size)
        # The marker of coding style holds how often the size can be halved (ISO 15444-1, A.6.1).
        style = data.find(b"\xff\x52", data.find(b"\xff\x4f\xff\x51") + 4)
        levels = data[style + 9] if 0 <= style < len(data) - 9 else 0
        halved = 0
        while width * height > QUICK_JPEG2000 * 4**halved:
            halved += 1
        image.reduce = min(halved, levels)
        return _loaded(image, FULL)


def _ppm(stream: BinaryIO) -> Image.Image:
    with PpmImageFile(stream) as image:
        decoder, _, offset, args = image.tile[0]
        check_size(image.size, SLOW_PIXELS if decoder == "ppm_plain" else MAX_PIXELS)
        if decoder != "ppm":
            return _loaded(image, FULL)
        assert isinstance(args, tuple)
        return _odd_depth(stream, image, offset, int(args[-1]))


def _odd_depth(stream: BinaryIO, image: PpmImageFile, offset: int, white: int) -> Image.Image:
    """A PPM whose white is neither 255 nor 65535: Pillow scales those in a loop over pixels."""
    width, height, bands = *image.size, len(image.getbands())
    kind = np.dtype(">u2" if white > 255 else "u1")
    stream.seek(offset)
    data = stream.read(width * height * bands * kind.itemsize)
    values = np.frombuffer(data, kind).reshape(height, width, bands).astype(np.uint32)
    scaled = ((values.clip(0, white) * 255 + white // 2) // white).astype(np.uint8)
    return Image.fromarray(scaled[..., 0] if bands == 1 else scaled).convert("RGB")


def _heic(stream: BinaryIO) -> Image.Image:
    try:
        from pillow_heif import HeifImageFile
    except ImportError:
        raise ImageError(
            f"this is an HEIC image, and the package that reads them is missing; {WANTED}: "
            "pip install 'hypuml[heic]'"
        ) from None
    with HeifImageFile(bounded(stream)) as image:
        check_size(image.size, MAX_HEIC_PIXELS)
        image.load()
        check_size(image.size, MAX_HEIC_PIXELS)
        large = image.width * image.height > MAX_PIXELS
        return upright(image.reduce(2) if large else image, FULL)


_WHOLE = (WebPImageFile, AvifImageFile)
_READERS: dict[Format, Callable[[BinaryIO], Image.Image]] = {
    formats.JPEG: _jpeg,
    formats.PNG: _png,
    formats.WEBP: _plain(WebPImageFile),
    formats.GIF: _plain(GifImageFile),
    formats.TIFF: _tiff,
    formats.BMP: _bmp,
    formats.AVIF: _plain(AvifImageFile, FULL),
    formats.HEIC: _heic,
    formats.JPEG2000: _jpeg2000,
    formats.PPM: _ppm,
}
