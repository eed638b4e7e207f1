"""Who may learn from whom: what training really draws, told from the pictures themselves.

Every class is one pure colour and the backbone reads the mean colour, so that the features which
reach a loss say of which class their image is, whatever labels, rows and splits claim.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from hypuml.data.augment import AugmentConfig
from hypuml.losses import Calibration, MetricLoss
from hypuml.models.hypuml import HypUML
from hypuml.training import Trainer, posthoc
from hypuml.training.validation import model_metrics
from tests.support.squares import SquaresDataset
from tests.support.training_support import TINY, MeanColour, tiny_config

STILL = AugmentConfig(min_scale=1.0, flip=0.0, rotation=0.0, brightness=0.0, hue=0.0, noise=0.0)
CLASSES = 24


class Colours(SquaresDataset):
    """Pure colours; which one says the class, and nothing else does."""

    def load(self, index, size=None):
        return Image.new("RGB", (size or 32, size or 32), tuple(colour(index // self.each)))


def colour(number):
    return np.random.default_rng(1000 + number).integers(30, 225, 3).tolist()


@pytest.fixture(params=[True, False], ids=["pixels", "cached"])
def trainer(request):
    config = tiny_config(
        model=TINY, augment=STILL, lr=1e-6, head_init="random", classes_per_batch=8,
        calibration_share=0.3, degraded_share=0.1, validation_classes=0.3, calibration_classes=0.4,
    )  # fmt: skip
    model = HypUML(config.model)
    model.backbone = MeanColour(request.param)
    model.head.linear = torch.nn.Linear(3, config.model.dim)
    found = Trainer.on(Colours(CLASSES, 8), config, model)
    found.initialise()
    return found


def classes_of(features):
    """The class of each colour ``[B, 3]``; -1 for what is none (degraded images)."""
    known = torch.tensor([colour(k) for k in range(CLASSES)]) / 255
    gaps = torch.cdist(features.detach().float(), known)
    return torch.where(gaps.min(1).values < 0.01, gaps.argmin(1), -1).tolist()


def split_of(trainer):
    names = [item.path for item in trainer.data.dataset.items][:: trainer.data.dataset.each]
    parts = [{names.index(path) for path in part} for part in trainer.data.split.parts()]
    assert all(parts)
    return parts


@pytest.fixture
def drawn(trainer, monkeypatch):
    """Classes, by their pictures, of what reached each loss in fifteen steps."""
    seen = {"fit": [], "all": [], "calibrated": []}
    state = {}
    original_head = trainer.state.model.head.forward

    def head(features):
        state["features"] = features
        return original_head(features)

    def metric(self, points, labels, uncertainty=None):
        # The first call of a step is the metric loss, on the leading images of the batch.
        seen["fit"].append(classes_of(state["features"][: len(points)]))
        return original_metric(self, points, labels, uncertainty)

    def calibration(self, losses, uncertainty):
        seen["calibrated"].append(len(losses))
        seen["all"].append(classes_of(state["features"]))
        return original_calibration(self, losses, uncertainty)

    original_metric, original_calibration = MetricLoss.forward, Calibration.forward
    monkeypatch.setattr(trainer.state.model.head, "forward", head)
    monkeypatch.setattr(MetricLoss, "forward", metric)
    monkeypatch.setattr(Calibration, "forward", calibration)
    for _ in range(15):
        trainer.step()
    return seen


def test_the_metric_loss_sees_fit_classes_and_every_one_of_them(trainer, drawn):
    fit, calibration, validation = split_of(trainer)
    assert not fit & calibration
    assert not (fit | calibration) & validation
    found = {one for step in drawn["fit"] for one in step}
    assert found == fit


def test_calibration_sees_its_own_classes_too_and_no_validation_class(trainer, drawn):
    fit, calibration, validation = split_of(trainer)
    found = {one for step in drawn["all"] for one in step} - {-1}
    assert found == fit | calibration
    assert not found & validation


def test_validation_is_measured_on_validation_classes_alone(trainer):
    fit, calibration, validation = split_of(trainer)
    model = trainer.averaged()
    asked = []
    original = model.head.forward
    model.head.forward = lambda features: asked.append(features) or original(features)
    model_metrics(model, trainer.data, trainer.source, trainer.config)
    found = {frozenset(classes_of(features)) for features in asked}
    assert found == {frozenset(fit), frozenset(validation)}
    head_features = trainer.source.plain(model, trainer.data.batches.fit_rows)
    assert set(classes_of(head_features)) == fit
    assert not calibration & (fit | validation)


def test_what_is_fitted_afterwards_learns_from_calibration_classes_alone(trainer, monkeypatch):
    fit, calibration, validation = split_of(trainer)
    read = []
    original = posthoc.read_pixels

    def spied(dataset, rows, size, **options):
        pixels, kept, failed = original(dataset, rows, size, **options)
        read.append(torch.from_numpy(pixels).float().mean((1, 2)) / 255)
        return pixels, kept, failed

    monkeypatch.setattr(posthoc, "_FEWEST_IMAGES", 8)
    monkeypatch.setattr(posthoc, "read_pixels", spied)
    data = trainer.data
    posthoc.fit_afterwards(trainer.averaged(), data.dataset, data.calibration_rows, trainer.config)
    assert set(classes_of(torch.cat(read))) == calibration
    assert not calibration & (fit | validation)


def test_the_seed_moves_classes_between_the_parts():
    parts = set()
    for seed in range(3):
        config = tiny_config(model=TINY, seed=seed)
        model = HypUML(config.model)
        model.backbone = MeanColour(False)
        one = Trainer.on(Colours(CLASSES, 4), config, model)
        parts.add(tuple(sorted(split_of(one)[0])))
    assert len(parts) == 3
