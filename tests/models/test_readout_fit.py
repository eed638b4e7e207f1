"""Fitting a readout: what it learns from errors, what damage does, and what it may cost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from hypuml import geometry
from hypuml.metrics import auroc
from hypuml.models import readout, readout_fit
from hypuml.models.config import ModelConfig
from hypuml.models.head import HyperbolicHead
from hypuml.models.readout_fit import FEWEST_ERRORS, Fold, Images, fit_uncertainty

CLASSES, EACH, WIDTH = 24, 20, 12
UNSURE = WIDTH - 1  # the feature that says how blurred an image's class is


AXES = 9  # so that three features lie beyond


@pytest.fixture(autouse=True)
def brief(monkeypatch):
    monkeypatch.setattr(readout_fit, "_DAMAGE_STEPS", 150)
    monkeypatch.setattr(readout, "AXES", AXES)


def images(seed: int):
    """Features ``[N, F]``, labels ``[N]`` and how far ``[N]`` each lies from its class."""
    noise = torch.Generator().manual_seed(seed)
    labels = torch.arange(CLASSES).repeat_interleave(EACH) + 100 * seed
    centres = torch.randn(CLASSES, WIDTH, generator=noise).repeat_interleave(EACH, 0)
    far = torch.rand(len(labels), generator=noise)
    features = centres + 2 * far[:, None] ** 2 * torch.randn(centres.shape, generator=noise)
    features[:, UNSURE] = 3 * far
    return features, labels, far


def head_of(cone: float = 3.0, seed: int = 0) -> HyperbolicHead:
    """A head that places images by all features but the last."""
    torch.manual_seed(seed)
    config = ModelConfig(dim=WIDTH, length="readout", min_length=0.1, cone=cone, max_distance=1.0)
    head = HyperbolicHead(config, WIDTH)
    with torch.no_grad():
        head.linear.weight.copy_(torch.eye(WIDTH)[: head.linear.out_features])
        head.linear.weight[:, UNSURE] = 0
    head.initialise_scale(images(0)[0])
    head.length.fit_axes(images(3)[0])
    return head


def worse(features: torch.Tensor, seed: int = 9):
    """Degraded copies along two directions of their own, and how badly."""
    noise = torch.Generator().manual_seed(seed)
    level = torch.rand(len(features), generator=noise)
    away = torch.zeros(WIDTH)
    away[0], away[1] = 6.0, -6.0
    return features + level[:, None] * away, level


def fitted(wrong=None, seed: int = 0, cone: float = 3.0, start: int = 0):
    head = head_of(cone, start)
    with torch.no_grad():
        folds = [Fold.answered(head, *images(s)[:2]) for s in (1, 2)]
        if wrong is not None:
            folds = [replace(f, wrong=wrong(f)) for f in folds]
        clean, (bad, levels) = images(3)[0], worse(images(3)[0])
        facts = fit_uncertainty(
            head,
            folds,
            len(folds),
            (Images(clean, torch.zeros(len(clean))), Images(bad, levels)),
            seed,
        )
    return head, folds, facts


@pytest.fixture(scope="module")
def once():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(readout_fit, "_DAMAGE_STEPS", 150)
        patch.setattr(readout, "AXES", AXES)
        return fitted()


def shuffled(fold):
    return fold.wrong[torch.randperm(len(fold.wrong), generator=torch.Generator().manual_seed(5))]


@torch.no_grad()
def on_new_classes(head):
    """AUROC of the error score for what goes wrong among classes kept elsewhere."""
    fold = Fold.answered(head, *images(7)[:2])
    return auroc(head.length.error_score(fold.features).numpy(), fold.wrong.numpy())


def test_first_answers_are_those_of_the_nearest_direction():
    head, (features, labels, _) = head_of(), images(1)
    fold = Fold.answered(head, features, labels)
    tangent = head.tangent(features).detach()
    unit = F.normalize(tangent.double(), dim=1)
    expected = []
    for i in range(len(unit)):
        cosines = (unit @ unit[i]).tolist()
        cosines[i] = -2
        expected.append(labels[int(np.argmax(cosines))] != labels[i])
    assert fold.wrong.tolist() == expected
    assert torch.equal(fold.tangent, head.tangent(features))
    assert 0.1 < fold.wrong.float().mean() < 0.6


def test_an_image_alone_in_its_class_neither_asks_nor_answers():
    head, (features, labels, _) = head_of(), images(1)
    whole = Fold.answered(head, features, labels)
    more = torch.cat([features, features[:1]])
    fold = Fold.answered(head, more, torch.cat([labels, torch.tensor([9999])]))
    assert torch.equal(fold.labels, labels)
    assert torch.equal(fold.wrong, whole.wrong)


def test_the_error_score_tells_what_goes_wrong_among_new_classes(once):
    head, folds, facts = once
    assert on_new_classes(head) > 0.8
    assert facts["auroc"] > 0.8
    assert facts["penalty"] is not None
    assert facts["images"] == 2 * CLASSES * EACH
    assert facts["errors"] == sum(int(fold.wrong.sum()) for fold in folds)
    weight = head.length.weight.abs()
    assert weight[UNSURE] > 2 * weight[:UNSURE].max()


def test_errors_that_depend_on_nothing_teach_nothing():
    head, _, facts = fitted(shuffled)
    assert abs(facts["auroc"] - 0.5) < 0.1
    weights = [one.length.weight.norm() for one in (head, fitted()[0])]
    assert weights[0] < 0.3 * weights[1]


def few(fold):
    return torch.arange(len(fold.wrong)) < (FEWEST_ERRORS - 2) // 2


def in_one_part(fold):
    """Only among classes that cross-validation leaves out together, every fifth of both folds'."""
    return (fold.labels % 100 + CLASSES * (fold.labels // 100 - 1)) % 5 == 2


def none(fold):
    return torch.zeros_like(fold.wrong)


def every(fold):
    return torch.ones_like(fold.wrong)


@pytest.mark.parametrize("wrong", [few, in_one_part, none, every])
def test_too_few_errors_leave_the_error_score_out(wrong):
    head, _, facts = fitted(wrong)
    assert facts["penalty"] is None
    assert facts["auroc"] is None
    score = head.length.error_score(images(7)[0])
    assert torch.equal(score, torch.zeros_like(score))
    # Damage and strangeness still order images.
    u = head(images(7)[0]).uncertainty
    assert torch.isfinite(u).all()
    assert head(worse(images(7)[0])[0]).uncertainty.mean() > u.mean() + 0.2


@torch.no_grad()
def test_degraded_images_are_less_certain_the_more_the_worse(once):
    head, *_ = once
    clean = images(7)[0]
    bad, levels = worse(clean, seed=4)
    u, u_bad = head(clean).uncertainty, head(bad).uncertainty
    assert auroc(torch.cat([u, u_bad]).numpy(), np.repeat([False, True], len(u))) > 0.85
    strong = levels > 0.5
    assert u_bad[strong].mean() > u_bad[~strong].mean() + 0.1


@torch.no_grad()
def test_what_is_unlike_all_training_images_is_uncertain(once):
    head, *_ = once
    far = images(7)[0] * torch.tensor([12.0] * UNSURE + [1.0])
    assert (head.length.outside(far) > 0).float().mean() > 0.9
    assert (head.length.outside(images(7)[0]) > 0).float().mean() < 0.1
    assert head(far).uncertainty.median() > 0.9


@torch.no_grad()
def test_u_is_spread_evenly_over_clean_and_degraded_images(once):
    head, folds, _ = once
    u = [head(torch.cat([fold.features for fold in folds])).uncertainty]
    u.append(head(worse(images(3)[0])[0]).uncertainty)
    shares = [[(part > level).float().mean().item() for part in u] for level in (0.25, 0.5, 0.75)]
    assert np.mean(shares, 1) == pytest.approx([0.75, 0.5, 0.25], abs=0.08)


@torch.no_grad()
@pytest.mark.parametrize("cone", [3.0, 0.0])
def test_lengths_cost_next_to_no_recall(cone):
    head, folds, facts = fitted(cone=cone)
    plain, with_lengths = [], []
    for fold in folds:
        out = head(fold.features)
        distances = geometry.pairwise_dist(out.points.numpy(), out.points.numpy(), 1.0)
        np.fill_diagonal(distances, np.inf)
        labels = fold.labels.numpy()
        with_lengths.append((labels[distances.argmin(1)] == labels).sum())
        plain.append(int((~fold.wrong).sum()))
    # Two of 960 images: a share of 0.001 is less than one.
    assert sum(with_lengths) >= sum(plain) - 2
    lengths = torch.cat([head.length(f.tangent, f.features) for f in folds])
    assert facts["fall"] == pytest.approx((lengths.std() / head.r).item(), rel=1e-5)
    if cone:
        assert facts["fall"] > 0.02


def test_the_same_seed_gives_the_same_fit(once):
    state = once[0].length.state_dict()
    again = fitted(start=1)[0].length.state_dict()  # where the readout of damage lies forgotten
    assert all(torch.equal(value, again[name]) for name, value in state.items())
    other = fitted(seed=1)[0].length.state_dict()
    assert not torch.equal(other["damage.out.weight"], state["damage.out.weight"])
    assert torch.equal(other["weight"], state["weight"])
