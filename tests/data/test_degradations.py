"""Degraded batches: laws of every kind, golden values and naive twins, mixed kinds, bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.ndimage import gaussian_filter
from scipy.stats import spearmanr

from hypuml.data import degradation_scale as scale
from hypuml.data.degradations import KINDS, apply, degrade, degrade_mixed, draw
from hypuml.data.garden import GardenDataset

LEVELS = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)
SHAPES = [(1, 1), (2, 3), (3, 2), (1, 9), (40, 70), (97, 64)]


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def noise_images(count: int, height: int, width: int, seed: int = 5) -> torch.Tensor:
    return torch.rand(count, 3, height, width, generator=seeded(seed))


def to_tensor(image: Image.Image) -> torch.Tensor:
    return torch.tensor(np.asarray(image)).permute(2, 0, 1)[None].float() / 255


@pytest.fixture(scope="module")
def flowers() -> torch.Tensor:
    garden = GardenDataset()
    return torch.cat([to_tensor(garden.load(i * 331, 64)) for i in range(16)])


# -- every kind ----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("kind", KINDS)
def test_level_zero_is_exactly_the_identity(kind, dtype):
    images = noise_images(3, 17, 23).to(dtype)
    assert torch.equal(degrade(images, kind, 0.0, seeded()), images)
    level = torch.tensor([0.0, 0.6, 0.0])
    mixed = degrade(images, kind, level, seeded())
    assert torch.equal(mixed[[0, 2]], images[[0, 2]])
    assert not torch.equal(mixed[1], images[1])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", KINDS)
def test_shape_dtype_range_and_input_are_kept(kind, shape):
    images = noise_images(4, *shape)
    before = images.clone()
    for level in (0.0, 0.01, 0.5, torch.tensor([0.0, 0.3, 0.9, 1.0])):
        result = degrade(images, kind, level, seeded())
        assert result.shape == images.shape
        assert result.dtype == images.dtype
        assert result.data_ptr() != images.data_ptr()
        assert result.isfinite().all()
        assert result.min() >= 0
        assert result.max() <= 1
    assert torch.equal(images, before)


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_batch_stays_empty(kind):
    images = torch.zeros(0, 3, 8, 8)
    assert degrade(images, kind, 0.5, seeded()).shape == images.shape
    nothing = torch.zeros(0, dtype=torch.int64)
    assert degrade_mixed(images, nothing, 0.5, seeded()).shape == images.shape


@pytest.mark.parametrize("kind", KINDS)
def test_half_precision_images_see_the_same_places(kind, flowers):
    exact = degrade(flowers, kind, 0.5, seeded())
    half = degrade(flowers.to(torch.bfloat16), kind, 0.5, seeded())
    assert half.dtype == torch.bfloat16
    # bfloat16 keeps 8 bits: half a unit in the last place below 1, once in and once out, is 0.004
    assert (half.float() - exact).abs().max() < 0.01


@pytest.mark.parametrize("kind", [k for k in KINDS if k != "blur"])
def test_the_seed_decides(kind, flowers):
    first = degrade(flowers, kind, 0.5, seeded(1))
    assert torch.equal(first, degrade(flowers, kind, 0.5, seeded(1)))
    assert not torch.equal(first, degrade(flowers, kind, 0.5, seeded(2)))
    # and images of one batch do not share their draws
    same = degrade(flowers[:1].expand(4, -1, -1, -1), kind, 0.5, seeded(1))
    assert all(not torch.equal(same[0], same[i]) for i in range(1, 4))


@pytest.mark.parametrize("kind", KINDS)
def test_one_level_per_image_is_one_call_per_image(kind, flowers):
    levels = torch.linspace(0, 1, len(flowers))
    draws = draw(flowers, kind, seeded())
    together = apply(flowers, kind, levels, draws)
    for i in range(len(flowers)):
        alone = apply(flowers[i : i + 1], kind, float(levels[i]), draws[i : i + 1])
        torch.testing.assert_close(together[i : i + 1], alone, rtol=0, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_degrade_is_draw_and_apply(kind, flowers):
    draws = draw(flowers, kind, seeded(3))
    expected = apply(flowers, kind, 0.4, draws)
    assert torch.equal(degrade(flowers, kind, 0.4, seeded(3)), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_more_level_is_more_degradation(kind, flowers):
    draws = draw(flowers, kind, seeded())
    distance = torch.stack(
        [(apply(flowers, kind, v, draws) - flowers).flatten(1).norm(dim=1) for v in LEVELS]
    )
    assert (distance[0] == 0).all()
    assert (distance.mean(1).diff() > 0).all()
    if kind == "crop":
        # A narrower window may by chance look more like the whole, so only the trend is sure.
        rises = [spearmanr(LEVELS, distance[:, i]).statistic > 0.7 for i in range(len(flowers))]
        assert np.mean(rises) >= 0.9
    else:
        assert (distance.diff(dim=0) > 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_the_strongest_level_destroys_much_and_leaves_something(kind, flowers):
    worst = degrade(flowers, kind, 1.0, seeded())
    detail = (flowers - flowers.mean((2, 3), keepdim=True)).flatten(1)
    lost = (worst - flowers).flatten(1).norm(dim=1) / detail.norm(dim=1)
    assert lost.median() > 0.4
    assert (worst.flatten(1).std(dim=1) > 0.005).all()


# -- each kind -----------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(64, 64), (40, 70), (97, 30)])
@pytest.mark.parametrize("level", [0.25, 0.5, 1.0])
def test_blur_is_scipys_gaussian_with_mirrored_borders(shape, level):
    images = noise_images(1, *shape)
    sigma = scale.BLUR_SIGMA * min(shape) * level
    expected = gaussian_filter(images[0].numpy(), (0, sigma, sigma), mode="reflect", truncate=6)
    # A Gaussian narrower than a pixel is another one once it is sampled, seen on white noise.
    tolerance = 2e-4 if sigma > 1 else 0.08
    np.testing.assert_allclose(
        degrade(images, "blur", level, seeded())[0], expected, atol=tolerance
    )


def test_blur_keeps_the_mean_and_adds_up(flowers):
    flowers = flowers.double()
    once = degrade(flowers, "blur", 0.5, seeded())
    torch.testing.assert_close(once.mean((2, 3)), flowers.mean((2, 3)), rtol=0, atol=1e-6)
    # variances add: 0.3^2 + 0.4^2 = 0.5^2
    twice = degrade(degrade(flowers, "blur", 0.3, seeded()), "blur", 0.4, seeded())
    torch.testing.assert_close(twice, once, rtol=0, atol=1e-6)


@pytest.mark.parametrize("shape", [(60, 60), (30, 80)])
@pytest.mark.parametrize("level", [0.02, 0.3, 1.0])
def test_occlusion_covers_its_share_with_one_muted_colour(shape, level):
    white, black = torch.ones(50, 3, *shape), torch.zeros(50, 3, *shape)
    draws = draw(white, "occlusion", seeded())
    on_white, on_black = (apply(x, "occlusion", level, draws) for x in (white, black))
    # what still differs between the two grounds is what is not covered
    seen = (on_white - on_black).mean((1, 2, 3))
    torch.testing.assert_close(1 - seen, torch.full((50,), 0.65 * level), rtol=0, atol=1e-4)
    colour = on_black.amax((2, 3))
    assert (colour <= torch.tensor(scale.LEAF_BRIGHT) + 1e-6).all()
    if level > 0.1:
        assert (colour >= torch.tensor(scale.LEAF_DARK) - 1e-6).all()
        assert colour.std(0).min() > 0.05


def test_the_patch_is_an_antialiased_rectangle():
    """Naive twin: a 1 x 1 stretch in the middle of 10 x 10 pixels, covering a quarter."""
    draws = torch.tensor([[0.5, 0.5, 0.5, 0.0, 0.0, 0.0]])
    level = 0.25 / scale.OCCLUDED_AREA
    got = apply(torch.ones(1, 3, 10, 10), "occlusion", level, draws)[0, 0]
    # side 5 of 10 pixels: from 2.5 to 7.5, so that pixels 2 and 7 are half covered
    line = torch.tensor([0, 0, 0.5, 1, 1, 1, 1, 0.5, 0, 0])
    expected = 1 + (scale.LEAF_DARK[0] - 1) * line[:, None] * line
    torch.testing.assert_close(got, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("boxes", ["occluder", "crop_window"])
def test_boxes_stay_inside_and_are_nested(boxes):
    numbers = np.random.default_rng(0).random((500, 3)).T
    numbers = np.concatenate([numbers, [[0, 1], [1, 0], [0, 1]]], axis=1)
    box = scale.occluder if boxes == "occluder" else scale.crop_window
    numbers = numbers if boxes == "occluder" else numbers[:2]
    found = np.array([box(level, *numbers) for level in LEVELS])
    assert found.min() >= 0
    assert found.max() <= 1
    growth = found if boxes == "occluder" else -found
    assert (np.diff(growth[:, :2], axis=0) <= 1e-12).all()
    assert (np.diff(growth[:, 2:], axis=0) >= -1e-12).all()


def test_crop_is_the_bilinear_window_of_pillow():
    image = GardenDataset().load(9, 80)
    level, place = 0.5, (0.25, 0.75)
    got = apply(to_tensor(image), "crop", level, torch.tensor([place]))[0]
    left, top, right, bottom = (80 * x for x in scale.crop_window(level, *place))
    assert right - left == pytest.approx(80 * 0.625)
    window = image.resize((80, 80), Image.Resampling.BILINEAR, box=(left, top, right, bottom))
    # Pillow sees past the window's edge and rounds twice.
    difference = (got - to_tensor(window)[0]).abs()[:, 1:-1, 1:-1]
    assert difference.max() < 2.5 / 255


def test_crop_at_the_full_level_shows_a_sixteenth():
    # a ramp tells where each pixel comes from: the window's width is what is left of its slope
    ramp = torch.linspace(0, 1, 64).expand(200, 3, 64, 64)
    got = degrade(ramp, "crop", 1.0, seeded())
    width = got[:, 0, 0, -1] - got[:, 0, 0, 0]
    torch.testing.assert_close(width, torch.full((200,), 0.25), rtol=0, atol=0.01)
    start = got[:, 0, 0, 0]
    assert start.min() >= 0.14  # 0.2 of the room of 0.75
    assert start.max() <= 0.61
    assert start.std() > 0.1


@pytest.mark.parametrize("shape", [(64, 64), (50, 90), (150, 224)])
def test_noise_has_the_promised_deviation_everywhere(shape):
    grey = torch.full((150, 3, *shape), 0.5)
    change = degrade(grey, "noise", 0.2, seeded()) - grey
    assert float(change.std()) == pytest.approx(0.45 * 0.2, rel=0.01)
    assert abs(float(change.mean())) < 1e-3
    # also between the grains of a large picture: 450 samples a pixel, 5 standard errors
    assert (change.std((0, 1)) / 0.09 - 1).abs().max() < 5 / math.sqrt(900)


def test_noise_is_one_pattern_scaled_by_the_level():
    grey = torch.full((2, 3, 40, 40), 0.5, dtype=torch.float64)
    draws = draw(grey, "noise", seeded())
    weak, strong = (apply(grey, "noise", v, draws) - 0.5 for v in (0.05, 0.1))
    torch.testing.assert_close(weak * 2, strong)


def test_darkness_takes_the_light_and_cannot_be_undone(flowers):
    draws = draw(flowers, "darkness", seeded())
    for level, left in ((0.5, (1 - 0.5 * (1 - math.sqrt(0.05))) ** 2), (1.0, 0.05)):
        dark = apply(flowers, "darkness", level, draws)
        # clipping at black lifts the mean a little
        assert float(dark.mean() / flowers.mean()) == pytest.approx(left, rel=0.05)
        grey = dark * 255
        torch.testing.assert_close(grey, grey.round(), rtol=0, atol=1e-4)
    assert len(dark.unique()) < 40
    # without noise the same: a smooth ramp keeps 14 grey levels of 256
    ramp = torch.linspace(0, 1, 256).expand(1, 3, 1, 256)
    quiet = apply(ramp, "darkness", 1.0, torch.zeros(1, *scale.draws_of("darkness", 1, 256).shape))
    assert len(quiet.unique()) == 14


# -- mixed kinds ---------------------------------------------------------------------------------


def test_mixed_kinds_are_the_single_kinds_in_turn(flowers):
    index = torch.tensor([4, 0, 1, 3, 2, 1, 4, 0, 2, 3, 3, 1, 0, 2, 4, 1])
    levels = torch.linspace(0, 1, 16)
    before = flowers.clone()
    got = degrade_mixed(flowers, index, levels, seeded(8))
    assert torch.equal(flowers, before)
    generator = seeded(8)
    for number, kind in enumerate(KINDS):
        rows = torch.nonzero(index == number).flatten()
        alone = degrade(flowers[rows], kind, levels[rows], generator)
        assert torch.equal(got[rows], alone), kind


@pytest.mark.parametrize("number", range(len(KINDS)))
def test_mixed_with_one_kind_is_that_kind(number, flowers):
    index = torch.full((16,), number)
    got = degrade_mixed(flowers, index, 0.7, seeded())
    assert torch.equal(got, degrade(flowers, KINDS[number], 0.7, seeded()))


# -- bad input -----------------------------------------------------------------------------------


def test_an_unknown_kind_lists_the_known_ones():
    message = "unknown degradation 'fog', expected one of blur, occlusion, crop, noise, darkness"
    with pytest.raises(ValueError, match=message):
        degrade(noise_images(1, 4, 4), "fog", 0.5, seeded())


@pytest.mark.parametrize("level", [-0.01, 1.01, math.nan, math.inf, -math.inf])
def test_levels_outside_the_range_are_refused(level):
    images = noise_images(2, 4, 4)
    for wrong in (level, torch.tensor([0.5, level])):
        with pytest.raises(ValueError, match=r"levels have to be in \[0, 1\], got"):
            degrade(images, "noise", wrong, seeded())


def test_wrong_shapes_and_types_are_refused():
    images, generator = noise_images(2, 4, 4), seeded()
    for wrong in (images[0], images[:, :1], (images * 255).to(torch.uint8)):
        with pytest.raises(ValueError, match=r"floats of shape \[B, 3, H, W\], got"):
            degrade(wrong, "blur", 0.5, generator)
    with pytest.raises(ValueError, match=r"one per image \(2\), got shape \[3\]"):
        degrade(images, "blur", torch.zeros(3), generator)
    with pytest.raises(ValueError, match=r"crop needs draws of shape \(2, 2\), got \(2, 6\)"):
        apply(images, "crop", 0.5, torch.zeros(2, 6))


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (torch.tensor([0, 5]), "from 0 to 4, got 0 to 5"),
        (torch.tensor([-1, 2]), "from 0 to 4, got -1 to 2"),
        (torch.tensor([0, 1, 2]), r"int64 of shape \[2\], got torch.int64 of shape \[3\]"),
        (torch.tensor([0.0, 1.0]), "got torch.float32"),
    ],
)
def test_wrong_kinds_of_a_mixed_batch_are_refused(index, message):
    with pytest.raises(ValueError, match=message):
        degrade_mixed(noise_images(2, 4, 4), index, 0.5, seeded())
