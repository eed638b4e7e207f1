"""The numbers beside the query: u of its picture, the confidence of its answer, and where it lies.

Two of them are easily confused, so they stand side by side and each says whose it is. While the
picture is degraded every number is shown with the untouched picture's before it.
"""

from __future__ import annotations

import numpy as np

from app.parts.palette import shades
from app.parts.text import MEANING, esc
from app.queries import Asked
from hypuml.gallery import Gallery
from hypuml.types import Answer

UNKNOWN = "–"


def numbers(gallery: Gallery, asked: Asked, answer: Answer, before: Answer | None) -> str:
    """The numbers as HTML.

    Args:
        gallery: the query's.
        asked: the query.
        answer: what the gallery gives for it.
        before: the same for the untouched picture; None while that is the one that asks.
    """
    now, untouched = asked.placed, asked.before
    dot = shades(np.asarray([now.uncertainty]), gallery.uncertainty)[0]
    rank = float((gallery.uncertainty < now.uncertainty).mean())
    u = _change(f"{untouched.uncertainty:.3f}" if untouched else "", f"{now.uncertainty:.3f}")
    d0 = _change(f"{untouched.radius:.2f}" if untouched else "", f"{now.radius:.2f}")
    confidence = _change(probability(before) if before else "", probability(answer))
    known = answer.probability is not None
    meaning = MEANING["confidence"] if known else f"{answer.reason} {MEANING['confidence']}"
    shown = "" if known else ' class="unknown"'
    whose = "that answer 1 is right" if known else "not known here"
    return (
        f'<dl><div title="{esc(MEANING["u"])}"><dt>uncertainty u</dt>'
        f'<dd><i class="dot" style="background:{dot}"></i>{u}</dd>'
        '<dd class="whose">of the picture alone</dd></div>'
        f'<div title="{esc(meaning)}"{shown}><dt>answer confidence</dt><dd>{confidence}</dd>'
        f'<dd class="whose">{whose}</dd></div></dl>'
        f'<p class="note"><span title="{esc(MEANING["d0"])}">{d0} from the origin</span> · '
        '<span title="Share of the gallery’s images that the model is surer of.">'
        f"less sure than {100 * rank:.0f} % of all</span></p>"
    )


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
    was = f'<span class="was">{esc(before)} → </span>' if before else ""
    return f"{was}{esc(now)}"
