"""What all metric-learning losses have in common.

A loss is an ``nn.Module`` that is used like those of pytorch-metric-learning::

    loss = ContrastiveLoss(temperature=0.2, distance=Distance(curvature=0.1))
    loss(points, labels, uncertainty).backward()

The scalar is the mean over the anchors that have one; :meth:`MetricLoss.per_anchor` gives them one
by one, which is what calibration learns from. The options of a loss are the fields of its config, a
frozen dataclass in the same file, and the keywords of its constructor. A new loss is its file and,
in ``hypuml/losses/__init__.py``, an entry in ``LOSSES`` and its config among the bases of
``LossConfig``, subclasses first: name and options are then those of ``train`` as well.

Convention: losses see distances in units of the curvature radius, ``sqrt(c) d``
(:class:`hypuml.geometry.distance.Distance`), and use the uncertainty without gradient.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from hypuml.geometry.distance import Distance


@dataclass(frozen=True)
class LossOptions:
    """Options of a loss, all of them numbers above 0; raises ``ValueError`` for others."""

    def __post_init__(self) -> None:
        """Check every field."""
        for field in fields(self):
            value = getattr(self, field.name)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{field.name} must be a finite number above 0, got {value}")


@dataclass(frozen=True)
class RunFacts:
    """What a loss may need of a run before the first batch.

    Attributes:
        labels: ``[N]`` class numbers of all images that it will be computed on.
        dim: dimension n of their points.
    """

    labels: Tensor
    dim: int


class MetricLoss(nn.Module):
    """A loss with one number for each image of a batch.

    Attributes:
        Config: dataclass of the options.
        per_image: whether the numbers tell one image from another, so that an uncertainty can learn
            from them.
        geometry: the only geometry that the loss is for; None is for all.
        rate: learning rate of the loss's own weights, where it has any, as a share of the model's.
        config: the options.
        distance: of the points.
    """

    Config: ClassVar[type[LossOptions]] = LossOptions
    per_image: ClassVar[bool] = True
    geometry: ClassVar[str | None] = None
    rate: ClassVar[float] = 1.0

    def __init__(self, *, distance: Distance | None = None, **options: float) -> None:
        """Keep the options.

        Args:
            distance: of the points; hyperbolic at curvature -1 unless given.
            options: fields of ``Config``.
        """
        super().__init__()
        self.config: Any = self.Config(**options)
        self.distance = distance or Distance()

    @classmethod
    def own(cls, options: LossOptions) -> dict[str, float]:
        """Those options that this loss has."""
        return {field.name: getattr(options, field.name) for field in fields(cls.Config)}

    @classmethod
    def for_run(cls, options: LossOptions, distance: Distance, run: RunFacts | None) -> Self:
        """Build the loss of a training run.

        Args:
            options: those of this loss are among them.
            distance: of the points.
            run: what losses with weights of their own need; others do without.
        """
        return cls(distance=distance, **cls.own(options))

    def forward(self, points: Tensor, labels: Tensor, uncertainty: Tensor | None = None) -> Tensor:
        """Mean loss of a batch, a scalar; arguments as for :meth:`per_anchor`."""
        losses, valid = self.per_anchor(points, labels, uncertainty)
        # A product keeps the graph where no anchor has a loss.
        return (losses * valid).sum() / valid.sum().clamp(min=1)

    def per_anchor(
        self, points: Tensor, labels: Tensor, uncertainty: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Loss of every image as an anchor among the others.

        Args:
            points: ``[B, n]`` points of the geometry.
            labels: ``[B]`` integer classes.
            uncertainty: ``[B]`` values in [0, 1], used without gradient; None is 0 for all.

        Returns:
            ``[B]`` losses >= 0, and ``[B]`` booleans, True where an anchor has a loss; elsewhere
            the loss is 0.
        """
        if uncertainty is None:
            uncertainty = points.new_zeros(len(points))
        diagonal = torch.eye(len(points), dtype=torch.bool, device=points.device)
        distances = self.distance(points, points, mask=diagonal)
        return self.on_distances(distances, labels, uncertainty.detach())

    @abstractmethod
    def on_distances(
        self, distances: Tensor, labels: Tensor, uncertainty: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The same from distances ``[B, B]``; what stands on the diagonal does not matter."""
