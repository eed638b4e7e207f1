"""Proxy-Anchor, the baseline whose anchors are learned proxies of the classes, not images.

For a batch X, the proxies P of all classes and P+, those of the classes in the batch::

    l = 1/|P+| sum over p in P+ of  log(1 + sum over x in X of p's class  exp(-(s_xp - m) / t))
      + 1/|P|  sum over p in P  of  log(1 + sum over x in X of no p's class exp((s_xp + m) / t))

``s_xp`` is the cosine of a point and a proxy, ``m`` = 0.1 and ``t`` the temperature, the reciprocal
of the paper's ``alpha`` (its 32 is a temperature of 0.03125). Formula, margin and the random start
are those of Kim, Kim, Cho and Kwak, "Proxy Anchor Loss for Deep Metric Learning" (CVPR 2020), in
pytorch-metric-learning's ``ProxyAnchorLoss``. The package is imported when the loss is built, so
that everything else works without it.

Convention: points enter by their direction alone, so it belongs to the spherical geometry.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from hypuml.geometry.distance import Distance
from hypuml.losses.base import LossOptions, MetricLoss, RunFacts

MARGIN = 0.1


@dataclass(frozen=True)
class ProxyAnchorConfig(LossOptions):
    """Options of Proxy-Anchor."""

    temperature: float = 1 / 32
    """In units of a cosine."""


class ProxyAnchorLoss(MetricLoss):
    """The package's loss with its proxies, for the classes that are trained on.

    Attributes:
        loss: of the package; ``loss.proxies`` ``[C, n]`` are weights that learn with the network.
        classes: ``[C]`` sorted class numbers that the proxies stand for.
    """

    Config = ProxyAnchorConfig
    per_image = False
    geometry = "spherical"
    # At our learning rates about 0.01, the rate of the paper's proxies (100 times its 1e-4).
    rate = 5.0
    config: ProxyAnchorConfig
    classes: Tensor

    def __init__(
        self, classes: Tensor, dim: int, *, distance: Distance | None = None, **options: float
    ) -> None:
        """Start the proxies at random.

        Args:
            classes: ``[C]`` class numbers, in any order and repeated or not; the proxies are put on
                their device.
            dim: n of the points.
            distance: not used, since there are no distances between images.
            options: fields of ``ProxyAnchorConfig``.

        Raises:
            ValueError: the package is not installed.
        """
        super().__init__(distance=distance or Distance("spherical"), **options)
        try:
            from pytorch_metric_learning import losses
        except ModuleNotFoundError as error:
            raise ValueError(
                f"the loss 'proxy-anchor' needs a package that is not installed ({error.name}): "
                "pip install pytorch-metric-learning"
            ) from error
        self.register_buffer("classes", classes.unique())
        self.loss = losses.ProxyAnchorLoss(
            len(self.classes), dim, margin=MARGIN, alpha=1 / self.config.temperature
        )
        self.to(classes.device)

    @classmethod
    def for_run(cls, options: LossOptions, distance: Distance, run: RunFacts | None) -> Self:
        """Build the loss with a proxy for each class of the run.

        Raises:
            ValueError: there is no run.
        """
        if run is None:
            raise ValueError(
                "the loss 'proxy-anchor' learns proxies of the training classes, so only a "
                "training run can build it"
            )
        return cls(run.labels, run.dim, distance=distance, **cls.own(options))

    def per_anchor(
        self, points: Tensor, labels: Tensor, uncertainty: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Evaluate the loss.

        It is one number per batch. Every image is given that number, so that the mean over the
        images equals it; it tells no image from another, and uncertainty cannot learn from it.

        Args:
            points: ``[B, n]``.
            labels: ``[B]`` class numbers, all among ``classes``.
            uncertainty: not used.

        Returns:
            ``[B]`` losses, all the same, and ``[B]`` booleans, all True.

        Raises:
            ValueError: a label has no proxy.
        """
        place = torch.searchsorted(self.classes, labels).clamp(max=len(self.classes) - 1)
        if not torch.equal(self.classes[place], labels):
            unknown = sorted(set(labels.tolist()) - set(self.classes.tolist()))
            raise ValueError(
                f"no proxies for the classes {unknown}; expected those that the loss was built for"
            )
        losses: Tensor = self.loss(points, place).expand(len(labels))
        return losses, torch.ones_like(labels, dtype=torch.bool)

    def on_distances(
        self, distances: Tensor, labels: Tensor, uncertainty: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Refused: there are no distances between images in this loss."""
        raise NotImplementedError("Proxy-Anchor compares points with proxies, not with each other")
