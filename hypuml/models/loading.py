"""Loading a checkpoint for inference: in onnxruntime where it has a graph, in torch otherwise."""

from __future__ import annotations

from pathlib import Path

from hypuml.extras import is_installed, missing_message
from hypuml.models.embedder import Embedder
from hypuml.models.exported import ExportedModel
from hypuml.models.files import CheckpointError, find_checkpoint, read_config
from hypuml.models.subprocess_model import SubprocessModel


def has_graph(folder: Path) -> bool:
    """Whether a checkpoint can be computed without torch.

    Raises:
        CheckpointError: its configuration is missing or damaged.
    """
    return "graph" in read_config(folder) and is_installed("onnxruntime")


def load_model(
    name: str | Path, *, revision: str | None = None, threads: int = 0, apart: bool = False
) -> Embedder:
    """Load a model to embed pictures with.

    Args:
        name: folder of a checkpoint, or a hub id ``owner/name``.
        revision: branch, tag or commit of a hub id.
        threads: that one forward pass of onnxruntime uses; 0 for one per core.
        apart: torch, where it has to stand in, runs in a process of its own.

    Returns:
        :class:`~hypuml.models.exported.ExportedModel` where the checkpoint has a graph and
        onnxruntime is installed, else :class:`~hypuml.models.hypuml.HypUML`, or
        :class:`~hypuml.models.subprocess_model.SubprocessModel`.

    Raises:
        CheckpointError: there is no checkpoint, or it is damaged or of another kind. A damaged
            graph is an error; torch does not stand in for it. Or neither onnxruntime nor torch,
            where it is needed, is installed.
    """
    folder = find_checkpoint(str(name), revision)
    if has_graph(folder):
        return ExportedModel.from_pretrained(folder, threads=threads)
    if not is_installed("torch"):
        needed = "onnxruntime" if "graph" in read_config(folder) else "torch"
        raise CheckpointError(f"{missing_message(needed)}")
    if apart:
        return SubprocessModel(folder)
    from hypuml.models.hypuml import HypUML

    return HypUML.from_pretrained(folder)
