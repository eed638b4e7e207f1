"""One plant on one day: pose, age, light and surroundings, independent of its species.

Convention: lengths in half picture heights (the picture spans [-1, 1], y down), angles in radians.
Most individuals are easy to see; about one in six is really hard, by a nameable reason.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

HARDSHIPS = ("bud", "dusk", "tilt", "wilt", "hidden")


@dataclass(frozen=True)
class Individual:
    """Everything that makes two pictures of one species differ.

    Attributes:
        seed: drives the small irregularities (petal jitter, bokeh, leaves).
        tilt: angle between flower axis and line of sight, 0 = facing us, up to about 1.35.
        tilt_direction: screen angle towards which the flower looks; -pi/2 is up.
        spin: rotation of the flower in its own plane.
        bloom: 0 = bud, 0.5 = fully open, 1 = overblown.
        wilt: 0 = fresh, 1 = withered.
        heads: flowers on a single-headed plant (1 to 3); shifts the count in spikes and umbels.
        x: horizontal place of the flower.
        y: vertical place of the flower.
        scale: size of the plant, about 1.
        hue_shift: this plant's deviation from its species' hue, in degrees.
        foliage_shift: the same for its leaves.
        temperature: light from cool (-1) to warm (1).
        exposure: brightness of the photograph, about 1.
        saturation: strength of colours in this light, about 1.
        dusk: 0 = day, 1 = nearly night.
        cover: 0 = free, 1 = largely hidden behind a near leaf.
        background_hue: hue of the background in degrees.
        background_light: lightness of the background, in [0, 1].
    """

    seed: int
    tilt: float
    tilt_direction: float
    spin: float
    bloom: float
    wilt: float
    heads: int
    x: float
    y: float
    scale: float
    hue_shift: float
    foliage_shift: float
    temperature: float
    exposure: float
    saturation: float
    dusk: float
    cover: float
    background_hue: float
    background_light: float

    @property
    def difficulty(self) -> float:
        """How hard the plant is to recognise, in [0, 1]: the worst of its five hardships."""
        worst = max(
            (0.36 - self.bloom) / 0.36,
            (self.dusk - 0.35) / 0.65,
            (self.tilt - 0.85) / 0.5,
            (self.wilt - 0.3) / 0.7,
            (self.cover - 0.1) / 0.9,
        )
        return float(np.clip(worst, 0.0, 1.0))


def sample_individual(rng: np.random.Generator, seed: int, hard_share: float = 0.17) -> Individual:
    """Draw one individual.

    Args:
        rng: source of randomness for pose, age and light.
        seed: kept in the individual for its small irregularities.
        hard_share: probability of a strong hardship.
    """
    tilt = 0.05 + 0.75 * rng.beta(1.6, 2.6)
    bloom = 0.5 + 0.11 * float(np.clip(rng.normal(), -1.2, 2.4))
    wilt = 0.22 * rng.beta(1.0, 4.0)
    dusk = 0.18 * rng.beta(1.0, 3.0)
    cover = 0.0
    direction = float(-np.pi / 2 + rng.normal(0.0, 0.9))
    if rng.random() < hard_share:
        order = rng.permutation(len(HARDSHIPS))[: 1 + int(rng.random() < 0.35)]
        for kind in (HARDSHIPS[i] for i in order):
            severity = float(rng.beta(2.2, 1.2))
            if kind == "bud":
                bloom = 0.32 - 0.30 * severity
                tilt = max(tilt, 0.55)
            elif kind == "dusk":
                dusk = 0.45 + 0.5 * severity
            elif kind == "tilt":
                tilt = 0.95 + 0.4 * severity
            elif kind == "wilt":
                wilt, bloom = 0.4 + 0.6 * severity, 0.6 + 0.4 * severity
            else:
                cover = 0.25 + 0.75 * severity
    return Individual(
        seed=seed,
        tilt=float(tilt),
        tilt_direction=direction,
        spin=float(rng.uniform(0.0, 2.0 * np.pi)),
        bloom=float(np.clip(bloom, 0.0, 1.0)),
        wilt=float(wilt),
        heads=int(rng.choice(3, p=(0.66, 0.25, 0.09))) + 1,
        x=float(np.clip(rng.normal(0.0, 0.13), -0.3, 0.3)),
        y=float(np.clip(rng.normal(-0.08, 0.10), -0.32, 0.2)),
        scale=float(np.exp(np.clip(rng.normal(0.0, 0.13), -0.3, 0.3))),
        hue_shift=float(np.clip(rng.normal(0.0, 14.0), -35.0, 35.0)),
        foliage_shift=float(rng.normal(0.0, 9.0)),
        temperature=float(np.clip(rng.normal(0.15, 0.6), -1.2, 1.2)),
        exposure=float(np.exp(np.clip(rng.normal(0.05, 0.11), -0.22, 0.26))),
        saturation=float(np.exp(np.clip(rng.normal(0.06, 0.16), -0.35, 0.35))),
        dusk=float(dusk),
        cover=float(cover),
        background_hue=float(rng.choice((rng.normal(135.0, 25.0), rng.uniform(0.0, 360.0)))),
        background_light=float(rng.uniform(0.45, 1.0)),
    )
