"""The colour of an uncertainty: the same on dots, captions and the query panel."""

from __future__ import annotations

from functools import lru_cache

from hypuml.types import FloatArray


@lru_cache(maxsize=1)
def _scale() -> list[str]:
    from plotly.colors import sample_colorscale

    colours = sample_colorscale("Cividis", [i / 255 for i in range(256)], colortype="rgb")
    return [str(colour) for colour in colours]


def shade(u: float, uncertainty: FloatArray) -> str:
    """CSS colour of ``u`` on the scale that spans a gallery's ``uncertainty`` ``[N]``."""
    lo, hi = float(uncertainty.min()), float(uncertainty.max())
    share = (u - lo) / (hi - lo) if hi > lo else 0.5
    return _scale()[round(255 * min(max(share, 0.0), 1.0))]
