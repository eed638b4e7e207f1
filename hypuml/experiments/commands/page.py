"""``page``: renew the marked tables of a Markdown page from the results that ship."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from hypuml.experiments.page import fill, shipped_tables
from hypuml.files import write_atomically


@dataclass(frozen=True)
class Options:
    """Options of ``page``."""

    pages: Annotated[Positional[tuple[Path, ...]], arg(metavar="PAGE ...")]
    """Markdown files"""


def run(options: Options) -> int:
    """Fill every page, then write; prints the pages."""
    if not options.pages:
        raise ValueError("missing: PAGE")
    tables = shipped_tables(Path(__file__).resolve().parents[3])
    filled = {page: fill(page.read_text(encoding="utf-8"), tables) for page in options.pages}
    for page, text in filled.items():
        write_atomically(page, text.encode())
        print(page)
    return 0
