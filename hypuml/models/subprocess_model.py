"""A model that torch computes in a process of its own, for a process that must stay without torch.

    python -m hypuml.models.subprocess_model CHECKPOINT

loads a checkpoint and answers on stdout what comes in on stdin, until that ends. Both ways travel
frames: 8 bytes of length (little-endian), then a safetensors file. A question holds ``images``, an
answer the fields of :class:`~hypuml.models.files.Described`; an answer without tensors has in its
metadata what went wrong (``problem``). The first answer, to no question, is how pictures have to
be prepared (``preprocessing``, JSON).
"""

from __future__ import annotations

import contextlib
import json
import os
import struct
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import numpy as np
from safetensors.numpy import load, save

from hypuml.confidence import AnswerConfidence
from hypuml.loss_prediction import LossPrediction
from hypuml.models.config import ModelConfig
from hypuml.models.embedder import Embedder
from hypuml.models.files import CheckpointError, Described, find_checkpoint, read_config

_ROOT = Path(__file__).resolve().parents[2]


class SubprocessModel(Embedder):
    """The calling side. Thread-safe; the process ends with :meth:`close` or with this one."""

    def __init__(self, name: str | Path) -> None:
        """Start the process and wait until it has loaded the model.

        Args:
            name: folder of a checkpoint, or a hub id ``owner/name``.

        Raises:
            CheckpointError: there is no checkpoint, or it cannot be used.
        """
        folder = find_checkpoint(str(name))
        config = read_config(folder)
        try:
            self.config = ModelConfig.from_dict(config["model"])
            self.confidence = AnswerConfidence.load(folder)
            self.loss_prediction = LossPrediction.load(folder)
        except (TypeError, ValueError) as error:
            raise CheckpointError(f"the checkpoint in {folder} cannot be used: {error}") from error
        self.training_info = config.get("training", {})
        self._lock = threading.Lock()
        paths = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "hypuml.models.subprocess_model", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        )
        try:
            self._preprocessing: dict[str, Any] = json.loads(self._answer()[0]["preprocessing"])
        except BaseException:
            self.close()
            raise

    @property
    def preprocessing(self) -> dict[str, Any]:
        """How a picture becomes the network's input."""
        return dict(self._preprocessing)

    def run(self, inputs: np.ndarray) -> Described:
        """One forward pass of preprocessed inputs ``[N, 3, S, S]`` float32, N >= 1.

        Raises:
            ValueError: the other process failed or is gone; one sentence.
        """
        with self._lock, contextlib.suppress(BrokenPipeError):
            assert self._process.stdin is not None
            _send(self._process.stdin, save({"images": np.ascontiguousarray(inputs)}))
            return Described(**self._answer()[1])
        raise self._gone()

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            with contextlib.suppress(BrokenPipeError):
                stream.close()

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    def _answer(self) -> tuple[dict[str, str], dict[str, np.ndarray]]:
        assert self._process.stdout is not None
        frame = _receive(self._process.stdout)
        if frame is None:
            raise self._gone()
        (length,) = struct.unpack("<Q", frame[:8])
        words = json.loads(frame[8 : 8 + length]).get("__metadata__", {})
        if "problem" in words:
            raise CheckpointError(words["problem"])
        return words, load(frame)

    def _gone(self) -> ValueError:
        code = self._process.wait()
        return ValueError(
            f"the process that computes the model ended (exit code {code}); see the server's log"
        )


def _send(stream: IO[bytes], frame: bytes) -> None:
    stream.write(struct.pack("<Q", len(frame)) + frame)
    stream.flush()


def _receive(stream: IO[bytes]) -> bytes | None:
    """The next frame; None where the other end is gone."""
    head = stream.read(8)
    if len(head) < 8:
        return None
    (length,) = struct.unpack("<Q", head)
    frame = stream.read(length)
    return frame if len(frame) == length else None


def _serve(name: str) -> None:
    """The subprocess: answer until the input ends."""
    source, target = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    # Whatever prints must not get between the frames.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        from hypuml.models.hypuml import HypUML

        model = HypUML.from_pretrained(name)
    except (ValueError, OSError, ImportError) as error:
        _send(target, save({}, {"problem": str(error)}))
        return
    _send(target, save({}, {"preprocessing": json.dumps(model.preprocessing)}))
    while (frame := _receive(source)) is not None:
        try:
            found = asdict(model.run(load(frame)["images"]))
            answer = save({name: np.ascontiguousarray(array) for name, array in found.items()})
        except Exception as error:  # the caller raises it, whatever it was
            answer = save({}, {"problem": f"{type(error).__name__}: {error}"})
        _send(target, answer)


if __name__ == "__main__":
    _serve(sys.argv[1])
