"""Safe decoding: any file becomes an upright 8-bit sRGB picture, or one clear sentence.

What a file *is* is read from its first bytes, never from its name. Only JPEG, PNG and WebP are
decoded, each by its own Pillow reader, so that no other (rarely exercised) decoder ever gets
unknown bytes and the size can be checked before a single pixel is unpacked: a PNG of 400 kB can
unfold to gigabytes. Animated files give their first frame, transparency is laid on white.

Conventions: sizes are in pixels, ``(width, height)`` as in Pillow; pictures are mode ``"RGB"``.
"""

from __future__ import annotations

import io
import os
import stat
import warnings
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageCms, ImageFile, ImageOps
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

MAX_PIXELS = 40_000_000
MAX_ASPECT = 4.0
WANTED = "expected a JPEG, PNG or WebP image"

# ICC colour space signature -> Pillow mode it describes.
_ICC_MODES = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}

# A photograph with a scratched EXIF block is still a good photograph: not worth a line on stderr.
warnings.filterwarnings("ignore", module=r"PIL\.(TiffImagePlugin|PngImagePlugin)$")


class ImageError(ValueError):
    """A file is no picture that can be shown; the message is one sentence for the user."""


def load_image(source: str | os.PathLike[str] | bytes | BinaryIO) -> Image.Image:
    """Decode one JPEG, PNG or WebP image.

    Args:
        source: a path, the bytes of a file, or a file object opened for reading in binary mode
            (read from its start when it can be rewound).

    Returns:
        Upright RGB picture of at most ``MAX_PIXELS`` pixels in sRGB, detached from the file.

    Raises:
        ImageError: nothing there, not a regular file, empty, another format, damaged or too large.
    """
    if isinstance(source, bytes):
        return _decode(io.BytesIO(source))
    if not isinstance(source, str | os.PathLike):
        if source.seekable():
            source.seek(0)
        return _decode(io.BytesIO(source.read()))
    try:
        # A named pipe would block for ever on open, so look before opening.
        if not stat.S_ISREG(os.stat(source).st_mode):
            raise ImageError(f"{_quoted(source)} is not a regular file; {WANTED}")
        with open(source, "rb") as stream:
            return _decode(stream)
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


def _decode(stream: BinaryIO) -> Image.Image:
    head = stream.read(512)
    reader = _reader(head)
    stream.seek(0)
    try:
        with reader(stream) as image:
            _check_size(image.size)
            image.load()
            return _upright(image)
    except ImageError:
        raise
    except Image.DecompressionBombError:
        raise ImageError(_too_large("far more pixels")) from None
    except Exception as error:  # Pillow's readers let many kinds through on hostile bytes.
        detail = str(error).strip().rstrip(".") or type(error).__name__
        raise ImageError(
            f"the file is damaged or cut short ({detail}); {WANTED}: "
            "open it in an image program and save it again"
        ) from None


def _reader(head: bytes) -> type[ImageFile.ImageFile]:
    """The Pillow reader for a file that starts with ``head``; what else it is goes in the error."""
    if head.startswith(b"\xff\xd8\xff"):
        return JpegImageFile
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PngImageFile
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return WebPImageFile
    if not head:
        raise ImageError(f"the file is empty (0 bytes); {WANTED}: copy or download it again")
    found = _other_format(head)
    if found is None:
        raise ImageError(f"this is not an image; {WANTED}: choose another file")
    raise ImageError(f"this is {found}; {WANTED}: convert it to one of these first")


def _other_format(head: bytes) -> str | None:
    """A name for common formats that are not decoded here; None for anything else."""
    for magic, name in (
        (b"GIF8", "a GIF image"),
        (b"BM", "a BMP image"),
        (b"II*\0", "a TIFF image"),
        (b"MM\0*", "a TIFF image"),
        (b"%PDF", "a PDF document"),
        (b"PK\x03\x04", "a ZIP archive"),
    ):
        if head.startswith(magic):
            return name
    if head[4:8] == b"ftyp":
        avif = head[8:12] in (b"avif", b"avis")
        return "an AVIF image" if avif else "an HEIC image or a video"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith(b"<"):
        return "an SVG drawing" if b"<svg" in text else "a web page or other markup, not an image"
    return None


def _check_size(size: tuple[int, int]) -> None:
    width, height = size
    if width * height > MAX_PIXELS:
        raise ImageError(_too_large(f"{width} x {height} pixels"))


def _too_large(found: str) -> str:
    limit = MAX_PIXELS // 1_000_000
    return f"the image has {found}; expected at most {limit} megapixels: make it smaller first"


def _upright(image: ImageFile.ImageFile) -> Image.Image:
    """Loaded picture of any mode -> opaque sRGB, turned by its EXIF orientation."""
    # EXIF is a small file system written by strangers; where it is damaged, upright is likely.
    with suppress(Exception):
        ImageOps.exif_transpose(image, in_place=True)
    alpha = None
    if image.mode.startswith("I"):  # 16 bits of grey: plain conversion clips all but black to 255
        opaque, alpha = _from_16_bit(image)
    elif image.has_transparency_data:
        whole = image.convert("RGBA")
        alpha = whole.getchannel("A")
        opaque = whole.convert("L" if image.mode in ("1", "L", "LA") else "RGB")
    else:
        opaque = image.convert({"1": "L", "P": "RGB"}.get(image.mode, image.mode))
    picture = _to_srgb(opaque, image.info.get("icc_profile"))
    if alpha is not None:
        white = Image.new("RGB", picture.size, "white")
        white.paste(picture, mask=alpha)
        picture = white
    return picture


def _from_16_bit(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """16-bit grey, values in [0, 65535] -> 8-bit grey and, if one value is transparent, a mask."""
    values = np.asarray(image).astype(np.int64).clip(0, 65535)
    grey = Image.fromarray(((values + 128) // 257).astype(np.uint8))
    hole = image.info.get("transparency")
    if not isinstance(hole, int):
        return grey, None
    return grey, Image.fromarray(np.where(values == hole, 0, 255).astype(np.uint8))


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
    return image.convert("RGB")


@cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _quoted(path: str | os.PathLike[str]) -> str:
    """The path as text that can always be printed, also when its bytes are no valid UTF-8."""
    return repr(str(Path(path)))
