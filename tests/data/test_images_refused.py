"""Decoding of foreign files: what has to be refused, when, and in which words."""

from __future__ import annotations

import os
import struct

import numpy as np
import pytest
from PIL import Image, ImageFile

from hypuml.data.formats import NAMES
from hypuml.data.images import MAX_PIXELS, ImageError, load_image
from tests.support.pictures import KINDS, encoded, png_of_zeros, quadrants


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"hello, world", "not an image"),
        (b"BMW, Audi, Opel" + bytes(40), "not an image"),
        (b"P5 is the fifth patient", "not an image"),
        (b"\xff\xd8", "not an image"),
        (b"\x89PNG\r\n\x1a\n", "damaged or cut short"),
        (b"\xff\xd8\xff\xe0" + bytes(100), "damaged or cut short"),
        (b"RIFF\x10\0\0\0WEBPVP8 " + bytes(30), "damaged or cut short"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG drawing"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<svg/>", "SVG drawing"),
        (b"\n <!DOCTYPE html><html></html>", "markup"),
        (encoded(quadrants(), "GIF")[:20], "damaged or cut short"),
        (b"\0\0\0\x18ftypheic" + bytes(16), "damaged or cut short"),
        (b"\0\0\0\x18ftypavif" + bytes(16), "damaged or cut short"),
        (b"\0\0\0\x18ftypmp42" + bytes(16), "a video"),
        (b"\0\0\0\x18ftypcrx " + bytes(16), "a raw photograph.*export it as JPEG"),
        (b"FUJIFILMCCD-RAW 0201" + bytes(16), "a raw photograph"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git-LFS pointer.*git lfs"),
        (b"%PDF-1.7", "PDF"),
        (b"PK\x03\x04", "ZIP.*unpack it first"),
        (b"8BPS\0\1" + bytes(30), "Photoshop"),
        (b"\xff\x0a\xfa\x7f", "JPEG XL"),
    ],
)
def test_what_is_no_picture_is_named(data, words):
    with pytest.raises(ImageError, match=words) as caught:
        load_image(data)
    message = str(caught.value)
    assert f"expected a {NAMES} image" in message
    assert "\n" not in message
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_truncated_file_is_refused_and_never_half_shown(kind, share):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    data = encoded(Image.fromarray(noise), kind, **KINDS[kind])
    with pytest.raises(ImageError, match="damaged or cut short"):
        load_image(data[: int(share * len(data))])
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


@pytest.mark.parametrize("kind", sorted({*KINDS} - {"BMP", "DIB", "PPM"}))
def test_random_damage_gives_a_picture_or_an_image_error(kind):
    good = np.frombuffer(encoded(quadrants(), kind, **KINDS[kind]), dtype=np.uint8)
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
