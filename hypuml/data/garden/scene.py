"""A whole plant: stems, leaves and flower heads placed in the picture, then painted back to front.

Convention: the picture spans [-1, 1]^2 with y down; the ground is below the picture.
"""

from __future__ import annotations

import numpy as np

from hypuml.data.garden import blades as b
from hypuml.data.garden import centres as r
from hypuml.data.garden import looks
from hypuml.data.garden.flower import ORDERS, Poses, flowers
from hypuml.data.garden.individual import Individual
from hypuml.data.garden.traits import Traits
from hypuml.types import FloatArray

_LEAF_REACH = (1.35, 1.0, 0.85, 1.0)  # blade, ovate, heart, lobed


class Scene:
    """Collects painting rows in order, then paints them into one premultiplied layer."""

    def __init__(self) -> None:
        self._blades: list[FloatArray] = []
        self._rounds: list[FloatArray] = []
        self._blade_order: list[FloatArray] = []
        self._round_order: list[FloatArray] = []
        self._group = 0.0

    def add_blade(
        self, start: FloatArray, end: FloatArray, bend: float, style: int, width: float,
        light: float = 1.0, soft: float = 0.0, across: float | None = None, opacity: float = 1.0,
    ) -> None:  # fmt: skip
        """Add a flat blade from ``start`` to ``end``, bowed sideways by ``bend`` lengths."""
        d = complex(end[0] - start[0], end[1] - start[1])
        a = d / complex(1.0, bend)
        q = a * complex(0.0, bend)
        t = a / abs(a) * 1j * (abs(a) if across is None else across)
        row = np.zeros((1, b.COLUMNS))
        row[0] = [*start, a.real, a.imag, t.real, t.imag, q.real, q.imag, style, width, light,
                  bend * 3.0, 0.0, soft, 0.12, opacity, 0.0]  # fmt: skip
        self._push(row, np.zeros(1), np.zeros((0, r.COLUMNS)), np.zeros(0))

    def add_flowers(
        self, traits: Traits, poses: Poses, wilt: float, rng: np.random.Generator
    ) -> None:
        """Add flowers in front of all that was added before, the last one foremost."""
        self._push(*flowers(traits, poses, wilt, rng), len(poses.x))

    def _push(
        self, blades: FloatArray, blade_order: FloatArray, rounds: FloatArray,
        round_order: FloatArray, count: int = 1,
    ) -> None:  # fmt: skip
        self._blades.append(blades)
        self._blade_order.append(blade_order + self._group)
        self._rounds.append(rounds)
        self._round_order.append(round_order + self._group)
        self._group += ORDERS * count

    def paint(self, petals: list[b.BladeStyle], disks: list[r.RoundStyle], size: int) -> FloatArray:
        """Paint everything.

        Returns:
            ``[size, size, 4]`` float32 premultiplied RGBA.
        """
        canvas = np.zeros((size * size, 4), np.float32)
        parts = [b.paint_blades(np.concatenate(self._blades), petals, size)]
        orders = [np.concatenate(self._blade_order)]
        rounds = np.concatenate(self._rounds)
        if len(rounds):
            parts.append(r.paint_rounds(rounds, disks, size))
            orders.append(np.concatenate(self._round_order))
        kind = np.repeat(np.arange(len(orders)), [len(o) for o in orders])
        row = np.concatenate([np.arange(len(o)) for o in orders])
        for i in np.argsort(np.concatenate(orders), kind="stable"):
            part, k = parts[kind[i]], row[i]
            run = slice(part.starts[k], part.starts[k + 1])
            pixel = part.pixel[run]
            below = canvas.take(pixel, axis=0)
            below *= part.keep[run]
            below += part.rgba[run]
            canvas[pixel] = below
        return canvas.reshape(size, size, 4)


def plant(traits: Traits, one: Individual, rng: np.random.Generator) -> Scene:
    """Compose the plant of one individual."""
    scene = Scene()
    middle = np.array([one.x, one.y])
    grow = min(one.scale * (0.82 + 0.36 * traits.size), 1.28)
    if traits.head_kind == "spike":
        _spike(scene, traits, one, middle, grow, rng)
    elif traits.head_kind == "umbel":
        _umbel(scene, traits, one, middle, grow, rng)
    else:
        _single(scene, traits, one, middle, grow, rng)
    return scene


def _leaves(
    scene: Scene, traits: Traits, foot: FloatArray, top: FloatArray, grow: float, count: int,
    rng: np.random.Generator, wilt: float,
) -> None:  # fmt: skip
    """Leaves on both sides of a stem."""
    reach = (0.55 + 0.45 * traits.leaf_size) * grow * float(np.dot(traits.leaf, _LEAF_REACH))
    for i in range(count):
        side = 1.0 if (i + int(rng.integers(2))) % 2 else -1.0
        share = 0.10 + 0.55 * (i + rng.random()) / count
        base = foot + (top - foot) * share
        lean = 0.95 - 0.50 * traits.leaf[0] + 0.35 * rng.random() + 0.8 * wilt
        end = base + reach * (0.75 + 0.4 * rng.random()) * np.array(
            [side * np.sin(lean), -np.cos(lean)]
        )
        scene.add_blade(base, end, -side * (0.12 + 0.2 * rng.random() + 0.3 * wilt), looks.LEAF,
                        0.85 + 0.3 * rng.random(), 0.86 + 0.22 * rng.random())  # fmt: skip


def _stem(
    scene: Scene, foot: FloatArray, top: FloatArray, bend: float, thick: float, light: float = 1.0
) -> None:
    length = float(np.hypot(*(top - foot)))
    scene.add_blade(foot, top, bend, looks.STEM, thick / max(length, 1e-3), light)


def _single(
    scene: Scene, traits: Traits, one: Individual, middle: FloatArray, grow: float,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    places, shares = [middle], [1.0]
    first = 1.0 if rng.random() < 0.5 else -1.0
    for i in range(one.heads - 1):
        side = first if i == 0 else -first
        off = np.array([side * (0.50 + 0.2 * rng.random()), 0.25 - 0.75 * rng.random()])
        places.append(middle * 0.6 + off * 0.95)
        shares.append(0.52 + 0.12 * rng.random())
    place, share = np.array(places[::-1]), np.array(shares[::-1])
    behind = (share < 1.0).astype(np.float64)
    for spot, part, back in zip(place, share, behind, strict=True):
        foot = np.array([spot[0] * 0.4 + rng.normal(0.0, 0.12), 1.15])
        _stem(scene, foot, spot, rng.normal(0.0, 0.12), 0.032 * grow * (0.6 + 0.4 * part),
              1.0 - 0.1 * back)  # fmt: skip
        if not back:
            _leaves(scene, traits, foot, spot, grow, 3, rng, one.wilt)
    lean = np.full(len(place), one.tilt_direction)
    poses = _poses(one, place, 0.60 * grow * share, behind, rng, np.full(len(place), one.bloom),
                   lean, np.full(len(place), one.tilt))  # fmt: skip
    scene.add_flowers(traits, poses, one.wilt, rng)


def _poses(
    one: Individual, place: FloatArray, radius: FloatArray, loose: FloatArray,
    rng: np.random.Generator, bloom: FloatArray, direction: FloatArray, tilt: FloatArray,
) -> Poses:  # fmt: skip
    """Poses of ``F`` flowers; ``loose`` lets them stray; withering makes them hang."""
    droop = 0.5 * one.wilt
    stray = rng.normal(0.0, 1.0, (2, len(place)))
    return Poses(
        x=place[:, 0],
        y=place[:, 1],
        radius=radius,
        tilt=np.clip(tilt + droop + 0.15 * loose * stray[0], 0.0, 1.42),
        direction=direction + droop * (np.pi / 2 - direction) * 0.8 + 0.4 * loose * stray[1],
        spin=one.spin + loose * rng.uniform(0.0, 2.0 * np.pi, len(place)),
        bloom=np.clip(bloom, 0.0, 1.0),
        light=1.0 - 0.10 * loose,
    )


def _crowd(traits: Traits) -> int:
    """How many flowers a many-flowered head can show without smothering each other."""
    return int(np.clip(round(54.0 / (traits.petal_count * traits.layer_count)), 5, 9))


def _spike(
    scene: Scene, traits: Traits, one: Individual, middle: FloatArray, grow: float,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    count = _crowd(traits) + one.heads - 1
    lean = rng.normal(0.0, 0.12)
    top = middle * np.array([1.0, 0.35]) + np.array([lean * 0.6, -0.74 * grow])
    foot = np.array([middle[0] - lean, 1.15])
    _leaves(scene, traits, foot, foot + (top - foot) * 0.55, grow, 3, rng, one.wilt)
    _stem(scene, foot, top, lean * 0.3, 0.030 * grow)
    share = np.arange(count) / (count - 1)
    side = np.where(np.arange(count) % 2, 1.0, -1.0)
    place = top + (foot - top) * (0.60 * share)[:, None]
    place[:, 0] += side * (0.03 + 0.23 * share**0.6) * grow
    for spot, part in zip(place, share.tolist(), strict=True):
        node = (
            np.array([0.0, 0.10 * grow])
            + top
            + (foot - top) * (spot[1] - top[1]) / (foot[1] - top[1])
        )
        _stem(scene, node, spot, 0.0, (0.012 + 0.008 * part) * grow, 0.95)
    lookout = np.pi / 2 - side * (np.pi / 2 - 0.1) + rng.normal(0.0, 0.25, count)
    young = np.maximum(0.30 - share, 0.0) * 1.1
    poses = _poses(one, place, (0.60 + 0.40 * share**0.7) * 0.33 * grow, np.full(count, 0.35), rng,
                   one.bloom - young, lookout, np.full(count, 0.25 + 0.6 * one.tilt))  # fmt: skip
    scene.add_flowers(traits, poses, one.wilt, rng)


def _umbel(
    scene: Scene, traits: Traits, one: Individual, middle: FloatArray, grow: float,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    count = _crowd(traits) + one.heads - 1
    fork = middle + np.array([rng.normal(0.0, 0.05), 0.56 * grow])
    foot = np.array([fork[0] * 0.6, 1.2])
    _stem(scene, foot, fork, rng.normal(0.0, 0.1), 0.030 * grow)
    _leaves(scene, traits, foot, fork, grow, 2, rng, one.wilt)
    number = np.arange(count)[::-1]  # the middle of the dome is foremost
    golden = 2.399963 * number + one.spin
    out = np.sqrt((number + 0.35) / count)
    spread = np.stack([np.cos(golden), 0.72 * np.sin(golden)], -1)
    place = middle + grow * 0.56 * out[:, None] * spread
    for spot in place:
        _stem(scene, fork, spot, rng.normal(0.0, 0.06), 0.016 * grow, 0.95)
    tilt = 0.30 * one.tilt + 0.55 * out + 0.35 * max(one.tilt - 0.8, 0.0)
    lookout = np.arctan2(spread[:, 1] - 0.2, spread[:, 0])
    poses = _poses(one, place, np.full(count, 0.335 * grow), np.full(count, 0.35), rng,
                   one.bloom - 0.06 * (1.0 - out), lookout, tilt)  # fmt: skip
    scene.add_flowers(traits, poses, one.wilt, rng)
