"""A canvas to draw the disk's parts on, and where hypuml.geometry says that things have to be.

A look says how the disk is looked at: a move ``translation(p) o rotation(angle)``, zoom and pan;
so ``p (+) exp(i angle) z``, worked out here at c = 1, must be what the page shows of a point z.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hypuml.geometry import mobius_add

SIZE, RADIUS = 400, 180.0
HOME = {"p": [0.0, 0.0], "angle": 0.0, "zoom": 1.0, "pan": [0.0, 0.0]}
MOVED = {"p": [0.45, -0.3], "angle": 0.7, "zoom": 1.0, "pan": [0.0, 0.0]}
SLANTED = {"p": [-0.7, 0.35], "angle": -2.1, "zoom": 1.0, "pan": [0.0, 0.0]}

# Gives a page `stage(look, options)` and `paint(draw)`, which returns how to read the pixels of a
# canvas of two device pixels per CSS pixel, and all that was written on it.
PRELUDE = """async () => {
  const names = ["shapes", "grid", "inset", "labels", "pictures"];
  const [S, G, I, L, P] = await Promise.all(names.map((name) => import(`/js/layers/${name}.js`)));
  const V = await import("/js/math/view.js");
  const theme = {dark: false, ink: "#000", muted: "#777", ground: "#fff", disk: "#fff",
    grid: "rgb(0, 0, 255)", rim: "rgb(0, 160, 0)", edge: "#ccc", rejected: "#999",
    accent: "rgb(255, 0, 0)", alarm: "rgb(255, 0, 255)", font: "sans-serif"};
  const stage = ({p, angle, zoom, pan}, options = {}) => {
    const {xy = [], layout, exact = false, handles = {}, size = 400} = options;
    const k = 1 / Math.sqrt(1 - p[0] ** 2 - p[1] ** 2);
    const [c, s] = [Math.cos(angle / 2), Math.sin(angle / 2)];
    const move = {a: [k * c, k * s], b: [k * (p[0] * c + p[1] * s), k * (p[1] * c - p[0] * s)]};
    const view = {move, zoom, pan};
    const frame = {width: size, height: size, cx: size / 2, cy: size / 2, radius: 0.45 * size,
      ratio: 2};
    const count = xy.length / 2;
    const screen = (z) => V.toScreen(view, frame, z);
    const base = (row) => [xy[2 * row], xy[2 * row + 1]];
    const screenXY = Float32Array.from({length: 2 * count}, (_, i) => screen(base(i >> 1))[i & 1]);
    return {frame, view, theme, layout: layout ?? {name: "origin", unit: 1},
      cloud: count ? {count, xy: Float32Array.from(xy), exact} : null, screen, base, screenXY,
      resolve: (a) => Array.isArray(a) ? a : "row" in a ? (a.row < count ? base(a.row) : null)
        : "handle" in a ? handles[a.handle] ?? null : null};
  };
  const paint = (draw) => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 800;
    const ctx = canvas.getContext("2d", {willReadFrequently: true});
    ctx.scale(2, 2);
    const written = [];
    const fillText = ctx.fillText;
    ctx.fillText = (text, x, y) => { written.push({text, x, y}); fillText.call(ctx, text, x, y); };
    draw(ctx);
    const {data} = ctx.getImageData(0, 0, 800, 800);
    const at = ([x, y]) => [...data.subarray(...[0, 4].map(
      (i) => 4 * (800 * Math.floor(2 * y) + Math.floor(2 * x)) + i))];
    return {data, at, written};
  };
  Object.assign(window, {S, G, I, L, P, stage, paint});
}"""


def shown(look: dict[str, Any], z: Any) -> np.ndarray:
    """Base points ``[..., 2]`` in the displayed disk."""
    c, s = np.cos(look["angle"]), np.sin(look["angle"])
    turned = np.asarray(z, dtype=np.float64) @ np.array([[c, s], [-s, c]])
    return mobius_add(np.array(look["p"]), turned, 1.0)


def pixels(look: dict[str, Any], w: Any) -> np.ndarray:
    """Displayed points ``[..., 2]`` in CSS pixels."""
    w = np.asarray(w, dtype=np.float64)
    x = SIZE / 2 + RADIUS * (look["zoom"] * w[..., 0] + look["pan"][0])
    y = SIZE / 2 - RADIUS * (look["zoom"] * w[..., 1] + look["pan"][1])
    return np.stack([x, y], axis=-1)


def at_pixels(look: dict[str, Any], z: Any) -> np.ndarray:
    return pixels(look, shown(look, z))


def polar(radius: Any, angle: Any) -> np.ndarray:
    angle = np.asarray(angle)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)


def red(rgba: np.ndarray) -> np.ndarray:
    return (rgba[:, 0] > 200) & (rgba[:, 1] < 90) & (rgba[:, 3] > 200)


def in_frame(where: np.ndarray) -> np.ndarray:
    return ((where > 2) & (where < SIZE - 2)).all(axis=-1)


def distance_to(where: np.ndarray, curve: np.ndarray) -> np.ndarray:
    return np.linalg.norm(where[:, None] - curve[None], axis=-1).min(axis=1)


def close_up(look: dict[str, Any], z: Any, zoom: float) -> dict[str, Any]:
    """The same move, enlarged, with base point ``z`` in the middle."""
    x, y = shown(look, z)
    return look | {"zoom": zoom, "pan": [-zoom * x, -zoom * y]}
