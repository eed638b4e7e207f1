"""The variants of the study on photographs, and the settings each is tuned over.

Protocol: every variant is tried at three settings of its one sharp knob (temperature, or the pair
of margins) on one seed; the setting with the best validation Recall@1 is then run on every seed.
Baselines are tuned over as many settings as ours. The seed also changes the split of the classes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

from hypuml.losses import LossConfig
from hypuml.training import TrainConfig
from hypuml.training.recipes import recipe

SEEDS = (0, 1, 2)
MAX_DISTANCES = (1.45, 4.0, 6.0)
DIMS = (2, 8, 32, 128)
GEOMETRIES = ("hyperbolic", "euclidean", "spherical")
# Those of the shipped recipe.
LENGTH, MAX_DISTANCE, DIM, CALIBRATION, MIN_LENGTH = "norm", 2.5, 128, 0.5, 0.75
# Where geometries are compared on the test classes too, since few dimensions are said to suit
# hyperbolic space.
FEW_DIMS = 8

_TEMPERATURES = (LossConfig(0.05), LossConfig(0.1), LossConfig(0.2))
_MARGINS = (
    LossConfig(margin_low=0.02, margin_high=0.1),
    LossConfig(margin_low=0.05, margin_high=0.2),
    LossConfig(margin_low=0.1, margin_high=0.5),
)
# The reciprocals of alpha = 64, 32 (the paper's) and 16.
_PROXIES = (LossConfig(1 / 64), LossConfig(1 / 32), LossConfig(1 / 16))


@dataclass(frozen=True)
class Variant:
    """One row of the study.

    Attributes:
        group: ``"ours"``, ``"grid"``, ``"baseline"``, ``"twin"``, ``"dimension"``, ``"remedy"`` or
            ``"pixels"`` (a small network instead of the descriptors).
        loss: a key of ``LOSSES``.
        geometry: a geometry of the head.
        length: how the head sets lengths.
        max_distance: ``sqrt(c) * 2r``.
        uncertainty: ``"radial"`` or ``"predicted"``.
        calibration: weight of the calibration term; 0 is off.
        dim: dimension n.
        min_length: smallest length of a "norm" head.
        held_only: calibrate on images outside the metric loss alone.
        degraded: whether degraded images are shown.
        untrained: whether the head stays where it was initialised.
        recipe: named configuration that the rest is taken from.
    """

    group: str
    loss: str = "contrastive"
    geometry: str = "hyperbolic"
    length: str = LENGTH
    max_distance: float = MAX_DISTANCE
    uncertainty: str = "radial"
    calibration: float = CALIBRATION
    dim: int = DIM
    min_length: float = MIN_LENGTH
    held_only: bool = False
    degraded: bool = True
    untrained: bool = False
    recipe: str = "flowers-cpu"

    @property
    def name(self) -> str:
        """Unique, readable, and fit for a file name."""
        parts = [self.loss, self.geometry, self.length, f"d{self.max_distance:g}", f"n{self.dim}"]
        parts += [self.uncertainty, f"cal{self.calibration:g}" if self.calibration else "nocal"]
        parts += [f"min{self.min_length:g}"] * (self.min_length != MIN_LENGTH)
        parts += ["held"] * self.held_only + ["nodegraded"] * (not self.degraded)
        parts += ["pixels"] * (self.recipe == "flowers-pixels")
        return "-".join(parts + ["untrained"] * self.untrained)

    @property
    def settings(self) -> tuple[LossConfig, ...]:
        """What the variant is tuned over."""
        if self.untrained or self.group == "pixels":
            return _TEMPERATURES[1:2]
        if self.loss == "proxy-anchor":
            return _PROXIES
        return _MARGINS if "margin" in self.loss else _TEMPERATURES

    def config(self, setting: LossConfig, seed: int) -> TrainConfig:
        """Options of one training run."""
        base = recipe(self.recipe)
        model = replace(
            base.model,
            dim=self.dim,
            max_distance=self.max_distance,
            length=self.length,
            uncertainty=self.uncertainty,
            geometry=self.geometry,
            min_length=self.min_length,
        )
        return replace(
            base,
            model=model,
            loss=self.loss,
            loss_config=setting,
            calibration=self.calibration,
            calibration_on="held" if self.held_only else "all",
            degraded_share=base.degraded_share if self.degraded else 0.0,
            seed=seed,
            steps=0 if self.untrained else base.steps,
            eval_every=base.steps,
            save_every=base.steps,
        )


OURS = Variant("ours")


def _variants() -> tuple[Variant, ...]:
    ours = [OURS, replace(OURS, loss="margin"), replace(OURS, loss="margin-reversed")]
    grid = [
        Variant("grid", loss, length=length, max_distance=d, uncertainty=u, calibration=calibration)
        for loss, u, calibration, length, d in product(
            ("contrastive", "margin"), ("radial", "predicted"), (CALIBRATION, 0.0),
            ("tanh", "clip"), MAX_DISTANCES,
        )
    ]  # fmt: skip
    baselines = [
        Variant("baseline", loss, length="clip", max_distance=d, calibration=0.0)
        for loss, d in product(("hyp-vit", "fixed-margin"), (1.0, *MAX_DISTANCES))
    ]
    baselines += [
        Variant("baseline", "proxy-anchor", "spherical", "tanh", 4.0, calibration=0.0),
        Variant("baseline", "hyp-vit", "spherical", "tanh", calibration=0.0, untrained=True),
    ]
    twins = [
        replace(OURS, group="twin", geometry=g, loss=loss, length=length, calibration=calibration)
        for g, (loss, length, calibration) in product(
            ("euclidean", "spherical"),
            (("contrastive", LENGTH, CALIBRATION), ("hyp-vit", "tanh", 0.0)),
        )
    ]
    dims = [
        replace(OURS, group="dimension", geometry=g, dim=n)
        for g, n in product(GEOMETRIES, DIMS)
        if n != DIM
    ]
    remedy = replace(OURS, group="remedy")
    remedies = [
        replace(remedy, calibration=0.0),
        replace(remedy, calibration=3.0),
        replace(remedy, held_only=True),
        replace(remedy, degraded=False),
        replace(remedy, min_length=0.5),
        replace(remedy, max_distance=4.0, min_length=0.9),
        replace(remedy, max_distance=6.0, min_length=0.9),
        replace(remedy, untrained=True),
    ]
    # Minutes each, so at one setting: they say what the backbone is worth, and whether a geometry
    # pays where the network learns with it.
    pixels = [
        *(
            replace(OURS, group="pixels", geometry=g, length="tanh", recipe="flowers-pixels")
            for g in GEOMETRIES
        ),
        Variant(
            "pixels", "hyp-vit", length="clip", max_distance=1.45, calibration=0.0,
            recipe="flowers-pixels",
        ),
    ]  # fmt: skip
    return tuple(ours + grid + baselines + twins + dims + remedies + pixels)


VARIANTS: tuple[Variant, ...] = _variants()
