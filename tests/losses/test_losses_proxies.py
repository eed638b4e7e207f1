"""Proxy-Anchor: the formula, its proxies, and a training run that has them."""

from __future__ import annotations

import json
import math
import os
import signal
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from hypuml.losses import LossConfig, Objective, ProxyAnchorLoss, RunFacts, make_loss
from hypuml.models.head import HeadOutput
from hypuml.models.hypuml import HypUML
from hypuml.training import StoppedError, train
from hypuml.training.state import FOLDER, make_optimizer, set_rate
from hypuml.training.validation import own_losses
from tests.support.squares import SquaresDataset
from tests.support.training_support import TINY, tiny_config

SPHERE = replace(TINY, geometry="spherical")


def spherical_config(**options):
    given = {"model": SPHERE, "loss": "proxy-anchor", "calibration": 0.0}
    given["loss_config"] = LossConfig(temperature=1 / 16)
    return tiny_config(**(given | options))


def a_batch(seed, size=15, classes=(2, 3, 7, 11), dim=5):
    generator = torch.Generator().manual_seed(seed)
    points = torch.randn(size, dim, generator=generator, dtype=torch.float64)
    labels = torch.tensor(classes)[torch.randint(len(classes), (size,), generator=generator)]
    return points, labels


def naive(points, labels, proxies, classes, temperature, margin=0.1):
    """Equation 4 of the paper, one proxy and one point at a time."""
    pull, push, present = 0.0, 0.0, 0
    for proxy, one in zip(proxies.tolist(), classes, strict=True):
        near, far = 0.0, 0.0
        for point, label in zip(points.tolist(), labels.tolist(), strict=True):
            s = sum(a * b for a, b in zip(point, proxy, strict=True))
            s /= math.hypot(*point) * math.hypot(*proxy)
            if label == one:
                near += math.exp(-(s - margin) / temperature)
            else:
                far += math.exp((s + margin) / temperature)
        present += one in labels.tolist()
        pull += math.log1p(near)
        push += math.log1p(far)
    return pull / present + push / len(classes)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("temperature", [1 / 32, 0.5])
@pytest.mark.parametrize("shown", [(2, 3, 7, 11), (3, 11), (7,)])
def test_the_loss_is_the_formula_of_the_paper(seed, temperature, shown):
    points, labels = a_batch(seed, classes=shown)
    classes = torch.tensor([11, 2, 7, 3, 3, 11])
    loss = make_loss("proxy-anchor", LossConfig(temperature), run=RunFacts(classes, 5))
    losses, valid = loss.per_anchor(points, labels)
    expected = naive(points, labels, loss.loss.proxies, [2, 3, 7, 11], temperature)
    assert losses.shape == valid.shape == labels.shape
    assert valid.all()
    assert losses.tolist() == pytest.approx([expected] * len(labels), rel=1e-12)
    assert loss(points, labels).item() == pytest.approx(expected, rel=1e-12)


def test_golden_value():
    # Two classes, one point each, on its own proxy and at a right angle to the other: every log is
    # log(1 + exp(-0.9)) near or log(1 + exp(0.1)) far, and each has the mean over two proxies.
    loss = ProxyAnchorLoss(torch.tensor([0, 1]), 2, temperature=1.0)
    with torch.no_grad():
        loss.loss.proxies.copy_(torch.eye(2))
    losses, _ = loss.per_anchor(3 * torch.eye(2), torch.tensor([0, 1]))
    expected = math.log1p(math.exp(-0.9)) + math.log1p(math.exp(0.1))
    assert losses.tolist() == pytest.approx([expected] * 2, rel=1e-6)


def test_gradients_reach_points_and_proxies_and_no_length():
    points, labels = a_batch(4)
    points.requires_grad_()
    loss = ProxyAnchorLoss(labels, 5, temperature=0.2)
    loss(points, labels).backward()
    for vectors in (points, loss.loss.proxies):
        assert vectors.grad.isfinite().all()
        assert (vectors.grad.norm(dim=1) > 0).all()
        radial = (vectors.grad * vectors).sum(1)
        assert radial.tolist() == pytest.approx([0] * len(vectors), abs=1e-12)
    assert torch.allclose(loss(7 * points, labels), loss(points, labels))


def test_small_temperatures_and_points_on_their_proxies_stay_finite():
    loss = ProxyAnchorLoss(torch.arange(3), 4, temperature=1e-3)
    points = torch.cat([loss.loss.proxies.detach(), -loss.loss.proxies.detach()]).requires_grad_()
    losses, _ = loss.per_anchor(points, torch.arange(3).repeat(2))
    losses.mean().backward()
    assert losses.isfinite().all()
    assert points.grad.isfinite().all()
    assert loss.loss.proxies.grad.isfinite().all()


def test_a_class_without_a_proxy_is_named():
    loss = ProxyAnchorLoss(torch.tensor([1, 4]), 3)
    with pytest.raises(ValueError, match=r"no proxies for the classes \[2, 9\]"):
        loss(torch.ones(3, 3), torch.tensor([2, 4, 9]))


def test_proxies_belong_to_a_run():
    with pytest.raises(ValueError, match="only a training run") as caught:
        make_loss("proxy-anchor")
    assert "\n" not in str(caught.value)


def test_missing_package_is_named_before_any_image_is_read(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pytorch_metric_learning", None)
    with pytest.raises(ValueError, match="pip install pytorch-metric-learning"):
        train(Untouchable(), tmp_path / "out", spherical_config())


class Untouchable(SquaresDataset):
    def load(self, index, size=None):
        raise AssertionError("an image was read")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"model": TINY}, "spherical geometry, got hyperbolic; add --geometry spherical"),
        ({"model": replace(TINY, geometry="euclidean")}, "got euclidean"),
        ({"calibration": 0.5}, r"calibration must be 0, got 0\.5; add --calibration 0"),
    ],
)
def test_what_proxies_cannot_do_is_refused_in_one_sentence(tmp_path, options, said):
    with pytest.raises(ValueError, match=said) as caught:
        train(Untouchable(), tmp_path / "out", spherical_config(**options))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_step_takes_the_fit_images_alone():
    torch.manual_seed(0)
    points = torch.randn(8, 4, requires_grad=True)
    out = HeadOutput(points, torch.rand(8), torch.rand(8), torch.rand(8))
    labels = torch.arange(8) // 2
    loss = ProxyAnchorLoss(labels[:4], 4, temperature=0.1)
    # The classes of the last four have no proxies, so that they may not be looked at.
    result = Objective(loss, 0.0)(out.points, out.uncertainty, labels, 4)
    assert result.metric == pytest.approx(loss(points[:4], labels[:4]).item())
    assert result.calibration == 0
    result.total.backward()
    assert (points.grad.abs().sum(1) > 0).tolist() == [True] * 4 + [False] * 4
    with pytest.raises(ValueError, match="calibration must be 0"):
        Objective(loss, 0.1)


def test_proxies_learn_five_times_as_fast_and_do_not_decay():
    config = spherical_config(weight_decay=0.5)
    model = HypUML(replace(TINY, geometry="spherical"))
    loss = config.objective(torch.tensor([5, 5, 8])).loss
    optimizer = make_optimizer(model, config, loss)
    linear = model.head.linear
    before, weight = loss.loss.proxies.detach().clone(), linear.weight.detach().clone()
    points = linear(torch.randn(3, 16, generator=torch.Generator().manual_seed(0)))
    loss(points, torch.tensor([5, 5, 8])).backward()
    set_rate(optimizer, 1e-3)
    optimizer.step()
    # Adam's first step is the learning rate whatever the gradient.
    moved = (loss.loss.proxies - before).abs()
    assert moved.flatten().tolist() == pytest.approx([5e-3] * 8, rel=1e-2)
    assert (linear.weight - weight * (1 - 1e-3 * 0.5)).abs().max().item() == pytest.approx(
        1e-3, rel=1e-2
    )


def test_training_on_a_sphere_learns_unseen_colours(tmp_path):
    # Many colours in few dimensions, or random weights already tell them apart.
    dataset = SquaresDataset(classes=60, each=8)
    config = spherical_config(
        model=replace(SPHERE, dim=3),
        steps=60,
        eval_every=60,
        lr=5e-3,
        ema=0.9,
        classes_per_batch=12,
        validation_classes=0.4,
        calibration_classes=0.0,
        seed=1,
    )
    train(dataset, tmp_path / "start", replace(config, steps=0))
    train(dataset, tmp_path / "out", config)

    def last(name):
        log = json.loads((tmp_path / name / "training.json").read_text())
        return log["history"][-1]

    assert last("out")["recall@1"] > last("start")["recall@1"] + 0.1
    assert last("out")["calibration"] == 0
    names = HypUML.from_pretrained(tmp_path / "out").state_dict()
    assert not [name for name in names if "prox" in name]


def test_a_resumed_run_has_its_proxies_back(tmp_path):
    dataset, config = SquaresDataset(), spherical_config(lr=1e-2)
    whole = train(dataset, tmp_path / "whole", config)
    kept = {}

    def stop_at(step):
        def report(done, total, phase="", metrics=None):
            if phase == "train" and done == step:
                os.kill(os.getpid(), signal.SIGINT)

        return report

    for step in (1, 3):
        with pytest.raises(StoppedError):
            train(dataset, tmp_path / "parts", config, resume=step > 1, report=stop_at(step))
        tensors = load_file(next((tmp_path / "parts" / FOLDER).glob("*.safetensors")))
        kept[step] = tensors["objective.loss.loss.proxies"]
    # Of 9 seen colours only those that are fit have proxies.
    assert kept[1].shape == (whole.training_info["classes"]["fit"], 4)
    assert (kept[3] - kept[1]).abs().min() > 0
    parts = train(dataset, tmp_path / "parts", config, resume=True)
    for name, value in whole.state_dict().items():
        assert torch.allclose(value, parts.state_dict()[name], atol=1e-6), name


def test_own_losses_of_new_classes_are_those_of_hyp_vit_at_a_tenth():
    torch.manual_seed(0)
    model = HypUML(SPHERE)
    out = model.head(torch.randn(12, model.backbone.num_features))
    points, u = out.points.detach().numpy(), out.uncertainty.detach().numpy()
    ids = np.repeat(np.arange(4), 3)
    losses, valid = own_losses(model, points, u, ids, spherical_config(), np.random.default_rng(0))
    given = spherical_config(loss="hyp-vit", loss_config=LossConfig(temperature=0.1))
    expected, _ = own_losses(model, points, u, ids, given, np.random.default_rng(0))
    assert valid.all()
    assert losses.tolist() == expected.tolist()
