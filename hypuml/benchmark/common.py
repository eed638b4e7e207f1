"""What every benchmark reports beside its figures: seed, date, hardware, versions."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

Report = dict[str, Any]


def header(name: str, seed: int, packages: tuple[str, ...]) -> Report:
    """What a reader needs to judge the figures that follow."""
    from hypuml import __version__

    return {
        "benchmark": name,
        "seed": seed,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "hardware": {
            "processor": _processor(),
            "cores": os.cpu_count(),
            "threads": os.environ.get("OMP_NUM_THREADS", "default"),
            "system": platform.platform(),
        },
        "versions": {"hypuml": __version__, "python": platform.python_version()}
        | {package: version(package) for package in packages},
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:  # no Linux
        pass
    return platform.processor() or platform.machine()
