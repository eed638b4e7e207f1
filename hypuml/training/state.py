"""The state of an unfinished run: one safetensors file and one JSON, no pickle.

Batches and augmentation depend on (seed, step) alone, so no random state is kept; only a backbone
with dropout draws from torch's global generator and differs after a resume.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from json import JSONDecodeError
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from hypuml.files import write_atomically
from hypuml.models.hypuml import HypUML
from hypuml.training.objective import Objective

FOLDER = ".unfinished"
_TENSORS, _FACTS = "state-{step}.safetensors", "state.json"


@dataclass
class RunState:
    """Everything that changes during a run.

    Attributes:
        model: the network being trained.
        average: exponential moving average of its weights, by name.
        optimizer: AdamW.
        objective: what is minimised: running percentiles change, and a loss's own weights, which
            no checkpoint keeps.
        step: optimiser steps done.
        seconds: time spent training so far, over all sittings.
        history: one dict per validation.
    """

    model: HypUML
    average: dict[str, Tensor]
    optimizer: torch.optim.Optimizer
    objective: Objective
    step: int = 0
    seconds: float = 0.0
    history: list[dict[str, Any]] = field(default_factory=list)

    def tensors(self) -> dict[str, Tensor]:
        """All tensors under flat names."""
        named = {f"model.{k}": v for k, v in self.model.state_dict().items()}
        named |= {f"average.{k}": v for k, v in self.average.items()}
        named |= {f"objective.{k}": v for k, v in self.objective.state_dict().items()}
        for index, entry in self.optimizer.state_dict()["state"].items():
            named |= {f"optimizer.{index}.{key}": value for key, value in entry.items()}
        return {k: v.detach().cpu().contiguous().clone() for k, v in named.items()}


def save_state(state: RunState, out: Path, config: dict[str, Any]) -> None:
    """Write the state below ``out``; the JSON, written last, names the tensor file that counts."""
    folder = out / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    name = _TENSORS.format(step=state.step)
    write_atomically(folder / name, save(state.tensors()))
    facts = {
        "tensors": name,
        "step": state.step,
        "seconds": state.seconds,
        "history": state.history,
        "config": config,
    }
    write_atomically(folder / _FACTS, json.dumps(facts).encode())
    for old in folder.glob("state-*.safetensors"):
        if old.name != name:
            old.unlink()


def has_state(out: Path) -> bool:
    """Whether ``out`` holds an unfinished run."""
    return (out / FOLDER / _FACTS).exists()


def load_state(state: RunState, out: Path, config: dict[str, Any]) -> None:
    """Fill ``state`` from an unfinished run.

    Raises:
        ValueError: the run was started with other options, or its files are damaged.
    """
    folder = out / FOLDER
    try:
        facts = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
        if facts["config"] != config:
            changed = ", ".join(sorted(_differences(facts["config"], config)))
            raise ValueError(
                f"the unfinished run in {out} was started with other options or images "
                f"({changed}); give the same ones, or remove the folder and start again"
            )
        _fill(state, facts, load((folder / facts["tensors"]).read_bytes()))
    except (OSError, KeyError, TypeError, RuntimeError, SafetensorError, JSONDecodeError) as error:
        raise ValueError(
            f"the unfinished run in {out} is damaged ({type(error).__name__}); remove the folder "
            "and start again"
        ) from error


def _fill(state: RunState, facts: dict[str, Any], tensors: dict[str, Tensor]) -> None:
    parts: dict[str, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        part, _, rest = name.partition(".")
        parts.setdefault(part, {})[rest] = value
    state.model.load_state_dict(parts["model"])
    for key, value in parts["average"].items():
        state.average[key].copy_(value)
    state.objective.load_state_dict(parts["objective"])
    entries: dict[int, dict[str, Tensor]] = {}
    for name, value in parts.get("optimizer", {}).items():
        index, _, key = name.partition(".")
        entries.setdefault(int(index), {})[key] = value
    state.optimizer.load_state_dict(
        {"state": entries, "param_groups": state.optimizer.state_dict()["param_groups"]}
    )
    state.step, state.seconds = facts["step"], facts["seconds"]
    state.history = facts["history"]


def clear_state(out: Path) -> None:
    """Remove the state of a run that has finished."""
    shutil.rmtree(out / FOLDER, ignore_errors=True)


def _differences(old: Any, new: Any, prefix: str = "") -> set[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        found: set[str] = set()
        for key in old.keys() | new.keys():
            found |= _differences(old.get(key), new.get(key), f"{prefix}{key}.")
        return found
    return set() if old == new else {prefix.rstrip(".")}
