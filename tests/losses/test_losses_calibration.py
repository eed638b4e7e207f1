"""Calibration: golden value, what it teaches, degenerate losses."""

from __future__ import annotations

import math

import pytest
import torch

from hypuml.losses import Calibration
from hypuml.losses.calibration import FLOOR


def test_calibration_golden_value():
    # One batch sets the ends to the 5th and 95th percentile of log(l + 0.01). With two values the
    # linear percentiles are x0 + 0.05 d and x0 + 0.95 d; u = (0, 1) is then 0.05 d off at each end:
    # SmoothL1 below 1 is half the square.
    calibration = Calibration()
    losses = torch.tensor([1.0, 2.0])
    d = math.log(2 + FLOOR) - math.log(1 + FLOOR)
    value = calibration(losses, torch.tensor([0.0, 1.0]))
    assert value.item() == pytest.approx(0.5 * (0.05 * d) ** 2, rel=1e-4)


def test_calibration_moves_uncertainty_towards_the_loss_and_leaves_the_loss_alone():
    torch.manual_seed(0)
    losses = torch.rand(64).requires_grad_()
    raw = torch.zeros(64, requires_grad=True)
    calibration = Calibration()
    optimizer = torch.optim.Adam([raw], lr=0.1)
    for _ in range(200):
        optimizer.zero_grad()
        calibration(losses, raw.sigmoid()).backward()
        optimizer.step()
    order = torch.corrcoef(torch.stack([losses.detach().log(), raw.sigmoid().detach()]))[0, 1]
    assert order > 0.9
    assert losses.grad is None


@pytest.mark.parametrize("losses", [[0.0, 0.0, 0.0], [1e9, 0.0, 3.0], [2.0]])
def test_calibration_stays_finite_on_degenerate_losses(losses):
    u = torch.full((len(losses),), 0.5, requires_grad=True)
    value = Calibration()(torch.tensor(losses), u)
    value.backward()
    assert math.isfinite(value.item())
    assert torch.isfinite(u.grad).all()
    assert u.grad.abs().max() < 100


def test_calibration_of_an_empty_batch_is_zero_and_keeps_the_ends():
    calibration = Calibration()
    u = torch.empty(0, requires_grad=True)
    value = calibration(torch.empty(0), u)
    value.backward()
    assert value.item() == 0
    assert torch.isnan(calibration.ends).all()
