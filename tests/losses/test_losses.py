"""What every loss of the registry owes: laws, edge cases, finite gradients, clear refusals."""

from __future__ import annotations

import math
from dataclasses import fields

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hypuml.geometry import torch as geometry_torch
from hypuml.losses import (
    LOSSES,
    ContrastiveLoss,
    Distance,
    LossConfig,
    MarginLoss,
    make_loss,
)

UNCERTAINTY_AWARE = ("contrastive", "margin", "margin-reversed")
UNAWARE = ("hyp-vit", "fixed-margin")
PER_IMAGE = [name for name, loss in LOSSES.items() if loss.per_image]
every_loss = pytest.mark.parametrize("name", PER_IMAGE)


def random_batch(seed, size=18, classes=5):
    generator = torch.Generator().manual_seed(seed)
    distances = 2 * torch.rand(size, size, generator=generator, dtype=torch.float64)
    labels = torch.randint(classes, (size,), generator=generator)
    return distances, labels, torch.rand(size, generator=generator, dtype=torch.float64)


def random_points(seed, size, n=4):
    generator = torch.Generator().manual_seed(seed)
    return 0.2 * torch.randn(size, n, generator=generator, dtype=torch.float64)


def test_the_registry_has_both_methods_and_their_baselines():
    assert {*UNCERTAINTY_AWARE, *UNAWARE, "proxy-anchor"} <= set(LOSSES)


@every_loss
def test_shapes_and_a_backward_pass(name):
    distances = torch.rand(6, 6).requires_grad_()
    labels = torch.tensor([0, 0, 1, 1, 2, 2])
    losses, valid = make_loss(name, LossConfig(0.3)).on_distances(
        distances, labels, torch.full((6,), 0.5)
    )
    assert losses.shape == valid.shape == (6,)
    assert losses.dtype == distances.dtype
    assert valid.dtype == torch.bool
    assert valid.all()
    assert (losses >= 0).all()
    losses.mean().backward()
    assert distances.grad.isfinite().all()
    assert distances.grad.abs().sum() > 0
    assert distances.grad.diagonal().abs().sum() == 0


@every_loss
@pytest.mark.parametrize("seed", range(3))
def test_gradient_of_each_loss_is_its_derivative(name, seed):
    # Central differences along one direction, in float64; no kink of a hinge lies in between.
    distances, labels, u = random_batch(seed)
    distances.requires_grad_()
    loss = make_loss(name, LossConfig())
    direction = random_batch(seed + 100)[0] - 1
    (gradient,) = torch.autograd.grad(loss.on_distances(distances, labels, u)[0].sum(), distances)
    with torch.no_grad():
        above, below = (
            loss.on_distances(distances + s * direction, labels, u)[0].sum() for s in (1e-7, -1e-7)
        )
    slope = (above - below) / 2e-7
    assert (gradient * direction).sum().item() == pytest.approx(slope.item(), rel=1e-5)


@every_loss
def test_uncertainty_gets_no_gradient_and_matters_where_it_should(name):
    _, labels, u = random_batch(1)
    points = random_points(1, len(labels)).requires_grad_()
    u.requires_grad_()
    loss = make_loss(name)
    losses, _ = loss.per_anchor(points, labels, u)
    losses.sum().backward()
    assert u.grad is None
    assert points.grad.isfinite().all()
    differs = not torch.equal(losses, loss.per_anchor(points, labels, u / 2)[0])
    if name in (*UNCERTAINTY_AWARE, *UNAWARE):
        assert differs == (name in UNCERTAINTY_AWARE)


@every_loss
def test_the_order_of_a_batch_does_not_matter(name):
    distances, labels, u = random_batch(2)
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    loss = make_loss(name, LossConfig())
    losses, valid = loss.on_distances(distances, labels, u)
    moved, moved_valid = loss.on_distances(distances[order][:, order], labels[order], u[order])
    torch.testing.assert_close(moved, losses[order], rtol=1e-12, atol=1e-14)
    assert torch.equal(moved_valid, valid[order])


@every_loss
def test_an_anchor_sees_its_own_row_only(name):
    distances, labels, u = random_batch(3)
    loss = make_loss(name, LossConfig())
    losses, _ = loss.on_distances(distances, labels, u)
    distances[1:] += 1
    u[1:] = 1 - u[1:]
    assert loss.on_distances(distances, labels, u)[0][0].item() == pytest.approx(losses[0].item())


@every_loss
@pytest.mark.parametrize("labels", [[0, 1, 2, 3], [0, 0, 0, 0], [5]])
def test_no_positives_or_no_negatives_gives_zero_with_a_graph(name, labels):
    n = len(labels)
    distances = torch.rand(n, n, requires_grad=True)
    losses, valid = make_loss(name, LossConfig()).on_distances(
        distances, torch.tensor(labels), torch.zeros(n)
    )
    losses.sum().backward()
    assert losses.tolist() == [0] * n
    assert distances.grad.abs().sum() == 0
    if len(set(labels)) == n:
        assert not valid.any()


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    size=st.integers(2, 24),
    classes=st.integers(1, 8),
    spread=st.sampled_from([0.0, 1e-6, 1e-2, 1.0, 30.0]),
    temperature=st.sampled_from([0.01, 0.05, 5.0]),
    name=st.sampled_from(PER_IMAGE),
)
def test_no_batch_gives_a_non_finite_value_or_gradient(
    seed, size, classes, spread, temperature, name
):
    generator = torch.Generator().manual_seed(seed)
    v = torch.randn(size, 5, generator=generator) * spread
    v[size // 2] = v[0]  # duplicates happen: small classes repeat images
    v.requires_grad_()
    points = geometry_torch.expmap0(v.clamp(-2, 2), 1.0)
    labels = torch.randint(classes, (size,), generator=generator)
    u = torch.rand(size, generator=generator)
    eye = torch.eye(size, dtype=torch.bool)
    distances = geometry_torch.pairwise_dist(points, points, 1.0, mask=eye)
    losses, _ = make_loss(name, LossConfig(temperature)).on_distances(distances, labels, u)
    losses.sum().backward()
    assert torch.isfinite(losses).all()
    assert torch.isfinite(v.grad).all()


@every_loss
@pytest.mark.parametrize("curvature", [1.0, 0.1])
def test_used_by_itself_it_is_the_mean_over_the_anchors_that_have_a_loss(name, curvature):
    _, labels, u = random_batch(4, size=12, classes=9)
    points = random_points(4, 12).requires_grad_()
    loss = make_loss(name, distance=Distance(curvature=curvature))
    value = loss(points, labels, u)
    eye = torch.eye(12, dtype=torch.bool)
    distances = curvature**0.5 * geometry_torch.pairwise_dist(points, points, curvature, mask=eye)
    losses, valid = loss.on_distances(distances, labels, u)
    assert 0 < valid.sum() < 12
    assert value.item() == pytest.approx(losses[valid].mean().item())
    value.backward()
    assert points.grad.abs().sum() > 0


@every_loss
def test_without_an_uncertainty_every_anchor_is_sure(name):
    _, labels, _ = random_batch(5)
    points, loss = random_points(5, len(labels)), make_loss(name)
    sure = torch.zeros(len(labels), dtype=points.dtype)
    assert loss(points, labels) == loss(points, labels, sure)


def test_a_batch_without_any_anchor_has_a_loss_of_zero_with_a_graph():
    points = random_points(6, 3).requires_grad_()
    value = ContrastiveLoss(temperature=0.5)(points, torch.arange(3))
    value.backward()
    assert value == 0
    assert points.grad.abs().sum() == 0


def test_options_are_keywords_and_those_of_one_loss_alone():
    assert ContrastiveLoss(temperature=0.5).config.temperature == 0.5
    with pytest.raises(TypeError, match="margin_low"):
        ContrastiveLoss(margin_low=0.5)
    assert make_loss("margin", LossConfig(margin_low=0.3)).config == MarginLoss.Config(0.3, 0.5)


def test_every_option_of_every_loss_is_among_those_of_a_run():
    known = {field.name for field in fields(LossConfig)}
    for loss in LOSSES.values():
        assert {field.name for field in fields(loss.Config)} <= known


@every_loss
def test_a_spherical_loss_sees_directions_alone(name):
    _, labels, u = random_batch(7)
    points = torch.nn.functional.normalize(random_points(7, len(labels)), dim=1)
    loss = make_loss(name, distance=Distance("spherical"))
    eye = torch.eye(len(labels), dtype=torch.bool)
    cosines = (1 - points @ points.T).masked_fill(eye, 0)
    expected, _ = loss.on_distances(cosines, labels, u)
    torch.testing.assert_close(loss.per_anchor(points, labels, u)[0], expected)


def test_an_old_name_says_the_new_one():
    with pytest.raises(ValueError, match="the loss 'parent' is called 'hyp-vit' now"):
        make_loss("parent")


def test_unknown_loss_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"'triplets'.*contrastive, margin, margin-reversed"):
        make_loss("triplets", LossConfig())


@pytest.mark.parametrize("field", ["temperature", "margin_low", "margin_high"])
@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_options_outside_their_range_are_refused(field, value):
    with pytest.raises(ValueError, match=f"{field} must be a finite number above 0, got {value}"):
        LossConfig(**{field: value})


def test_margins_the_wrong_way_round_are_refused():
    with pytest.raises(ValueError, match=r"margin_low must not exceed margin_high, got 0\.6 and"):
        LossConfig(margin_low=0.6)
    assert LossConfig(margin_low=0.3, margin_high=0.3).margin_high == 0.3
