"""The disk's own JavaScript modules, as they are served.

They are read once, when the server starts. Their common hash is part of every address, so that
modules which import each other always fit, and a browser can keep them for good. A name is the
path below ``js/``, such as ``math/view.js``. Names are keys of a table, never joined to a path, so
that no address reaches any other file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).resolve().parent


def read(folder: Path) -> dict[str, bytes]:
    """All files that are served, by name: ``.js`` below ``folder/js``, at any depth, no links."""
    root = folder / "js"
    paths = sorted(path for path in root.rglob("*.js") if path.is_file() and not path.is_symlink())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


def version_of(files: Mapping[str, bytes]) -> str:
    """First 16 hex digits of the sha256 over names and contents."""
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        # With lengths, so that nothing can move from one file into another unnoticed.
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:16]


_FILES = read(HERE)
VERSION = version_of(_FILES)


def get(name: str) -> bytes | None:
    """Content of the module called ``name``, such as ``math/view.js``; None if there is none."""
    return _FILES.get(name)
