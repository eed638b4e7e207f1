"""``export``: write the graph of a checkpoint anew, or where there is none; weights stay."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from hypuml.commands.common import note
from hypuml.models.export import TOLERANCE, write_graph
from hypuml.models.files import GRAPH, read_config
from hypuml.models.hypuml import HypUML


@dataclass(frozen=True)
class Options:
    """Options of ``export``."""

    checkpoint: Annotated[Positional[Path], arg(metavar="CHECKPOINT")]
    """its folder"""


def run(options: Options) -> int:
    """Write ``model.onnx`` and its entry in ``config.json``; prints the file."""
    folder = options.checkpoint.expanduser()
    # A folder alone: a name that is none must not be looked up on the hub.
    read_config(folder)
    write_graph(HypUML.from_pretrained(folder), folder)
    opset = read_config(folder)["graph"]["opset"]
    note(f"opset {opset}; points, uncertainty and outside equal torch's within {TOLERANCE:g}")
    print(folder / GRAPH)
    return 0
