"""Squares, short sides and network input: one crop for the eye and for the model."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from hypuml.data.images import MAX_ASPECT, fit_short_side, square_crop
from hypuml.data.transforms import preprocess
from tests.support.pictures import BLUE, RED, close, quadrants


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
