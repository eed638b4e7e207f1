"""A whole plant: stems, leaves and flower heads placed in the picture, then painted back to front.

Convention: the picture spans [-1, 1]^2 with y down; the ground is below the picture.
"""

from __future__ import annotations

import numpy as np

from hypuml.data.garden import blades as b
from hypuml.data.garden import centres as r
from hypuml.data.garden import looks
from hypuml.data.garden.flower import Pose, flower
from hypuml.data.garden.individual import Individual
from hypuml.data.garden.traits import Traits
from hypuml.types import FloatArray


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
                  bend * 3.0, 0.0, soft, 0.12, opacity]  # fmt: skip
        self._push(row, np.zeros(1), np.zeros((0, r.COLUMNS)), np.zeros(0))

    def add_flower(self, traits: Traits, pose: Pose, rng: np.random.Generator) -> None:
        """Add one flower in front of all that was added before."""
        self._push(*flower(traits, pose, rng))

    def _push(
        self, blades: FloatArray, blade_order: FloatArray, rounds: FloatArray,
        round_order: FloatArray,
    ) -> None:  # fmt: skip
        self._blades.append(blades)
        self._blade_order.append(blade_order + self._group)
        self._rounds.append(rounds)
        self._round_order.append(round_order + self._group)
        self._group += 10.0

    def paint(
        self, petals: list[b.BladeStyle], disks: list[r.RoundStyle], size: int
    ) -> FloatArray:
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
            pixel, rgba = part.pixel[run], part.rgba[run]
            below = canvas[pixel]
            below[:, :3] *= part.shade[run]
            below *= 1.0 - rgba[:, 3:]
            below += rgba
            canvas[pixel] = below
        return canvas.reshape(size, size, 4)


def plant(traits: Traits, one: Individual, rng: np.random.Generator) -> Scene:
    """Compose the plant of one individual."""
    scene = Scene()
    middle = np.array([one.x, one.y])
    grow = one.scale * (0.82 + 0.36 * traits.size)
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
    kind = int(np.argmax(traits.leaf))
    reach = (0.55 + 0.45 * traits.leaf_size) * grow * (1.35, 1.0, 0.85, 1.0)[kind]
    for i in range(count):
        side = 1.0 if (i + int(rng.integers(2))) % 2 else -1.0
        share = 0.10 + 0.55 * (i + rng.random()) / count
        base = foot + (top - foot) * share
        lean = (0.45 if kind == 0 else 0.95) + 0.35 * rng.random() + 0.8 * wilt
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
    radius = 0.56 * grow
    places = [(middle, 1.0, 0.0)]
    for i in range(one.heads - 1):
        side = (1.0 if rng.random() < 0.5 else -1.0) * (1 if i == 0 else -1)
        off = np.array([side * (0.50 + 0.2 * rng.random()), 0.25 - 0.75 * rng.random()])
        places.append((middle * 0.6 + off * 0.95, 0.52 + 0.12 * rng.random(), 1.0))
    for place, share, back in places[::-1]:
        foot = np.array([place[0] * 0.4 + rng.normal(0.0, 0.12), 1.15])
        _stem(scene, foot, place, rng.normal(0.0, 0.12), 0.032 * grow * (0.6 + 0.4 * share),
              1.0 - 0.1 * back)  # fmt: skip
        if not back:
            _leaves(scene, traits, foot, place, grow, 3, rng, one.wilt)
        pose = _pose(one, place, radius * share, back, rng)
        scene.add_flower(traits, pose, rng)


def _pose(
    one: Individual, place: FloatArray, radius: float, loose: float, rng: np.random.Generator,
    bloom: float | None = None, direction: float | None = None, tilt: float | None = None,
) -> Pose:  # fmt: skip
    """Pose of one flower; ``loose`` lets it stray from the individual's own pose."""
    droop = 0.5 * one.wilt
    lean = one.tilt_direction if direction is None else direction
    return Pose(
        x=float(place[0]),
        y=float(place[1]),
        radius=radius,
        tilt=float(np.clip((one.tilt if tilt is None else tilt) + droop
                           + loose * rng.normal(0.0, 0.15), 0.0, 1.42)),
        direction=float(lean + droop * (np.pi / 2 - lean) * 0.8 + loose * rng.normal(0.0, 0.4)),
        spin=float(one.spin + loose * rng.uniform(0.0, 2.0 * np.pi)),
        bloom=float(np.clip(one.bloom if bloom is None else bloom, 0.0, 1.0)),
        wilt=one.wilt,
        light=1.0 - 0.10 * loose,
    )  # fmt: skip


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
    for i in range(count):
        share = i / max(count - 1, 1)
        size = (0.60 + 0.40 * share**0.7) * 0.285 * grow
        side = 1.0 if i % 2 else -1.0
        place = top + (foot - top) * (0.03 + 0.60 * share)
        place = place + np.array([side * (0.03 + 0.20 * share**0.6) * grow, 0.0])
        young = max(0.30 - share, 0.0) * 1.1
        lookout = np.pi / 2 - side * (np.pi / 2 - 0.1) + rng.normal(0.0, 0.25)
        pose = _pose(one, place, size, 0.35, rng, one.bloom - young, lookout,
                     0.25 + 0.6 * one.tilt)  # fmt: skip
        scene.add_flower(traits, pose, rng)


def _umbel(
    scene: Scene, traits: Traits, one: Individual, middle: FloatArray, grow: float,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    count = _crowd(traits) + one.heads - 1
    fork = middle + np.array([rng.normal(0.0, 0.05), 0.50 * grow])
    foot = np.array([fork[0] * 0.6, 1.2])
    _stem(scene, foot, fork, rng.normal(0.0, 0.1), 0.030 * grow)
    _leaves(scene, traits, foot, fork, grow, 2, rng, one.wilt)
    heads = []
    for i in range(count):
        golden = 2.399963 * i + one.spin
        out = np.sqrt((i + 0.35) / count)
        place = middle + grow * 0.50 * out * np.array([np.cos(golden), 0.72 * np.sin(golden)])
        heads.append((float(place[1]), place, out, golden))
    for _, place, _, _ in heads:
        _stem(scene, fork, place, rng.normal(0.0, 0.06), 0.016 * grow, 0.95)
    for _, place, out, golden in sorted(heads, key=lambda h: (-h[2], h[0])):
        tilt = 0.30 * one.tilt + 0.55 * out + 0.35 * max(one.tilt - 0.8, 0.0)
        pose = _pose(one, place, 0.275 * grow, 0.35, rng, one.bloom - 0.06 * (1.0 - out),
                     float(np.arctan2(0.72 * np.sin(golden) - 0.2, np.cos(golden))), tilt)  # fmt: skip
        scene.add_flower(traits, pose, rng)
