"""Decoding of foreign files: what has to work, what has to be refused, and in which words."""

from __future__ import annotations

import io
import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageFile

from hypuml.data.images import (
    MAX_ASPECT,
    MAX_PIXELS,
    ImageError,
    fit_short_side,
    load_image,
    square_crop,
)
from hypuml.data.transforms import preprocess

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


# ---------------------------------------------------------------- what has to work


@pytest.mark.parametrize(
    ("kind", "options"),
    [("PNG", {}), ("JPEG", {"quality": 95, "subsampling": 0}), ("WEBP", {"lossless": True})],
)
def test_every_format_from_every_kind_of_source(tmp_path, kind, options):
    data = encoded(quadrants(), kind, **options)
    path = tmp_path / "picture.dat"  # the suffix says nothing
    path.write_bytes(data)
    used_up = io.BytesIO(data)
    used_up.read()
    with path.open("rb") as stream:
        for source in (data, path, str(path), io.BytesIO(data), used_up, stream):
            image = load_image(source)
            assert image.mode == "RGB"
            assert close(corners(image), [RED, GREEN, BLUE, WHITE])


def test_a_source_that_cannot_be_rewound():
    data = encoded(quadrants())
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as stream:
        stream.write(data)
    with os.fdopen(reading, "rb") as stream:
        assert load_image(stream).size == (64, 64)


def test_cmyk_jpeg():
    cmyk = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    assert close(load_image(encoded(cmyk, "JPEG", quality=95)).getpixel((8, 8)), RED)


def test_16_bit_grey_is_rescaled_and_not_white():
    ramp = np.array([[0, 257 * 64, 257 * 128, 65535]], dtype=np.uint16)
    pixels = np.asarray(load_image(encoded(Image.fromarray(ramp))))
    assert pixels[0, :, 0].tolist() == [0, 64, 128, 255]
    assert (pixels == pixels[..., :1]).all()


def test_16_bit_grey_with_a_transparent_value():
    data = encoded(Image.fromarray(np.array([[257 * 9, 257 * 100]], dtype=np.uint16)))
    end_of_header = 8 + 12 + 13
    data = data[:end_of_header] + png_chunk(b"tRNS", struct.pack(">H", 257 * 9)) + data[33:]
    assert np.asarray(load_image(data))[0, :, 0].tolist() == [255, 100]


@pytest.mark.parametrize("mode", ["1", "L"])
def test_black_and_white_and_grey(mode):
    image = Image.new(mode, (4, 4), 0)
    image.putpixel((1, 0), 255)
    got = load_image(encoded(image))
    assert [got.getpixel((0, 0)), got.getpixel((1, 0))] == [(0, 0, 0), WHITE]


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_transparency_is_laid_on_white(kind):
    image = Image.new("RGBA", (2, 1), (255, 0, 0, 0))
    image.putpixel((1, 0), (0, 0, 255, 128))
    got = load_image(encoded(image, kind, **({"lossless": True} if kind == "WEBP" else {})))
    assert got.getpixel((0, 0)) == WHITE
    assert close(got.getpixel((1, 0)), (127, 127, 255), 2)


def test_grey_with_alpha():
    image = Image.new("LA", (2, 1), (0, 0))
    image.putpixel((1, 0), (40, 255))
    got = load_image(encoded(image))
    assert [got.getpixel((0, 0)), got.getpixel((1, 0))] == [WHITE, (40, 40, 40)]


@pytest.mark.parametrize("transparency", [1, bytes([255, 0, 255])])
def test_palette_with_transparency(transparency):
    image = Image.new("P", (3, 1))
    image.putpalette([*RED, *GREEN, *BLUE])
    for x in range(3):
        image.putpixel((x, 0), x)
    got = load_image(encoded(image, transparency=transparency))
    assert [got.getpixel((x, 0)) for x in range(3)] == [RED, WHITE, BLUE]


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_animations_give_their_first_frame(kind):
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, GREEN, BLUE)]
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    assert close(load_image(data).getpixel((4, 4)), RED)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    ("orientation", "undo"),
    [
        (1, None),
        (2, Image.Transpose.FLIP_LEFT_RIGHT),
        (3, Image.Transpose.ROTATE_180),
        (4, Image.Transpose.FLIP_TOP_BOTTOM),
        (5, Image.Transpose.TRANSPOSE),
        (6, Image.Transpose.ROTATE_90),  # stored turned left, shown turned right
        (7, Image.Transpose.TRANSVERSE),
        (8, Image.Transpose.ROTATE_270),
    ],
)
def test_exif_orientation(kind, orientation, undo):
    stored = quadrants() if undo is None else quadrants().transpose(undo)
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"JPEG": {"quality": 95, "subsampling": 0}, "WEBP": {"lossless": True}}
    data = encoded(stored, kind, exif=exif, **options.get(kind, {}))
    assert close(corners(load_image(data)), [RED, GREEN, BLUE, WHITE])


@pytest.mark.parametrize(
    "exif",
    [
        b"Exif\0\0rubbish",
        b"Exif\0\0II*\0\x08\0\0\0\x09\0",
        b"Exif\0\0II*\0\x08\0\0\0\x01\0\x1a\x01\x05\0\x01\0\0\0\xff\xff\0\0",
    ],
)
def test_a_picture_with_damaged_exif_is_still_a_picture(exif):
    data = encoded(quadrants(), "JPEG", quality=95, subsampling=0)
    segment = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
    assert close(corners(load_image(data[:2] + segment + data[2:])), [RED, GREEN, BLUE, WHITE])


def swapped_profile() -> bytes:
    """sRGB with the red and blue colorants exchanged, so that red pixels mean blue."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack(">I", profile[128:132])[0]
    entries = {bytes(profile[132 + 12 * i : 136 + 12 * i]): 132 + 12 * i for i in range(count)}
    red, blue = entries[b"rXYZ"], entries[b"bXYZ"]
    profile[red : red + 4], profile[blue : blue + 4] = b"bXYZ", b"rXYZ"
    return bytes(profile)


def test_an_embedded_profile_is_honoured():
    data = encoded(Image.new("RGB", (4, 4), RED), icc_profile=swapped_profile())
    assert close(load_image(data).getpixel((1, 1)), BLUE)


def test_an_embedded_profile_is_honoured_beside_transparency():
    data = encoded(Image.new("RGBA", (4, 4), (*RED, 255)), icc_profile=swapped_profile())
    assert close(load_image(data).getpixel((1, 1)), BLUE)


@pytest.mark.parametrize("profile", [b"rubbish", swapped_profile()[:200], bytes(4000)])
def test_a_broken_profile_counts_as_none(profile):
    data = encoded(Image.new("RGB", (4, 4), RED), icc_profile=profile)
    assert load_image(data).getpixel((1, 1)) == RED


def test_a_profile_for_another_colour_space_counts_as_none():
    data = encoded(Image.new("L", (4, 4), 77), icc_profile=swapped_profile())
    assert load_image(data).getpixel((1, 1)) == (77, 77, 77)


# ---------------------------------------------------------------- what has to be refused


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"hello, world", "not an image"),
        (b"\xff\xd8", "not an image"),
        (b"\x89PNG\r\n\x1a\n", "damaged or cut short"),
        (b"\xff\xd8\xff\xe0" + bytes(100), "damaged or cut short"),
        (b"RIFF\x10\0\0\0WEBPVP8 " + bytes(30), "damaged or cut short"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG drawing"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<svg/>", "SVG drawing"),
        (b"\n <!DOCTYPE html><html></html>", "markup"),
        (encoded(quadrants(), "GIF"), "GIF"),
        (encoded(quadrants(), "BMP"), "BMP"),
        (encoded(quadrants(), "TIFF"), "TIFF"),
        (b"\0\0\0\x18ftypheic" + bytes(16), "HEIC"),
        (b"\0\0\0\x18ftypavif" + bytes(16), "AVIF"),
        (b"%PDF-1.7", "PDF"),
        (b"PK\x03\x04", "ZIP"),
    ],
)
def test_what_is_no_picture_is_named(data, words):
    with pytest.raises(ImageError, match=words) as caught:
        load_image(data)
    message = str(caught.value)
    assert "expected a JPEG, PNG or WebP image" in message
    assert "\n" not in message
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_truncated_file_is_refused_and_never_half_shown(kind, share):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    data = encoded(Image.fromarray(noise), kind)
    with pytest.raises(ImageError, match="damaged or cut short"):
        load_image(data[: int(share * len(data))])
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_random_damage_gives_a_picture_or_an_image_error(kind):
    good = np.frombuffer(encoded(quadrants(), kind), dtype=np.uint8)
    rng = np.random.default_rng(1)
    refused = 0
    for _ in range(200):
        bad = good.copy()
        places = rng.integers(12, len(bad), 6)
        bad[places] = rng.integers(0, 256, 6)
        try:
            assert load_image(bad.tobytes()).mode == "RGB"
        except ImageError:
            refused += 1
    assert refused > 0


@pytest.mark.parametrize("side", [12_000, 20_000])
def test_a_bomb_is_refused_before_it_unfolds(side, monkeypatch):
    def explode(self):
        raise AssertionError("pixels were unpacked")

    monkeypatch.setattr(ImageFile.ImageFile, "load", explode)
    data = png_of_zeros(side, side)
    assert len(data) < 500_000
    with pytest.raises(ImageError, match=rf"{side} x {side} pixels; expected at most 40 mega"):
        load_image(data)


def test_a_webp_bomb_is_refused():
    # An extended header may claim 16,384 x 16,384 pixels in 30 bytes.
    size = (16_383).to_bytes(3, "little")
    chunk = b"VP8X" + struct.pack("<I", 10) + bytes(4) + size + size
    with pytest.raises(ImageError, match="expected at most 40 megapixels"):
        load_image(b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk)


def test_the_largest_allowed_size_is_read_and_one_pixel_row_more_is_not():
    assert load_image(png_of_zeros(8_000, 5_000)).size == (8_000, 5_000)
    assert MAX_PIXELS == 8_000 * 5_000
    with pytest.raises(ImageError, match="megapixels"):
        load_image(png_of_zeros(8_000, 5_001))


def test_paths_that_lead_to_no_file(tmp_path):
    with pytest.raises(ImageError, match=r"no file at .*gone\.jpg"):
        load_image(tmp_path / "gone.jpg")
    with pytest.raises(ImageError, match="not a regular file"):
        load_image(tmp_path)
    with pytest.raises(ImageError, match="cannot be read"):
        load_image("a\0b.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(ImageError, match="not a regular file"):
        load_image(tmp_path / "pipe.jpg")
    loop = tmp_path / "loop.jpg"
    loop.symlink_to(loop)
    with pytest.raises(ImageError, match="cannot be read"):
        load_image(loop)


def test_messages_of_odd_names_can_be_printed(tmp_path):
    with pytest.raises(ImageError) as caught:
        load_image(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.jpg"))
    assert str(caught.value).encode("utf-8")


# ---------------------------------------------------------------- sizes


@pytest.mark.parametrize("size", [(100, 40), (40, 100), (7, 7), (1, 5000), (301, 200)])
@pytest.mark.parametrize("side", [1, 32, 96])
def test_square_crop_has_the_wanted_size(size, side):
    assert square_crop(Image.new("RGB", size), side).size == (side, side)


def test_square_crop_shows_the_centre():
    image = Image.new("RGB", (90, 30), RED)
    image.paste(BLUE, (30, 0, 60, 30))
    got = np.asarray(square_crop(image, 15))
    assert (got[:, 2:-2] == BLUE).all()
    # the resampling filter reaches one target pixel across the edge of the crop, no further
    assert close(got, BLUE, 32)


def test_reducing_is_antialiased():
    stripes = np.zeros((256, 256, 3), dtype=np.uint8)
    stripes[:, ::2] = 255
    assert close(np.asarray(square_crop(Image.fromarray(stripes), 16))[:, 1:-1], 127, 2)


def test_fit_short_side_keeps_proportions():
    assert fit_short_side(Image.new("RGB", (300, 200)), 100).size == (150, 100)
    assert fit_short_side(Image.new("RGB", (20, 60)), 40).size == (40, 120)


def test_fit_short_side_of_a_strip_stays_small():
    grown = fit_short_side(Image.new("RGB", (1, 1_000_000)), 96)
    assert grown.size == (96, int(96 * MAX_ASPECT))


@pytest.mark.parametrize("function", [square_crop, fit_short_side])
def test_sizes_below_one_are_refused(function):
    with pytest.raises(ValueError, match="at least 1 pixel, got 0"):
        function(Image.new("RGB", (4, 4)), 0)


# ---------------------------------------------------------------- network input


def test_preprocess_normalises_channels_first():
    got = preprocess(Image.new("RGB", (40, 20), (255, 0, 51)), 8, (0.5, 0.5, 0.1), (0.5, 0.25, 0.1))
    assert got.shape == (3, 8, 8)
    assert got.dtype == np.float32
    assert got.flags.c_contiguous
    np.testing.assert_allclose(got[:, 3, 3], [1.0, -2.0, 1.0], atol=1e-6)


def test_preprocess_sees_what_the_thumbnail_shows():
    image = quadrants(51).crop((0, 0, 51, 40))
    got = preprocess(image, 24, (0, 0, 0), (1, 1, 1))
    shown = np.asarray(square_crop(image, 24)).transpose(2, 0, 1)
    assert np.array_equal(np.round(got * 255).astype(np.uint8), shown)


@pytest.mark.parametrize(("mean", "std"), [((0, 0), (1, 1)), ((0, 0, 0), (1, 0, 1))])
def test_preprocess_refuses_unfit_statistics(mean, std):
    with pytest.raises(ValueError, match="three means and three positive deviations"):
        preprocess(quadrants(), 8, mean, std)
