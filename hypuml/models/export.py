"""A model as an ONNX graph, for runtimes other than torch: tried, and put beside its weights.

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
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hypuml.files import write_atomically
from hypuml.models.exported import open_session
from hypuml.models.files import GRAPH, read_config, read_weights, write_config

if TYPE_CHECKING:
    from hypuml.models.hypuml import HypUML

TOLERANCE = 1e-5
"""Most that points, uncertainty and outside may differ from torch's for a graph to be kept."""

_COMPARED = ("points", "uncertainty", "outside")

# Exporting takes seconds and depends on the architecture alone.
_traced: dict[str, bytes] = {}


class ExportError(ValueError):
    """A model has no graph; the message has the reason."""


def write_graph(model: HypUML, folder: Path) -> None:
    """Write ``model.onnx`` into a model's checkpoint, and record it in its ``config.json``.

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
    graph, opset = _exported(stored, tensors)
    _check(graph, tensors, stored)
    write_atomically(folder / GRAPH, graph)
    entry = {
        "file": GRAPH,
        "opset": opset,
        "sha256": hashlib.sha256(graph).hexdigest(),
        "weights_sha256": config["weights_sha256"],
    }
    write_config(folder, {**config, "preprocessing": model.preprocessing, "graph": entry})


def _exported(model: HypUML, tensors: bytes) -> tuple[bytes, int]:
    """The graph of a model whose weights are ``tensors``, and its opset."""
    key = f"{model.config}\n{model}"
    try:
        from hypuml.models.onnx_graph import OPSET, trace, with_weights

        if key not in _traced:
            _traced[key] = trace(model)
        return with_weights(_traced[key], tensors), OPSET
    except ImportError as error:
        raise ExportError(f"{error.name} is not installed (pip install {error.name})") from error
    except Exception as error:  # the exporter's own types, and whatever a backbone raises
        raise ExportError(f"torch cannot export it: {_first_line(error)}") from error


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
