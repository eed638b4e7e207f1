"""The Poincaré disk as one component: a scene goes in, few meaningful events come out.

`poincare_disk` shows a `Scene`; pages compose scenes and never touch JavaScript.
"""

from __future__ import annotations
