"""Torch in a process of its own: the same answers, and what happens when it fails or ends."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import torch

from hypuml.models.files import GRAPH, WEIGHTS, CheckpointError, read_config, write_config
from hypuml.models.hypuml import HypUML
from hypuml.models.loading import load_model
from hypuml.models.subprocess_model import SubprocessModel
from tests.support import ROOT
from tests.support.training_support import TINY


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """A checkpoint without a graph."""
    folder = tmp_path_factory.mktemp("apart") / "bare"
    torch.manual_seed(0)
    model = HypUML(TINY)
    model.training_info = {"seed": 3}
    model.save_pretrained(folder)
    (folder / GRAPH).unlink(missing_ok=True)
    config = read_config(folder)
    write_config(folder, {k: v for k, v in config.items() if k not in ("graph", "preprocessing")})
    return folder


@pytest.fixture(scope="module")
def apart(bare):
    with closing(load_model(bare, apart=True)) as model:
        assert isinstance(model, SubprocessModel)
        yield model


def images(count: int = 3) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.normal(0, 1, (count, 3, TINY.image_size, TINY.image_size)).astype(np.float32)


def test_it_answers_as_torch_does_here(apart, bare):
    here = HypUML.from_pretrained(bare)
    assert (apart.config, apart.curvature) == (here.config, here.curvature)
    assert apart.preprocessing == here.preprocessing
    assert apart.training_info == {"seed": 3}
    for count in (1, 4):
        expected, found = here.describe_array(images(count)), apart.describe_array(images(count))
        for name in ("points", "uncertainty", "norm", "features"):
            assert getattr(found, name) == pytest.approx(getattr(expected, name), abs=1e-5), name


def test_a_wrong_question_is_answered_with_its_problem_and_the_next_one_goes_on(apart):
    with pytest.raises(ValueError, match="RuntimeError"):
        apart.run(np.zeros((1, 7, 24, 24), dtype=np.float32))
    assert apart.alive
    assert len(apart.run(images()).points) == 3


def test_a_process_that_ended_is_said_in_one_sentence(bare):
    with closing(SubprocessModel(bare)) as model:
        os.kill(model._process.pid, signal.SIGKILL)
        with pytest.raises(ValueError, match=r"ended \(exit code -9\)"):
            model.run(images())
        assert not model.alive


def test_a_damaged_checkpoint_is_said_as_here(bare, tmp_path):
    copied = shutil.copytree(bare, tmp_path / "copy")
    (copied / WEIGHTS).write_bytes(b"other")
    with pytest.raises(CheckpointError, match="does not match the sha256"):
        SubprocessModel(copied)
    with pytest.raises(CheckpointError, match="no checkpoint"):
        SubprocessModel(tmp_path)


def test_it_ends_with_whoever_started_it_and_keeps_it_without_torch(bare):
    code = (
        "import sys\n"
        "from PIL import Image\n"
        "from hypuml.models.loading import load_model\n"
        f"model = load_model({str(bare)!r}, apart=True)\n"
        "model.embed([Image.new('RGB', (30, 30))])\n"
        "print('torch' in sys.modules, model._process.pid)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    loaded, pid = done.stdout.split()
    assert loaded == "False", done.stderr
    for _ in range(100):
        if not Path(f"/proc/{pid}").exists():
            break
        time.sleep(0.1)
    assert not Path(f"/proc/{pid}").exists()
