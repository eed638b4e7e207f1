"""Length from familiarity: an image is placed as far out as it resembles something known.

How sure a model may be of an image of a class it has never seen shows in how far its tangent
vector ``v`` goes towards the nearest of the classes it does know::

    s = max_k <v, p_k>
    length / r = sigmoid(a (s - m) / d + w . f + b - softplus(damage(f)))

``p_k`` is the unit direction of the mean vector of training class k (kin: ideal prototypes and the
Busemann function in Ghadimi Atigh, Keller-Ressel and Mettes, "Hyperbolic Busemann Learning with
Ideal Prototypes", NeurIPS 2021), ``m`` and ``d`` are the running mean and deviation of s. In
training an image's *own* class is left out of the maximum, so that every image is judged as one of
a class never seen. ``a`` > 0, ``w`` and ``b`` are trained by the calibration term, ``damage`` as in
:mod:`hypuml.models.graded`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hypuml.models.graded import Damage, own_readout

_MOMENTUM = 0.05


class Familiarity(nn.Module):
    """Share of the greatest length, for tangent vectors and features of images.

    Attributes:
        known: ``[K, n]`` running mean tangent vector of each training class, zero where none yet.
    """

    known: Tensor
    centre: Tensor
    spread: Tensor

    def __init__(self, in_features: int, dim: int, classes: int) -> None:
        """Know nothing yet.

        Args:
            in_features: width F of the features.
            dim: dimension n of the tangent vectors.
            classes: number K of training classes there is room for.
        """
        super().__init__()
        self.register_buffer("known", torch.zeros(classes, dim))
        self.register_buffer("centre", torch.tensor(float("nan")))
        self.register_buffer("spread", torch.ones(()))
        self.log_slope = nn.Parameter(torch.zeros(()))
        self.own = own_readout(in_features)
        self.damage = Damage(in_features)

    def forward(self, tangent: Tensor, features: Tensor, labels: Tensor | None = None) -> Tensor:
        """Length of each image as a share of the greatest, ``[B]`` in (0, 1).

        Args:
            tangent: ``[B, n]`` vectors; used without gradient, so that how sure the model is of an
                image does not pull at where it lies.
            features: ``[B, F]``.
            labels: ``[B]`` training class of each image, to be left out; None for new images.
        """
        near = (self.towards_known(tangent, labels) - self.centre.nan_to_num(0)) / self.spread
        own = self.own(features).squeeze(-1)
        return torch.sigmoid(self.log_slope.exp() * near + own - F.softplus(self.damage(features)))

    @torch.no_grad()
    def towards_known(self, tangent: Tensor, labels: Tensor | None = None) -> Tensor:
        """How far each vector goes towards the nearest known class, ``[B]``; 0 while none is."""
        along = tangent @ F.normalize(self.known, dim=1).T
        away = (self.known == 0).all(1).expand(len(along), -1)
        if labels is not None:
            away = away.scatter(1, labels[:, None], True)
        along = along.masked_fill(away, -torch.inf)
        return along.max(1).values.nan_to_num(neginf=0.0)

    def forget(self) -> None:
        """Know nothing again; what was learned by gradient stays."""
        self.known.zero_()
        self.centre.fill_(float("nan"))

    @torch.no_grad()
    def observe(self, tangent: Tensor, labels: Tensor) -> None:
        """Move the classes' directions and the scale towards those of undamaged images.

        Args:
            tangent: ``[B, n]`` vectors of undamaged images.
            labels: ``[B]`` their training classes, below K.
        """
        found, place = labels.unique(return_inverse=True)
        count = torch.bincount(place)[:, None]
        means = tangent.new_zeros(len(found), tangent.shape[1]).index_add(0, place, tangent) / count
        fresh = (self.known[found] == 0).all(1, keepdim=True)
        moved = torch.where(fresh, means, self.known[found].lerp(means, _MOMENTUM))
        self.known[found] = moved
        near = self.towards_known(tangent, labels)
        if torch.isnan(self.centre):
            self.centre.copy_(near.mean())
            self.spread.copy_(near.std().clamp(min=1e-6))
        else:
            self.centre.lerp_(near.mean(), _MOMENTUM)
            self.spread.lerp_(near.std().clamp(min=1e-6), _MOMENTUM)
