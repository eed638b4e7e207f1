"""A backbone that does not learn, computed by onnxruntime instead of torch: two to three times as
fast on a CPU, which is what fitting a head to thousands of images waits for.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace

import torch
from torch import Tensor

from hypuml.models.exported import ExportedModel
from hypuml.models.extractor import Extractor
from hypuml.models.files import CheckpointError
from hypuml.models.hypuml import HypUML


class GraphExtractor(Extractor):
    """Raw features from an exported graph, equal to the backbone's within 1e-5 or so."""

    trainable = False

    def __init__(self, backbone: Extractor, graph: ExportedModel) -> None:
        """Wrap a graph.

        Args:
            backbone: what the graph was exported from.
            graph: whose ``features`` are the backbone's raw features.
        """
        super().__init__()
        self.num_features = backbone.num_features
        self.mean, self.std = backbone.mean, backbone.std
        self._graph, self._fingerprint = graph, backbone.raw_fingerprint()

    def raw(self, images: Tensor) -> Tensor:
        """See :class:`Extractor`; without gradient, on the CPU."""
        return torch.from_numpy(self._graph.run(images.contiguous().numpy()).features)

    def raw_fingerprint(self) -> str:
        """That of the backbone, so that either finds what the other has kept."""
        return self._fingerprint


def graph_extractor(model: HypUML) -> Extractor:
    """A model's backbone as a graph where one can be made, else the backbone itself.

    Args:
        model: on the CPU, with a backbone that does not learn.
    """
    backbone = model.backbone
    if backbone.device.type != "cpu" or not hasattr(backbone, "net"):
        return backbone
    # The graph ends in features: without their roots they are the raw ones.
    config = replace(
        model.config, pretrained=False, root_features=False, half_weights=False, length="tanh"
    )
    bare = HypUML(config, pretrained=False)
    bare.backbone.load_state_dict(backbone.state_dict())
    with tempfile.TemporaryDirectory() as folder:
        bare.save_pretrained(folder)
        try:
            return GraphExtractor(backbone, ExportedModel.from_pretrained(folder))
        except CheckpointError:
            # No exporter or no runtime here: slower, and the same.
            return backbone
