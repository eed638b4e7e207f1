"""The numbers beside the query: u of its picture, the confidence of its answer, and where it lies.

Two of them are easily confused, so they stand side by side, each with what it belongs to. While the
picture is degraded, every number is shown after the untouched picture's.
"""

from __future__ import annotations

import numpy as np

from app.parts.palette import shades
from app.parts.text import MEANING, esc
from app.queries import Query
from hypuml.gallery import Gallery
from hypuml.types import Answer, FloatArray

UNKNOWN = "unknown"


def numbers(gallery: Gallery, now: Query, answer: Answer, was: Answer | None) -> str:
    """The numbers as HTML.

    Args:
        gallery: the query's.
        now: the query.
        answer: what the gallery gives for it.
        was: the same for the untouched query; None where this is it.
    """
    before = now.before
    dot = shades(np.asarray([now.uncertainty]), gallery.uncertainty)[0]
    u = _change(f"{before.uncertainty:.3f}" if before else "", f"{now.uncertainty:.3f}")
    d0 = _change(f"{before.radius:.2f}" if before else "", f"{now.radius:.2f}")
    whose_u = "original → degraded" if before else "of the picture alone"
    return (
        f'<dl><div title="{esc(MEANING["u"])}"><dt>uncertainty u</dt>'
        f'<dd><i class="dot" style="background:{dot}"></i>{u}</dd>'
        f'<dd class="whose">{whose_u}</dd></div>'
        f'<div title="{esc(MEANING["confidence"])}"><dt>answer confidence</dt>'
        f"{_confidence(answer, was)}</div></dl>"
        f'<p class="note"><span title="{esc(MEANING["d0"])}">{d0} from the origin</span> · '
        '<span title="Place of u among the gallery’s images">'
        f"{rank_of(now.uncertainty, gallery.uncertainty)}</span></p>"
    )


def _confidence(answer: Answer, was: Answer | None) -> str:
    """The value and what it belongs to; where no value is known, the reason alone."""
    if answer.probability is None and (was is None or was.probability is None):
        return f'<dd class="reason">{esc(answer.reason)}</dd>'
    value = _change(probability(was) if was else "", probability(answer))
    return (
        f'<dd>{value}</dd><dd class="whose">{esc(answer.reason or "that answer 1 is right")}</dd>'
    )


def rank_of(u: float, uncertainty: FloatArray) -> str:
    """Where a value stands among the uncertainties ``[N]`` of a gallery, in words."""
    count, below = len(uncertainty), int((uncertainty < u).sum())
    if not below:
        return f"lowest u of {count:,}"
    if not (uncertainty > u).any():
        return f"highest u of {count:,}"
    return f"higher u than {below:,} of {count:,}"


def probability(answer: Answer) -> str:
    """A confidence with two decimals; only a certainty is 0 or 1."""
    p = answer.probability
    if p is None:
        return UNKNOWN
    if 0 < p < 0.005:
        return "< 0.01"
    return "> 0.99" if 0.995 <= p < 1 else f"{p:.2f}"


def _change(before: str, now: str) -> str:
    """Before and now, or only now where there was nothing else before."""
    old = f'<span class="before">{esc(before)} → </span>' if before else ""
    return f"{old}{esc(now)}"
