"""The command line.

Each command is a module with ``add_arguments(parser, arguments)`` and ``run(options)``. Only the
chosen one is imported, so that ``data`` or ``--help`` need not wait for torch.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

from hypuml import __version__
from hypuml.commands.common import Parser, fail

COMMANDS = {
    "data": "list data sets, or obtain one",
    "train": "train a model on a data set or a folder of images",
    "evaluate": "report retrieval, uncertainty and geometry of a model on unseen classes",
    "gallery": "embed images and write a gallery that the app opens",
    "export": "write the graph with which a checkpoint is looked through without torch",
    "study": "compare losses, uncertainties and geometries, several seeds each",
    "ambiguity": "ask whether the uncertainty knows how ambiguous the garden's images are",
    "benchmark": "measure speed or difficulty, beside the baselines",
    "page": "renew the tables of a Markdown page from the results that ship",
    "rebuild": "train, evaluate and rebuild a checkpoint that ships with the project",
}


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    overview = "\n".join(f"  {name:<10} {text}" for name, text in COMMANDS.items())
    usage = f"usage: python -m hypuml COMMAND ...\n\n{overview}\n\n  COMMAND --help says more"
    if not arguments:
        fail("no command given (see python -m hypuml --help)")
    if arguments[0] in ("-h", "--help"):
        print(usage)
        return 0
    if arguments[0] == "--version":
        print(__version__)
        return 0
    name, *rest = arguments
    if name not in COMMANDS:
        fail(f"unknown command {name!r}, expected one of {', '.join(COMMANDS)}")
    command = import_module(f"hypuml.commands.{name}")
    parser = Parser(f"python -m hypuml {name}", COMMANDS[name])
    try:
        command.add_arguments(parser, rest)
        return command.run(parser.parse_args(rest))
    except (ValueError, OSError) as error:
        fail(str(error) or type(error).__name__)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
