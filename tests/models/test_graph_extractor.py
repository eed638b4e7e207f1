"""A backbone looked through by onnxruntime says what torch says, and is known by the same name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from hypuml.models import graph_extractor as module
from hypuml.models.files import CheckpointError
from hypuml.models.graph_extractor import GraphExtractor, graph_extractor
from hypuml.models.hypuml import HypUML
from tests.support.training_support import TINY

pytestmark = pytest.mark.usefixtures("graphs")


def frozen() -> HypUML:
    torch.manual_seed(0)
    model = HypUML(replace(TINY, length="readout", root_features=True, half_weights=True))
    model.backbone.round_weights()
    model.backbone.freeze()
    return model.eval()


def test_raw_features_are_those_of_torch_without_their_roots():
    backbone = frozen().backbone
    model = frozen()
    found = graph_extractor(model)
    assert isinstance(found, GraphExtractor)
    noise = np.random.default_rng(0).normal(size=(5, 3, 24, 24)).astype(np.float32)
    images = torch.from_numpy(noise).contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        raw, expected = found.raw(images), backbone.raw(images)
        rooted = backbone.project(expected)
    assert torch.allclose(raw, expected, atol=1e-4)
    assert not torch.allclose(raw, rooted, atol=1e-2)
    assert found.raw_fingerprint() == backbone.raw_fingerprint()
    assert (found.num_features, found.mean, found.std) == (
        backbone.num_features, backbone.mean, backbone.std
    )  # fmt: skip


def test_where_no_graph_can_be_made_the_backbone_itself_looks(monkeypatch):
    def refuse(folder):
        raise CheckpointError("no runtime")

    monkeypatch.setattr(module.ExportedModel, "from_pretrained", refuse)
    model = frozen()
    assert graph_extractor(model) is model.backbone
