"""Length from an uncertainty that is read off the features, fitted after training.

::

    score   = w . (f - m) / d + b  +  2 softplus(damage(f))  +  4 softplus((log q(f) - t) / s)
    q(f)    = |f - m|^2 - |A (f - m)|^2
    u       = mean over k of sigmoid((score - c_k) / h)
    length  = r (1 - a min(u, e) / e - (1 - a - shortest) max(u - e, 0) / (1 - e))

Three things make an image uncertain. *Error*: ``w, b`` is a logistic regression that tells which
images of **unseen** classes are answered wrongly; such errors are made by cross-fitting, since a
model makes none on the classes it was trained on. *Damage*: a readout of how badly the image is
degraded (:mod:`hypuml.models.damage`). *Outside*: ``q`` is the energy of the features beyond the
``AXES`` principal axes ``A`` of the training images; from ``t`` on, which few images of unseen
classes reach, an image is unlike anything the model was fitted on.

``c_k`` are quantiles of the scores of undamaged and damaged images, so u is close to a uniform
share in [0, 1]: u = 0.9 means "more uncertain than nine in ten of those". The length falls
monotonically with u, slowly (by the share ``a``) up to ``e``, below which nearly all undamaged
images lie, and steeply beyond: in a hyperbolic space neighbours of a point lie nearer the origin,
so lengths that differ much among the undamaged cost retrieval. ``a`` is fitted to cost nearly none
(:mod:`hypuml.models.readout_fit`).

Everything here is a buffer or set once: no gradient passes from the length to the features.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from hypuml.models.config import ModelConfig
from hypuml.models.damage import Damage
from hypuml.models.length import Length

# Quantiles that the distribution of scores is kept as.
CENTRES = 64
# Principal axes that span what is known.
AXES = 64


class ReadoutLength(Length):
    """Length of an uncertainty score; all images alike until it is fitted.

    Attributes:
        mean: ``[F]`` of the features the score was fitted on.
        scale: ``[F]`` their positive standard deviations.
        weight: ``[F]`` of the standardised features in the error score.
        bias: of the error score.
        axes: ``[AXES, F]`` orthonormal principal axes of the training images' features.
        outside_at: ``t``, logarithm of the energy from which on an image is outside.
        outside_scale: ``s`` > 0.
        centres: ``[CENTRES]`` sorted scores.
        bandwidth: ``h`` > 0.
        knee: ``[2]``: ``e`` in (0, 1), and ``a`` in [0, 1 - shortest].
    """

    damage: Damage
    mean: Tensor
    scale: Tensor
    weight: Tensor
    bias: Tensor
    axes: Tensor
    outside_at: Tensor
    outside_scale: Tensor
    centres: Tensor
    bandwidth: Tensor
    knee: Tensor

    def __init__(self, config: ModelConfig, in_features: int) -> None:
        """Call all images alike; see :class:`hypuml.models.length.Length`."""
        super().__init__(config, in_features)
        self.shortest = config.min_length
        self.damage = Damage(in_features)
        self.register_buffer("mean", torch.zeros(in_features))
        self.register_buffer("scale", torch.ones(in_features))
        self.register_buffer("weight", torch.zeros(in_features))
        self.register_buffer("bias", torch.zeros(()))
        self.register_buffer("axes", torch.zeros(AXES, in_features))
        self.register_buffer("outside_at", torch.tensor(20.0))
        self.register_buffer("outside_scale", torch.ones(()))
        self.register_buffer("centres", torch.linspace(-4, 4, CENTRES))
        self.register_buffer("bandwidth", torch.full((), 0.5))
        self.register_buffer("knee", torch.tensor([0.5, min(0.1, (1 - self.shortest) / 2)]))

    def error_score(self, features: Tensor) -> Tensor:
        """Log-odds ``[B]`` that the first answer is wrong, by the features ``[B, F]`` alone."""
        return ((features - self.mean) / self.scale) @ self.weight + self.bias

    @torch.no_grad()
    def fit_axes(self, features: Tensor) -> None:
        """Find mean, scale and principal axes of training images' features ``[N, F]``."""
        self.mean.copy_(features.mean(0))
        self.scale.copy_(features.std(0).clamp(min=1e-6))
        axes = torch.linalg.eigh(torch.cov(features.double().T))[1][:, -AXES:].flip(1).T
        self.axes.zero_()
        self.axes[: len(axes)] = axes.to(self.axes)

    def residual(self, features: Tensor) -> Tensor:
        """Logarithm ``[B]`` of the energy of features ``[B, F]`` beyond the axes."""
        centred = features - self.mean
        # Not as the difference of two energies, where little is left of many digits.
        beyond = centred - (centred @ self.axes.T) @ self.axes
        # An image on the axes has none, and its logarithm is to be finite.
        return beyond.square().sum(1).clamp(min=1e-6).log()

    def outside(self, features: Tensor) -> Tensor:
        """See :class:`hypuml.models.length.Length`; grows with the energy beyond the axes."""
        return (self.residual(features) - self.outside_at) / self.outside_scale

    def score(self, features: Tensor, residual: Tensor | None = None) -> Tensor:
        """Uncertainty score ``[B]``, any real number, high = uncertain.

        Args:
            features: ``[B, F]``.
            residual: ``[B]`` of the images by other axes; by the own ones unless given.
        """
        beyond = self.residual(features) if residual is None else residual
        outside = 4 * F.softplus((beyond - self.outside_at) / self.outside_scale)
        damage = 2 * F.softplus(self.damage(features))
        return self.error_score(features) + damage + outside

    def forward(self, tangent: Tensor, features: Tensor) -> Tensor:
        """See :class:`hypuml.models.length.Length`; without gradient to either input."""
        return self.at(self.score(features.detach()))

    def at(self, score: Tensor) -> Tensor:
        """Lengths ``[B]`` of images with these scores ``[B]``."""
        u = torch.sigmoid((score[:, None] - self.centres) / self.bandwidth).mean(1)
        end, fall = self.knee[0], self.knee[1]
        slow = fall * u.clamp(max=end) / end
        steep = (1 - fall - self.shortest) * (u - end).clamp(min=0) / (1 - end)
        return self.r * (1 - slow - steep)

    def uncertainty(self, length: Tensor) -> Tensor:
        """The u in [0, 1] of lengths ``[B]``: the inverse of the last step, exact."""
        end, fall = self.knee[0], self.knee[1]
        missing = 1 - length / self.r
        slow = (missing * end / fall.clamp(min=1e-6)).clamp(max=end)
        steep = (missing - fall).clamp(min=0) * (1 - end) / (1 - fall - self.shortest)
        return (slow + steep).clamp(0, 1)
