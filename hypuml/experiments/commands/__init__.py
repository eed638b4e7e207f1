"""The commands of ``python -m hypuml.experiments``."""

from __future__ import annotations

from collections.abc import Sequence

from hypuml.commands import dispatch

COMMANDS = {
    "study": "compare losses, uncertainties and geometries, several seeds each",
    "ambiguity": "measure how the uncertainty follows the ambiguity of the garden's images",
    "benchmark": "measure speed or difficulty, beside the baselines",
    "page": "renew the tables of a Markdown page from the results that ship",
    "rebuild": "train, evaluate and rebuild a checkpoint that ships with the project",
}


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    return dispatch(arguments, COMMANDS, "hypuml.experiments")
