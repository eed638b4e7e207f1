"""The training loop: it learns, resumes exactly, stops cleanly, refuses early."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch

from hypuml.losses import ContrastiveLoss, Objective
from hypuml.models.files import CONFIG, WEIGHTS
from hypuml.models.head import HeadOutput
from hypuml.models.hypuml import HypUML
from hypuml.training import StoppedError, train
from hypuml.training.setup import pick_device, slow_precision
from hypuml.training.state import FOLDER, RunState, has_state, schedule
from tests.support.squares import SquaresDataset
from tests.support.training_support import TINY, tiny_config


def weights(model):
    return {k: v.clone() for k, v in model.state_dict().items()}


def test_training_learns_unseen_colours(tmp_path):
    config = tiny_config(steps=60, eval_every=60, lr=5e-3, ema=0.9)
    model = train(SquaresDataset(), tmp_path / "out", config)
    log = json.loads((tmp_path / "out" / "training.json").read_text())
    assert log["history"][-1]["recall@1"] > 0.9  # chance is below one half
    assert model.training_info["classes"]["validation"] > 0
    assert not (tmp_path / "out" / FOLDER).exists()
    again = HypUML.from_pretrained(tmp_path / "out")
    assert all(torch.equal(v, again.state_dict()[k]) for k, v in model.state_dict().items())


def test_a_stopped_and_resumed_run_equals_an_uninterrupted_one(tmp_path):
    dataset, config = SquaresDataset(), tiny_config()
    whole = train(dataset, tmp_path / "whole", config)

    def stop(done, total, phase="", metrics=None):
        if phase == "train" and done == 3:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(StoppedError, match="step 3 of 6"):
        train(dataset, tmp_path / "parts", config, report=stop)
    assert has_state(tmp_path / "parts")
    assert not (tmp_path / "parts" / CONFIG).exists()
    parts = train(dataset, tmp_path / "parts", config, resume=True)
    for name, value in weights(whole).items():
        assert torch.allclose(value, parts.state_dict()[name], atol=1e-6), name
    assert not has_state(tmp_path / "parts")


def test_resume_refuses_other_options_and_names_them(tmp_path):
    def stop(done, total, phase="", metrics=None):
        if phase == "train" and done == 1:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(StoppedError):
        train(SquaresDataset(), tmp_path, tiny_config(), report=stop)
    with pytest.raises(ValueError, match="lr"):
        train(SquaresDataset(), tmp_path, tiny_config(lr=1e-4), resume=True)
    with pytest.raises(ValueError, match="items"):
        train(SquaresDataset(each=13), tmp_path, tiny_config(), resume=True)
    with pytest.raises(ValueError, match="--resume"):
        train(SquaresDataset(), tmp_path, tiny_config())
    state = next((tmp_path / FOLDER).glob("*.safetensors"))
    state.write_bytes(state.read_bytes()[:1000])
    with pytest.raises(ValueError, match="damaged"):
        train(SquaresDataset(), tmp_path, tiny_config(), resume=True)


def test_nothing_is_overwritten_or_resumed_by_accident(tmp_path):
    with pytest.raises(ValueError, match="no unfinished run"):
        train(SquaresDataset(), tmp_path, tiny_config(), resume=True)
    (tmp_path / CONFIG).write_text("{}")
    with pytest.raises(ValueError, match="already holds a checkpoint"):
        train(SquaresDataset(), tmp_path, tiny_config())
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(ValueError, match="cannot write"):
        train(SquaresDataset(), file, tiny_config())


def test_options_are_refused_before_any_image_is_read(tmp_path):
    class Untouchable(SquaresDataset):
        def load(self, index, size=None):
            raise AssertionError("an image was read")

    with pytest.raises(ValueError, match="unknown loss"):
        train(Untouchable(), tmp_path / "a", tiny_config(loss="nope"))
    with pytest.raises(ValueError, match="device"):
        train(Untouchable(), tmp_path / "b", tiny_config(device="tpu"))
    for option, value in {
        "steps": -1,
        "backbone_lr": 1.5,
        "head_init": "zeros",
        "images_per_class": 1,
        "ema": 1.0,
        "seed": -1,
        "precision": "half",
        "calibration": -0.1,
        "calibration_on": "some",
    }.items():
        with pytest.raises(ValueError, match=option.replace("_", "-")):
            tiny_config(**{option: value})


def test_a_diverging_loss_stops_with_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "hypuml.losses.Objective.forward",
        lambda self, points, *rest: type(
            "Result", (), {"total": points.sum(), "metric": float("nan"), "calibration": 0.0}
        ),
    )
    with pytest.raises(ValueError, match="not finite at step 1"):
        train(SquaresDataset(), tmp_path, tiny_config())
    assert not (tmp_path / WEIGHTS).exists()


def test_calibration_classes_train_the_uncertainty_alone():
    torch.manual_seed(0)
    raw = torch.randn(8, 3, requires_grad=True)
    points = torch.tanh(raw) / 2
    uncertainty = 1 - points.norm(dim=-1)
    labels = torch.tensor([0, 0, 1, 1, 2, 2, 3, 3])
    out = HeadOutput(points, uncertainty, raw.norm(dim=-1), raw[:, 0])
    loss = ContrastiveLoss(temperature=0.5)
    Objective(loss, 0.0)(out.points, out.uncertainty, labels, 4).total.backward()
    assert raw.grad[:4].abs().sum() > 0
    assert raw.grad[4:].abs().sum() == 0
    raw.grad = None
    points = torch.tanh(raw) / 2
    out = HeadOutput(points, 1 - points.norm(dim=-1), raw.norm(dim=-1), raw[:, 0])
    Objective(loss, 1.0, held_only=True)(out.points, out.uncertainty, labels, 4).total.backward()
    held = raw.grad.clone()
    raw.grad = None
    points = torch.tanh(raw) / 2
    out = HeadOutput(points, 1 - points.norm(dim=-1), raw.norm(dim=-1), raw[:, 0])
    Objective(loss, 1.0)(out.points, out.uncertainty, labels, 4).total.backward()
    assert (raw.grad - held)[:4].abs().sum() > 0  # "all" calibrates the fit images too
    rest, direction = held[4:], torch.tanh(raw)[4:].detach()
    assert rest.abs().sum() > 0
    # u is the radius here, so the gradient at the points may only be radial: undo the tanh.
    at_points = rest / (1 - direction.square())
    cosine = torch.cosine_similarity(at_points, direction, dim=-1).abs()
    assert torch.allclose(cosine, torch.ones(4), atol=1e-4)


def test_schedule_warms_up_and_ends_at_zero():
    config = tiny_config(steps=100, warmup=0.1)
    rates = np.array([schedule(s, config) for s in range(101)])
    assert rates[0] == pytest.approx(0.1)
    assert rates[9:11] == pytest.approx([1, 1])
    assert (np.diff(rates[10:]) < 0).all()
    assert rates[100] == pytest.approx(0, abs=1e-12)


def test_average_follows_the_weights():
    model = torch.nn.BatchNorm1d(2)
    state = RunState(model, None, None, step=10_000)
    state.reset_average()
    with torch.no_grad():
        model.weight.fill_(3)
        model.num_batches_tracked.fill_(7)
    state.update_average(decay=0.9)
    assert state.average["weight"].tolist() == pytest.approx([1.2, 1.2])
    assert state.average["num_batches_tracked"].item() == 7
    state.update_average(decay=0.0)
    assert state.average["weight"].tolist() == [3, 3]


def test_a_missing_gpu_is_said():
    if torch.cuda.is_available():
        assert pick_device("cuda").type == "cuda"
    else:
        with pytest.raises(ValueError, match="no GPU"):
            pick_device("cuda")


@pytest.mark.parametrize(
    ("capability", "precision", "said"),
    [("AVX2", "bfloat16", True), ("AVX2", "float32", False), ("AVX512", "bfloat16", False)],
)
def test_emulated_bfloat16_is_said(monkeypatch, capability, precision, said):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    found = slow_precision(tiny_config(precision=precision))
    assert (found is not None) == said
    assert found is None or "--precision float32" in found


def test_training_can_start_from_a_checkpoint_of_the_same_architecture(tmp_path):
    first = train(SquaresDataset(), tmp_path / "first", tiny_config())
    config = tiny_config(init=str(tmp_path / "first"), lr=1e-9, steps=1, ema=0.0, weight_decay=0.0)
    second = train(SquaresDataset(), tmp_path / "second", config)
    before, after = first.head.linear.weight, second.head.linear.weight
    assert torch.allclose(before, after, atol=1e-6)
    assert second.training_info["started_from"]["steps"] == 6
    other = tiny_config(init=str(tmp_path / "first"), model=replace(TINY, dim=5))
    with pytest.raises(ValueError, match="another architecture"):
        train(SquaresDataset(), tmp_path / "third", other)
    assert not (tmp_path / "third").exists()
