"""What a species looks like: traits, the distance between them, and hybrids.

Convention: discrete traits with names are stored as *weights* over their states (one-hot for a
species of the tree, mixtures for hybrids); countable ones as real numbers that are rounded when
drawn; ``hue``, ``centre_hue`` and ``mark_hue`` are OKLCh angles in degrees [0, 360); every other
continuous trait lies in [0, 1].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from hypuml.types import FloatArray

PETALS = (3, 5, 6, 8, 13, 21)
OUTLINES = ("round", "pointed", "notched", "fringed", "strap")
MARKINGS = ("plain", "veins", "spots", "eye", "picotee")
CENTRES = ("disc", "stamens", "trumpet")
HEADS = ("single", "spike", "umbel")
LEAVES = ("blade", "ovate", "heart", "lobed")

Weights = tuple[float, ...]


@dataclass(frozen=True)
class Traits:
    """Inherited appearance of one species (or hybrid).

    Attributes:
        petals: petals per layer, 3 to 21.
        layers: layers of petals, 1 to 3.
        bilateral: 0 = radial flower, 1 = flower with a lip.
        outline: weights over ``OUTLINES``.
        marking: weights over ``MARKINGS``.
        centre: weights over ``CENTRES``.
        head: weights over ``HEADS``.
        leaf: weights over ``LEAVES``.
        hue: petal hue in degrees.
        hue_shift: how far the hue turns from throat to tip (0.5 = not at all).
        chroma: from nearly white to saturated.
        lightness: from deep to pale.
        gradient: pale throat (0) to dark throat (1).
        width: slender to broad petals.
        taper: where the petal is widest, base to tip.
        curl: petals bend back (0) or forward (1).
        cup: flat flower (0) to bowl (1).
        ruffle: smooth to wavy margin.
        inner: length of inner petal layers, or unequal petals in a single layer.
        centre_size: small to large centre.
        centre_hue: hue of the centre in degrees.
        mark_strength: faint to strong marking.
        mark_hue: hue of the marking in degrees.
        size: small to large flower.
        leaf_size: small to large leaves.
        leaf_tone: yellow-green to blue-green foliage.
    """

    petals: float
    layers: float
    bilateral: float
    outline: Weights
    marking: Weights
    centre: Weights
    head: Weights
    leaf: Weights
    hue: float
    hue_shift: float
    chroma: float
    lightness: float
    gradient: float
    width: float
    taper: float
    curl: float
    cup: float
    ruffle: float
    inner: float
    centre_size: float
    centre_hue: float
    mark_strength: float
    mark_hue: float
    size: float
    leaf_size: float
    leaf_tone: float

    @property
    def petal_count(self) -> int:
        """Petals per layer as drawn."""
        return round(self.petals)

    @property
    def layer_count(self) -> int:
        """Layers as drawn."""
        return round(self.layers)

    @property
    def head_kind(self) -> str:
        """Flower head as drawn, one of ``HEADS``."""
        return HEADS[int(np.argmax(self.head))]


NAMED = ("outline", "marking", "centre", "head", "leaf")
COUNTED = ("petals", "layers", "bilateral")
ANGLES = ("hue", "centre_hue", "mark_hue")
CONTINUOUS = tuple(f.name for f in fields(Traits) if f.name not in NAMED + COUNTED + ANGLES)
# How much a trait shows in a picture; the Gower distance weighs traits by it.
VISIBILITY = {
    "head": 3.0, "petals": 1.5, "layers": 1.0, "bilateral": 1.0, "outline": 1.2, "centre": 1.2,
    "marking": 0.8, "leaf": 0.4, "hue": 1.2, "chroma": 0.5, "lightness": 0.5, "gradient": 0.5,
    "width": 0.7, "taper": 0.4, "curl": 0.3, "cup": 0.4, "ruffle": 0.3, "inner": 0.3,
    "hue_shift": 0.3, "centre_size": 0.6, "centre_hue": 0.4, "mark_strength": 0.3,
    "mark_hue": 0.3, "size": 0.3, "leaf_size": 0.15, "leaf_tone": 0.15,
}  # fmt: skip
# Where a trait that cannot be drawn half-way jumps while the mixing ratio goes from 0 to 1.
_SWITCH = {"head": 0.5}


def one_hot(state: int, count: int) -> Weights:
    """Weights that are 1 at ``state`` and 0 elsewhere."""
    return tuple(float(i == state) for i in range(count))


def trait_distance_matrix(
    species: Sequence[Traits], names: Sequence[str] | None = None
) -> FloatArray:
    """Gower-type distance between species over their true traits.

    Every trait contributes a difference in [0, 1], weighted by ``VISIBILITY``: half the L1
    distance of weights for named traits, the log-ratio for petal counts, the arc in half turns for
    hues, the plain difference otherwise (Gower 1971).

    Args:
        species: ``S`` species.
        names: traits to use; all by default.

    Returns:
        ``[S, S]`` float64, symmetric, zero diagonal, values in [0, 1].
    """
    total = np.zeros((len(species), len(species)))
    weight = 0.0
    for name in names or VISIBILITY:
        x = np.array([getattr(t, name) for t in species], dtype=np.float64)
        if name in NAMED:
            gap = np.abs(x[:, None] - x[None]).sum(-1) / 2.0
        elif name == "petals":
            gap = np.abs(np.log(x[:, None] / x[None])) / np.log(PETALS[-1] / PETALS[0])
        elif name == "layers":
            gap = np.abs(x[:, None] - x[None]) / 2.0
        elif name in ANGLES:
            gap = np.abs((x[:, None] - x[None] + 180.0) % 360.0 - 180.0) / 180.0
        else:
            gap = np.abs(x[:, None] - x[None])
        total += VISIBILITY[name] * gap
        weight += VISIBILITY[name]
    return total / weight


def hybrid(a: Traits, b: Traits, ratio: float) -> Traits:
    """Cross two species: interpolate their traits, so that the result can be drawn.

    Numbers mix linearly, hues along the shorter arc, and named traits by mixing their weights (a
    half-strong spot pattern is drawable); only the flower head cannot be drawn half-way and
    switches at a fixed ratio.

    Args:
        a: parent at ratio 0.
        b: parent at ratio 1.
        ratio: share of ``b``, in [0, 1].

    Raises:
        ValueError: ``ratio`` lies outside [0, 1].
    """
    if not 0.0 <= ratio <= 1.0:
        raise ValueError(f"ratio has to lie in [0, 1], got {ratio}: 0 is the first parent")
    if ratio in (0.0, 1.0):
        return b if ratio else a
    mixed: dict[str, float | Weights] = {}
    for name in (f.name for f in fields(Traits)):
        x, y = getattr(a, name), getattr(b, name)
        if name in _SWITCH:
            mixed[name] = x if ratio < _SWITCH[name] else y
        elif name in NAMED:
            mixed[name] = tuple(
                float((1.0 - ratio) * p + ratio * q) for p, q in zip(x, y, strict=True)
            )
        elif name in ANGLES:
            arc = (y - x + 180.0) % 360.0 - 180.0
            mixed[name] = float((x + ratio * arc) % 360.0)
        elif name == "petals":
            mixed[name] = float(np.exp((1.0 - ratio) * np.log(x) + ratio * np.log(y)))
        else:
            mixed[name] = float((1.0 - ratio) * x + ratio * y)
    return Traits(**mixed)  # type: ignore[arg-type]
