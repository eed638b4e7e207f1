"""The study on photographs: every variant trained by the real training loop, on Flowers-102.

The backbone counts colour, texture and shape and has nothing to learn, so that no variant profits
from a backbone that was trained with another's loss, the features of the images are computed once,
and a run takes seconds. A small network trained from pixels stands beside it for comparison.
"""

from hypuml.study.photographs.plan import VARIANTS, Variant
from hypuml.study.photographs.run import run_study

__all__ = ["VARIANTS", "Variant", "run_study"]
