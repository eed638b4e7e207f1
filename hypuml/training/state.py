"""What changes in a run, and an unfinished one on disk: a safetensors file and a JSON, no pickle.

Batches and augmentation depend on (seed, step) alone, so no random state is kept; only a backbone
with dropout draws from torch's global generator and differs after a resume.
"""

from __future__ import annotations

import json
import math
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
from hypuml.losses import MetricLoss, Objective
from hypuml.models.hypuml import HypUML
from hypuml.training.config import TrainConfig

FOLDER = ".unfinished"
_TENSORS, _FACTS = "state-{step}.safetensors", "state.json"


@dataclass
class RunState:
    """Everything that changes during a run.

    Attributes:
        model: the network being trained.
        objective: what is minimised: running percentiles change, and a loss's own weights, which
            no checkpoint keeps.
        optimizer: AdamW.
        average: exponential moving average of the model's weights, by name.
        step: optimiser steps done.
        seconds: time spent training so far, over all sittings.
        history: one dict per validation.
    """

    model: HypUML
    objective: Objective
    optimizer: torch.optim.Optimizer
    average: dict[str, Tensor] = field(default_factory=dict)
    step: int = 0
    seconds: float = 0.0
    history: list[dict[str, Any]] = field(default_factory=list)

    def reset_average(self) -> None:
        """Start the average anew from the weights as they are."""
        self.average = {k: v.detach().clone() for k, v in self.model.state_dict().items()}

    @torch.no_grad()
    def update_average(self, decay: float) -> None:
        """Move the averaged weights towards the current ones; counters are copied.

        Early on the average would mostly hold the random start, so the decay grows with the step.
        """
        weight = 1 - min(decay, (1 + self.step) / (10 + self.step)) if decay else 1.0
        for name, value in self.model.state_dict().items():
            if value.dtype == torch.float32:
                self.average[name].lerp_(value, weight)
            else:
                self.average[name].copy_(value)

    def tensors(self) -> dict[str, Tensor]:
        """All tensors under flat names."""
        named = {f"model.{k}": v for k, v in self.model.state_dict().items()}
        named |= {f"average.{k}": v for k, v in self.average.items()}
        named |= {f"objective.{k}": v for k, v in self.objective.state_dict().items()}
        for index, entry in self.optimizer.state_dict()["state"].items():
            named |= {f"optimizer.{index}.{key}": value for key, value in entry.items()}
        return {k: v.detach().cpu().contiguous().clone() for k, v in named.items()}


def schedule(step: int, config: TrainConfig) -> float:
    """Share of the peak learning rate: linear warm-up, then half a cosine to zero."""
    warm = max(1, round(config.warmup * config.steps))
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, config.steps - warm)))


def make_optimizer(model: HypUML, config: TrainConfig, loss: MetricLoss) -> torch.optim.Optimizer:
    """AdamW; biases, norms and the head's scale are not decayed.

    Args:
        model: what is trained. Its backbone learns at ``backbone_lr`` times the rate; the weight of
            its head at ``head_lr`` times, undecayed where that is below 1: it starts at a good
            place.
        config: of the run.
        loss: its own weights, where it has any, learn undecayed and at a rate of their own.
    """
    slow = model.head.linear.weight if config.head_lr < 1 else None
    backbone = {id(p) for p in model.backbone.parameters()}
    learning = [p for p in model.parameters() if p.requires_grad and p is not slow]
    groups: list[dict[str, Any]] = []
    for share, inside in ((config.backbone_lr, True), (1.0, False)):
        part = [p for p in learning if (id(p) in backbone) == inside]
        for decay, matrices in ((config.weight_decay, True), (0.0, False)):
            chosen = [p for p in part if (p.ndim > 1) == matrices]
            groups.append({"params": chosen, "weight_decay": decay, "share": share})
    if slow is not None:
        groups.append({"params": [slow], "weight_decay": 0.0, "share": config.head_lr})
    if own := list(loss.parameters()):
        groups.append({"params": own, "weight_decay": 0.0, "share": loss.rate})
    return torch.optim.AdamW([group for group in groups if group["params"]], lr=config.lr)


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate, of which each group gets its share."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["share"]


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
        # As the file holds it: a tuple is a list there.
        config = json.loads(json.dumps(config))
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
    state.reset_average()
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
