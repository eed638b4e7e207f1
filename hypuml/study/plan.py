"""The variants of the study and the settings each is tuned over.

Protocol: every variant is tried at three settings of its one sharp knob (temperature, or the pair
of margins) on one seed; the setting with the best validation Recall@1 is then run on every seed.
Baselines are tuned over as many settings as ours.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

from hypuml.losses import LossConfig

MAX_DISTANCES = (1.45, 4.0, 6.0)
SEEDS = (0, 1, 2)

_TEMPERATURES = (LossConfig(0.1), LossConfig(0.2), LossConfig(0.4))
# 1 - cos spans [0, 2] whatever the radius; 0.1 is the parent's own spherical temperature.
_SPHERICAL = (LossConfig(0.05), LossConfig(0.1), LossConfig(0.2))
_MARGINS = (
    LossConfig(margin_low=0.05, margin_high=0.2),
    LossConfig(margin_low=0.1, margin_high=0.5),
    LossConfig(margin_low=0.3, margin_high=1.0),
)


@dataclass(frozen=True)
class Variant:
    """One row of the study.

    Attributes:
        group: ``"grid"`` (the ablation), ``"baseline"``, ``"twin"`` or ``"remedy"``.
        loss: a key of ``LOSSES``.
        geometry: a geometry of the head.
        length: how the head sets lengths.
        max_distance: ``sqrt(c) * 2r``.
        uncertainty: ``"radial"`` or ``"predicted"``.
        calibration: weight of the calibration term; 0 is off.
        held_only: calibrate on images outside the metric loss alone.
        degraded: whether the calibration term sees degraded images.
        ambiguous: whether it sees hybrids.
    """

    group: str
    loss: str = "contrastive"
    geometry: str = "hyperbolic"
    length: str = "tanh"
    max_distance: float = 4.0
    uncertainty: str = "radial"
    calibration: float = 1.0
    held_only: bool = False
    degraded: bool = True
    ambiguous: bool = True

    @property
    def name(self) -> str:
        """Unique, readable, and fit for a file name."""
        parts = [self.loss, self.geometry, self.length, f"{self.max_distance:g}", self.uncertainty]
        parts.append(f"cal{self.calibration:g}" if self.calibration else "nocal")
        parts += ["held"] * self.held_only + ["nodegraded"] * (not self.degraded)
        return "-".join(parts + ["nohybrids"] * (not self.ambiguous))

    @property
    def settings(self) -> tuple[LossConfig, ...]:
        """What the variant is tuned over."""
        if "margin" in self.loss:
            return _MARGINS
        return _SPHERICAL if self.geometry == "spherical" else _TEMPERATURES


def _variants() -> tuple[Variant, ...]:
    grid = [
        Variant("grid", loss, length=length, max_distance=d, uncertainty=u, calibration=calibration)
        for loss, u, calibration, length, d in product(
            ("contrastive", "margin"), ("radial", "predicted"), (1.0, 0.0), ("tanh", "clip"),
            MAX_DISTANCES,
        )
    ]  # fmt: skip
    baselines = [
        Variant("baseline", loss, length="clip", max_distance=d, calibration=0.0)
        for loss, d in product(("hyp-vit", "fixed-margin"), MAX_DISTANCES)
    ]
    best = Variant("remedy", max_distance=6.0)
    remedies = [
        replace(best, calibration=3.0),
        replace(best, held_only=True),
        replace(best, degraded=False),
        replace(best, ambiguous=False),
        replace(best, degraded=False, ambiguous=False),
        replace(best, loss="margin-reversed"),
    ]
    twins = [
        Variant("twin", loss, geometry, max_distance=d, calibration=calibration)
        for geometry, (loss, calibration), d in product(
            ("euclidean", "spherical"), (("contrastive", 1.0), ("hyp-vit", 0.0)), MAX_DISTANCES
        )
        if geometry == "euclidean" or d == 4.0
    ]
    return tuple(grid + baselines + twins + remedies)


VARIANTS: tuple[Variant, ...] = _variants()
