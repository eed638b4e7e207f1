"""The digits as a data set, unchanged from their source."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from hypuml.data.digits import DigitsDataset
from hypuml.types import indices_of


@pytest.fixture(scope="module")
def digits() -> DigitsDataset:
    return DigitsDataset()


def test_every_digit_is_there_with_its_class(digits):
    assert len(digits.items) == 1797
    assert {item.path for item in digits.items} == {(str(d),) for d in range(10)}
    assert len({item.id for item in digits.items}) == 1797
    assert digits.levels == ("digit",)


def test_the_split_is_by_image_and_halves_every_digit(digits):
    count = Counter((item.label, item.split) for item in digits.items)
    for digit in "0123456789":
        assert 0 <= count[digit, "unseen"] - count[digit, "seen"] <= 1
    seen, unseen = indices_of(digits, "seen"), indices_of(digits, "unseen")
    assert len(seen) + len(unseen) == 1797
    # earlier writers train, later ones test
    assert seen.mean() < unseen.mean() - 500


def test_pictures_are_dark_on_white_and_agree_with_the_source(digits):
    from sklearn.datasets import load_digits

    ink = load_digits().images
    for row in (0, 777, 1796):
        picture = digits.load(row, 8)
        assert picture.mode == "RGB"
        darkness = 1 - np.asarray(picture)[..., 0] / 255
        np.testing.assert_allclose(darkness, ink[row] / 16, atol=0.5 / 255 + 1e-9)


@pytest.mark.parametrize(("size", "side"), [(None, 64), (1, 1), (20, 20), (224, 224)])
def test_pictures_have_the_wanted_size(digits, size, side):
    assert digits.load(5, size).size == (side, side)


def test_enlarging_is_smooth(digits):
    big = np.asarray(digits.load(0, 128), dtype=int)[..., 0]
    assert np.abs(np.diff(big, axis=1)).max() < 32  # nearest-neighbour steps reach 255


def test_size_below_one_is_refused(digits):
    with pytest.raises(ValueError, match="at least 1 pixel, got 0"):
        digits.load(0, 0)
