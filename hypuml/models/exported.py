"""A checkpoint in onnxruntime: the exported graph on the weights, without torch.

Both files are read once, their sha256 is compared with ``config.json``, and just these bytes are
parsed. (The graph and how it finds its weights: :mod:`hypuml.models.export`.)
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hypuml.confidence import AnswerConfidence
from hypuml.loss_prediction import LossPrediction
from hypuml.models.config import ModelConfig
from hypuml.models.embedder import Embedder
from hypuml.models.files import (
    CONFIG,
    WEIGHTS,
    CheckpointError,
    Described,
    find_checkpoint,
    read_config,
    read_weights,
)

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

OUTPUTS = ("points", "uncertainty", "norm", "features", "outside")
AGAIN = "write it again with: python -m hypuml export CHECKPOINT"


class ExportedModel(Embedder):
    """A model that onnxruntime computes. Safe between threads."""

    def __init__(
        self,
        session: InferenceSession,
        config: ModelConfig,
        preprocessing: Mapping[str, Any],
        training_info: dict[str, Any] | None = None,
    ) -> None:
        """Wrap an open session; see :meth:`from_pretrained`."""
        self._session = session
        given = {output.name for output in session.get_outputs()}
        # Earlier graphs have no output for what is outside, so nothing is.
        self._outputs = [name for name in OUTPUTS if name in given or name != "outside"]
        self._preprocessing = dict(preprocessing)
        self.config = config
        self.training_info = training_info or {}
        self.confidence: AnswerConfidence | None = None
        self.loss_prediction: LossPrediction | None = None

    @property
    def preprocessing(self) -> dict[str, Any]:
        """How a picture becomes the network's input, as the checkpoint records it."""
        return dict(self._preprocessing)

    def run(self, inputs: np.ndarray) -> Described:
        """One forward pass of preprocessed inputs ``[N, 3, S, S]`` float32, N >= 1."""
        return Described(*self._session.run(self._outputs, {"images": inputs}))

    @classmethod
    def from_pretrained(
        cls, name: str | Path, *, revision: str | None = None, threads: int = 0
    ) -> ExportedModel:
        """Load a model.

        Args:
            name: folder of a checkpoint, or a hub id ``owner/name``.
            revision: branch, tag or commit of a hub id.
            threads: that one forward pass uses; 0 for one per core.

        Raises:
            CheckpointError: there is no checkpoint or no graph in it, one of its files is damaged
                or belongs to another, or onnxruntime is not installed.
        """
        folder = find_checkpoint(str(name), revision)
        config = read_config(folder)
        tensors, graph = read_weights(folder, config), read_graph(folder, config)
        try:
            described = ModelConfig.from_dict(config["model"])
            session = open_session(graph, tensors, threads)
        except ImportError:
            raise CheckpointError(
                f"the graph in {folder} needs onnxruntime, which is not installed "
                "(pip install onnxruntime)"
            ) from None
        except Exception as error:  # onnxruntime's types share no base but this
            reason = str(error).strip().splitlines() or [type(error).__name__]
            raise CheckpointError(
                f"{folder / config['graph']['file']} cannot be used: {reason[0]}; {AGAIN}"
            ) from error
        model = cls(session, described, config["preprocessing"], config.get("training", {}))
        try:
            model.confidence = AnswerConfidence.load(folder)
            model.loss_prediction = LossPrediction.load(folder)
        except ValueError as error:
            raise CheckpointError(str(error)) from error
        return model


def read_graph(folder: Path, config: Mapping[str, Any]) -> bytes:
    """The bytes of a checkpoint's graph.

    Args:
        folder: of the checkpoint.
        config: its ``config.json``.

    Raises:
        CheckpointError: there is none, or it is not the one that the configuration names.
    """
    entry = config.get("graph")
    if entry is None:
        raise CheckpointError(f"{folder} has no exported graph; {AGAIN}")
    try:
        name, sha, of = str(entry["file"]), entry["sha256"], entry["weights_sha256"]
        how = config["preprocessing"]
        known = {"size", "mean", "std"} <= set(how)
    except (KeyError, TypeError):
        known = False
    # A file name is data: it must not lead out of the checkpoint.
    if not known or Path(name).name != name:
        raise CheckpointError(f"{folder / CONFIG} is damaged: its entry of the graph; {AGAIN}")
    path = folder / name
    if of != config["weights_sha256"]:
        raise CheckpointError(f"{path} is the graph of other weights than {WEIGHTS}; {AGAIN}")
    try:
        graph = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {error.strerror}; {AGAIN}") from error
    if hashlib.sha256(graph).hexdigest() != sha:
        raise CheckpointError(
            f"{path} does not match the sha256 in {CONFIG}: the file is damaged or was "
            f"exchanged; {AGAIN}"
        )
    return graph


def open_session(graph: bytes, tensors: bytes, threads: int = 0) -> InferenceSession:
    """A session of a graph whose weights lie in ``tensors``.

    Args:
        graph: content of ``model.onnx``.
        tensors: content of ``model.safetensors``.
        threads: that one forward pass uses; 0 for one per core.

    Raises:
        ImportError: onnxruntime is not installed.
        Exception: the graph cannot be used; onnxruntime has many types.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # Said and not left to onnxruntime, which would pin its threads to the cores.
    options.intra_op_num_threads = threads or os.cpu_count() or 1
    # Its warnings are about what it could not optimise.
    options.log_severity_level = 3
    # Threads that spin between two forward passes take the time of those that decode.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_external_initializers_from_files_in_memory([WEIGHTS], [tensors], [len(tensors)])
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
