"""The command line.

Each command is a module with a dataclass ``Options`` (:mod:`hypuml.commands.options`) and
``run(options)``, which returns the exit code; where the arguments decide on the defaults, also with
``prepare(arguments)``, which returns the arguments to read and the defaults. Only the chosen one is
imported, so that ``data`` or ``--help`` need not wait for torch.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module

from hypuml import __version__
from hypuml.commands.common import fail
from hypuml.commands.options import read
from hypuml.extras import missing_message

COMMANDS = {
    "data": "list data sets, or download one",
    "train": "train a model on a data set or a folder of images",
    "evaluate": "report retrieval, uncertainty and geometry of a model on unseen classes",
    "gallery": "embed images and write a gallery that the app opens",
    "app": "start the explorer in the browser",
    "export": "write the graph with which a checkpoint runs without torch",
}
# Commands that once stood here.
MOVED = ("study", "ambiguity", "benchmark", "page", "rebuild")


def main(arguments: Sequence[str]) -> int:
    """Run one everyday command; returns the exit code."""
    if arguments and arguments[0] in MOVED:
        fail(f"{arguments[0]!r} is python -m hypuml.experiments {arguments[0]} now")
    return dispatch(arguments, COMMANDS, "hypuml")


def dispatch(arguments: Sequence[str], commands: Mapping[str, str], package: str) -> int:
    """Run one of ``commands``, a module of ``package.commands`` each.

    Args:
        arguments: the command's name and its arguments.
        commands: name to one line about it.
        package: what is run with ``python -m``.

    Returns:
        The exit code: 0 done, 130 stopped on request.

    Raises:
        SystemExit: with code 2, after one line on stderr about what was wrong.
    """
    program = f"python -m {package}"
    overview = "\n".join(f"  {name:<10} {text}" for name, text in commands.items())
    usage = f"usage: {program} COMMAND ...\n\n{overview}\n\n  COMMAND --help for its options"
    if not arguments:
        fail(f"no command given (see {program} --help)")
    if arguments[0] in ("-h", "--help"):
        print(usage)
        return 0
    if arguments[0] == "--version":
        print(__version__)
        return 0
    name, *rest = arguments
    if name not in commands:
        fail(f"unknown command {name!r}, expected one of {', '.join(commands)}")
    default = None
    try:
        command = import_module(f"{package}.commands.{name}")
        if hasattr(command, "prepare"):
            rest, default = command.prepare(rest)
        options = read(command.Options, rest, f"{program} {name}", commands[name], default)
        return command.run(options)
    except (ValueError, OSError) as error:
        fail(str(error) or type(error).__name__)
    except ModuleNotFoundError as error:
        message = missing_message(error.name or "")
        if message is None:
            raise
        fail(message)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
