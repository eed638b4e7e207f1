"""The head's ways to set a length, an uncertainty and a geometry."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
import torch

from hypuml import geometry
from hypuml.geometry import torch as geometry_torch
from hypuml.models.config import GeometryName, LengthName, ModelConfig, UncertaintyName
from hypuml.models.head import HyperbolicHead
from hypuml.models.hypuml import HypUML
from hypuml.models.lengths import LENGTHS


def head_and_features(seed=0, **options):
    torch.manual_seed(seed)
    settings = {"dim": 6, "curvature": 0.5, "max_distance": 4.0, "min_length": 0.0} | options
    head = HyperbolicHead(ModelConfig(**settings), 16)
    if head.predict is not None:
        torch.nn.init.normal_(head.predict.weight)
    features = torch.randn(40, 16) * 2
    head.initialise_scale(features)
    if head.length.damage is not None:
        torch.nn.init.normal_(head.length.damage.out.weight)
    return head, features


@pytest.mark.parametrize("geometry_name", get_args(GeometryName))
@pytest.mark.parametrize("uncertainty", get_args(UncertaintyName))
@pytest.mark.parametrize("length", sorted(LENGTHS))
def test_every_combination_is_bounded_and_has_finite_gradients(length, uncertainty, geometry_name):
    head, features = head_and_features(
        length=length, uncertainty=uncertainty, geometry=geometry_name
    )
    features = torch.cat([features, torch.zeros(1, 16), features[:1] * 1e6]).requires_grad_()
    out = head(features)
    assert out.uncertainty.min() >= 0
    assert out.uncertainty.max() <= 1
    assert torch.isfinite(out.points).all()
    eye = torch.eye(len(features), dtype=torch.bool)
    distances = head.distance(out.points, out.points, mask=eye)
    (distances.mean() + out.uncertainty.mean()).backward()
    assert torch.isfinite(features.grad).all()
    for parameter in head.parameters():
        assert parameter.grad is None or torch.isfinite(parameter.grad).all()


@pytest.mark.parametrize("length", sorted(LENGTHS))
def test_radial_uncertainty_is_read_off_the_distance_from_the_origin(length):
    head, features = head_and_features(length=length)
    with torch.no_grad():
        out = head(features)
    d0 = geometry.dist0(out.points.numpy(), 0.5)
    # A readout bends its lengths, so that u is even; everywhere else u is linear in them.
    known = 1 - d0 / (2 * head.r)
    if length == "readout":
        known = head.length.uncertainty(torch.from_numpy(d0 / 2)).numpy()
    assert np.allclose(out.uncertainty.numpy(), known, atol=1e-5)
    assert (np.diff(out.uncertainty.numpy()[d0.argsort()]) <= 1e-6).all()
    assert np.sqrt(0.5) * d0.max() <= 4.0 + 1e-5


def test_predicted_uncertainty_starts_undecided_and_leaves_the_point_alone():
    torch.manual_seed(0)
    plain = HyperbolicHead(ModelConfig(dim=6), 16)
    predicted = HyperbolicHead(ModelConfig(dim=6, uncertainty="predicted"), 16)
    predicted.load_state_dict(plain.state_dict(), strict=False)
    features = torch.randn(5, 16)
    assert torch.equal(plain(features).points, predicted(features).points)
    assert predicted(features).uncertainty.tolist() == [0.5] * 5


def test_euclidean_twin_is_the_same_vector_under_twice_the_flat_distance():
    head, features = head_and_features(geometry="euclidean")
    twin, _ = head_and_features(geometry="hyperbolic")
    with torch.no_grad():
        points, curved = head(features).points, twin(features).points
        assert torch.allclose(geometry_torch.expmap0(points, 0.5), curved, atol=1e-6)
        found = head.distance(points, points)
    expected = np.sqrt(0.5) * 2 * np.linalg.norm(points.numpy()[:, None] - points.numpy(), axis=-1)
    assert np.allclose(found.numpy(), expected, rtol=1e-3, atol=2e-3)
    # What search, metrics and galleries use: the ball of nearly no curvature.
    flat = geometry.pairwise_dist(points.numpy(), points.numpy(), geometry_torch.FLAT)
    assert np.allclose(np.sqrt(0.5) * flat, expected, rtol=1e-4, atol=1e-6)


def test_spherical_twin_lies_on_the_sphere_and_measures_cosines():
    head, features = head_and_features(geometry="spherical")
    with torch.no_grad():
        out = head(features)
        found = head.distance(out.points, out.points).numpy()
    x = out.points.numpy()
    assert np.allclose(np.linalg.norm(x, axis=1), 1, atol=1e-5)
    assert np.allclose(found, 1 - x @ x.T, atol=1e-6)
    assert out.uncertainty.std() > 0.01  # the length is gone from the point, not from u
    # Chords order neighbours as angles do.
    flat = geometry.pairwise_dist(x, x, geometry_torch.FLAT)
    assert np.array_equal(flat.argsort(1)[:, 1:4], found.argsort(1)[:, 1:4])


def test_an_unknown_length_lists_the_known_ones():
    with pytest.raises(ValueError, match="unknown length 'nonsense', expected one of tanh, clip"):
        HyperbolicHead(ModelConfig(length="nonsense"), 4)


@pytest.mark.parametrize("option", ["uncertainty", "geometry"])
def test_unknown_choices_list_the_known_ones(option):
    with pytest.raises(ValueError, match=f"unknown {option} 'nonsense', expected one of"):
        ModelConfig(**{option: "nonsense"})


def test_a_twin_says_the_curvature_its_points_live_in():
    small = {"backbone": "resnet10t", "backbone_args": {"channels": [8, 8, 16, 16]}}
    assert HypUML(ModelConfig(**small, curvature=0.3)).curvature == 0.3
    assert HypUML(ModelConfig(**small, geometry="euclidean")).curvature == geometry_torch.FLAT


def classes_that_differ(seed=0):
    """Ten classes told apart by two of six axes, their images spread along the others."""
    torch.manual_seed(seed)
    labels = torch.arange(600) % 10
    spread = torch.tensor([1.0, 1.0, 8.0, 4.0, 2.0, 2.0])
    around = torch.arange(10) * 2 * torch.pi / 10
    means = torch.zeros(10, 6)
    means[:, 0], means[:, 1] = 7 * around.cos(), 6 * around.sin()
    turn = torch.linalg.qr(torch.randn(6, 6))[0]
    return (means[labels] + torch.randn(600, 6) * spread) @ turn, labels, turn


def within(features, labels):
    """Covariance of images about their class, in float64 and class by class."""
    inner = torch.cat([features[labels == k] - features[labels == k].mean(0) for k in range(10)])
    return (inner.T @ inner).double() / len(inner)


def started(features, labels, dim):
    head = HyperbolicHead(ModelConfig(dim=dim), 6)
    head.initialise_axes(features, labels)
    return head, head.tangent(features).detach()


def test_initial_axes_shrink_the_spread_of_classes_half_way_towards_a_ball():
    features, labels, _ = classes_that_differ()
    _, found = started(features, labels, 6)
    before = torch.linalg.eigvalsh(within(features, labels))
    after = torch.linalg.eigvalsh(within(found, labels))
    assert after.numpy() == pytest.approx((2 * before / (before + before.mean())).numpy(), rel=1e-3)
    # 2 at most, 1 where it was a ball already: nearer to one than the features were.
    assert after[-1] / after[0] < 0.5 * before[-1] / before[0]
    torch.manual_seed(1)
    noise = torch.randn(600, 6)
    ball = torch.linalg.eigvalsh(within(started(noise, labels, 6)[1], labels))
    assert ball.numpy() == pytest.approx([1.0] * 6, abs=0.1)


def test_initial_axes_are_orthonormal_where_classes_spread_alike_and_principal():
    features, labels, _ = classes_that_differ()
    head, found = started(features, labels, 4)
    spread = within(features, labels)
    ball = spread.trace() / 6 * torch.eye(6, dtype=torch.float64)
    rows = head.linear.weight.detach().double()
    gram = rows @ (spread + ball) @ rows.T / 2
    assert gram.numpy() == pytest.approx(np.eye(4), abs=1e-4)
    covariance = torch.cov(found.T)
    variances = covariance.diag()
    assert (variances[:-1] > variances[1:]).all()
    assert (covariance - variances.diag()).abs().max() < 1e-3 * variances[0]
    assert found.mean(0).abs().max() < 1e-5 * variances[0].sqrt()


def test_initial_axes_look_where_classes_differ_and_not_where_images_vary_most():
    features, labels, turn = classes_that_differ()
    head, found = started(features, labels, 2)
    read = (head.linear.weight.detach() @ turn.T).square()
    assert (read[:, :2].sum(1) > 0.9 * read.sum(1)).all()
    # Principal axes of the features themselves find the classes' spread instead.
    plain = torch.linalg.eigh(torch.cov(features.T))[1][:, -1]
    assert (plain @ turn.T).square()[:2].sum() < 0.1
    shuffled = torch.randperm(600)
    _, again = started(features[shuffled], labels[shuffled] + 40, 2)
    assert torch.allclose(again.abs(), found[shuffled].abs(), atol=1e-3)


def test_without_whitening_initial_axes_are_the_principal_ones():
    features, labels, _ = classes_that_differ()
    head = HyperbolicHead(ModelConfig(dim=4), 6)
    head.initialise_axes(features + 5, labels, shrinkage=1.0)
    rows = head.linear.weight.detach().double().numpy()
    x = features.double().numpy() + 5
    _, _, axes = np.linalg.svd(x - x.mean(0), full_matrices=False)
    # One scale for all: a ball's radius.
    scale = np.sqrt(np.trace(within(features, labels).numpy()) / 6)
    cosines = np.abs(np.sum(rows * axes[:4], axis=1)) * scale
    assert cosines == pytest.approx(np.ones(4), abs=1e-3)
    assert np.linalg.norm(rows, axis=1) * scale == pytest.approx(np.ones(4), rel=1e-4)
    tangent = head.tangent(features + 5).detach()
    assert tangent.mean(0).abs().max() < 1e-4 * tangent.std()


@pytest.mark.parametrize("shrinkage", [0.1, 0.5, 0.9])
def test_initial_axes_by_numpy(shrinkage):
    features, labels, _ = classes_that_differ(1)
    head = HyperbolicHead(ModelConfig(dim=3), 6)
    head.initialise_axes(features, labels, shrinkage)
    x = features.double().numpy()
    inner = np.concatenate([x[labels == k] - x[labels == k].mean(0) for k in range(10)])
    spread = inner.T @ inner / len(x)
    spread = (1 - shrinkage) * spread + shrinkage * np.trace(spread) / 6 * np.eye(6)
    # Whitened by any root of the inverse, the same axes come out up to a turn.
    root = np.linalg.inv(np.linalg.cholesky(spread))
    white = (x - x.mean(0)) @ root.T
    _, _, axes = np.linalg.svd(white, full_matrices=False)
    expected, found = white @ axes[:3].T, head.tangent(features).detach().double().numpy()
    signs = np.sign(np.sum(expected * found, axis=0))
    assert found == pytest.approx(expected * signs, abs=1e-3 * expected.std())


def test_a_head_asks_for_no_more_axes_than_there_are():
    features, labels, _ = classes_that_differ()
    head = HyperbolicHead(ModelConfig(dim=8, cone=1.0), 6)
    with pytest.raises(ValueError, match="6 features have no 7 axes to start from; lower --dim"):
        head.initialise_axes(features, labels)


def test_the_choices_of_the_command_line_are_those_there_are():
    assert get_args(LengthName) == tuple(LENGTHS)
    assert get_args(GeometryName) == geometry.GEOMETRIES
