"""Angles that keep neighbours together while every radius stays where it is.

t-SNE's objective (van der Maaten and Hinton 2008) in the hyperbolic plane with the radii held
fixed. With ``v = 4 sinh^2(d / 2)``, the affinity on the picture is ``w = 1 / (1 + v / s^2)`` and

    dKL / dtheta_i = (4 / s^2) sum_j (p_ij w_ij - w_ij^2 / Z) dv_ij / dtheta_i,   Z = sum w.

Fixed radii make the second, all-pairs term a *convolution in the angle*: spread the points on a
grid of radius x angle, multiply by the kernel's Fourier transform, and read the result back at the
points. That costs the same for a thousand points as for a hundred thousand.

The scale s falls from many times the spacing of the points to once the spacing: first the large
groups find their places, then the neighbours. From such a start the outcome hardly depends on where
the angles begin, so they begin at the two main directions of the points themselves.
"""

from __future__ import annotations

import numpy as np
from numpy.fft import irfft, rfft
from numpy.typing import NDArray

from hypuml.layout.screen import F64, chord, spacing
from hypuml.types import FloatArray, Hits, IntArray

PERPLEXITY = 12.0
NEIGHBOURS = 36
# Kernel scales in units of the spacing, and gradient steps at each.
_SCALES = (16.0, 11.0, 8.0, 5.6, 4.0, 2.8, 2.0, 1.4, 1.0)
_STEPS = 40
_MOMENTUM, _SQUARES = 0.8, 0.95


def start(points: FloatArray) -> F64:
    """Angles ``[N]`` in the plane through the origin that holds most of the points' length."""
    x = np.asarray(points, dtype=np.float64)
    _, directions = np.linalg.eigh(x.T @ x)  # ascending eigenvalues
    plane = x @ directions[:, -2:]
    # An eigenvector's sign is arbitrary; fixing it keeps the picture the same everywhere.
    plane *= np.where(plane[np.abs(plane).argmax(axis=0), [0, 1]] < 0.0, -1.0, 1.0)
    return np.arctan2(plane[:, 0], plane[:, 1])


def refine(theta: F64, screen: F64, neighbours: Hits) -> F64:
    """Turn points around the centre until neighbours lie together.

    Args:
        theta: ``[N]`` angles to start from.
        screen: ``[N]`` distances from the centre of the picture; they stay.
        neighbours: ``[N, k]`` nearest other points in the model's space.

    Returns:
        ``[N]`` angles.
    """
    i, j, p = affinities(neighbours)
    n, unit = len(theta), spacing(screen)
    if not unit > 0.0:  # everything at the centre, where there are no angles
        return theta
    # Angles of points near the centre hardly move them; the floor keeps their steps finite.
    arc = np.maximum(np.sinh(screen), 1e-9)
    apart, across = chord(screen[i], screen[j], np.zeros(len(i))), 4.0 * arc[i] * arc[j]
    field = _Repulsion(screen, unit)
    theta = theta.copy()
    for scale in _SCALES:
        s = scale * unit
        field.set_scale(s)
        speed, squares = np.zeros(n), np.zeros(n)
        for step in range(_STEPS):
            delta = theta[i] - theta[j]
            w = 1.0 / (1.0 + (apart + across * np.sin(delta / 2.0) ** 2) / s**2)
            pull = np.bincount(i, p * w * across / 2.0 * np.sin(delta), n)
            total, push = field(theta)
            # Adam on arc lengths, so that one step means the same distance near and far out.
            slope = (pull - push / total) * n / arc
            speed = _MOMENTUM * speed + (1.0 - _MOMENTUM) * slope
            squares = _SQUARES * squares + (1.0 - _SQUARES) * slope**2
            root = np.sqrt(squares / (1.0 - _SQUARES ** (step + 1))) + 1e-12
            rate = s * (1.0 - 0.9 * step / _STEPS)
            move = rate * speed / (1.0 - _MOMENTUM ** (step + 1)) / root
            theta -= np.clip(move / arc, -0.5, 0.5)
    return theta


def affinities(neighbours: Hits) -> tuple[IntArray, IntArray, F64]:
    """t-SNE's symmetric affinities ``(i, j, p_ij)``, which sum to 1, from k nearest neighbours.

    Each point's Gaussian is as wide as gives it ``PERPLEXITY`` effective neighbours.
    """
    k = min(neighbours.ids.shape[1], NEIGHBOURS)
    ids, squared = neighbours.ids[:, :k], neighbours.distances[:, :k] ** 2
    squared = squared - squared[:, :1]
    n, target = len(ids), np.log(min(PERPLEXITY, 0.75 * k + 0.25))
    low, high = np.zeros(n), np.full(n, np.inf)
    beta = 1.0 / np.maximum(squared.mean(axis=1), 1e-12)
    for _ in range(60):
        p = np.exp(-squared * beta[:, None])
        total = p.sum(axis=1)
        entropy = np.log(total) + beta * (squared * p).sum(axis=1) / total
        wide = entropy > target
        low, high = np.where(wide, beta, low), np.where(wide, high, beta)
        # Equidistant neighbours are never narrow enough: the bound keeps beta finite.
        beta = np.where(np.isinf(high), np.minimum(beta * 2.0, 1e12), (low + high) / 2.0)
    p /= p.sum(axis=1, keepdims=True)
    i, j = np.repeat(np.arange(n), k), ids.ravel()
    pairs, place = np.unique(np.concatenate([i * n + j, j * n + i]), return_inverse=True)
    both = np.bincount(place, np.tile(p.ravel(), 2))
    return pairs // n, pairs % n, both / both.sum()


class _Repulsion:
    """The all-pairs term on a grid of ``rings`` radii x ``turn`` angles."""

    def __init__(self, screen: F64, unit: float) -> None:
        low, high = float(screen.min()), float(screen.max())
        rings = int(np.clip(np.ceil(1.5 * (high - low) / unit), 8, 32))
        # Three grid angles per spacing at the far radius, within what memory allows.
        wanted = 6.0 * np.pi * np.sinh(np.percentile(screen, 99.0)) / unit
        self.turn = int(2 ** np.clip(np.ceil(np.log2(wanted)), 10, 13))
        self.grid = np.linspace(low, max(high, low + 1e-6), rings)
        place = (screen - low) / (self.grid[1] - self.grid[0])
        self.ring = np.minimum(place.astype(np.int64), rings - 2)
        self.share = place - self.ring

    def set_scale(self, s: float) -> None:
        """Transform the kernels ``w`` and ``w^2 dv/dtheta`` of scale ``s``."""
        delta: F64 = np.arange(self.turn, dtype=np.float64) * (2.0 * np.pi / self.turn)
        a, b = self.grid[:, None, None], self.grid[None, :, None]
        w = 1.0 / (1.0 + chord(a, b, delta) / s**2)
        slope = w**2 * 2.0 * np.sinh(a) * np.sinh(b) * np.sin(delta)
        both = np.stack([rfft(k.astype(np.float32)) for k in (w, slope)])
        self.kernel = np.ascontiguousarray(both.transpose(0, 3, 1, 2))  # [2, F, rings, rings]

    def __call__(self, theta: F64) -> tuple[float, F64]:
        """``Z`` and ``sum_j w_ij^2 dv_ij/dtheta_i`` for every point."""
        cells, weights = self._corners(theta)
        rings = len(self.grid)
        density = np.bincount(cells.ravel(), weights.ravel(), rings * self.turn)
        waves = rfft(density.reshape(rings, self.turn).astype(np.float32), axis=1).T
        product = (self.kernel @ waves[None, :, :, None])[..., 0]
        fields = irfft(product.transpose(0, 2, 1), n=self.turn, axis=2).reshape(2, -1)
        affinity, push = ((f[cells] * weights).sum(axis=0) for f in fields)
        # Each point's affinity to itself, 1, is part of the field but not of Z.
        return max(float(affinity.sum()) - len(theta), 1e-12), push

    def _corners(self, theta: F64) -> tuple[NDArray[np.int64], F64]:
        """The four grid cells around each point and their shares: ``[4, N]`` each."""
        place = (theta % (2.0 * np.pi)) * (self.turn / (2.0 * np.pi))
        cell = place.astype(np.int64)
        f, g = self.share, place - cell
        here, there = cell % self.turn, (cell + 1) % self.turn
        inner, outer = self.ring * self.turn, (self.ring + 1) * self.turn
        return (
            np.stack([inner + here, inner + there, outer + here, outer + there]),
            np.stack([(1 - f) * (1 - g), (1 - f) * g, f * (1 - g), f * g]),
        )
