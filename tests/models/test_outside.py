"""What is outside what a model knows: the measure, its way through files, and what is said."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from hypuml.commands import main
from hypuml.commands.gallery import outside_line
from hypuml.gallery import Gallery, GalleryError, build_gallery
from hypuml.gallery.manifest import ITEMS
from hypuml.models.config import ModelConfig
from hypuml.models.export import write_graph
from hypuml.models.exported import ExportedModel
from hypuml.models.files import GRAPH, read_config, write_config
from hypuml.models.hypuml import HypUML
from hypuml.models.lengths import LENGTHS, make_length
from hypuml.types import NEVER_OUTSIDE, Embedding, joined
from tests.support.gallery_doubles import ColourModel, Squares
from tests.support.outside_support import noise, older, telling_garden
from tests.support.training_support import TINY


def readout(seed: int):
    """A length fitted to features that vary along four of sixteen directions, and these."""
    torch.manual_seed(seed)
    length = make_length(ModelConfig(length="readout"), 16)
    basis = torch.linalg.qr(torch.randn(16, 16))[0]
    features = torch.randn(200, 4) @ basis[:4] * 3 + 0.1 * torch.randn(200, 16) + 1
    length.fit_axes(features)
    length.axes[4:] = 0
    length.outside_at.copy_(length.residual(features).quantile(0.98))
    length.outside_scale.fill_(0.4)
    return length, features


@pytest.mark.parametrize("seed", range(3))
def test_outside_grows_with_the_distance_beyond_the_axes_and_not_along_them(seed):
    length, features = readout(seed)
    inside = length.outside(features)
    assert ((inside > 0).float().mean() - 0.02).abs() < 0.006
    direction = torch.randn(16)
    along = length.axes.T @ (length.axes @ direction)
    beyond = (direction - along) / (direction - along).norm()
    steps = torch.arange(1, 40)[:, None]
    away = length.outside(length.mean + steps * beyond)
    assert (away.diff() > 0).all()
    # The energy is the square of the distance, of which the logarithm is taken.
    expected = (2 * steps[:, 0].log() - length.outside_at) / 0.4
    assert away.numpy() == pytest.approx(expected.numpy(), abs=1e-3)
    start = length.mean + 5 * beyond
    moved = length.outside(start + steps * along)
    assert moved.numpy() == pytest.approx(np.full(39, float(length.outside(start[None]))), abs=1e-2)


@pytest.mark.parametrize("name", sorted(set(LENGTHS) - {"readout"}))
def test_lengths_that_cannot_tell_call_nothing_outside(name):
    length = make_length(ModelConfig(length=name), 16)
    features = torch.randn(5, 16) * torch.tensor([0, 1, 1e3, 1e6, 1])[:, None]
    assert length.outside(features).tolist() == [NEVER_OUTSIDE] * 5
    said = Embedding(np.zeros((5, 2)), np.zeros(5), length.outside(features).numpy())
    assert said.is_outside is None


def test_an_embedding_without_it_counts_as_one_that_cannot_tell():
    plain = Embedding(np.zeros((2, 3), np.float32), np.zeros(2, np.float32))
    assert plain.outside.tolist() == [NEVER_OUTSIDE] * 2
    assert plain.is_outside is None
    told = replace(plain, outside=np.array([-1, 0.5], np.float32))
    assert told.is_outside.tolist() == [False, True]
    assert joined([plain, told]).outside.tolist() == [-1, -1, -1, 0.5]
    with pytest.raises(ValueError, match=r"outside \[N\], got .*\(3,\)"):
        replace(plain, outside=np.zeros(3))


def test_u_takes_no_gradient_through_it():
    model = HypUML(replace(TINY, length="readout", min_length=0.3))
    out = model(torch.rand(2, 3, TINY.image_size, TINY.image_size))
    assert not out.outside.requires_grad
    assert out.points.requires_grad


def test_the_graph_equals_torch():
    folder = telling_garden().parent
    one, two = HypUML.from_pretrained(folder), ExportedModel.from_pretrained(folder, threads=1)
    given = np.random.default_rng(0).normal(0, 1, (7, 3, 32, 32)).astype(np.float32)
    given[0] = 0
    expected, found = one.describe_array(given), two.describe_array(given)
    assert len(set(expected.outside)) > 5
    assert found.outside == pytest.approx(expected.outside, abs=1e-5, rel=1e-5)
    assert found.uncertainty == pytest.approx(expected.uncertainty, abs=1e-5)
    pictures = [noise(i) for i in range(5)]
    outside = two.embed(pictures, batch_size=2).outside
    assert outside == pytest.approx(one.embed(pictures).outside, abs=1e-5, rel=1e-5)
    assert (outside > 0).all()


def test_a_graph_without_the_output_is_still_read(tmp_path):
    import onnx

    model = HypUML(replace(TINY, length="readout", min_length=0.3))
    model.save_pretrained(tmp_path)
    write_graph(model, tmp_path)
    given = np.random.default_rng(0).normal(0, 1, (3, 3, 24, 24)).astype(np.float32)
    today = ExportedModel.from_pretrained(tmp_path).describe_array(given)
    assert today.embedding.is_outside.tolist() == [False] * 3
    proto = onnx.load(str(tmp_path / GRAPH), load_external_data=False)
    (extra,) = (output for output in proto.graph.output if output.name == "outside")
    proto.graph.output.remove(extra)
    data = proto.SerializeToString(deterministic=True)
    (tmp_path / GRAPH).write_bytes(data)
    config = read_config(tmp_path)
    config["graph"]["sha256"] = hashlib.sha256(data).hexdigest()
    write_config(tmp_path, config)
    earlier = ExportedModel.from_pretrained(tmp_path).describe_array(given)
    assert earlier.points.tolist() == today.points.tolist()
    assert earlier.features.tolist() == today.features.tolist()
    assert earlier.embedding.is_outside is None


def test_a_gallery_keeps_what_the_model_said():
    folder = telling_garden()
    gallery, model = Gallery.open(folder), HypUML.from_pretrained(telling_garden().parent)
    size = model.config.image_size
    pictures = [gallery.original(row, size) for row in range(len(gallery))]
    expected = model.embed(pictures).outside > 0
    assert gallery.outside.tolist() == expected.tolist()
    assert gallery.outside.dtype == bool
    assert not gallery.outside.flags.writeable
    assert gallery.manifest["outside"] == pytest.approx(expected.mean())
    assert expected.mean() == pytest.approx(0.4, abs=0.02)
    assert pq.read_table(folder / ITEMS)["outside"].to_pylist() == expected.tolist()


def test_an_older_gallery_opens_and_knows_nothing_of_it(tmp_path):
    gallery = Gallery.open(older(telling_garden(), tmp_path / "gallery"))
    assert gallery.outside is None
    assert gallery.search(gallery.points[:1], 3).ids.shape == (1, 3)


def test_a_gallery_of_a_model_that_cannot_tell_is_written_as_before(tmp_path):
    gallery = build_gallery(
        Squares(9), range(9), ColourModel(), tmp_path / "g", model_ref="x", umap=False
    )
    assert gallery.outside is None
    assert "outside" not in gallery.manifest
    assert "outside" not in pq.read_table(tmp_path / "g" / ITEMS).column_names


def test_a_column_of_another_kind_is_refused(tmp_path):
    import pyarrow as pa

    from hypuml.gallery.columns import parse_items

    gallery = Gallery.open(telling_garden())
    table = pq.read_table(telling_garden() / ITEMS)
    place = table.column_names.index("outside")
    for column in (pa.array([0.5] * len(gallery)), pa.array([None] * len(gallery), pa.bool_())):
        sink = pa.BufferOutputStream()
        pq.write_table(table.set_column(place, "outside", column), sink)
        data = sink.getvalue().to_pybytes()
        with pytest.raises(GalleryError, match="build the gallery again"):
            parse_items(data, gallery.manifest, gallery.points, tmp_path / ITEMS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Four pictures of noise and two flowers."""
    root = tmp_path_factory.mktemp("folder")
    gallery = Gallery.open(telling_garden())
    flowers = [gallery.original(int(row), 96) for row in np.flatnonzero(~gallery.outside)[:2]]
    for name, pictures in (("noise", [noise(i) for i in range(4)]), ("flowers", flowers)):
        (root / name).mkdir()
        for i, picture in enumerate(pictures):
            picture.save(root / name / f"{i}.png")
    return root


def test_the_commands_say_the_share(folder, tmp_path, capsys):
    checkpoint = str(telling_garden().parent)
    assert main(["gallery", str(folder), checkpoint, str(tmp_path / "g")]) == 0
    streams = capsys.readouterr()
    assert streams.out == f"{tmp_path / 'g'}\n"
    gallery = Gallery.open(tmp_path / "g")
    count = int(gallery.outside.sum())
    assert count >= 4
    assert [*gallery.outside[gallery.labels.index("noise") :][:4]] == [True] * 4
    (line,) = (line for line in streams.err.splitlines() if "outside" in line)
    assert line.startswith(f"{count} of 6 images ({count / 6:.0%}) are outside what this model")
    out = tmp_path / "report.json"
    options = ["--json", str(out), "--no-degradation"]
    assert main(["evaluate", checkpoint, str(folder), *options]) == 0
    assert json.loads(out.read_text())["outside"] == pytest.approx(count / 6)
    text = capsys.readouterr().out
    assert f"outside                {count / 6:.3f}" in text
    assert f"{count / 6:.0%} of these images are outside what this model knows" in text


def test_nothing_is_said_where_the_model_cannot_tell(folder, tmp_path, capsys):
    HypUML(TINY).save_pretrained(tmp_path / "model")
    assert main(["gallery", str(folder), str(tmp_path / "model"), str(tmp_path / "g")]) == 0
    assert "outside" not in capsys.readouterr().err
    options = ["--json", "-", "--no-degradation"]
    assert main(["evaluate", str(tmp_path / "model"), str(folder), *options]) == 0
    assert json.loads(capsys.readouterr().out)["outside"] is None


def test_the_line_counts_and_is_left_out_for_none():
    flags = np.arange(346) < 12
    assert outside_line(flags).startswith("12 of 346 images (3%) are outside what this model knows")
    assert outside_line(np.zeros(3, bool)) == outside_line(None) == ""
