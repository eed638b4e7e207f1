"""``export``: write the graph of a checkpoint anew, or where there is none; weights stay."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

from hypuml.commands.common import note
from hypuml.models.files import GRAPH, read_config


def add_arguments(parser: ArgumentParser, arguments: Sequence[str]) -> None:
    """Declare the options."""
    parser.add_argument("checkpoint", metavar="CHECKPOINT", type=Path, help="folder of it")


def run(options: Namespace) -> int:
    """Write ``model.onnx`` and its entry in ``config.json``; prints the file."""
    folder = options.checkpoint.expanduser()
    read_config(folder)
    from hypuml.models.export import TOLERANCE, write_graph
    from hypuml.models.hypuml import HypUML

    write_graph(HypUML.from_pretrained(folder), folder)
    opset = read_config(folder)["graph"]["opset"]
    note(f"opset {opset}; points, uncertainty and outside equal torch's within {TOLERANCE:g}")
    print(folder / GRAPH)
    return 0
