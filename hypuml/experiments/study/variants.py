"""The rows of a study."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from hypuml.losses import LossConfig
from hypuml.recipes import recipe
from hypuml.training import TrainConfig

_OF_THE_MODEL = (
    "dim",
    "max_distance",
    "length",
    "min_length",
    "cone",
    "uncertainty",
    "geometry",
)


@dataclass(frozen=True)
class Variant:
    """One row of a study.

    Attributes:
        group: why it is there: ``"ours"``, ``"grid"`` (the ablation), ``"baseline"``, ``"twin"``,
            ``"dimension"``, ``"remedy"``, ``"uncertainty"`` (where u comes from), ``"start"``
            (where heads start) or ``"untaught"`` (heads as they start).
        loss: a key of ``LOSSES``.
        geometry: a geometry of the head.
        length: how the head sets lengths.
        max_distance: ``sqrt(c) * 2r``.
        uncertainty: ``"radial"`` or ``"predicted"``.
        calibration: weight of the calibration term; 0 is off.
        dim: dimension n.
        min_length: smallest length of a "readout" head.
        cone: weight of a direction that all points share.
        held_only: calibrate on images outside the metric loss alone.
        degraded: whether degraded images are shown.
        ambiguous: whether hybrids are shown, where the data set has any.
        random_start: whether the head starts from random directions instead of axes.
        untrained: whether the head stays where it was initialised.
        recipe: named configuration that the rest is taken from; empty is the study's own.
    """

    group: str
    loss: str = "contrastive"
    geometry: str = "hyperbolic"
    length: str = "tanh"
    max_distance: float = 4.0
    uncertainty: str = "radial"
    calibration: float = 1.0
    dim: int = 32
    min_length: float = 0.5
    cone: float = 0.0
    held_only: bool = False
    degraded: bool = True
    ambiguous: bool = True
    random_start: bool = False
    untrained: bool = False
    recipe: str = ""

    @property
    def name(self) -> str:
        """Unique, readable, and fit for a file name."""
        parts = [self.loss, self.geometry, self.length, f"d{self.max_distance:g}", f"n{self.dim}"]
        parts += [self.uncertainty, f"cal{self.calibration:g}" if self.calibration else "nocal"]
        parts += [f"min{self.min_length:g}"] * (self.length == "readout")
        parts += [f"cone{self.cone:g}"] * bool(self.cone)
        parts += ["held"] * self.held_only + ["nodegraded"] * (not self.degraded)
        parts += ["nohybrids"] * (not self.ambiguous) + [self.recipe] * bool(self.recipe)
        parts += ["random"] * self.random_start
        return "-".join(parts + ["untrained"] * self.untrained)

    def config(self, own: TrainConfig, setting: LossConfig, seed: int) -> TrainConfig:
        """Options of one training run.

        Args:
            own: configuration of the study.
            setting: options of the loss.
            seed: of the run.
        """
        base = recipe(self.recipe) if self.recipe else own
        model: dict[str, Any] = {name: getattr(self, name) for name in _OF_THE_MODEL}
        steps = 0 if self.untrained else base.steps
        return replace(
            base,
            model=replace(base.model, **model),
            loss=self.loss,
            loss_config=setting,
            calibration=self.calibration,
            calibration_on="held" if self.held_only else "all",
            degraded_share=base.degraded_share if self.degraded else 0.0,
            ambiguous_share=base.ambiguous_share if self.ambiguous else 0.0,
            head_init="random" if self.random_start else base.head_init,
            seed=seed,
            steps=steps,
            eval_every=max(1, steps),
            save_every=max(1, steps),
        )
