"""From traits to painted surfaces: the styles of petals, sepals, leaves, stems and centres.

Convention: colours are made in OKLCh and handed on as sRGB in [0, 1]; styles are indexed by the
constants below, petal layers following from ``PETAL`` on.
"""

from __future__ import annotations

import numpy as np

from hypuml.data.garden.blades import BladeStyle, axis, profile
from hypuml.data.garden.centres import RoundStyle, radial_axis
from hypuml.data.garden.colour import oklch
from hypuml.data.garden.individual import Individual
from hypuml.data.garden.traits import CENTRES, LEAVES, MARKINGS, OUTLINES, Traits
from hypuml.types import FloatArray

STEM, LEAF, SEPAL, BACK, PETAL = range(5)
DISC, STAMENS, CORONA_WALL, CORONA, SHEEN = range(5)

# rise, fall, width factor of each outline (see ``profile``).
_OUTLINE_SHAPE = np.array(
    [[0.85, 0.42, 1.0], [0.95, 1.15, 0.92], [1.05, 0.36, 1.02], [1.0, 0.40, 0.95],
     [0.42, 0.30, 0.62]]
)  # fmt: skip
_LEAF_SHAPE = np.array(
    [[0.55, 0.95, 0.10], [0.75, 0.95, 0.24], [0.45, 0.85, 0.36], [0.70, 0.70, 0.30]]
)
# How wide a petal may be, in petal lengths, so that neighbours overlap but never smother.
_ROOM = {3: 0.60, 5: 0.50, 6: 0.44, 8: 0.36, 13: 0.24, 21: 0.165}


def _smooth(x: FloatArray, low: float, high: float) -> FloatArray:
    s = np.clip((x - low) / (high - low), 0.0, 1.0)
    return s * s * (3.0 - 2.0 * s)


def _petal_tint(hues: FloatArray, home: float) -> FloatArray:
    """Keep petals from straying into leaf green (107 to 232 degrees) unless they come from there.

    Individual variation and the gradient along a petal may turn the hue far from ``home``.
    """
    if 107.0 < home % 360.0 < 232.0:
        return hues
    place = (hues - 232.0) % 360.0
    return 232.0 + np.where(place > 300.0, 0.0, np.minimum(place, 235.0))


def petal_half_width(traits: Traits) -> float:
    """Half width of a petal in petal lengths."""
    room = float(np.interp(traits.petal_count, list(_ROOM), list(_ROOM.values())))
    return room * (0.50 + 0.62 * traits.width)


def blade_styles(traits: Traits, plant: Individual) -> list[BladeStyle]:
    """Styles of all blades of one plant: stem, leaf, sepal, petal back, petal layers 1 to 3."""
    u = axis()
    w = dict(zip(OUTLINES, traits.outline, strict=True))
    m = dict(zip(MARKINGS, traits.marking, strict=True))
    rise, fall, factor = np.array(traits.outline) @ _OUTLINE_SHAPE
    rise *= 0.65 + 0.9 * traits.taper
    fall *= 1.35 - 0.5 * traits.taper
    half = profile(rise, fall, petal_half_width(traits) * factor, 0.05)

    hue = traits.hue + plant.hue_shift
    chroma = (0.036 + 0.142 * traits.chroma) * (1.0 - 0.6 * plant.wilt)
    # Yellow is a light colour, violet a deep one; a flower looks clean when it follows that.
    sunny = float(np.clip(np.cos(np.deg2rad(hue - 88.0)), 0.0, 1.0))
    lightness = 0.72 + 0.19 * traits.lightness - 0.04 * traits.chroma * traits.lightness
    lightness += 0.055 * (1.0 - traits.chroma) + 0.13 * sunny * (1.0 - traits.lightness)
    chroma += 0.030 * sunny * (1.0 - plant.wilt)
    wither = plant.wilt * 0.6
    along = _smooth(u, 0.02, 0.85)
    tip_hue = hue + (traits.hue_shift - 0.5) * 90.0
    hues = hue + (tip_hue - hue) * along + wither * ((65.0 - hue + 180.0) % 360.0 - 180.0)
    tone = (traits.gradient - 0.5) * 0.26
    hues = _petal_tint(hues, traits.hue)
    lights = lightness + tone * (along - 0.5) - 0.16 * wither
    chromas = chroma * (1.0 + (0.5 - traits.gradient) * 1.3 * (along - 0.5))
    mark_hue = traits.mark_hue + plant.hue_shift * 0.8
    mark = oklch(max(lightness - 0.15 - 0.18 * traits.mark_strength, 0.36),
                 0.10 + 0.08 * traits.mark_strength, mark_hue)  # fmt: skip
    strength = 0.45 + 0.55 * traits.mark_strength
    eye = m["eye"] * strength * (1.0 - _smooth(u, 0.30, 0.50 + 0.12 * traits.mark_strength))
    # A little shade where petals meet, a little glow where light falls through the tips.
    depth = 0.82 + 0.20 * _smooth(u, 0.0, 0.45)
    styles = _greens(traits, plant)
    layers = []
    throat = oklch(0.90, 0.09, 105.0)
    deep = ((1.0 - _smooth(u, 0.04, 0.26)) * 0.45 * (1.0 - eye))[:, None]
    nth = np.arange(3)[:, None]
    bodies = oklch(lights + 0.018 * nth, chromas * (1.0 - 0.05 * nth), hues + 3.0 * nth)
    for body in bodies:
        body = body + deep * (throat - body)
        body = body + eye[:, None] * (mark - body)
        layers.append(
            BladeStyle(
                half_width=half,
                colours=(body * depth[:, None]).astype(np.float32),
                mark=mark,
                veins=m["veins"] * strength,
                fold=0.05,
                spots=m["spots"] * strength,
                picotee=m["picotee"] * strength,
                notch=0.20 * w["notched"],
                fringe=0.15 * w["fringed"],
                ruffle=0.10 * max(traits.ruffle - 0.3, 0.0) + 0.06 * w["fringed"],
            )
        )
    green = oklch(0.80, 0.08, 125.0)
    back = oklch(lights * 0.97, chromas * 0.72, hues)
    back = back + (1.0 - _smooth(u, 0.0, 0.5))[:, None] * 0.55 * (green - back)
    styles.append(
        BladeStyle(half, (back * (0.86 + 0.1 * u[:, None])).astype(np.float32), mark,
                   veins=m["veins"] * strength * 0.4, picotee=m["picotee"] * strength * 0.7,
                   notch=0.20 * w["notched"], fringe=0.15 * w["fringed"],
                   ruffle=layers[0].ruffle)
    )  # fmt: skip
    return styles + layers


def _greens(traits: Traits, plant: Individual) -> list[BladeStyle]:
    """Stem, leaf and sepal."""
    u = axis()
    lobes = dict(zip(LEAVES, traits.leaf, strict=True))["lobed"]
    hue = 118.0 + 38.0 * traits.leaf_tone + plant.foliage_shift
    dry = plant.wilt * 0.5
    hue = hue + dry * (85.0 - hue)
    rise, fall, width = np.array(traits.leaf) @ _LEAF_SHAPE
    leaf = oklch(0.60 + 0.13 * _smooth(u, 0.0, 1.0), 0.080 + 0.025 * u, hue - 8.0 * u)
    stem = oklch(0.64 + 0.08 * u, 0.080 + 0.0 * u, hue - 6.0)
    sepal = oklch(0.66 + 0.10 * u, 0.095 + 0.0 * u, hue - 10.0)
    vein = oklch(0.78, 0.08, hue)
    straight = np.where((u >= 0.0) & (u <= 1.0), 1.0, -1.0)
    thick = np.where(u > 1.0, (1.0 - u) * 2.0, np.where(u < 0.0, u * 2.0, 1.25 - 0.45 * u))
    return [
        BladeStyle((straight * np.abs(thick)).astype(np.float32), stem, vein, fold=0.30),
        BladeStyle(profile(rise, fall, width, 0.02), leaf, vein, pinnate=1.0,
                   fringe=0.26 * lobes, fold=0.10),
        BladeStyle(profile(0.55, 0.95, 0.20, 0.08), sepal, vein, fold=0.18),
    ]  # fmt: skip


def round_styles(traits: Traits, plant: Individual) -> list[RoundStyle]:
    """Styles of all round items of one plant, indexed ``DISC`` to ``SHEEN``."""
    r = radial_axis()
    # The whole circle of the trait maps to and fro between dark red-brown and pale lime.
    turn = 0.5 - 0.5 * float(np.cos(np.deg2rad(traits.centre_hue + 25.0)))
    hue = 38.0 + 74.0 * turn + 0.5 * plant.hue_shift
    pale = 0.30 * turn - 0.16
    dull = 1.0 - 0.5 * plant.wilt
    dark = 0.25 + 0.75 * traits.centre_size
    disc = oklch(
        0.78 + pale - 0.26 * dark * (1.0 - _smooth(r, 0.1, 0.85)),
        (0.10 + 0.045 * r) * dull,
        hue - 8.0 + 26.0 * r,
    )
    anther = oklch(0.74 + 0.8 * pale - 0.10 * r, 0.15 * dull + 0.0 * r, hue + 15.0)
    wall = oklch(0.70 + 0.6 * pale + 0.12 * r, 0.15 * dull + 0.0 * r, hue + 8.0)
    corona = oklch(
        0.58 + 0.7 * pale + 0.28 * _smooth(r, 0.1, 0.8),
        (0.13 + 0.02 * r) * dull,
        hue - 14.0 + 22.0 * r,
    )
    sheen = oklch(0.90 - 0.02 * r, 0.10 + 0.0 * r, 115.0)
    waves = 0.05 + 0.08 * traits.ruffle
    filament = oklch(0.92, 0.05, 105.0)
    return [
        RoundStyle(disc, seeds=1.0, dome=0.9),
        RoundStyle(anther, stamens=1.0,
                   filament=(float(filament[0]), float(filament[1]), float(filament[2]))),
        RoundStyle(wall, waves=waves),
        RoundStyle(corona, waves=waves),
        RoundStyle(sheen, dome=0.6),
    ]  # fmt: skip


def centre_weights(traits: Traits) -> dict[str, float]:
    """Weights of the centre types by name."""
    return dict(zip(CENTRES, traits.centre, strict=True))
