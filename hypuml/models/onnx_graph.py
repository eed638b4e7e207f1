"""Tracing a model and pointing the graph's weights at their file; the only module that needs onnx.

What the graph looks like stands in :mod:`hypuml.models.export`.
"""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

import onnx
import onnx_ir as ir
import torch
from onnx_ir.passes.common import InlinePass, RemoveUnusedNodesPass
from onnxscript.optimizer import fold_constants
from torch import Tensor, nn

from hypuml.models.exported import OUTPUTS
from hypuml.models.files import WEIGHTS, todays_name

if TYPE_CHECKING:
    from hypuml.models.hypuml import HypUML

OPSET = 20
# Numbers: biases of zero are folded, maps of pixels stay what they are computed from.
_MOST_FOLDED = 2048


class _Outputs(nn.Module):
    """The forward pass with the outputs of the graph; parameters keep their names."""

    def __init__(self, model: HypUML) -> None:
        super().__init__()
        self.backbone, self.head = model.backbone, model.head

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        features = self.backbone(images).float()
        out = self.head(features)
        return out.points, out.uncertainty, out.norm, features, out.outside


def trace(model: HypUML) -> bytes:
    """The graph of an architecture; its weights are external, at places still to be filled in."""
    size = model.config.image_size
    # Apart from the next step, which would take a number of images that cannot vary for granted.
    captured = torch.export.export(
        _Outputs(model).eval(),
        # One image would be taken for a graph of one image.
        (torch.zeros(2, 3, size, size),),
        dynamic_shapes=({0: torch.export.Dim("N")},),
    )
    program = torch.onnx.export(
        captured,
        dynamo=True,
        # That would fold parameters into others.
        optimize=False,
        opset_version=OPSET,
        input_names=["images"],
        output_names=list(OUTPUTS),
        verbose=False,
    )
    assert program is not None  # no file was asked for
    graph, names = program.model.graph, set(model.state_dict())

    def is_free(node: ir.Node) -> bool | None:
        taken = any(value is not None and value.name in names for value in node.inputs)
        return False if taken and node.op_type != "Shape" else None

    # What is left of Python's arithmetic on shapes and bounds keeps a runtime from fusing layers.
    InlinePass()(program.model)
    fold_constants(program.model, output_size_limit=_MOST_FOLDED, should_fold=is_free)
    RemoveUnusedNodesPass()(program.model)
    for name in names:
        value = graph.initializers.get(name)
        if value is not None and value.const_value is not None:
            kept = value.const_value
            value.const_value = ir.ExternalTensor(
                WEIGHTS, 0, kept.nbytes, kept.dtype, shape=ir.Shape(kept.numpy().shape), name=name
            )
    proto = ir.to_proto(program.model)
    # Notes for debugging, with the paths of this machine.
    proto.ClearField("metadata_props")
    for part in (proto.graph, *proto.functions):
        for thing in (part, *part.node, *part.value_info):
            thing.ClearField("metadata_props")
            thing.ClearField("doc_string")
    for thing in (*proto.graph.input, *proto.graph.output, *proto.graph.initializer):
        thing.ClearField("metadata_props")
        thing.ClearField("doc_string")
    return proto.SerializeToString(deterministic=True)


def with_weights(traced: bytes, tensors: bytes) -> bytes:
    """Point the weights of a graph at their places in ``model.safetensors``."""
    proto = onnx.load_from_string(traced)
    (length,) = struct.unpack("<Q", tensors[:8])
    stored = json.loads(tensors[8 : 8 + length])
    header = {todays_name(name): place for name, place in stored.items()}
    external = onnx.TensorProto.EXTERNAL
    widened = []
    for tensor in proto.graph.initializer:
        if tensor.data_location != external:
            continue
        place = header[tensor.name]
        start, stop = place["data_offsets"]
        where = {"location": WEIGHTS, "offset": 8 + length + start, "length": stop - start}
        del tensor.external_data[:]
        for name, value in where.items():
            tensor.external_data.add(key=name, value=str(value))
        if place["dtype"] == "F16" and tensor.data_type == onnx.TensorProto.FLOAT:
            widened.append(_widen(tensor))
    nodes = [*widened, *proto.graph.node]
    del proto.graph.node[:]
    proto.graph.node.extend(nodes)
    return proto.SerializeToString(deterministic=True)


def _widen(tensor: Any) -> Any:
    """Make an initializer one of half precision; the node that gives its old name in single."""
    name, tensor.name = tensor.name, f"{tensor.name}.half"
    tensor.data_type = onnx.TensorProto.FLOAT16
    return onnx.helper.make_node(
        "Cast", [tensor.name], [name], name=f"widen {name}", to=onnx.TensorProto.FLOAT
    )
