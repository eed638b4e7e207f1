"""Greys of more than eight bits: shown by the depth that they use, not brightened by guess."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from hypuml.data.images import load_image
from tests.support.pictures import encoded


def photograph(brightest: int = 250) -> np.ndarray:
    """``[40, 60]`` uint8 with every kind of value up to ``brightest``."""
    rng = np.random.default_rng(3)
    ramp = np.linspace(0, brightest, 60)[None].repeat(40, 0) + rng.normal(0, 4, (40, 60))
    values = ramp.clip(0, brightest).astype(np.uint8)
    values[0, 0] = brightest
    return values


def read(values: np.ndarray, kind: str = "PNG", **options) -> np.ndarray:
    pixels = np.asarray(load_image(encoded(Image.fromarray(values), kind, **options))).astype(int)
    assert (pixels == pixels[..., :1]).all()
    return pixels[..., 0]


@pytest.mark.parametrize("bits", [8, 10, 12])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_few_bits_in_sixteen_look_like_the_eight_bit_twin(bits, kind):
    twin = photograph()
    shifted = twin.astype(np.uint16) << (bits - 8)
    assert np.array_equal(read(shifted, kind), twin)
    rng = np.random.default_rng(0)
    sensor = np.rint(twin / 255 * (2**bits - 1)).astype(np.uint16)
    if bits > 8:  # a sensor's last bits are noise, not zero
        sensor = (sensor + rng.integers(0, 2, sensor.shape)).clip(0, 2**bits - 1).astype(np.uint16)
    assert np.abs(read(sensor, kind) - twin).max() <= 1


def test_fourteen_bits_are_known_by_a_bright_picture():
    twin = photograph(255)
    assert np.abs(read(np.rint(twin / 255 * 16383).astype(np.uint16)) - twin).max() <= 1


@pytest.mark.parametrize("factor", [256, 257])
@pytest.mark.parametrize("brightest", [12, 40, 255])
def test_a_dark_picture_of_sixteen_bits_stays_dark(factor, brightest):
    twin = photograph(brightest)
    assert np.array_equal(read(twin.astype(np.uint16) * factor), twin)


def test_a_dark_picture_with_noise_in_all_bits_stays_dark():
    rng = np.random.default_rng(1)
    dark = rng.integers(0, 9_000, (40, 60)).astype(np.uint16)
    assert read(dark).max() <= 35


def test_pgm_says_what_is_white():
    twin = photograph(90)
    for white in (100, 4095, 65535):
        values = np.rint(twin / 255 * white)
        data = values.astype(">u2" if white > 255 else "u1").tobytes()
        got = np.asarray(load_image(b"P5\n# made here\n60 40\n%d\n" % white + data))[..., 0]
        assert np.abs(got.astype(int) - twin).max() <= 2
    colours = np.stack([twin, twin // 2, 90 - twin], 2)
    data = b"P6 60 40 4095\n" + np.rint(colours / 255 * 4095).astype(">u2").tobytes()
    assert np.abs(np.asarray(load_image(data)).astype(int) - colours).max() <= 1


def test_plain_ppm_and_bitmaps_of_one_bit():
    assert load_image(b"P3 2 1 255\n255 0 0  0 0 255\n").getpixel((1, 0)) == (0, 0, 255)
    pixels = np.asarray(load_image(b"P1\n3 1\n1 0 1\n"))
    assert pixels[0, :, 0].tolist() == [0, 255, 0]


@pytest.mark.parametrize("top", [1.0, 255.0])
def test_floating_point_tiff(top):
    ramp = (np.linspace(0, top, 64, dtype=np.float32)[None]).repeat(4, 0)
    ramp[3, 3] = np.nan
    got = read(ramp, "TIFF")
    assert got[0, 0] == 0
    assert abs(got[0, 32] - 130) <= 1
    assert got[0, -1] == 255


def test_sixteen_bit_jpeg_2000_and_a_blank_picture():
    values = photograph().astype(np.uint16) * 257
    assert np.abs(read(values, "JPEG2000") - photograph()).max() <= 1
    assert read(np.zeros((3, 3), np.uint16)).max() == 0
