"""Decoding of foreign files: everything that has to just work."""

from __future__ import annotations

import io
import os
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms

from hypuml.data.images import load_image
from tests.support.pictures import (
    BLUE,
    GREEN,
    KINDS,
    RED,
    WHITE,
    close,
    corners,
    encoded,
    png_chunk,
    quadrants,
)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_format_from_every_kind_of_source(tmp_path, kind):
    data = encoded(quadrants(), kind, **KINDS[kind])
    path = tmp_path / "picture.dat"  # the suffix says nothing
    path.write_bytes(data)
    used_up = io.BytesIO(data)
    used_up.read()
    with path.open("rb") as stream:
        for source in (data, path, str(path), io.BytesIO(data), used_up, stream):
            image = load_image(source)
            assert image.mode == "RGB"
            assert close(corners(image), [RED, GREEN, BLUE, WHITE], 8)


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


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "TIFF", "MPO", "AVIF", "HEIF"])
def test_animations_give_their_first_frame(kind):
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, GREEN, BLUE)]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **KINDS[kind])
    assert close(load_image(data).getpixel((4, 4)), RED)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
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
    data = encoded(stored, kind, exif=exif, **KINDS[kind])
    assert close(corners(load_image(data)), [RED, GREEN, BLUE, WHITE], 8)


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
