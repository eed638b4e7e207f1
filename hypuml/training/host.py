"""Where a run happens: device, output folder, requests to stop. All checked before any work."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from hypuml.models.files import CONFIG
from hypuml.training.config import TrainConfig
from hypuml.training.state import has_state


def pick_device(name: str) -> torch.device:
    """``auto`` means a GPU if torch sees one; raises ``ValueError`` for one that is not there."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name not in ("cpu", "cuda"):
        raise ValueError(f"device must be auto, cpu or cuda, got {name!r}")
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("device cuda was asked for, but torch sees no GPU; use --device cpu")
    return torch.device(name)


def slow_precision(config: TrainConfig) -> str | None:
    """A sentence where the chosen precision is slow on this processor, None elsewhere.

    Without instructions for it bfloat16 is emulated: on an AVX2 processor a 3 x 3 convolution took
    ten times as long as in float32 (torch 2.15).
    """
    emulated = torch.backends.cpu.get_cpu_capability() == "AVX2"
    if config.precision != "bfloat16" or pick_device(config.device).type != "cpu" or not emulated:
        return None
    return (
        "this processor has no instructions for bfloat16, which makes training about ten times "
        "slower; float32 (--precision float32 of train) is faster here"
    )


def check_output(out: Path, resume: bool) -> None:
    """Refuse a folder that would lose something; raises ``ValueError``."""
    if resume and not has_state(out):
        raise ValueError(f"there is no unfinished run in {out}; start without --resume")
    if not resume and has_state(out):
        raise ValueError(
            f"{out} holds an unfinished run; continue it with --resume, or remove the folder"
        )
    if not resume and (out / CONFIG).exists():
        raise ValueError(f"{out} already holds a checkpoint; choose another --out or remove it")
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe = out / ".write-test"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise ValueError(f"cannot write to {out}: {error.strerror}") from error


@contextmanager
def stop_requests() -> Iterator[threading.Event]:
    """Turn the first Ctrl-C or SIGTERM into a flag; a second Ctrl-C interrupts at once."""
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return

    def request(number: int, frame: Any) -> None:
        event.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = {s: signal.signal(s, request) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield event
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
