"""Colour, texture and shape, counted: a backbone with nothing to learn but its principal axes.

A small network trained from scratch on two thousand photographs knows the classes it was trained
on and little else. Three classical descriptors know nothing of classes and carry over to new ones:

* *colour*: histograms of 8 x 8 x 8 RGB cells in three rings around the middle of the picture
  (bag of colours: Swain and Ballard, "Color indexing", IJCV 1991);
* *texture*: local binary patterns, 8 neighbours, of lightness and of two opponent colours at three
  scales, in the middle and around it (Ojala, Pietikäinen and Mäenpää, PAMI 2002);
* *shape*: histograms of oriented gradients at four scales on grids of 2 x 2 to 8 x 8 cells (Dalal
  and Triggs, CVPR 2005).

Counts enter as their square roots (the Hellinger kernel), each descriptor less the mean of the
training images and at unit length, so that all three weigh the same, and averaged with those of
the mirrored image. Nothing has to be counted again for that: mirroring only exchanges numbers. An
image and its mirror get the same features, and they are the longer the more the two agree: a flower
seen from the front agrees with its mirror, a bush does not. The features are the coordinates of
that vector along the principal axes of the training images, which :meth:`Descriptors.fit` finds
without looking at labels.

Convention: images are ``[B, 3, S, S]`` RGB in [0, 1]; nothing here has a gradient.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from hypuml.models.extractor import Extractor

NAME = "descriptors"
COMPONENTS = 256

_LEVELS = 8
_RINGS = (0.5, 1.0)
_MIDDLE = (0.6,)
_PATTERNS = 256
# A neighbour counts as lighter from this difference on, so that flat areas are not all noise.
_THRESHOLD = 0.01
_TEXTURE_SCALES = (1, 2, 4)
_ORIENTATIONS = 8
_CELLS = {1: (2, 4, 8), 2: (2, 4, 8), 4: (2, 4, 8), 8: (2, 4)}
_NEIGHBOURS = ((0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0))

# Length of each descriptor's vector.
WIDTHS = {
    "colour": (len(_RINGS) + 1) * _LEVELS**3,
    "texture": 3 * len(_TEXTURE_SCALES) * (len(_MIDDLE) + 1) * _PATTERNS,
    "shape": _ORIENTATIONS * sum(c * c for cells in _CELLS.values() for c in cells),
}
WIDTH = sum(WIDTHS.values())


def describe(images: Tensor) -> Tensor:
    """The three descriptors of images side by side, square roots of shares.

    Args:
        images: ``[B, 3, S, S]`` in [0, 1], S at least 32.

    Returns:
        ``[B, WIDTH]`` float32, in the order of ``WIDTHS``.

    Raises:
        ValueError: images smaller than 32 pixels.
    """
    if images.shape[-1] < 32:
        raise ValueError(f"descriptors need images of at least 32 px, got {images.shape[-1]}")
    with torch.autocast(images.device.type, enabled=False):
        images = images.float().contiguous()
        channels = _opponent(images)
        return torch.cat([_colour(images), _texture(channels), _shape(channels)], 1)


def _opponent(images: Tensor) -> Tensor:
    """Lightness, red less green, yellow less blue: ``[B, 3, S, S]``."""
    red, green, blue = images.unbind(1)
    return torch.stack([images.mean(1), red - green, (red + green) / 2 - blue], 1)


def _colour(images: Tensor) -> Tensor:
    cell = (images * _LEVELS).to(torch.int32).clamp_(0, _LEVELS - 1)
    code = (cell[:, 0] * _LEVELS + cell[:, 1]) * _LEVELS + cell[:, 2]
    return _histogram(code, _LEVELS**3, _RINGS)


def _texture(channels: Tensor) -> Tensor:
    found = []
    for scale in _TEXTURE_SCALES:
        x = F.avg_pool2d(channels, scale) if scale > 1 else channels
        height, width = x.shape[-2] - 2, x.shape[-1] - 2
        middle = x[..., 1:-1, 1:-1] + _THRESHOLD
        code = torch.zeros(middle.shape, dtype=torch.int32, device=x.device)
        for bit, (down, across) in enumerate(_NEIGHBOURS):
            lighter = x[..., down : down + height, across : across + width] > middle
            code += lighter.to(torch.int32) << bit
        found += [_histogram(code[:, c], _PATTERNS, _MIDDLE) for c in range(3)]
    return torch.cat(found, 1)


def _histogram(code: Tensor, bins: int, edges: tuple[float, ...]) -> Tensor:
    """Square roots of the share of each code in each ring: ``[B, rings * bins]``.

    Args:
        code: ``[B, H, W]`` numbers below ``bins``.
        bins: how many codes there are.
        edges: radii between the rings, 1 = half a side.
    """
    ring, area = _ring_numbers(code.shape[-2], code.shape[-1], edges, code.device)
    rings, batch = len(edges) + 1, code.shape[0]
    where = ring * bins + code
    # Added up rather than counted (bincount), which no exported graph can do; ones are exact.
    counts = torch.zeros(batch, rings * bins, device=code.device)
    counts.scatter_add_(1, where.flatten(1), torch.ones_like(where, dtype=counts.dtype).flatten(1))
    return (counts.view(batch, rings, bins) / area[:, None]).sqrt().flatten(1)


def _ring_numbers(
    height: int, width: int, edges: tuple[float, ...], device: torch.device
) -> tuple[Tensor, Tensor]:
    """Ring of each pixel ``[H, W]``, and pixels in each ring (1 where there are none)."""
    down = torch.linspace(-1, 1, height, device=device)
    across = torch.linspace(-1, 1, width, device=device)
    radius = (down[:, None] ** 2 + across**2).sqrt()
    ring = torch.stack([(radius >= edge).to(torch.int64) for edge in edges]).sum(0)
    area = torch.stack([(ring == number).sum() for number in range(len(edges) + 1)])
    return ring, area.clamp(min=1).float()


def _shape(channels: Tensor) -> Tensor:
    found = []
    for scale, cells in _CELLS.items():
        energy = _oriented(F.avg_pool2d(channels, scale) if scale > 1 else channels)
        for side in cells:
            pooled = F.adaptive_avg_pool2d(energy, side).flatten(1)
            found.append(F.normalize(pooled, dim=1).sqrt())
    return torch.cat(found, 1)


def _oriented(channels: Tensor) -> Tensor:
    """Gradient magnitude by orientation, ``[B, 8, H - 2, W - 2]``; the steepest channel counts."""
    dx = channels[..., 1:-1, 2:] - channels[..., 1:-1, :-2]
    dy = channels[..., 2:, 1:-1] - channels[..., :-2, 1:-1]
    steepness, which = (dx.square() + dy.square()).max(1, keepdim=True)
    dx, dy = dx.gather(1, which), dy.gather(1, which)
    steepness = steepness.sqrt()
    # An edge has an orientation, no direction: angles count modulo half a turn.
    angle = torch.atan2(dy, dx).div(math.pi).remainder(1) * _ORIENTATIONS
    low = angle.floor()
    share = angle - low
    low = low.to(torch.int64) % _ORIENTATIONS
    energy = channels.new_zeros(channels.shape[0], _ORIENTATIONS, *dx.shape[2:])
    energy.scatter_(1, low, steepness * (1 - share))
    return energy.scatter_add_(1, (low + 1) % _ORIENTATIONS, steepness * share)


def _mirrored() -> Tensor:
    """Where a mirrored image's numbers stand in the description of the image, ``[WIDTH]``."""
    codes = torch.arange(_PATTERNS)
    swapped = torch.zeros_like(codes)
    for bit, (down, across) in enumerate(_NEIGHBOURS):
        swapped |= ((codes >> bit) & 1) << _NEIGHBOURS.index((down, 2 - across))
    histograms = torch.arange(0, WIDTHS["texture"], _PATTERNS)[:, None] + WIDTHS["colour"]
    places = [torch.arange(WIDTHS["colour"]), (histograms + swapped).flatten()]
    start = WIDTHS["colour"] + WIDTHS["texture"]
    for side in (c for cells in _CELLS.values() for c in cells):
        count = _ORIENTATIONS * side * side
        grid = torch.arange(start, start + count).view(_ORIENTATIONS, side, side)
        # An edge at angle a stands at -a in the mirror, on the other side of the picture.
        places.append(grid[-torch.arange(_ORIENTATIONS) % _ORIENTATIONS].flip(-1).flatten())
        start += count
    return torch.cat(places)


class Descriptors(Extractor):
    """Images to coordinates along the principal axes of their descriptors.

    It stands where a timm network would (:class:`hypuml.models.backbone.Backbone`), has no
    parameters and is the same in training and in evaluation. What it gives raw are the descriptors
    themselves, ``[B, WIDTH]``; projected, their coordinates along F principal axes.
    """

    trainable = False
    mean = (0.0, 0.0, 0.0)
    std = (1.0, 1.0, 1.0)
    middle: Tensor
    spread: Tensor
    axes: Tensor
    offset: Tensor
    mirror: Tensor

    def __init__(self, components: int = COMPONENTS) -> None:
        """Start without axes: all features are zero until :meth:`fit`.

        Args:
            components: number F of principal axes, 2 to ``WIDTH``.

        Raises:
            ValueError: ``components`` out of range.
        """
        super().__init__()
        if not (isinstance(components, int) and 2 <= components <= WIDTH):
            raise ValueError(f"components must be 2 to {WIDTH}, got {components}")
        self.num_features = components
        self.register_buffer("middle", torch.zeros(WIDTH))
        self.register_buffer("spread", torch.ones(WIDTH))
        # Half precision: the axes are nearly all of the weights, and their rounding (5e-4) is far
        # below what separates two photographs.
        self.register_buffer("axes", torch.zeros(components, WIDTH, dtype=torch.float16))
        self.register_buffer("offset", torch.zeros(components))
        self.register_buffer("mirror", _mirrored(), persistent=False)

    @property
    def fitted(self) -> bool:
        """Whether there are axes."""
        return bool(self.axes.any())

    def raw(self, images: Tensor) -> Tensor:
        """Descriptors ``[B, WIDTH]`` float32 of images ``[B, 3, S, S]`` in [0, 1]."""
        return describe(images)

    def raw_fingerprint(self) -> str:
        """Nothing but how images are described, which this number is raised for."""
        return "descriptors 2"

    def project(self, raw: Tensor) -> Tensor:
        """Features ``[..., F]`` float32 of descriptors ``[..., WIDTH]``."""
        with torch.autocast(self.axes.device.type, enabled=False):
            mean = self._symmetric(raw.to(self.axes.device))
            return mean @ self.axes.float().T - self.offset

    @torch.no_grad()
    def fit(self, plain: Tensor, varied: Tensor) -> None:
        """Find means and principal axes.

        Args:
            plain: ``[N, WIDTH]`` descriptors of training images as they are; means and spreads are
                taken over these.
            varied: ``[M, WIDTH]`` of augmented and degraded ones; the axes span these too, or a
                degraded image would look like any other.

        Raises:
            ValueError: fewer images than axes.
        """
        if len(plain) + len(varied) <= self.num_features:
            raise ValueError(
                f"{self.num_features} principal axes need more images than that, got "
                f"{len(plain) + len(varied)}; lower components in --backbone-args"
            )
        plain, varied = (x.to(self.axes.device).float() for x in (plain, varied))
        self.middle.copy_(plain.mean(0))
        colour = WIDTHS["colour"]
        # Rare colours tell more than common ones; 0.01 keeps a colour seen once from telling all.
        self.spread[:colour] = plain[:, :colour].std(0) + 0.01
        unit = torch.cat([self._symmetric(plain), self._symmetric(varied)])
        centre = unit.mean(0)
        unit -= centre
        # The Gram matrix is smaller than the covariance: thousands of images, more dimensions.
        values, vectors = torch.linalg.eigh((unit @ unit.T).double())
        values, vectors = values[-self.num_features :], vectors[:, -self.num_features :]
        axes = (vectors / values.clamp(min=1e-12).sqrt()).flip(1).float().T @ unit
        # On average a feature varies by one, as a network's would.
        axes *= (values.mean() / len(unit)).rsqrt().float()
        self.axes.copy_(axes)
        self.offset.copy_(self.axes.float() @ centre)

    def _symmetric(self, described: Tensor) -> Tensor:
        """Mean of an image's and its mirror's descriptors, each of which has unit length."""
        described = described.float()
        return (self._unit(described) + self._unit(described[..., self.mirror])) / 2

    def _unit(self, described: Tensor) -> Tensor:
        """Every descriptor less its mean, over its spread, at unit length."""
        centred = (described - self.middle) / self.spread
        parts = centred.split(list(WIDTHS.values()), -1)
        return torch.cat([F.normalize(part, dim=-1) for part in parts], -1)
