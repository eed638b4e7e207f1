"""The command line.

Each command is a module with ``add_arguments(parser, arguments)`` and ``run(options)``. Only the
chosen one is imported, so that ``data`` or ``--help`` need not wait for torch.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from simple_parsing import ArgumentParser, DashVariant, NestedMode

from hypuml import __version__

COMMANDS = {
    "data": "list data sets, or obtain one",
    "train": "train a model on a data set or a folder of images",
    "evaluate": "report retrieval, uncertainty and geometry of a model on unseen classes",
    "gallery": "embed images and write a gallery that the app opens",
    "benchmark": "measure speed or difficulty, beside the baselines",
    "rebuild": "train, evaluate and rebuild a checkpoint that ships with the project",
}


class Parser(ArgumentParser):
    """argparse with one-line errors and options made from frozen dataclasses."""

    def error(self, message: str) -> NoReturn:
        """Print one line and exit with code 2."""
        fail(f"{message} (see {self.prog} --help)")


def fail(message: str) -> NoReturn:
    """Report a user's error in one line on stderr and exit with code 2."""
    print("error: " + " ".join(str(message).split()), file=sys.stderr)
    raise SystemExit(2)


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    overview = "\n".join(f"  {name:<10} {text}" for name, text in COMMANDS.items())
    usage = f"usage: python -m hypuml COMMAND ...\n\n{overview}\n\n  COMMAND --help says more"
    if not arguments or arguments[0] in ("-h", "--help"):
        print(usage)
        return 0 if arguments else 2
    if arguments[0] == "--version":
        print(__version__)
        return 0
    name, *rest = arguments
    if name not in COMMANDS:
        fail(f"unknown command {name!r}, expected one of {', '.join(COMMANDS)}")
    command = import_module(f"hypuml.commands.{name}")
    parser = Parser(
        prog=f"python -m hypuml {name}",
        description=COMMANDS[name],
        add_option_string_dash_variants=DashVariant.DASH,
        nested_mode=NestedMode.WITHOUT_ROOT,
    )
    try:
        command.add_arguments(parser, rest)
        return command.run(parser.parse_args(rest))
    except (ValueError, OSError) as error:
        fail(str(error) or type(error).__name__)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
