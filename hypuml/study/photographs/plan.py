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
DIAMETERS = (1.45, 4.0, 6.0)
DIMS = (2, 8, 32, 128)
GEOMETRIES = ("hyperbolic", "euclidean", "spherical")
# Those of the shipped recipe.
SQUASH, DIAMETER, DIM, CALIBRATION, INNER = "damped", 2.5, 128, 0.5, 0.75
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
        squash: a squash of the head.
        diameter: ``sqrt(c) * 2r``.
        uncertainty: ``"radial"`` or ``"predicted"``.
        calibration: weight of the calibration term; 0 is off.
        dim: dimension n.
        inner: smallest length of a "damped", "graded" or "familiar" head.
        held_only: calibrate on images outside the metric loss alone.
        degraded: whether degraded images are shown.
        untrained: whether the head stays where it was initialised.
        recipe: named configuration that the rest is taken from.
    """

    group: str
    loss: str = "contrastive"
    geometry: str = "hyperbolic"
    squash: str = SQUASH
    diameter: float = DIAMETER
    uncertainty: str = "radial"
    calibration: float = CALIBRATION
    dim: int = DIM
    inner: float = INNER
    held_only: bool = False
    degraded: bool = True
    untrained: bool = False
    recipe: str = "flowers-cpu"

    @property
    def name(self) -> str:
        """Unique, readable, and fit for a file name."""
        parts = [self.loss, self.geometry, self.squash, f"d{self.diameter:g}", f"n{self.dim}"]
        parts += [self.uncertainty, f"cal{self.calibration:g}" if self.calibration else "nocal"]
        parts += [f"inner{self.inner:g}"] * (self.inner != INNER)
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
            diameter=self.diameter,
            squash=self.squash,
            uncertainty=self.uncertainty,
            geometry=self.geometry,
            inner=self.inner,
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
            steps=1 if self.untrained else base.steps,
            lr=1e-9 if self.untrained else base.lr,
            eval_every=base.steps,
            save_every=base.steps,
        )


OURS = Variant("ours")


def _variants() -> tuple[Variant, ...]:
    ours = [OURS, replace(OURS, loss="margin"), replace(OURS, loss="margin-reversed")]
    grid = [
        Variant("grid", loss, squash=squash, diameter=d, uncertainty=u, calibration=calibration)
        for loss, u, calibration, squash, d in product(
            ("contrastive", "margin"), ("radial", "predicted"), (CALIBRATION, 0.0),
            ("tanh", "clip"), DIAMETERS,
        )
    ]  # fmt: skip
    baselines = [
        Variant("baseline", loss, squash="clip", diameter=d, calibration=0.0)
        for loss, d in product(("hyp-vit", "fixed-margin"), (1.0, *DIAMETERS))
    ]
    baselines += [
        Variant("baseline", "proxy-anchor", "spherical", "tanh", 4.0, calibration=0.0),
        Variant("baseline", "hyp-vit", "spherical", "tanh", calibration=0.0, untrained=True),
    ]
    twins = [
        replace(OURS, group="twin", geometry=g, loss=loss, squash=squash, calibration=calibration)
        for g, (loss, squash, calibration) in product(
            ("euclidean", "spherical"),
            (("contrastive", SQUASH, CALIBRATION), ("hyp-vit", "tanh", 0.0)),
        )
    ]
    dims = [
        replace(OURS, group="dimension", geometry=g, dim=n)
        for g, n in product(GEOMETRIES, DIMS)
        if n != DIM
    ]
    remedy = replace(OURS, group="remedy")
    remedies = [
        replace(remedy, squash="graded"),
        replace(remedy, squash="graded", loss="margin"),
        replace(remedy, squash="familiar"),
        replace(remedy, squash="polar"),
        replace(remedy, squash="polar", held_only=True),
        replace(remedy, calibration=0.0),
        replace(remedy, calibration=3.0),
        replace(remedy, held_only=True),
        replace(remedy, degraded=False),
        replace(remedy, inner=0.5),
        replace(remedy, diameter=4.0, inner=0.9),
        replace(remedy, diameter=6.0, inner=0.9),
        replace(remedy, untrained=True),
    ]
    # Minutes each, so at one setting: they say what the backbone is worth, and whether a geometry
    # pays where the network learns with it.
    pixels = [
        *(
            replace(OURS, group="pixels", geometry=g, squash="tanh", recipe="flowers-pixels")
            for g in GEOMETRIES
        ),
        Variant(
            "pixels", "hyp-vit", squash="clip", diameter=1.45, calibration=0.0,
            recipe="flowers-pixels",
        ),
    ]  # fmt: skip
    return tuple(ours + grid + baselines + twins + dims + remedies + pixels)


VARIANTS: tuple[Variant, ...] = _variants()
