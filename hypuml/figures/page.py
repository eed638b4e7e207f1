"""Figures as pages that open without a network: HTML beside one copy of plotly.js."""

from __future__ import annotations

import html
from pathlib import Path
from typing import TYPE_CHECKING

from plotly.offline import get_plotlyjs

from hypuml.figures.palette import THEMES
from hypuml.files import write_atomically

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

SCRIPT = "plotly.min.js"


def write_page(folder: Path, name: str, figure: Figure, title: str, words: str) -> Path:
    """Write ``NAME.html`` into an existing folder, and plotly.js beside it unless it is there.

    Args:
        folder: where to.
        name: of the file, without its ending.
        figure: in the light theme: the page is white.
        title: heading of the page; text, not markup.
        words: a sentence or two below it on how to read the figure; text, not markup.

    Returns:
        The page.
    """
    script = get_plotlyjs().encode()
    if not (folder / SCRIPT).exists() or (folder / SCRIPT).stat().st_size != len(script):
        write_atomically(folder / SCRIPT, script)
    body = figure.to_html(
        full_html=False,
        include_plotlyjs=False,
        # Plotly 7 puts a button on every chart that uploads it; these pages stay where they are.
        config={"displaylogo": False, "responsive": True, "showSendToCloud": False},
    )
    look = THEMES["light"]
    page = f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{html.escape(title)}</title>
<style>
  body {{ max-width: 60rem; margin: 2rem auto; padding: 0 1rem; background: {look.ground};
    color: {look.ink}; font: 16px/1.5 system-ui, sans-serif; }}
  h1 {{ font-size: 1.4rem; margin: 0; }}
  p {{ color: {look.muted}; margin: 0.4rem 0 1rem; }}
</style>
<script src="{SCRIPT}" charset="utf-8"></script>
<h1>{html.escape(title)}</h1>
<p>{html.escape(words)}</p>
{body}
</html>
"""
    path = folder / f"{name}.html"
    write_atomically(path, page.encode())
    return path
