"""The numbers beside the query: u of its picture, the confidence of its answer, and where it lies.

Two of them are easily confused, so they stand side by side and each says whose it is. While the
picture is degraded every number is shown with the untouched picture's before it.
"""

from __future__ import annotations

import numpy as np

from app import facts
from app.parts.palette import shades
from app.parts.text import MEANING, esc
from app.queries import Query
from hypuml.gallery import Gallery

UNKNOWN = "–"


def numbers(gallery: Gallery, now: Query, sure: facts.Sure, was: facts.Sure | None) -> str:
    """The numbers as HTML.

    Args:
        gallery: the query's.
        now: the query.
        sure: confidence of its first answer.
        was: the same for the untouched query; None where this is it.
    """
    before = now.before
    dot = shades(np.asarray([now.uncertainty]), gallery.uncertainty)[0]
    rank = float((gallery.uncertainty < now.uncertainty).mean())
    u = _change(f"{before.uncertainty:.3f}" if before else "", f"{now.uncertainty:.3f}")
    d0 = _change(f"{before.radius:.2f}" if before else "", f"{now.radius:.2f}")
    confidence = _change(probability(was) if was else "", probability(sure))
    known = sure.probability is not None
    meaning = MEANING["confidence"] if known else f"{sure.reason} {MEANING['confidence']}"
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


def probability(sure: facts.Sure) -> str:
    """A confidence with two decimals; only a certainty is 0 or 1."""
    p = sure.probability
    if p is None:
        return UNKNOWN
    if 0 < p < 0.005:
        return "< 0.01"
    return "> 0.99" if 0.995 <= p < 1 else f"{p:.2f}"


def _change(before: str, now: str) -> str:
    """Before and now, or only now where there was nothing else before."""
    was = f'<span class="was">{esc(before)} → </span>' if before else ""
    return f"{was}{esc(now)}"
