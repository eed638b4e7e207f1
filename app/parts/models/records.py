"""What lies beside a gallery's model: card, evaluation, training. No Streamlit, no torch.

All of it is data from a folder that may be anybody's: files that are too large, damaged or of
another kind are reported in one sentence, and single values are read with `hypuml.figures.rows`.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypuml.figures.rows import mapping, number
from hypuml.gallery import Gallery
from hypuml.gallery.model_ref import WEIGHTS
from hypuml.models.config import renamed

ROOT = Path(__file__).resolve().parents[3]
_MOST_BYTES = 20_000_000  # a training of many thousand entries stays below
_MOST_CARD = 200_000
_MOST_HEADER = 5_000_000
# Statistics that a layer gathers, and what is fitted, as opposed to parameters that are trained.
_GATHERED = (
    *("running_mean", "running_var", "num_batches_tracked"),
    *(f"backbone.{name}" for name in ("middle", "spread", "axes", "offset")),
    *(f"head.length.{name}" for name in ("mean", "scale", "weight", "bias", "axes", "centres")),
    *(f"head.length.{name}" for name in ("outside_at", "outside_scale", "bandwidth", "knee")),
)


@dataclass(frozen=True)
class Missing:
    """A record that is not there.

    Attributes:
        what: which one.
        reason: why it cannot be shown, one sentence.
        command: what makes it; empty where nothing does.
    """

    what: str
    reason: str
    command: str = ""


@dataclass(frozen=True)
class Records:
    """What is known of a gallery's model.

    Attributes:
        folder: of the checkpoint; None where it is not on this machine.
        name: of the checkpoint.
        card: Markdown, empty where there is none. Data, never markup.
        evaluation: the report of ``evaluate --json``; empty where there is none.
        training: content of ``training.json``; empty where there is none.
        config: content of ``config.json``; empty where there is none.
        parameters: number of trained values; None where the weights cannot be read.
        missing: what is not there.
    """

    folder: Path | None
    name: str
    card: str
    evaluation: Mapping[str, Any]
    training: Mapping[str, Any]
    config: Mapping[str, Any]
    parameters: int | None
    missing: tuple[Missing, ...]

    def lacks(self, what: str) -> Missing | None:
        """Why a record is not there, or None if it is."""
        return next((m for m in self.missing if m.what == what), None)

    @property
    def model(self) -> Mapping[str, Any]:
        """The architecture, by today's names."""
        return renamed(mapping(self.config.get("model")))

    @property
    def bound(self) -> float | None:
        """Largest distance from the origin, 2r; None where it is not known."""
        most, c = number(self.model.get("max_distance")), number(self.model.get("curvature"))
        return None if most is None or c is None or c <= 0 else most / math.sqrt(c)


def records(gallery: Gallery) -> Records:
    """Read what lies in the folder of a gallery's model."""
    folder = gallery.model_path
    if folder is None:
        reason = "The model that made this gallery is not on this machine."
        gone = tuple(Missing(w, reason) for w in ("card", "evaluation", "training", "config"))
        return Records(None, gallery.name, "", {}, {}, {}, None, gone)
    return read_folder(folder, gallery.name)


def read_folder(folder: Path, data: str = "DATA") -> Records:
    """Read what lies in the folder of a checkpoint.

    Args:
        folder: the checkpoint.
        data: name of the data set, for the commands that make what is missing.
    """
    where = shown(folder)
    evaluate = f"python -m hypuml evaluate {where} {data} --json {where}/evaluation.json"
    missing: list[Missing] = []

    def read(what: str, command: str) -> Mapping[str, Any]:
        found, reason = _json(folder / f"{what}.json")
        if reason:
            missing.append(Missing(what, reason, command))
        return found

    evaluation = read("evaluation", evaluate)
    training = read("training", f"python -m hypuml train {data} --out {where}")
    config = read("config", f"python -m hypuml train {data} --out {where}")
    card, reason = _text(folder / "README.md", _MOST_CARD)
    if reason:
        missing.append(Missing("card", reason, "python -m hypuml.experiments rebuild garden"))
    return Records(
        folder,
        folder.name,
        card,
        evaluation,
        training,
        config,
        parameters_of(folder / WEIGHTS),
        tuple(missing),
    )


def shown(folder: Path) -> str:
    """A folder as it is shown on the page: inside the project, or by its last name."""
    return str(folder.relative_to(ROOT)) if folder.is_relative_to(ROOT) else folder.name


def parameters_of(weights: Path) -> int | None:
    """Number of trained values, from the header of a safetensors file; None if unreadable."""
    try:
        with weights.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > _MOST_HEADER:
                return None
            header = json.loads(file.read(length))
        shapes = [
            entry["shape"]
            for name, entry in header.items()
            if name != "__metadata__" and not name.endswith(_GATHERED)
        ]
        return sum(math.prod(int(side) for side in shape) for shape in shapes)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, struct.error):
        return None


def _text(path: Path, most: int) -> tuple[str, str]:
    """A file's text, and why there is none where there is none."""
    try:
        if path.stat().st_size > most:
            return "", f"{path.name} is larger than {most // 1000:,} kB, so it is not read."
        return path.read_text(encoding="utf-8"), ""
    except FileNotFoundError:
        return "", f"This checkpoint has no {path.name}."
    except (OSError, UnicodeDecodeError):
        return "", f"{path.name} cannot be read."


def _json(path: Path) -> tuple[Mapping[str, Any], str]:
    text, reason = _text(path, _MOST_BYTES)
    if reason:
        return {}, reason
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}, f"{path.name} is damaged (not JSON)."
    if not isinstance(found, Mapping):
        return {}, f"{path.name} is damaged (expected an object)."
    return found, ""
