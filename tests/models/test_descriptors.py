"""Colour, texture and shape against twins that loop over pixels, and the laws of their axes."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from hypuml.models.config import ModelConfig
from hypuml.models.descriptors import WIDTH, WIDTHS, Descriptors, describe
from hypuml.models.hypuml import HypUML
from tests.support.training_support import COUNTED

SIDE = 32
# Neighbours of a pixel as (down, across), clockwise from the upper left: bit 0 to bit 7.
CLOCKWISE = ((-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1))


def pictures(count=6, side=SIDE, seed=0):
    """Smooth random colours with some noise, in 256 steps and no step near black or white.

    In steps no difference of two pixels or of their means is the texture's threshold of 0.01, so
    that a twin in float64 finds the same codes.
    """
    rng = torch.Generator().manual_seed(seed)
    coarse = torch.rand(count, 3, 5, 5, generator=rng)
    smooth = F.interpolate(coarse, (side, side), mode="bilinear", align_corners=True)
    noisy = smooth + 0.1 * torch.randn(count, 3, side, side, generator=rng)
    return (noisy * 180 + 38).round().clamp(38, 218) / 256


def parts(described):
    """Squares of the three descriptors: shares again."""
    split = described.square().split(list(WIDTHS.values()), -1)
    return dict(zip(WIDTHS, split, strict=True))


def ring_of(down, across, side, edges):
    y, x = 2 * down / (side - 1) - 1, 2 * across / (side - 1) - 1
    return sum(math.hypot(x, y) >= edge for edge in edges)


def ring_shares(codes, bins, edges):
    """Share of each code in each ring of a square of codes, pixel by pixel."""
    counts = np.zeros((len(edges) + 1, bins))
    for down, across in np.ndindex(codes.shape):
        counts[ring_of(down, across, len(codes), edges), codes[down, across]] += 1
    return (counts / counts.sum(1, keepdims=True)).ravel()


def opponents(image):
    red, green, blue = image
    return np.stack([(red + green + blue) / 3, red - green, (red + green) / 2 - blue])


def shrunk(channels, scale):
    side = channels.shape[-1] // scale
    found = np.zeros((3, side, side))
    for down, across in np.ndindex(side, side):
        rows, columns = (slice(i * scale, (i + 1) * scale) for i in (down, across))
        found[:, down, across] = channels[:, rows, columns].mean((1, 2))
    return found


def naive_colour(image):
    codes = np.zeros(image.shape[1:], dtype=int)
    for place in np.ndindex(codes.shape):
        red, green, blue = (min(7, int(8 * level)) for level in image[(slice(None), *place)])
        codes[place] = 64 * red + 8 * green + blue
    return ring_shares(codes, 512, (0.5, 1.0))


def naive_texture(image):
    found = []
    for scale in (1, 2, 4):
        for channel in shrunk(opponents(image), scale):
            side = len(channel) - 2
            codes = np.zeros((side, side), dtype=int)
            for down, across in np.ndindex(side, side):
                middle = channel[down + 1, across + 1]
                for bit, (dy, dx) in enumerate(CLOCKWISE):
                    if channel[down + 1 + dy, across + 1 + dx] > middle + 0.01:
                        codes[down, across] += 2**bit
            found.append(ring_shares(codes, 256, (0.6,)))
    return np.concatenate(found)


def naive_shape(image):
    found = []
    for scale, sides in ((1, (2, 4, 8)), (2, (2, 4, 8)), (4, (2, 4, 8)), (8, (2, 4))):
        x = shrunk(opponents(image), scale)
        side = x.shape[-1] - 2
        votes = np.zeros((8, side, side))
        for down, across in np.ndindex(side, side):
            dx = x[:, down + 1, across + 2] - x[:, down + 1, across]
            dy = x[:, down + 2, across + 1] - x[:, down, across + 1]
            steepest = np.argmax(np.hypot(dx, dy))
            # An eighth of half a turn each; the vote goes to the two nearest.
            angle = math.atan2(dy[steepest], dx[steepest]) % math.pi * 8 / math.pi
            low, share = math.floor(angle), angle % 1
            strength = math.hypot(dx[steepest], dy[steepest])
            votes[low % 8, down, across] += (1 - share) * strength
            votes[(low + 1) % 8, down, across] += share * strength
        for cells in sides:
            edges = [(i * side // cells, -(-(i + 1) * side // cells)) for i in range(cells)]
            pooled = np.array(
                [[votes[:, a:b, c:d].mean((1, 2)) for c, d in edges] for a, b in edges]
            )
            grid = pooled.transpose(2, 0, 1).ravel()
            found.append(grid / np.linalg.norm(grid))
    return np.concatenate(found)


@pytest.mark.parametrize(
    ("name", "naive"),
    [("colour", naive_colour), ("texture", naive_texture), ("shape", naive_shape)],
)
def test_each_descriptor_equals_its_twin_that_loops_over_pixels(name, naive):
    images = pictures(2)
    found = parts(describe(images))[name]
    for image, row in zip(images.double().numpy(), found, strict=True):
        assert row.numpy() == pytest.approx(naive(image), abs=2e-6)


def test_one_lighter_neighbour_sets_its_own_bit_from_the_threshold_on():
    dark = torch.full((1, 3, SIDE, SIDE), 0.5)
    flat = parts(describe(dark))["texture"].view(9, 2, 256)
    assert (flat[:, :, 0] == 1).all()
    for step, noticed in ((0.009, False), (0.012, True)):
        image = dark.clone()
        image[..., 16, 16] += step
        lightness = parts(describe(image))["texture"].view(9, 2, 256)[0]
        # The pixel is one neighbour of each of the eight around it.
        seen = lightness[0].nonzero().flatten().tolist()
        assert seen == ([0, 1, 2, 4, 8, 16, 32, 64, 128] if noticed else [0])


def test_an_edge_votes_for_its_orientation_whichever_side_is_lighter():
    columns = torch.linspace(0, 1, SIDE).expand(1, 3, SIDE, SIDE)
    for image, orientation in ((columns, 0), (columns.mT, 4)):
        for either in (image, 1 - image):
            coarsest = parts(describe(either))["shape"][0, : 8 * 4].view(8, 4)
            # Four cells of one orientation in a vector of length one.
            assert coarsest[orientation].tolist() == pytest.approx([0.5] * 4, abs=1e-5)
            assert coarsest.sum().item() == pytest.approx(2, abs=1e-4)


@pytest.mark.parametrize("side", [32, 33, 37, 64])
def test_shares_sum_to_one_in_every_ring_at_every_size(side):
    described = describe(pictures(3, side))
    assert described.shape == (3, WIDTH)
    assert torch.isfinite(described).all()
    found = parts(described)
    for shares, bins in ((found["colour"], 512), (found["texture"], 256)):
        sums = shares.view(3, -1, bins).sum(-1)
        assert sums.flatten().tolist() == pytest.approx([1.0] * sums.numel(), abs=1e-5)


def test_small_images_are_refused_with_their_size():
    with pytest.raises(ValueError, match="at least 32 px, got 31"):
        describe(torch.rand(1, 3, 31, 31))
    network = HypUML(replace(COUNTED, image_size=24))
    with pytest.raises(ValueError, match=r"24 px images.*--image-size"):
        network.check_input()


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_black_and_white_are_one_colour_without_texture_or_shape(level):
    found = parts(describe(torch.full((1, 3, SIDE, SIDE), level)))
    cell = found["colour"].view(3, 512)[:, -1 if level else 0]
    assert cell.tolist() == [1, 1, 1]
    assert (found["shape"] == 0).all()
    model = fitted()
    assert torch.isfinite(model(torch.full((1, 3, SIDE, SIDE), level))).all()


def test_a_mirror_image_has_the_same_colours_and_another_shape():
    images = pictures()
    here, there = parts(describe(images)), parts(describe(images.flip(-1)))
    assert torch.equal(here["colour"], there["colour"])
    assert (here["shape"] - there["shape"]).abs().max() > 0.01


def test_more_light_leaves_texture_and_shape_alone_and_moves_colours():
    images = pictures()
    here, there = parts(describe(images)), parts(describe(images + 32 / 256))
    assert torch.equal(here["texture"], there["texture"])
    assert torch.allclose(here["shape"], there["shape"], atol=1e-5)
    assert not torch.equal(here["colour"], there["colour"])


def test_an_image_is_described_alike_alone_in_a_batch_and_again():
    images = pictures()
    together = describe(images)
    assert torch.equal(together, describe(images))
    for i in range(len(images)):
        assert torch.allclose(together[i : i + 1], describe(images[i : i + 1]), atol=1e-6)


def fitted(components=5):
    model = Descriptors(components)
    plain = describe(pictures(12))
    model.fit(plain, describe(pictures(8, seed=1)))
    return model


def test_features_are_centred_and_ordered_and_vary_by_one_on_average():
    model = fitted()
    features = torch.cat([model(pictures(12)), model(pictures(8, seed=1))])
    assert features.shape == (20, 5)
    assert features.mean(0).abs().max() < 0.01
    variances = features.var(0, correction=0)
    assert variances.mean().item() == pytest.approx(1, abs=0.01)
    assert (variances[:-1] > variances[1:]).all()
    covariance = torch.cov(features.T, correction=0)
    assert (covariance - variances.diag()).abs().max() < 0.01


def test_all_axes_keep_every_inner_product():
    images = torch.cat([pictures(12), pictures(8, seed=1)])
    raw, mirrored = describe(images), describe(images.flip(-1))
    plain, varied = raw[:12], raw[12:]
    model = Descriptors(19)
    model.fit(plain, varied)

    # A twin in float64 that describes the mirrored images too: less the mean, colours over their
    # spread, each descriptor at length one.
    def at_length_one(described):
        centred = described.double() - plain.double().mean(0)
        centred[:, : WIDTHS["colour"]] /= plain[:, : WIDTHS["colour"]].double().std(0) + 0.01
        parts = centred.split(list(WIDTHS.values()), 1)
        return torch.cat([x / x.norm(dim=1, keepdim=True) for x in parts], 1)

    unit = (at_length_one(raw) + at_length_one(mirrored)) / 2
    unit -= unit.mean(0)
    expected = unit @ unit.T
    features = model.project(torch.cat([plain, varied])).double()
    found = features @ features.T
    scale = expected.trace() / found.trace()
    assert torch.allclose(found * scale, expected, atol=2e-3 * expected.max().item())


def test_a_mirrored_image_has_the_same_numbers_in_other_places():
    images = pictures(6, seed=3)
    mirrored = describe(images.flip(-1))
    assert not torch.allclose(mirrored, describe(images), atol=0.05)
    assert torch.allclose(mirrored, describe(images)[:, Descriptors(2).mirror], atol=1e-5)


def test_an_image_and_its_mirror_have_the_same_features():
    model, images = fitted(), pictures(4, seed=2)
    assert torch.allclose(model(images.flip(-1)), model(images), atol=1e-4)


def test_features_are_longer_the_more_an_image_agrees_with_its_mirror():
    model, images = fitted(), pictures(8, seed=4)
    symmetric = images.clone()
    symmetric[..., symmetric.shape[-1] // 2 :] = images.flip(-1)[..., images.shape[-1] // 2 :]

    def length(seen):
        return model._symmetric(describe(seen)).norm(dim=1)

    assert (length(symmetric) > length(images)).all()
    # Three descriptors of length one each, as long as their mirrors agree entirely.
    assert torch.allclose(length(symmetric), torch.full((8,), 3**0.5), atol=1e-3)


def test_images_become_features_through_their_descriptors_alone():
    model, images = fitted(), pictures(4, seed=2)
    assert torch.equal(model(images), model.project(describe(images)))
    stored = describe(images).half()[None]
    assert torch.allclose(model.project(stored)[0], model(images), atol=0.01)
    assert torch.equal(model.normalise(images), images)
    assert list(model.parameters()) == []
    assert torch.equal(model.train()(images), model.eval()(images))


def test_autocast_changes_nothing():
    model, images = fitted(), pictures(4, seed=2)
    with torch.autocast("cpu", torch.bfloat16):
        found = model(images)
    assert found.dtype == torch.float32
    assert torch.equal(found, model(images))


def test_too_few_images_and_components_out_of_range_are_refused():
    described = describe(pictures(6))
    with pytest.raises(ValueError, match="12 principal axes need more images than that, got 12"):
        Descriptors(12).fit(described, described)
    for components in (1, WIDTH + 1, 2.5):
        with pytest.raises(ValueError, match=f"2 to {WIDTH}, got {components}"):
            Descriptors(components)
    with pytest.raises(ValueError, match="does not take"):
        HypUML(ModelConfig(backbone="descriptors", backbone_args={"axes": 4}))
    with pytest.raises(ValueError, match="8 components cannot fill 9 dimensions"):
        HypUML(replace(COUNTED, dim=9))


def test_a_checkpoint_gives_the_same_bits(tmp_path):
    torch.manual_seed(0)
    model = HypUML(COUNTED)
    model.backbone.fit(describe(pictures(12)), describe(pictures(8, seed=1)))
    model.save_pretrained(tmp_path)
    again = HypUML.from_pretrained(tmp_path)
    assert again.config == COUNTED
    inputs = pictures(4, seed=2).numpy()
    one, two = model.describe_array(inputs), again.describe_array(inputs)
    assert np.abs(one.features).max() > 0.1
    for name in ("features", "points", "uncertainty", "norm"):
        assert np.array_equal(getattr(one, name), getattr(two, name))
