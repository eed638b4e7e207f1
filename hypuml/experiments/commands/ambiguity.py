"""``ambiguity``: how a model's uncertainty follows the ambiguity of the garden's images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from tyro.conf import Positional, arg

from hypuml.commands.common import json_writer
from hypuml.commands.options import ReportFile
from hypuml.experiments.ambiguity import ambiguity_report
from hypuml.models.loading import load_model


@dataclass(frozen=True)
class Options:
    """Options of ``ambiguity``."""

    checkpoint: Annotated[Positional[str], arg(metavar="CHECKPOINT")]
    """folder of a checkpoint, or a hub id"""
    json: ReportFile = None
    pairs: Annotated[int, arg(metavar="N")] = 60
    """crosses and plants of each kind"""
    seed: int = 0
    """of the choice of crosses and plants"""

    def __post_init__(self) -> None:
        """Check the numbers; raises ``ValueError``."""
        if self.pairs < 2 or self.seed < 0:
            raise ValueError(
                f"pairs must be at least 2 and the seed not negative, got {self.pairs} and "
                f"{self.seed}"
            )


def run(options: Options) -> int:
    """Measure and print a table, or JSON."""
    write = json_writer(options.json)
    found = ambiguity_report(load_model(options.checkpoint), options.pairs, options.seed)
    if options.json != "-":
        print(table(found))
    write(found)
    return 0


def table(found: dict[str, Any]) -> str:
    """One line per series and per correlation."""
    lines = []
    for title, key in (("hybrids, ratio", "ratios"), ("hardships, strength", "strengths")):
        part = found[title.split(",")[0]]
        lines.append(f"mean u of {title} " + " ".join(f"{x:.1f}" for x in part[key]))
        for name, series in part.items():
            if name != key:
                values = " ".join(f"{u:.3f}" for u in series["mean_u"])
                rank = "-" if series["spearman"] is None else f"{series['spearman']:.2f}"
                rising = f"rises for {100 * series['share_rising']:.0f} %"
                lines.append(f"  {name:<12} {values}  Spearman {rank}  {rising}")
    lines.append("one trait changed: distance moved, change of u")
    for name, part in found["one_trait"].items():
        moved, change = part["mean_distance"], part["mean_change_of_u"]
        lines.append(f"  {name:<12} {moved:.2f}  {change:+.3f}")
    lines.append("test images")
    for name, value in found["images"].items():
        shown = "-" if value is None else f"{value:.3f}" if isinstance(value, float) else value
        lines.append(f"  {name:<42} {shown}")
    return "\n".join(lines)
