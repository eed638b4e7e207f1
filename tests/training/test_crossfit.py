"""Cross-fitting: which classes a head has seen, told from the pictures, and what is kept of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from hypuml.data.augment import AugmentConfig
from hypuml.data.pixels import through_side
from hypuml.models import readout_fit
from hypuml.models.halves import read_halves
from hypuml.models.head import HyperbolicHead
from hypuml.models.hypuml import HypUML
from hypuml.models.readout_fit import Fold
from hypuml.training import Trainer, crossfit
from hypuml.training.crossfit import fit_readout
from hypuml.training.posthoc import finish
from tests.support.squares import SquaresDataset
from tests.support.training_support import TINY, MeanColour, tiny_config

STILL = AugmentConfig(min_scale=1.0, flip=0.0, rotation=0.0, brightness=0.0, hue=0.0, noise=0.0)
CLASSES = 24
READOUT = {"length": "readout", "min_length": 0.1, "cone": 1.0, "dim": 4}


def colour(number: int) -> np.ndarray:
    return np.array([number % 3, number // 3 % 3, number // 9]) * 80 + 40


class Colours(SquaresDataset):
    """One colour a class, a little off in every image; which one says the class."""

    def load(self, index, size=None):
        off = np.random.default_rng(index).integers(-15, 16, 3)
        shown = tuple(int(x) for x in colour(index // self.each) + off)
        return Image.new("RGB", (size or 32, size or 32), shown)


def classes_of(features):
    known = torch.tensor(np.array([colour(k) for k in range(CLASSES)])).float() / 255
    return set(torch.cdist(features.detach().float(), known).argmin(1).tolist())


@pytest.fixture(autouse=True)
def brief(monkeypatch):
    monkeypatch.setattr(readout_fit, "_DAMAGE_STEPS", 20)


def config_of(**options):
    defaults = {
        "model": replace(TINY, image_size=32, **READOUT), "augment": STILL, "lr": 1e-6, "steps": 2,
        "views": 1, "calibration": 0.0, "calibration_classes": 0.2, "validation_classes": 0.3,
        "halvings": 2,
    }  # fmt: skip
    return tiny_config(**(defaults | options))


def model_of(config, trainable):
    torch.manual_seed(0)
    model = HypUML(config.model)
    model.backbone = MeanColour(trainable)
    model.head = HyperbolicHead(config.model, 3)
    return model


@pytest.fixture
def run(monkeypatch):
    """A trained run, and how many models were made for its halves."""

    def made(trainable=True, **options):
        config = config_of(**options)
        count = []

        def start(config):
            count.append(len(count))
            return model_of(config, trainable)

        monkeypatch.setattr(crossfit, "starting_model", start)
        trainer = Trainer.on(Colours(CLASSES, 8), config, model_of(config, trainable))
        trainer.initialise()
        return trainer.fit(), trainer, config, count

    return made


def split_of(trainer):
    names = [item.path for item in trainer.data.dataset.items][:: trainer.data.dataset.each]
    return [{names.index(path) for path in part} for part in trainer.data.split.parts()]


@pytest.mark.parametrize("trainable", [True, False], ids=["learned", "frozen"])
def test_no_head_has_seen_the_classes_that_it_answers(run, trainable, monkeypatch):
    model, trainer, config, made = run(trainable)
    fit, calibration, validation = split_of(trainer)
    seen, answered, learned = [], [], {}
    axes, answer = HyperbolicHead.initialise_axes, Fold.answered
    batch = type(trainer.source).batch

    def spied_axes(self, features, labels, *rest):
        seen.append(classes_of(features))
        return axes(self, features, labels, *rest)

    def spied_answer(cls, head, features, labels):
        answered.append((len(seen) - 1, classes_of(features)))
        return answer(head, features, labels)

    def spied_batch(self, model, batch_, step):
        found = batch(self, model, batch_, step)
        learned.setdefault(len(made), set()).update(classes_of(found[0]))
        return found

    monkeypatch.setattr(HyperbolicHead, "initialise_axes", spied_axes)
    monkeypatch.setattr(Fold, "answered", classmethod(spied_answer))
    monkeypatch.setattr(type(trainer.source), "batch", spied_batch)
    folds = fit_readout(model, trainer, config)

    assert len(folds) == 2 * config.halvings
    assert len(answered) == len(folds) * len(crossfit.SHRINKAGES)
    own = [known for known in seen if known == fit | calibration]
    assert len(seen) == len(answered) + 1
    for place, asked in answered:
        assert not asked & seen[place]
        assert asked | seen[place] == fit | calibration
        assert abs(len(asked) - len(seen[place])) <= 1
        assert not (asked | seen[place]) & validation
    # Both ways, and another halving each time.
    halves = {frozenset(asked) for _, asked in answered}
    assert len(halves) == len(folds)
    assert own == [fit | calibration]  # what the model's own head is fitted to
    if not trainable:
        assert not made
        return
    # A backbone learns from what its head may see alone.
    assert len(made) == len(learned) == len(folds)
    for number, (_, asked) in enumerate(answered[: len(folds)]):
        assert learned[number + 1]
        assert not learned[number + 1] & asked


def test_the_shrinkage_with_the_fewest_errors_stays(run, monkeypatch):
    model, trainer, config, _ = run(False)
    tried = []
    axes, answer = HyperbolicHead.initialise_axes, Fold.answered.__func__

    def spied_axes(self, features, labels, shrinkage=0.5):
        tried.append(shrinkage)
        return axes(self, features, labels, shrinkage)

    def spied_answer(cls, head, features, labels):
        fold = answer(cls, head, features, labels)
        wrong = torch.arange(len(fold.labels)) < (5 if tried[-1] == 0.9 else 9)
        return replace(fold, wrong=wrong)

    monkeypatch.setattr(HyperbolicHead, "initialise_axes", spied_axes)
    monkeypatch.setattr(Fold, "answered", classmethod(spied_answer))
    folds = fit_readout(model, trainer, config)
    facts = model.training_info["crossfit"]
    assert facts["shrinkage"] == tried[-1] == 0.9
    assert facts["errors"] == 5 * len(folds)
    asked = sum(len(fold.labels) for fold in folds)
    assert facts["images"] == asked
    assert facts["answers"] == asked
    assert facts["recall@1"] == pytest.approx(1 - 20 / asked)
    assert facts["halvings"] == 2
    assert facts["penalty"] is None


def test_features_of_halves_are_kept_and_used_again(run, tmp_path):
    model, trainer, config, made = run()
    first = fit_readout(model, trainer, config, out=tmp_path)
    assert len(made) == 4
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == [f"crossfit-{k}.safetensors" for k in range(4)]
    kept = read_halves(tmp_path, torch.device("cpu"))
    labels = trainer.data.train.labels
    for half in kept:
        assert not set(half.seen_labels.tolist()) & set(half.unseen_labels.tolist())
        together = torch.cat([half.seen_labels, half.unseen_labels])
        assert sorted(together.tolist()) == sorted(labels.tolist())
        assert half.seen.dtype == half.unseen.dtype == torch.float32
        assert half.seen.shape == (len(half.seen_labels), 3)
    learned = ("head.linear.weight", "head.linear.bias", "head.length.weight", "head.length.mean")
    state = {name: model.state_dict()[name].clone() for name in learned}
    again = fit_readout(model, trainer, config, out=tmp_path)
    assert len(made) == 4  # nothing was trained
    assert all(torch.equal(a.wrong, b.wrong) for a, b in zip(first, again, strict=True))
    assert all(torch.equal(model.state_dict()[name], value) for name, value in state.items())


@pytest.mark.parametrize("options", [{"seed": 1}, {"halvings": 1}, {"validation_classes": 0.1}])
def test_halves_of_another_run_are_not_used(run, tmp_path, options):
    model, trainer, config, _ = run()
    fit_readout(model, trainer, config, out=tmp_path)
    model, trainer, config, made = run(**options)
    fit_readout(model, trainer, config, out=tmp_path)
    assert len(made) == 2 * config.halvings


def test_a_frozen_backbone_keeps_no_files(run, tmp_path):
    model, trainer, config, made = run(False)
    fit_readout(model, trainer, config, out=tmp_path)
    assert not made
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"", b"nothing of use", None])
def test_damaged_halves_are_one_sentence(run, tmp_path, content):
    model, trainer, config, _ = run(halvings=1)
    fit_readout(model, trainer, config, out=tmp_path)
    file = tmp_path / "crossfit-1.safetensors"
    file.write_bytes(file.read_bytes()[:-9] if content is None else content)
    with pytest.raises(ValueError, match=r"crossfit-1\.safetensors is damaged; remove it and"):
        read_halves(tmp_path, torch.device("cpu"))


def test_too_few_classes_to_halve_leave_errors_out_and_say_so():
    config = config_of(validation_classes=0.2, calibration_classes=0.0, steps=0)
    model = model_of(config, False)
    trainer = Trainer.on(Colours(9, 8), config, model)  # a quarter of them are unseen
    assert fit_readout(model, trainer, config) == []
    assert model.training_info["left_out"].startswith("6 training classes are too few to halve (at")
    facts = model.training_info["crossfit"]
    assert (facts["halvings"], facts["answers"]) == (0, 0)
    assert facts["recall@1"] is facts["penalty"] is None
    # Damage and what is outside are told all the same.
    length = model.head.length
    assert not length.weight.any()
    assert length.damage.out.weight.any()
    assert not torch.equal(length.axes, torch.zeros_like(length.axes))
    finished = finish(model, trainer, config)
    assert finished.confidence is None
    assert "too few to halve" in finished.training_info["left_out"]


def test_small_copies_teach_too_and_are_answered_by_a_head_that_knows_others(run, monkeypatch):
    model, trainer, config, _ = run(False, further=("small",))
    sides, shrunk, answer = [], [], Fold.answered.__func__

    def spied_answer(cls, head, features, labels):
        sides.append((head, classes_of(features), labels))
        return answer(cls, head, features, labels)

    def spied_side(pixels, side):
        shrunk.append((len(pixels), side))
        return through_side(pixels, side)

    monkeypatch.setattr(Fold, "answered", classmethod(spied_answer))
    monkeypatch.setattr(crossfit, "through_side", spied_side)
    folds = fit_readout(model, trainer, config)
    assert len(folds) == 1 + 2 * config.halvings
    (head, asked, labels), small = sides[-1], folds[0]
    assert head is not model.head
    # It knows the first half, and the other is asked: the first fold's classes, by other numbers.
    assert asked == sides[0][1]
    assert shrunk == [(len(labels), 32)]
    assert not set(small.labels.tolist()) & set(trainer.data.train.labels.tolist())
    facts = model.training_info["crossfit"]
    assert facts["further"] == ["small"]
    assert facts["images"] == facts["answers"] + len(small.labels)


def test_what_is_trained_below_a_projector_has_its_head():
    config = tiny_config(
        model=replace(TINY, **READOUT, half_weights=True), projector=16, projector_distance=3.0
    )
    trained = config.trained
    assert (trained.model.dim, trained.model.length, trained.model.max_distance) == (16, "tanh", 3)
    assert (trained.model.cone, trained.projector) == (0.0, 0)
    assert replace(trained, model=config.model, projector=16) == config
    kept = replace(trained.model, dim=4, length="readout", max_distance=4.0, cone=1.0)
    assert kept == config.model
    assert trained.trained is trained
    plain = replace(config, projector=0)
    assert plain.trained is plain
