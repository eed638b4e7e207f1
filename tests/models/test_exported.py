"""The exported graph: equal to torch, weights stored once, and what damage is noticed."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.numpy import load as load_safetensors
from safetensors.numpy import save as save_safetensors

from hypuml.commands import main
from hypuml.models import export, onnx_graph
from hypuml.models.exported import ExportedModel
from hypuml.models.files import CONFIG, GRAPH, WEIGHTS, CheckpointError, read_config, write_config
from hypuml.models.hypuml import HypUML
from hypuml.models.loading import load_model
from hypuml.training import train
from tests.support import ROOT
from tests.support.squares import SquaresDataset
from tests.support.training_support import TINY, tiny_config

pytestmark = pytest.mark.usefixtures("graphs")
SHIPPED = sorted(folder.parent for folder in (ROOT / "checkpoints").glob(f"*/{CONFIG}"))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory, graphs):
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("exported") / "tiny"
    model = HypUML(TINY)
    model.training_info = {"seed": 3}
    model.save_pretrained(folder)
    return folder


@pytest.fixture
def copied(tiny, tmp_path):
    return shutil.copytree(tiny, tmp_path / "copy")


def inputs(size: int, count: int = 5) -> np.ndarray:
    """Noise, flat areas and a real picture, normalised as nothing in particular."""
    made = np.random.default_rng(1).normal(0, 1, (count, 3, size, size)).astype(np.float32)
    made[0] = 0
    made[1] = np.kron(made[1, :, :2, :2], np.ones((size // 2, size // 2)))[:, :size, :size]
    return made


def equal(folder: Path, count: int = 5) -> None:
    one, two = HypUML.from_pretrained(folder), ExportedModel.from_pretrained(folder, threads=1)
    assert (two.config, two.curvature) == (one.config, one.curvature)
    assert two.preprocessing == one.preprocessing
    assert two.training_info == one.training_info
    assert two.confidence == one.confidence
    assert (two.loss_prediction is None) == (one.loss_prediction is None)
    given = inputs(one.config.image_size, count)
    expected, found = one.describe_array(given), two.describe_array(given)
    for name in ("points", "uncertainty"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name), abs=1e-5), name
    for name in ("norm", "features"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name), abs=1e-4, rel=1e-4)


def test_any_number_of_images_equals_torch(tiny):
    for count in (2, 3, 7):
        equal(tiny, count)
    one, two = HypUML.from_pretrained(tiny), load_model(tiny)
    assert isinstance(two, ExportedModel)
    images = [Image.new("RGB", (500, 20), "red"), *(SquaresDataset().load(i) for i in range(4))]
    expected, found = one.embed(images), two.embed(images, batch_size=2)
    assert found.points == pytest.approx(expected.points, abs=1e-5)
    assert found.uncertainty == pytest.approx(expected.uncertainty, abs=1e-5)
    assert two.embed([]).points.shape == (0, TINY.dim)


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_every_checkpoint_that_ships_has_a_graph_equal_to_torch(folder):
    equal(folder)


@pytest.mark.parametrize(
    "options",
    [
        {"length": "clip", "uncertainty": "predicted", "geometry": "euclidean"},
        {"geometry": "spherical", "curvature": 0.3},
    ],
)
def test_other_heads_equal_torch(options, tmp_path):
    HypUML(replace(TINY, **options)).save_pretrained(tmp_path)
    equal(tmp_path)


def test_weights_stored_in_half_precision_equal_torch(tmp_path):
    torch.manual_seed(0)
    model = HypUML(replace(TINY, backbone="tf_efficientnet_lite0", backbone_args={}, image_size=64))
    model.save_pretrained(tmp_path)
    tensors = load_safetensors((tmp_path / WEIGHTS).read_bytes())
    wide = sum(tensor.nbytes for tensor in tensors.values())
    halved = {
        name: tensor.astype(np.float16) if tensor.ndim > 1 else tensor
        for name, tensor in tensors.items()
    }
    data = save_safetensors(halved)
    assert len(data) < 0.6 * wide
    (tmp_path / WEIGHTS).write_bytes(data)
    config = read_config(tmp_path)
    config["weights_sha256"] = hashlib.sha256(data).hexdigest()
    write_config(tmp_path, config)
    with pytest.raises(CheckpointError, match="other weights"):
        ExportedModel.from_pretrained(tmp_path)
    assert main(["export", str(tmp_path)]) == 0
    assert (tmp_path / WEIGHTS).read_bytes() == data
    equal(tmp_path)


def test_a_trained_model_has_a_graph(tmp_path):
    train(SquaresDataset(), tmp_path, tiny_config(steps=2, eval_every=2))
    equal(tmp_path)


def test_the_weights_lie_in_one_file_alone(tiny):
    import onnx

    proto = onnx.load(str(tiny / GRAPH), load_external_data=False)
    names = set(load_safetensors((tiny / WEIGHTS).read_bytes()))
    external = {t.name for t in proto.graph.initializer if t.external_data}
    # Counters of batches are no part of a forward pass.
    assert external == {name for name in names if not name.endswith("num_batches_tracked")}
    assert (tiny / GRAPH).stat().st_size < 60_000
    assert str(ROOT).encode() not in (tiny / GRAPH).read_bytes()
    config = read_config(tiny)
    assert config["graph"]["opset"] == proto.opset_import[0].version == onnx_graph.OPSET
    # Plain onnxruntime reads it from the folder, as any other ONNX file.
    import onnxruntime

    session = onnxruntime.InferenceSession(tiny / GRAPH, providers=["CPUExecutionProvider"])
    given = inputs(TINY.image_size)
    points = session.run(["points"], {"images": given})[0]
    assert points == pytest.approx(ExportedModel.from_pretrained(tiny).run(given).points, abs=1e-6)


def test_looking_through_a_graph_needs_no_torch(tiny):
    code = (
        "import sys\n"
        "from PIL import Image\n"
        "from hypuml.models.loading import load_model\n"
        f"model = load_model({str(tiny)!r})\n"
        "model.embed([Image.new('RGB', (30, 30))])\n"
        "print(sorted({'torch', 'timm', 'onnx', 'geoopt', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize("place", [0, 0.5, -1])
def test_one_flipped_bit_of_the_graph_is_noticed_before_it_is_parsed(copied, place):
    data = bytearray((copied / GRAPH).read_bytes())
    data[int(place * len(data)) if place > 0 else place] ^= 1
    (copied / GRAPH).write_bytes(data)
    with pytest.raises(CheckpointError, match=rf"{GRAPH} does not match the sha256.*hypuml export"):
        load_model(copied)


def test_one_flipped_bit_of_the_weights_is_noticed(copied):
    data = bytearray((copied / WEIGHTS).read_bytes())
    data[-100] ^= 1
    (copied / WEIGHTS).write_bytes(data)
    with pytest.raises(CheckpointError, match=rf"{WEIGHTS} does not match the sha256"):
        load_model(copied)


def test_a_graph_of_other_weights_is_refused(copied, tmp_path):
    other = tmp_path / "other"
    torch.manual_seed(1)
    HypUML(TINY).save_pretrained(other)
    # Even where somebody made the hash fit.
    (copied / GRAPH).write_bytes((other / GRAPH).read_bytes())
    write_config(copied, read_config(copied) | {"graph": read_config(other)["graph"]})
    with pytest.raises(CheckpointError, match="graph of other weights"):
        load_model(copied)


@pytest.mark.parametrize(
    "entry",
    [
        {"file": "../elsewhere.onnx", "opset": 20, "sha256": "0", "weights_sha256": "0"},
        {"file": "model.onnx", "opset": 20},
        "model.onnx",
    ],
)
def test_a_damaged_entry_is_named(copied, entry):
    write_config(copied, read_config(copied) | {"graph": entry})
    with pytest.raises(CheckpointError, match=rf"{CONFIG} is damaged: .*hypuml export"):
        load_model(copied)


def test_a_missing_graph_is_named(copied):
    (copied / GRAPH).unlink()
    with pytest.raises(CheckpointError, match=rf"cannot read .*{GRAPH}: .*hypuml export"):
        load_model(copied)


def test_bytes_that_are_no_graph_are_refused_in_one_sentence(copied):
    data = b"\x08\x0a not a graph"
    (copied / GRAPH).write_bytes(data)
    config = read_config(copied)
    config["graph"]["sha256"] = hashlib.sha256(data).hexdigest()
    write_config(copied, config)
    with pytest.raises(CheckpointError, match=rf"{GRAPH} cannot be used: ") as caught:
        load_model(copied)
    assert "\n" not in str(caught.value)


def test_without_a_graph_torch_stands_in(copied):
    config = read_config(copied)
    del config["graph"]
    write_config(copied, config)
    assert isinstance(load_model(copied), HypUML)
    with pytest.raises(CheckpointError, match="no exported graph"):
        ExportedModel.from_pretrained(copied)


def test_without_onnxruntime_torch_stands_in_or_it_is_said(tiny, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert isinstance(load_model(tiny), HypUML)
    with pytest.raises(CheckpointError, match="onnxruntime, which is not installed"):
        ExportedModel.from_pretrained(tiny)


@pytest.mark.parametrize("missing", ["onnx", "onnx_ir", "onnxruntime"])
def test_where_a_graph_cannot_be_made_the_checkpoint_is_saved_without(
    copied, missing, monkeypatch, caplog
):
    monkeypatch.setitem(sys.modules, missing, None)
    monkeypatch.delitem(sys.modules, "hypuml.models.onnx_graph", raising=False)
    monkeypatch.setattr(export, "_traced", {})
    with caplog.at_level(logging.WARNING):
        HypUML(TINY).save_pretrained(copied)
    (record,) = caplog.records
    assert f"{missing} is not installed" in record.getMessage()
    assert not (copied / GRAPH).exists()
    assert "graph" not in read_config(copied)
    assert isinstance(load_model(copied), HypUML)


def test_a_graph_that_differs_from_torch_is_not_kept(copied, monkeypatch, caplog):
    monkeypatch.setattr(export, "TOLERANCE", -1.0)
    HypUML(TINY).save_pretrained(copied)
    assert "would differ from torch's" in caplog.text
    assert not (copied / GRAPH).exists()


def test_export_says_what_it_wrote_and_refuses_what_is_no_checkpoint(copied, tmp_path, capsys):
    before = (copied / WEIGHTS).read_bytes(), (copied / GRAPH).read_bytes()
    assert main(["export", str(copied)]) == 0
    assert capsys.readouterr().out == f"{copied / GRAPH}\n"
    assert ((copied / WEIGHTS).read_bytes(), (copied / GRAPH).read_bytes()) == before
    with pytest.raises(SystemExit, match="2"):
        main(["export", str(tmp_path / "nothing")])
    assert "cannot read" in capsys.readouterr().err


def test_offsets_are_those_of_the_file(tiny):
    import onnx

    data = (tiny / WEIGHTS).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    for tensor in onnx.load(str(tiny / GRAPH), load_external_data=False).graph.initializer:
        where = {entry.key: entry.value for entry in tensor.external_data}
        if where:
            start, stop = header[tensor.name]["data_offsets"]
            assert where["location"] == WEIGHTS
            assert int(where["offset"]) == 8 + length + start
            assert int(where["length"]) == stop - start
