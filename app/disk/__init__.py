"""The Poincaré disk as one component: layers go in, few meaningful events come out.

`poincare_disk` shows a `Scene`; rooms compose scenes and never touch JavaScript.
"""

from __future__ import annotations
