"""Features of both halves of the training classes, by a model that was trained on one of them.

Where a backbone learned, making them took training, so they are kept as files beside the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from hypuml.files import write_atomically
from hypuml.models.config import ModelConfig
from hypuml.models.head import HyperbolicHead
from hypuml.models.readout import ReadoutLength
from hypuml.models.readout_fit import Fold

_HALF = "crossfit-{number}.safetensors"


@dataclass(frozen=True)
class Half:
    """Features of both sides by a model that was trained on one of them."""

    seen: Tensor
    seen_labels: Tensor
    unseen: Tensor
    unseen_labels: Tensor

    def head(self, config: ModelConfig, shrinkage: float) -> HyperbolicHead:
        """A head fitted to the seen side."""
        head = HyperbolicHead(config, self.seen.shape[1]).to(self.seen.device)
        head.initialise_axes(self.seen, self.seen_labels, shrinkage)
        head.initialise_scale(self.seen)
        assert isinstance(head.length, ReadoutLength)
        head.length.fit_axes(self.seen)
        return head

    def answers(self, config: ModelConfig, shrinkage: float) -> Fold:
        """Such a head answers the other side."""
        return Fold.answered(self.head(config, shrinkage), self.unseen, self.unseen_labels)


def write_halves(halves: Sequence[Half], out: Path) -> None:
    """Keep the features in half precision, one file for each half."""
    out.mkdir(parents=True, exist_ok=True)
    for number, half in enumerate(halves):
        tensors = {
            name: (value.half() if value.is_floating_point() else value).cpu().contiguous()
            for name, value in vars(half).items()
        }
        write_atomically(out / _HALF.format(number=number), save(tensors))


def read_halves(out: Path, device: torch.device) -> list[Half]:
    """What an earlier run kept in ``out``, in order; none where it kept nothing.

    Raises:
        ValueError: a file is damaged.
    """
    found: list[Half] = []
    while (path := out / _HALF.format(number=len(found))).exists():
        try:
            tensors = load(path.read_bytes())
            here = {
                name: (value.float() if value.is_floating_point() else value).to(device)
                for name, value in tensors.items()
            }
            found.append(Half(**here))
        except (OSError, TypeError, SafetensorError) as error:
            raise ValueError(f"{path} is damaged; remove it and train again") from error
    return found
