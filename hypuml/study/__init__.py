"""The study: which parts of the method help, on cached features, one resumable command.

Training every combination of loss, uncertainty, calibration, length and radius from pixels, three
times over, would take days on a CPU. So one small backbone is trained once, on gardens of its own;
pictures of *other* gardens go through it once, in several augmented and degraded views; and every
variant trains its head on those features in seconds. What the study therefore cannot see is what a
loss does to a backbone; the shipped models, trained from pixels, are there for that.
"""

from hypuml.study.plan import VARIANTS, Variant
from hypuml.study.run import run_study

__all__ = ["VARIANTS", "Variant", "run_study"]
