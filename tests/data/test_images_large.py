"""Large photographs, slow files, and streams that end early without saying so."""

from __future__ import annotations

import io
import re
import time
import zlib

import numpy as np
import pytest
from PIL import Image

from hypuml.data import damage, decoding, limits
from hypuml.data.images import MAX_PIXELS, ImageError, load_image
from tests.support.pictures import BLUE, RED, close, corners, encoded, png_chunk, quadrants


def many_scans(side: int, more: int) -> bytes:
    """A progressive JPEG whose last scan comes ``more`` times again."""
    data = encoded(Image.new("L", (side, side), 90), "JPEG", progressive=True)
    last = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + more * last + data[-2:]


def claiming(data: bytes, width: int, height: int) -> bytes:
    """The JPEG with another size in its frame header."""
    frame = re.search(rb"\xff[\xc0-\xc2]", data).start()
    size = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return data[: frame + 5] + size + data[frame + 9 :]


@pytest.mark.parametrize("size", [(8064, 6048), (12000, 9000)])
def test_photographs_of_phones_are_read_through_reduced_decoding(size, monkeypatch):
    stream = io.BytesIO()
    with Image.new("RGB", size, RED) as large:
        large.paste(BLUE, (0, 0, size[0] // 2, size[1]))
        exif = Image.Exif()
        exif[0x0112] = 6
        large.save(stream, "JPEG", quality=60, exif=exif)
    image = load_image(stream.getvalue())
    assert image.size == (size[1] // 2, size[0] // 2)
    assert close([image.getpixel((9, 9)), image.getpixel((9, image.height - 9))], [BLUE, RED])


def test_a_heic_above_the_limit_of_others_is_halved(monkeypatch):
    monkeypatch.setattr(decoding, "MAX_PIXELS", 4000)
    image = load_image(encoded(quadrants(), "HEIF", quality=95))
    assert image.size == (32, 32)
    assert close(corners(image)[:2], corners(quadrants())[:2], 8)
    monkeypatch.setattr(decoding, "MAX_HEIC_PIXELS", 4000)
    with pytest.raises(ImageError, match="64 x 64 pixels; expected at most"):
        load_image(encoded(quadrants(), "HEIF"))


def test_how_large_a_jpeg_may_be():
    data = encoded(quadrants(), "JPEG")
    with pytest.raises(ImageError, match="20000 x 20000 pixels; expected at most 205 mega"):
        load_image(claiming(data, 20_000, 20_000))
    data = encoded(quadrants(), "JPEG", progressive=True)
    with pytest.raises(ImageError, match="10000 x 10000 pixels; expected at most 64 mega"):
        load_image(claiming(data, 10_000, 10_000))


def test_endless_scans_are_refused_quickly():
    data = many_scans(4000, 500)
    assert len(data) < 200_000
    start = time.perf_counter()
    with pytest.raises(ImageError, match="passes or more to decode, about ten are usual") as caught:
        load_image(data)
    # Decoding takes 20 s; refusing 20 ms.
    assert time.perf_counter() - start < 2
    assert "\n" not in str(caught.value)


def test_scans_hidden_behind_a_false_end_are_counted():
    data = many_scans(4000, 500)
    first = data.index(b"\xff\xda")
    second = data.index(b"\xff\xda", first + 2)
    comment = b"\xff\xfe\x00\x06\xff\xd9\xff\xd9"
    scans = damage.jpeg_scans(data[:second] + comment + data[second:])
    assert scans.scans > damage.MOST_SCANS


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"quality": 100}])
def test_ordinary_jpegs_have_few_scans(options):
    noise = np.random.default_rng(0).integers(0, 256, (300, 200, 3), dtype=np.uint8)
    data = encoded(Image.fromarray(noise), "JPEG", **options)
    exif = b"\xff\xe1" + (len(data) + 2).to_bytes(2, "big") + data if len(data) < 60_000 else b""
    video = bytes(np.random.default_rng(1).integers(0, 256, 2_000_000, dtype=np.uint8))
    scans = damage.jpeg_scans(data[:2] + exif + data[2:] + video)
    assert scans.scans == (10 if options.get("progressive") else 1)
    assert scans.progressive == bool(options.get("progressive"))
    assert load_image(data + video).size == (200, 300)


# Width and height of the seven passes of an interlaced picture of 64 x 64 pixels.
PASSES = ((8, 8), (8, 8), (16, 8), (16, 16), (32, 16), (32, 32), (64, 32))


def white_png(share: float, passes=((64, 64),)) -> bytes:
    """A PNG of 64 x 64 white pixels, of whose data only a share is there, properly ended."""
    header = (64).to_bytes(4, "big") * 2 + bytes([8, 0, 0, 0, int(len(passes) > 1)])
    rows = b"".join((b"\0" + b"\xff" * width) * height for width, height in passes)
    data = zlib.compress(rows[: int(share * len(rows))])
    chunks = (png_chunk(b"IHDR", header), png_chunk(b"IDAT", data), png_chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def test_a_png_whose_data_ends_early_is_never_half_shown():
    with pytest.raises(ImageError, match="rows are missing at its end"):
        load_image(white_png(0.5))
    with pytest.raises(ImageError, match="damaged or cut short"):
        load_image(white_png(0.5, PASSES))
    for passes in (((64, 64),), PASSES):
        assert load_image(white_png(1, passes)).getpixel((60, 60)) == (255, 255, 255)
        assert damage.png_is_whole(io.BytesIO(white_png(1, passes)))
        assert not damage.png_is_whole(io.BytesIO(white_png(0.99, passes)))


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_a_jpeg_that_ends_early_with_its_end_mark_is_never_half_shown(share, progressive):
    noise = np.random.default_rng(0).integers(0, 256, (96, 96, 3), dtype=np.uint8)
    data = encoded(Image.fromarray(noise), "JPEG", progressive=progressive)
    if progressive:  # cut inside the first scan
        start, end = (found.start() for found in list(re.finditer(b"\xff\xda", data))[:2])
        data = data[:end]
    else:
        start = data.index(b"\xff\xda")
    cut = data[: start + 14 + int(share * (len(data) - start - 14))].rstrip(b"\xff")
    with pytest.raises(ImageError, match="damaged or cut short"):
        load_image(cut + b"\xff\xd9")


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}])
@pytest.mark.parametrize("side", [7, 64, 150])
def test_jpegs_that_end_in_one_colour_are_whole(side, options):
    image = Image.new("RGB", (side, side), "white")
    image.paste(RED, (1, 1, side // 2, side // 2))
    assert load_image(encoded(image, "JPEG", **options)).size == (side, side)
    assert load_image(encoded(image.convert("L"), "JPEG", **options)).size == (side, side)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "I;16"])
def test_pictures_that_end_in_black_are_whole(mode):
    image = Image.new(mode, (37, 21))
    for data in (encoded(image), encoded(image, bits=4) if mode == "P" else encoded(image)):
        assert load_image(data).size == (37, 21)
        assert damage.png_is_whole(io.BytesIO(data))


def test_large_jpeg_2000_is_decoded_at_lower_resolution(monkeypatch):
    data = encoded(quadrants(256), "JPEG2000", num_resolutions=3)
    monkeypatch.setattr(decoding, "QUICK_JPEG2000", 64 * 64)
    image = load_image(data)
    assert image.size == (64, 64)
    assert close(corners(image)[0], RED)
    monkeypatch.setattr(decoding, "QUICK_JPEG2000", 64)
    assert load_image(data).size == (64, 64)  # the file has no smaller one


def test_every_format_has_a_limit_before_a_pixel_is_unpacked(monkeypatch):
    assert MAX_PIXELS == 40_000_000
    bitmap = bytearray(encoded(quadrants(), "BMP"))
    bitmap[18:26] = (9_000).to_bytes(4, "little") * 2
    gif = bytearray(encoded(quadrants(), "GIF"))
    gif[6:10] = (9_000).to_bytes(2, "little") * 2
    for data in (bytes(bitmap), bytes(gif), b"P6 9000 9000 255\n" + bytes(99)):
        with pytest.raises(ImageError, match="9000 x 9000 pixels; expected at most 40 megapixels"):
            load_image(data)


def test_what_is_read_by_loops_has_a_lower_limit():
    with pytest.raises(ImageError, match="2000 x 2000 pixels; expected at most 2 megapixels"):
        load_image(b"P3 2000 2000 255\n" + bytes(99))


def test_a_raw_photograph_named_as_an_image_is_no_tiff():
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    tags = ImageFileDirectory_v2()
    tags[50706] = bytes([1, 4, 0, 0])
    tags.tagtype[50706] = 1
    with pytest.raises(ImageError, match="a raw photograph"):
        load_image(encoded(quadrants(), "TIFF", tiffinfo=tags))


def test_a_tiff_of_a_rare_compression_is_refused_by_name():
    with pytest.raises(ImageError, match=r"rare way \(lzma\).*save it with LZW"):
        load_image(encoded(quadrants(), "TIFF", compression="lzma"))


def test_a_file_too_large_for_memory(monkeypatch):
    monkeypatch.setattr(limits, "MAX_BYTES", 1 << 20)
    with pytest.raises(ImageError, match="more than 1 MB"):
        load_image(encoded(quadrants(), "JPEG") + bytes(1 << 20))
