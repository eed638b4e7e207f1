"""What a file is, by its first bytes and never by its name: the reader for it, or a reason."""

from __future__ import annotations

from PIL import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

WANTED = "expected a JPEG, PNG or WebP image"


class ImageError(ValueError):
    """A file is no picture that can be shown; the message is one sentence for the user."""


def reader_of(head: bytes) -> type[ImageFile.ImageFile]:
    """The Pillow reader for a file that starts with ``head``.

    Raises:
        ImageError: it is no JPEG, PNG or WebP; the message names what else it is.
    """
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
