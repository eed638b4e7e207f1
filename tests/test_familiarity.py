"""Length from familiarity: against a loop, what it learns from, and what it may not touch."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from squares import SquaresDataset
from torch.nn import functional as F
from training_support import TINY, tiny_config

from hypuml import geometry
from hypuml.models.config import GEOMETRIES
from hypuml.models.familiarity import Familiarity
from hypuml.models.files import CONFIG
from hypuml.models.head import HyperbolicHead
from hypuml.models.hypuml import HypUML
from hypuml.training import train
from hypuml.training.batches import Batch
from hypuml.training.data import prepare
from hypuml.training.features import Learned
from hypuml.training.lengths import length_loss, remember_classes

CLASSES, DIM, FEATURES = 6, 4, 10


def knowing(seed=0, known=(0, 1, 3, 4)):
    """One that knows some of its classes, with 30 vectors, features and labels among them."""
    torch.manual_seed(seed)
    found = Familiarity(FEATURES, DIM, CLASSES)
    labels = torch.tensor(known)[torch.arange(30) % len(known)]
    tangent = torch.randn(CLASSES, DIM)[labels] + 0.5 * torch.randn(30, DIM)
    found.observe(tangent, labels)
    return found, tangent, torch.randn(30, FEATURES), labels


def naive_towards(known, tangent, labels=None):
    lengths = []
    for i, v in enumerate(tangent.tolist()):
        best = None
        for k, mean in enumerate(known.tolist()):
            size = math.hypot(*mean)
            if size == 0 or (labels is not None and labels[i] == k):
                continue
            along = sum(a * b for a, b in zip(v, mean, strict=True)) / size
            best = along if best is None else max(best, along)
        lengths.append(0.0 if best is None else best)
    return lengths


def test_the_way_towards_the_nearest_known_class_equals_a_loop():
    found, tangent, _, labels = knowing()
    every = found.towards_known(tangent)
    others = found.towards_known(tangent, labels)
    assert every.tolist() == pytest.approx(naive_towards(found.known, tangent), abs=1e-5)
    assert others.tolist() == pytest.approx(naive_towards(found.known, tangent, labels), abs=1e-5)
    # Most images go farthest towards their own class, and leaving it out can only shorten the way.
    assert (others <= every).all()
    assert (others < every).float().mean() > 0.5


def test_a_class_not_seen_yet_is_no_direction():
    found, *_ = knowing()
    assert (found.known[[2, 5]] == 0).all()
    away = -10 * F.normalize(found.known[[0, 1, 3, 4]], dim=1).sum(0, keepdim=True)
    # A zero row would give 0, more than any class these vectors turn their backs on.
    assert found.towards_known(away).item() == pytest.approx(naive_towards(found.known, away)[0])
    assert found.towards_known(away).item() < 0


def test_knowing_nothing_or_only_the_own_class_gives_zero_and_finite_lengths():
    torch.manual_seed(0)
    found = Familiarity(FEATURES, DIM, CLASSES)
    tangent, features = torch.randn(5, DIM), torch.randn(5, FEATURES)
    assert found.towards_known(tangent).tolist() == [0] * 5
    expected = 1 / (1 + math.exp(math.log1p(math.exp(-2)) - 1))
    assert found(tangent, features).tolist() == pytest.approx([expected] * 5)
    labels = torch.full((5,), 2)
    found.observe(tangent, labels)
    assert found.towards_known(tangent, labels).tolist() == [0] * 5
    assert torch.isfinite(found(tangent, features, labels)).all()
    assert torch.isfinite(found(tangent, features)).all()


def test_first_sight_sets_a_class_and_further_ones_move_it_a_twentieth():
    found = Familiarity(FEATURES, 2, 3)
    first = torch.tensor([[2.0, 0.0], [4.0, 0.0], [0.0, 1.0], [0.0, 3.0]])
    labels = torch.tensor([0, 0, 2, 2])
    found.observe(first, labels)
    assert found.known.tolist() == [[3, 0], [0, 0], [0, 2]]
    # Each class lies at a right angle to the other: nobody gets anywhere.
    assert found.centre.item() == 0
    assert found.spread.item() == pytest.approx(1e-6)
    second = torch.tensor([[3.0, 4.0], [1.0, 1.0], [-1.0, 5.0]])
    found.observe(second, torch.tensor([0, 1, 1]))
    assert found.known.flatten().tolist() == pytest.approx([3, 0.2, 0, 3, 0, 2])
    near = naive_towards(found.known, second, torch.tensor([0, 1, 1]))
    assert found.centre.item() == pytest.approx(0.05 * np.mean(near), rel=1e-5)
    assert found.spread.item() == pytest.approx(0.05 * np.std(near, ddof=1), rel=1e-4)


def test_forgetting_leaves_what_was_learned_and_sees_anew_as_if_for_the_first_time():
    found, tangent, features, labels = knowing()
    torch.nn.init.normal_(found.damage.out.weight)
    kept = {name: value.clone() for name, value in found.named_parameters()}
    before = found(tangent, features)
    found.observe(torch.randn(30, DIM) * 7, labels)
    assert not torch.allclose(found(tangent, features), before, atol=1e-4)
    found.forget()
    assert (found.known == 0).all()
    assert torch.isfinite(found(tangent, features)).all()
    found.observe(tangent, labels)
    assert torch.allclose(found(tangent, features), before, atol=1e-6)
    assert all(torch.equal(value, kept[name]) for name, value in found.named_parameters())


def test_familiar_is_long_and_damage_takes_length_only():
    found, tangent, features, _ = knowing()
    with torch.no_grad():
        whole = torch.sigmoid(
            found.log_slope.exp() * (found.towards_known(tangent) - found.centre) / found.spread
            + found.own.bias
        )
        little = found(tangent, features)
        order = found.towards_known(tangent).argsort()
        assert (little[order].diff() >= 0).all()
        assert (little < whole).all()
        assert (little > 0.85 * whole).all()
        torch.nn.init.normal_(found.damage.out.weight)
        found.damage.out.bias.fill_(0.0)
        damaged = found.damage(features).argsort()
        same = found(tangent[:1].expand(30, -1), features)
        assert (same[damaged].diff() < 0).all()
        assert (same < whole[0]).all()


def test_gradients_reach_slope_bias_and_damage_and_not_the_vector():
    found, tangent, features, labels = knowing()
    tangent.requires_grad_()
    found(tangent, features, labels).sum().backward()
    assert tangent.grad is None
    assert found.log_slope.grad != 0
    assert found.own.bias.grad > 0
    assert found.own.weight.grad.abs().sum() > 0
    assert found.damage.out.weight.grad.abs().sum() > 0
    assert found.damage.out.bias.grad < 0


def test_damage_is_learned_and_undamaged_images_alone_are_remembered():
    head, features = head_and_features(0.5, "hyperbolic")
    features = features.clone()
    features[-10:, 0] += 8
    labels = torch.arange(len(features)) % CLASSES
    batch, levels = Batch(np.arange(len(features)), 20, 30, 10), torch.linspace(0.5, 1, 10)
    head.familiarity.forget()
    optimiser = torch.optim.Adam(head.familiarity.damage.parameters(), lr=0.05)
    first = length_loss(head, features, labels, batch, levels)
    whole = head.tangent(features[:30]).detach()
    means = torch.stack([whole[labels[:30] == k].mean(0) for k in range(CLASSES)])
    assert torch.allclose(head.familiarity.known, means, atol=1e-5)
    for _ in range(200):
        optimiser.zero_grad()
        length_loss(head, features, labels, batch, levels).backward()
        optimiser.step()
    assert length_loss(head, features, labels, batch, levels) < 0.1 * first
    damaged = head.familiarity.damage(features)
    assert damaged[-10:].min() > damaged[:-10].max()
    undamaged = replace(batch, degraded=0)
    assert length_loss(head, features[:30], labels[:30], undamaged, levels[:0]) == 0
    plain = HyperbolicHead(FEATURES, DIM, 1.0, 4.0)
    assert length_loss(plain, features, labels, batch, levels) == 0


def head_and_features(inner, geometry_name):
    torch.manual_seed(3)
    head = HyperbolicHead(
        FEATURES,
        DIM,
        curvature=0.5,
        diameter=3.0,
        squash="familiar",
        geometry=geometry_name,
        known_classes=CLASSES,
        inner=inner,
    )
    features = torch.randn(40, FEATURES)
    head.initialise_scale(features)
    head.familiarity.observe(head.tangent(features).detach(), torch.arange(40) % CLASSES)
    torch.nn.init.normal_(head.familiarity.damage.out.weight)
    return head, features


@pytest.mark.parametrize("geometry_name", GEOMETRIES)
@pytest.mark.parametrize("inner", [0.0, 0.5, 0.85])
def test_lengths_start_at_the_inner_radius_and_u_is_linear_in_them(inner, geometry_name):
    head, features = head_and_features(inner, geometry_name)
    extreme = torch.cat([features, torch.zeros(1, FEATURES), 1e6 * features[:5]])
    with torch.no_grad():
        out = head(extreme)
        share = head.familiarity(head.tangent(extreme), extreme)
    u = out.uncertainty
    assert torch.isfinite(out.points).all()
    assert ((u >= 0) & (u <= 1)).all()
    assert u.std() > 0.05
    assert torch.allclose(u, 1 - share, atol=1e-5)
    # Zero features have a length and no direction to go in.
    u, points = u[:40].double().numpy(), out.points[:40].double().numpy()
    expected = 2 * head.r * (inner + (1 - inner) * (1 - u))
    if geometry_name == "hyperbolic":
        assert geometry.dist0(points, 0.5) == pytest.approx(expected, abs=1e-5)
    elif geometry_name == "euclidean":
        assert 2 * np.linalg.norm(points, axis=1) == pytest.approx(expected, abs=1e-5)
    else:
        assert np.linalg.norm(points, axis=1) == pytest.approx(1, abs=1e-5)
    assert (expected >= 2 * head.r * inner).all()
    assert (expected <= 2 * head.r).all()


def test_being_sure_does_not_pull_at_where_an_image_lies():
    head, features = head_and_features(0.5, "hyperbolic")
    labels = torch.arange(40) % CLASSES
    out = head(features, labels)
    out.uncertainty.sum().backward()
    assert head.linear.weight.grad is None
    assert head.log_scale.grad is None
    assert head.familiarity.log_slope.grad != 0
    # An image of a class that is known is less familiar when that class is left out.
    judged, met = out.uncertainty, head(features).uncertainty
    assert (judged >= met).all()
    assert (judged > met).any()


@pytest.mark.parametrize("geometry_name", GEOMETRIES)
def test_a_checkpoint_keeps_what_is_known(tmp_path, geometry_name):
    torch.manual_seed(0)
    config = replace(TINY, squash="familiar", known_classes=3, inner=0.7, geometry=geometry_name)
    model, pixels = HypUML(config).eval(), torch.rand(6, 3, 24, 24)
    with torch.no_grad():
        tangent = model.head.tangent(model.backbone(pixels))
    model.head.familiarity.observe(tangent, torch.arange(6) % 3)
    model.save_pretrained(tmp_path)
    again = HypUML.from_pretrained(tmp_path)
    assert again.config == config
    assert torch.equal(again.head.familiarity.known, model.head.familiarity.known)
    one, two = (x.embed_array(pixels.numpy()) for x in (model, again))
    assert np.array_equal(one.points, two.points)
    assert np.array_equal(one.uncertainty, two.uncertainty)


def test_one_that_knows_nothing_travels_too(tmp_path):
    HypUML(replace(TINY, squash="familiar")).save_pretrained(tmp_path)
    again = HypUML.from_pretrained(tmp_path)
    assert torch.isnan(again.head.familiarity.centre)
    assert np.isfinite(again.embed_array(np.zeros((1, 3, 24, 24), np.float32)).points).all()


def test_training_ends_knowing_its_own_classes_and_no_others(tmp_path):
    config = tiny_config(model=replace(TINY, squash="familiar", known_classes=20), steps=3)
    model = train(SquaresDataset(), tmp_path, config)
    known = (model.head.familiarity.known != 0).any(1)
    classes = model.training_info["classes"]
    assert known.sum() == classes["fit"] + classes["calibration"]
    assert torch.isfinite(model.head.familiarity.centre)


def test_classes_are_taken_anew_from_the_images_as_they_are():
    config = tiny_config(model=replace(TINY, squash="familiar", known_classes=20))
    model, data = HypUML(config.model), prepare(SquaresDataset(), config)
    source = Learned(data, config, torch.device("cpu"))
    model.head.familiarity.observe(torch.full((2, 4), 9.0), torch.tensor([0, 19]))
    remember_classes(model, data, source)
    rows = np.arange(len(data.train.labels))
    tangent = model.head.tangent(source.plain(model, rows)).detach()
    labels, known = torch.from_numpy(data.train.labels), model.head.familiarity.known
    for k in range(20):
        mean = tangent[labels == k].mean(0).nan_to_num(0)
        assert torch.allclose(known[k], mean, atol=1e-5)
    near = naive_towards(known, tangent, labels)
    assert model.head.familiarity.centre.item() == pytest.approx(np.mean(near), rel=1e-4)


def test_more_classes_than_there_is_room_for_are_refused(tmp_path):
    config = tiny_config(model=replace(TINY, squash="familiar", known_classes=4))
    with pytest.raises(ValueError, match=r"room for 4 known classes.*--known-classes to [789]"):
        train(SquaresDataset(), tmp_path / "out", config)
    assert not (tmp_path / "out" / CONFIG).exists()
