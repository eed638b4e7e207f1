"""Files: written so that a crash never leaves half of one, and damaged content put into words."""

from __future__ import annotations

import os
import re
from pathlib import Path

import msgspec


def write_atomically(path: Path, data: bytes) -> None:
    """Write ``data`` so that ``path`` holds either the old content or all of the new."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def explained(error: msgspec.ValidationError) -> str:
    """What is wrong with checked content, and where: ``at layout.dilation: expected …``."""
    what, _, where = re.sub(r"`\$\.?([^`]*)`", r"\1", str(error)).partition(" - at ")
    what = what[:1].lower() + what[1:]
    return f"at {where}: {what}" if where else what
