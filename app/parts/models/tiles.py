"""The figures that matter about a model, as tiles: each with its meaning, interval and control."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.parts.models.records import Records
from app.parts.text import esc
from hypuml.figures.rows import mapping, number

UNKNOWN = "unknown"
FLAT = 0.05  # a curvature use below this is none (see `hypuml.metrics.curvature_use`)
_MEANING = {
    "recall@1": "How often the nearest other image has the query's class. Every image of classes "
    "the model was not trained on is a query to all the others.",
    "r_auroc": "How well u alone tells images whose first answer is wrong from those whose first "
    "answer is right: 1 always, 0.5 is useless. u sees the image only, not the gallery.",
    "confidence_auroc": "The same for the answer confidence, which may look at what was found.",
    "confidence_ece": "Expected calibration error: how far the confidence is from the true share "
    "of right answers, over 15 bins of equal mass. 0 is perfect.",
    "curvature_use": "Share of the ten nearest neighbours that a flat space would get differently. "
    "Below 0.05 the curvature is not used.",
    "dim": "Dimensions n of the ball that the model embeds into, and its curvature.",
    "parameters": "Number of trained values in the network.",
    "trained_on": "Data set of the training, its images and the classes that the loss saw.",
    "trained_for": "Training steps and minutes, all stages together, and on what hardware.",
}
_TITLES = {
    "recall@1": "Recall@1",
    "r_auroc": "R-AUROC of u",
    "confidence_auroc": "Confidence AUROC",
    "confidence_ece": "Confidence ECE",
    "curvature_use": "Curvature use",
}


@dataclass(frozen=True)
class Tile:
    """One figure.

    Attributes:
        title: what it is.
        value: as it is shown.
        meaning: on hover.
        spread: its interval, or nothing.
        beside: the best control, or other words below it.
        alarm: whether the words below are bad news.
    """

    title: str
    value: str
    meaning: str
    spread: str = ""
    beside: str = ""
    alarm: bool = False


def tiles(known: Records, metrics: Mapping[str, Any]) -> list[Tile]:
    """The tiles of a model.

    Args:
        known: its records.
        metrics: what the gallery measured when it was built, for want of an evaluation.
    """
    report = known.evaluation or metrics
    measured = [_measured(key, report) for key in _TITLES]
    return [*measured, _dimensions(known), _size(known), *_training(known)]


def tiles_html(shown: list[Tile]) -> str:
    """Tiles as HTML."""
    parts = []
    for tile in shown:
        below = [f'<dd class="spread">{esc(tile.spread)}</dd>'] if tile.spread else []
        if tile.beside:
            kind = "beside problem" if tile.alarm else "beside"
            below.append(f'<dd class="{kind}">{esc(tile.beside)}</dd>')
        parts.append(
            f'<div title="{esc(tile.meaning)}" tabindex="0"><dt>{esc(tile.title)}</dt>'
            f"<dd>{esc(tile.value)}</dd>{''.join(below)}</div>"
        )
    return f'<dl class="tiles">{"".join(parts)}</dl>'


def best_control(report: Mapping[str, Any], key: str) -> tuple[str, float] | None:
    """The best of the cheap scores that a figure stands beside, where the report has any."""
    controls = {
        "r_auroc": mapping(report.get("controls")),
        "confidence_auroc": mapping(report.get("confidence_controls")),
    }.get(key, {})
    # A control that ranks exactly as u does is u under another name.
    same = {"tangent_norm"} if report.get("tangent_norm_is_u") is True else set()
    known = [
        (str(name), value)
        for name, x in controls.items()
        if name not in same and (value := number(x)) is not None
    ]
    return max(known, key=lambda pair: pair[1], default=None)


def interval(report: Mapping[str, Any], key: str) -> str:
    """``[0.828, 0.885]`` where the report has an interval, else nothing."""
    found = mapping(mapping(report.get("intervals")).get(key))
    low, high = number(found.get("low")), number(found.get("high"))
    return "" if low is None or high is None else f"[{low:.3f}, {high:.3f}]"


def _measured(key: str, report: Mapping[str, Any]) -> Tile:
    value = number(report.get(key))
    spread = interval(report, key) if value is not None else ""
    beside, alarm = "", False
    if control := best_control(report, key):
        name, other = control
        beside = f"best control: {name.replace('_', ' ')} {other:.3f}"
        alarm = value is not None and other > value
    if key == "curvature_use" and value is not None and value < FLAT:
        beside, alarm = "curvature is not used", True
    meaning = _MEANING[key] + (
        " In brackets: 95 % bootstrap interval over classes." if spread else ""
    )
    text = UNKNOWN if value is None else f"{value:.3f}"
    return Tile(_TITLES[key], text, meaning, spread, beside, alarm)


def _dimensions(known: Records) -> Tile:
    n, c = number(known.model.get("dim")), number(known.model.get("curvature"))
    geometry = str(known.model.get("geometry") or "")
    curved = f"{geometry}, curvature −{c:g}" if geometry == "hyperbolic" and c else geometry
    return Tile("Dimensions n", UNKNOWN if n is None else f"{n:g}", _MEANING["dim"], beside=curved)


def _size(known: Records) -> Tile:
    count = known.parameters
    text = UNKNOWN if count is None else f"{count / 1e6:.2f} M" if count >= 1e5 else f"{count:,}"
    backbone = str(known.model.get("backbone") or "")
    pretrained = known.model.get("pretrained")
    start = ", pretrained" if pretrained is True else ", from scratch" if backbone else ""
    return Tile("Parameters", text, _MEANING["parameters"], beside=backbone + start)


def _training(known: Records) -> list[Tile]:
    info = mapping(known.config.get("training")) or mapping(known.training.get("training"))
    images, fit = number(info.get("images")), number(mapping(info.get("classes")).get("fit"))
    seen = [f"{images:,.0f} images"] if images is not None else []
    seen += [f"{fit:,.0f} classes to fit"] if fit is not None else []
    stages = list(_stages(info))
    steps = sum(number(stage.get("steps")) or 0 for stage in stages)
    minutes = sum(number(stage.get("minutes")) or 0 for stage in stages)
    spent = f"{minutes:.0f} min" if minutes >= 10 else f"{minutes:g} min"
    seed = number(info.get("seed"))
    how = [f"{steps:,.0f} steps"] if steps else []
    how += [f"in {len(stages)} stages"] if len(stages) > 1 else []
    how += [f"seed {seed:g}"] if seed is not None else []
    how += [str(info["hardware"])] if info.get("hardware") else []
    return [
        Tile(
            "Trained on",
            str(info.get("dataset") or UNKNOWN),
            _MEANING["trained_on"],
            beside=", ".join(seen),
        ),
        Tile(
            "Trained for",
            (spent if minutes >= 1 else "< 1 min") if stages and steps else UNKNOWN,
            _MEANING["trained_for"],
            beside=", ".join(how),
        ),
    ]


def _stages(info: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """A training and those that it continued; a file that goes round in circles cannot exist."""
    found: list[Mapping[str, Any]] = []
    while info:
        found.append(info)
        info = mapping(info.get("started_from"))
    return found
