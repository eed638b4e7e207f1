"""Degraded pictures: the same picture from NumPy as from torch, at every size, without torch."""

from __future__ import annotations

import math
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
import torch
from PIL import Image

from hypuml.data import degradation_scale as scale
from hypuml.data import degradations, degraded_pictures
from hypuml.data.degradations import KINDS, apply
from hypuml.data.degraded_pictures import degrade_picture
from hypuml.data.garden import GardenDataset
from tests.support import ROOT


def to_tensor(image: Image.Image) -> torch.Tensor:
    return torch.tensor(np.asarray(image)).permute(2, 0, 1)[None].float() / 255


def test_both_twins_know_the_same_kinds():
    assert KINDS == ("blur", "occlusion", "crop", "noise", "darkness")
    assert tuple(degradations.DEGRADATIONS) == tuple(degraded_pictures.DEGRADATIONS) == KINDS


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (2, 3), (80, 80), (70, 45), (130, 100)])
@pytest.mark.parametrize("kind", KINDS)
def test_the_twins_make_the_same_picture_from_the_same_draws(kind, size):
    rng = np.random.default_rng(1)
    image = Image.fromarray(rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))
    shape, normal = scale.draws_of(kind, size[1], size[0])
    for seed, level in ((0, 0.15), (1, 0.5), (2, 1.0)):
        numbers = np.random.default_rng(seed)
        make = numbers.standard_normal if normal else numbers.random
        draws = torch.tensor(make(shape, dtype=np.float32))[None]
        expected = apply(to_tensor(image), kind, level, draws)[0].permute(1, 2, 0) * 255
        got = np.asarray(degrade_picture(image, kind, level, seed), dtype=np.float32)
        # Half a grey level of rounding; a darkened tensor is itself rounded, perhaps the other way.
        assert np.abs(got - expected.numpy()).max() <= (1.001 if kind == "darkness" else 0.51)


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P"])
@pytest.mark.parametrize("kind", KINDS)
def test_pictures_of_any_mode_become_rgb(kind, mode):
    image = GardenDataset().load(2, 48).convert(mode)
    before = image.tobytes()
    for level in (0.0, 0.4):
        got = degrade_picture(image, kind, level)
        assert got.mode == "RGB"
        assert got.size == image.size
        assert got is not image
    assert image.tobytes() == before
    assert degrade_picture(image, kind, 0).tobytes() == image.convert("RGB").tobytes()


@pytest.mark.parametrize("kind", KINDS)
def test_a_slider_moves_smoothly(kind):
    image = GardenDataset().load(7, 64)
    assert degrade_picture(image, kind, 0.3, 5) == degrade_picture(image, kind, 0.3, 5)
    if kind != "blur":
        assert degrade_picture(image, kind, 0.3, 5) != degrade_picture(image, kind, 0.3, 6)
    frames = [
        np.asarray(degrade_picture(image, kind, level, 5), dtype=np.float32)
        for level in np.linspace(0, 1, 21)
    ]
    steps = [np.abs(b - a).mean() for a, b in pairwise(frames)]
    # no single step of the slider makes more than a fifth of the whole way
    assert 0 < max(steps) < 0.2 * sum(steps)


def test_the_picture_twin_needs_no_torch():
    code = (
        "import sys\n"
        "from hypuml.data.degraded_pictures import degrade_picture\n"
        "print('scipy' in sys.modules)\n"
        "from PIL import Image\n"
        "from hypuml.data.degradation_scale import KINDS\n"
        "for kind in KINDS:\n"
        "    degrade_picture(Image.new('RGB', (9, 8)), kind, 0.5)\n"
        "print('torch' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert run.stdout.split() == ["False", "False"], run.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_a_level_looks_the_same_at_every_size(kind):
    """Degrade large and reduce, or reduce and degrade: the same remains of the picture."""
    garden = GardenDataset()
    large = [garden.load(i * 331, 192) for i in range(4)]
    small = [image.resize((64, 64), Image.Resampling.BOX) for image in large]
    loss = []
    for level in (0.3, 0.7):
        for big, little in zip(large, small, strict=True):
            reduced = degrade_picture(big, kind, level, 4).resize((64, 64), Image.Resampling.BOX)
            for degraded in (reduced, degrade_picture(little, kind, level, 4)):
                change = to_tensor(degraded) - to_tensor(little)
                loss.append(float(change.square().mean().sqrt()))
    ratio = np.array(loss[0::2]) / np.array(loss[1::2])
    # Grains are interpolated on large pictures, and averaging them again costs a little.
    assert ratio.min() > (0.7 if kind == "noise" else 0.85)
    assert ratio.max() < 1.15


def test_an_unknown_kind_lists_the_known_ones():
    message = "unknown degradation 'fog', expected one of blur, occlusion, crop, noise, darkness"
    with pytest.raises(ValueError, match=message):
        degrade_picture(Image.new("RGB", (4, 4)), "fog", 0.5)


@pytest.mark.parametrize("level", [-0.01, 1.01, math.nan, math.inf, -math.inf])
def test_levels_outside_the_range_are_refused(level):
    with pytest.raises(ValueError, match=r"has to be in \[0, 1\], got"):
        degrade_picture(Image.new("RGB", (4, 4)), "noise", level)


def test_a_negative_seed_is_refused():
    with pytest.raises(ValueError, match="seed of a degradation has to be 0 or more, got -1"):
        degrade_picture(Image.new("RGB", (4, 4)), "noise", 0.5, seed=-1)
