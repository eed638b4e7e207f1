"""Which files are images, by their first bytes: the one list of formats that everything here reads.

A file's name is only a fallback for what has no signature of its own: raw photographs are TIFF
files inside, and a damaged video is still a video. ``sniff`` answers with a :class:`Format` that
:mod:`hypuml.data.decoding` reads, or with the :class:`Kind` of file that is left out.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

# Bytes of a file's start that are looked at: enough for the longest signature (a tar's, at 257).
HEAD = 512


@dataclass(frozen=True)
class Format:
    """An image format that is read.

    Attributes:
        name: as shown to people.
        suffixes: usual ends of file names, lower case, with the dot.
    """

    name: str
    suffixes: tuple[str, ...]


@dataclass(frozen=True)
class Kind:
    """What a file is that is no image read here.

    Attributes:
        one: with its article, as in "this is *a video*".
        many: two and more, as in "3 *videos*".
        advice: what to do about it, or empty.
    """

    one: str
    many: str
    advice: str = ""

    def counted(self, number: int) -> str:
        """``"1 video"``, ``"3 videos"``."""
        single = self.one.split(" ", 1)[1] if self.one.startswith(("a ", "an ")) else self.one
        return f"{number:,} {single if number == 1 else self.many}"


JPEG = Format("JPEG", (".jpg", ".jpeg", ".jpe", ".jfif", ".pjpeg", ".pjp", ".mpo"))
PNG = Format("PNG", (".png", ".apng"))
WEBP = Format("WebP", (".webp",))
GIF = Format("GIF", (".gif",))
TIFF = Format("TIFF", (".tif", ".tiff"))
BMP = Format("BMP", (".bmp", ".dib"))
AVIF = Format("AVIF", (".avif", ".avifs"))
HEIC = Format("HEIC", (".heic", ".heif", ".hif"))
JPEG2000 = Format("JPEG 2000", (".jp2", ".j2k", ".jpf", ".jpx", ".jpc", ".j2c"))
PPM = Format("PPM", (".ppm", ".pgm", ".pbm", ".pnm"))
FORMATS = (JPEG, PNG, WEBP, GIF, TIFF, BMP, AVIF, HEIC, JPEG2000, PPM)
SUFFIXES = frozenset(suffix for known in FORMATS for suffix in known.suffixes)
NAMES = ", ".join(known.name for known in FORMATS[:-1]) + f" or {FORMATS[-1].name}"
WANTED = f"expected a {NAMES} image"

NOT_AN_IMAGE = Kind("not an image", "not an image")
EMPTY = Kind("an empty file", "empty files", "copy or download it again")
CLOSED = Kind("a file that cannot be opened", "files that cannot be opened", "check permissions")
LFS = Kind(
    "an unresolved Git-LFS pointer",
    "unresolved Git-LFS pointers",
    "fetch the file itself with 'git lfs pull'",
)
VIDEO = Kind("a video", "videos")
SOUND = Kind("a sound file", "sound files")
RAW = Kind("a raw photograph", "raw photographs", "export it as JPEG first")
PDF = Kind("a PDF document", "PDF documents")
ZIP = Kind("a ZIP archive", "ZIP archives", "unpack it first")
ARCHIVE = Kind("an archive", "archives", "unpack it first")
SVG = Kind("an SVG drawing", "SVG drawings")
MARKUP = Kind("a web page or other markup, not an image", "web pages or other markup, not images")
PHOTOSHOP = Kind("a Photoshop document", "Photoshop documents")
JPEG_XL = Kind("a JPEG XL image", "JPEG XL images")
OTHER_IMAGE = Kind("an image of a format that is not read", "images of formats that are not read")

_IMAGES: tuple[tuple[bytes, Format], ...] = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"\0\0\0\x0cjP  \r\n\x87\n", JPEG2000),
    (b"\xff\x4f\xff\x51", JPEG2000),
)
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_OTHERS: tuple[tuple[bytes, Kind], ...] = (
    (b"version https://git-lfs.github.com/spec/", LFS),
    (b"# xet version", LFS),
    (b"FUJIFILMCCD-RAW", RAW),
    (b"IIRO", RAW),
    (b"IIRS", RAW),
    (b"MMOR", RAW),
    (b"IIU\0", RAW),
    (b"FOVb", RAW),
    (b"\0MRM", RAW),
    (b"\x1a\x45\xdf\xa3", VIDEO),
    (b"\0\0\1\xba", VIDEO),
    (b"\0\0\1\xb3", VIDEO),
    (b"FLV\1", VIDEO),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", VIDEO),
    (b"ID3", SOUND),
    (b"OggS", SOUND),
    (b"fLaC", SOUND),
    (b"%PDF", PDF),
    (b"7z\xbc\xaf\x27\x1c", ARCHIVE),
    (b"Rar!", ARCHIVE),
    (b"\x1f\x8b", ARCHIVE),
    (b"BZh", ARCHIVE),
    (b"\xfd7zXZ\0", ARCHIVE),
    (b"8BPS", PHOTOSHOP),
    (b"\xff\x0a", JPEG_XL),
    (b"\0\0\0\x0cJXL ", JPEG_XL),
    (b"\0\0\1\0\1\0", OTHER_IMAGE),  # an icon
    (b"v/1\1", OTHER_IMAGE),  # OpenEXR
    (b"#?RADIANCE", OTHER_IMAGE),
    (b"DDS |", OTHER_IMAGE),
    (b"SIMPLE  =", OTHER_IMAGE),  # FITS
    (b"Pf\n", OTHER_IMAGE),
    (b"PF\n", OTHER_IMAGE),
    (b"P7\n", OTHER_IMAGE),
)
_NAMED: tuple[tuple[Kind, str], ...] = (
    (RAW, ".dng .nef .nrw .cr2 .cr3 .crw .arw .srf .sr2 .orf .rw2 .raf .pef .srw .x3f .3fr .fff"),
    (RAW, ".iiq .rwl .mrw .kdc .dcr .mos .erf .mef"),
    (VIDEO, ".mp4 .mov .avi .mkv .webm .m4v .mpg .mpeg .wmv .flv .3gp .mts .m2ts"),
    (SOUND, ".mp3 .wav .flac .ogg .m4a .aac"),
    (ARCHIVE, ".tar .tgz .gz .7z .rar .bz2 .xz .zst"),
    (ZIP, ".zip"),
    (JPEG_XL, ".jxl"),
    (OTHER_IMAGE, ".tga .ico .exr .dcm .icns"),
)
_KIND_OF_NAME = {suffix: kind for kind, suffixes in _NAMED for suffix in suffixes.split()}
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"mif2"}
_PPM = re.compile(rb"P[1-6](\s+(#[^\r\n]*[\r\n]\s*)*\d{1,9}){2}[\s#]")
_INFO_SIZES = {12, 40, 52, 56, 64, 108, 124}  # of a bitmap's headers, old to new


def sniff(head: bytes, name: str = "") -> Format | Kind:
    """What a file is.

    Args:
        head: its first ``HEAD`` bytes, or all where it is shorter.
        name: its name, where it has one; only the end counts, and only where the bytes are not
            enough.

    Returns:
        A :class:`Format` for what can be read (it may still be damaged), a :class:`Kind` otherwise.
    """
    if not head:
        return EMPTY
    suffix = os.path.splitext(name)[1].lower()
    for magic, image in _IMAGES:
        if head.startswith(magic):
            return image
    for magic, kind in _OTHERS:
        if head.startswith(magic):
            return kind
    found = _tiff(head, suffix) or _container(head, suffix) or _bitmap(head)
    if found is not None:
        return found
    if _PPM.match(head):
        return PPM
    return _KIND_OF_NAME.get(suffix) or _text(head) or NOT_AN_IMAGE


def _tiff(head: bytes, suffix: str) -> Format | Kind | None:
    """A raw photograph is a TIFF whose first picture is a preview."""
    if not head.startswith(_TIFF):
        return None
    return RAW if _KIND_OF_NAME.get(suffix) == RAW or head[8:10] == b"CR" else TIFF


def _container(head: bytes, suffix: str) -> Format | Kind | None:
    """RIFF, ISO base media (MP4 and its relatives), ZIP, tar and DICOM."""
    if head.startswith(b"RIFF"):
        riff: dict[bytes, Format | Kind] = {b"WEBP": WEBP, b"AVI ": VIDEO, b"WAVE": SOUND}
        return riff.get(head[8:12])
    if head[4:8] == b"ftyp":
        end = min(int.from_bytes(head[:4], "big"), len(head))
        brands = {head[8:12], *(head[i : i + 4] for i in range(16, end - 3, 4))}
        if brands & {b"avif", b"avis"}:
            return AVIF
        if b"crx " in brands:
            return RAW
        return HEIC if brands & _HEIC_BRANDS else VIDEO
    if head[4:8] in (b"moov", b"mdat", b"wide"):
        return VIDEO
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        # Office documents, arrays and weights are ZIP archives too, and not to be unpacked.
        return ZIP if suffix in {"", ".zip", *SUFFIXES} else NOT_AN_IMAGE
    if head[257:262] == b"ustar":
        return ARCHIVE
    return OTHER_IMAGE if head[128:132] == b"DICM" else None


def _bitmap(head: bytes) -> Format | None:
    """BMP, or DIB: the same without its file header."""
    info = head[14:] if head.startswith(b"BM") else head
    size = int.from_bytes(info[:4], "little")
    if size not in _INFO_SIZES:
        return None
    start = 8 if size == 12 else 12
    planes = int.from_bytes(info[start : start + 2], "little")
    bits = int.from_bytes(info[start + 2 : start + 4], "little")
    return BMP if planes == 1 and bits in (1, 4, 8, 16, 24, 32) else None


def _text(head: bytes) -> Kind | None:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if not text.startswith(b"<"):
        return None
    return SVG if b"<svg" in text else MARKUP
