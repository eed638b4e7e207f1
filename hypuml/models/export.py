"""A model as an ONNX graph, for runtimes other than torch; only this module needs onnx.

The graph, ``model.onnx``, lies beside ``model.safetensors`` and holds no weights of its own: its
parameters are external data at their offsets in that file (8 bytes of header length, a JSON header,
then raw little-endian tensors). What is stored in half precision is widened by the graph.

Convention: input ``images`` ``[N, 3, S, S]`` float32, normalised, any N; outputs ``points``
``[N, n]``, ``uncertainty`` ``[N]``, ``norm`` ``[N]`` (of the tangent vector before it gets its
length), ``features`` ``[N, F]`` and ``outside`` ``[N]``, the fields of
:class:`hypuml.models.files.Described`.
"""

from __future__ import annotations

import copy
import hashlib
import json
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from hypuml.files import write_atomically
from hypuml.models.exported import OUTPUTS, open_session
from hypuml.models.files import GRAPH, WEIGHTS, read_config, read_weights, todays_name, write_config

if TYPE_CHECKING:
    from hypuml.models.hypuml import HypUML

OPSET = 20
TOLERANCE = 1e-5
"""Most that points, uncertainty and outside may differ from torch's for a graph to be kept."""

_COMPARED = ("points", "uncertainty", "outside")

# Numbers: biases of zero are folded, maps of pixels stay what they are computed from.
_MOST_FOLDED = 2048

# Exporting takes seconds and depends on the architecture alone.
_traced: dict[str, bytes] = {}


class ExportError(ValueError):
    """A model has no graph; the message says why."""


class _Described(nn.Module):
    """The forward pass with the outputs of the graph; parameters keep their names."""

    def __init__(self, model: HypUML) -> None:
        super().__init__()
        self.backbone, self.head = model.backbone, model.head

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        features = self.backbone(images).float()
        out = self.head(features)
        return out.points, out.uncertainty, out.norm, features, out.outside


def write_graph(model: HypUML, folder: Path) -> None:
    """Write ``model.onnx`` into a model's checkpoint, and say so in its ``config.json``.

    Args:
        model: the model; it is left as it is.
        folder: where its weights and configuration lie already.

    Raises:
        ExportError: onnx or onnxruntime is missing, the model cannot be exported, or the graph
            gives other values than torch.
        CheckpointError: the checkpoint is damaged.
    """
    config = read_config(folder)
    tensors = read_weights(folder, config)
    stored = copy.deepcopy(model).cpu().eval()
    # Stored in half precision, weights are not quite those in memory.
    stored.load_tensors(tensors)
    graph = _exported(stored, tensors)
    _check(graph, tensors, stored)
    write_atomically(folder / GRAPH, graph)
    entry = {
        "file": GRAPH,
        "opset": OPSET,
        "sha256": hashlib.sha256(graph).hexdigest(),
        "weights_sha256": config["weights_sha256"],
    }
    write_config(folder, {**config, "preprocessing": model.preprocessing, "graph": entry})


def _exported(model: HypUML, tensors: bytes) -> bytes:
    """The graph of a model whose weights are ``tensors``; raises :class:`ExportError`."""
    key = f"{model.config}\n{model}"
    try:
        if key not in _traced:
            _traced[key] = _trace(model)
        return _with_weights(_traced[key], tensors)
    except ImportError as error:
        raise ExportError(f"{error.name} is not installed (pip install {error.name})") from error
    except Exception as error:  # the exporter's own types, and whatever a backbone raises
        raise ExportError(f"torch cannot export it: {_first_line(error)}") from error


def _trace(model: HypUML) -> bytes:
    """The graph of an architecture; its weights are external, at places still to be filled in."""
    import onnx_ir as ir
    from onnx_ir.passes.common import InlinePass, RemoveUnusedNodesPass
    from onnxscript.optimizer import fold_constants

    size = model.config.image_size
    # Apart from the next step, which would take a number of images that cannot vary for granted.
    captured = torch.export.export(
        _Described(model).eval(),
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


def _with_weights(traced: bytes, tensors: bytes) -> bytes:
    """Point the weights of a graph at their places in ``model.safetensors``."""
    import onnx

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
    import onnx

    name, tensor.name = tensor.name, f"{tensor.name}.half"
    tensor.data_type = onnx.TensorProto.FLOAT16
    return onnx.helper.make_node(
        "Cast", [tensor.name], [name], name=f"widen {name}", to=onnx.TensorProto.FLOAT
    )


def _check(graph: bytes, tensors: bytes, model: HypUML) -> None:
    """Compare graph and torch on three noisy images; raises :class:`ExportError`."""
    size = model.config.image_size
    noise = np.random.default_rng(0).random((3, 3, size, size), dtype=np.float32)
    try:
        found = open_session(graph, tensors).run(list(_COMPARED), {"images": noise})
    except ImportError:
        raise ExportError("onnxruntime is not installed (pip install onnxruntime)") from None
    except Exception as error:  # onnxruntime's types share no base but this
        raise ExportError(f"onnxruntime cannot run it: {_first_line(error)}") from error
    expected = model.run(noise)
    for name, got in zip(_COMPARED, found, strict=True):
        wanted = getattr(expected, name)
        # Points and u are bounded; far away, outside is large.
        relative = TOLERANCE if name == "outside" else 0
        if not np.allclose(got, wanted, rtol=relative, atol=TOLERANCE, equal_nan=True):
            worst = float(np.nanmax(np.abs(got - wanted)))
            raise ExportError(f"its {name} would differ from torch's by {worst:.1g}")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
