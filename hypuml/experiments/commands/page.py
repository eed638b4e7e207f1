"""``page``: renew the marked tables of a Markdown page from the results that ship."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

from hypuml.files import write_atomically


def add_arguments(parser: ArgumentParser, arguments: Sequence[str]) -> None:
    """Declare the options."""
    parser.add_argument("pages", metavar="PAGE", type=Path, nargs="+", help="Markdown files")


def run(options: Namespace) -> int:
    """Fill every page, then write; prints the pages."""
    from hypuml.experiments.page import fill, shipped_tables

    tables = shipped_tables(Path(__file__).resolve().parents[3])
    filled = {page: fill(page.read_text(encoding="utf-8"), tables) for page in options.pages}
    for page, text in filled.items():
        write_atomically(page, text.encode())
        print(page)
    return 0
