"""What a disk on a page shows, by its one hook: `snapshot()` of js/snapshot.js, plain data.

Where points are on the page is worked out here from the view, as js/types.js defines it: with the
move (a, b), the base point z is displayed at z' = (a z + b) / (conj(b) z + conj(a)).
"""

from __future__ import annotations

from typing import Any

import numpy as np

SNAPSHOT = "document.querySelector('.hypdisk').snapshot()"
_READ = f"""() => {{
  const shot = {SNAPSHOT};
  for (const name of ["points", "flags", "distances"]) shot[name] &&= [...shot[name]];
  return shot;
}}"""


def snapshot(page: Any) -> dict[str, Any]:
    """The disk as it is now; the names are those of js/snapshot.js."""
    return page.evaluate(_READ)


def wait_for_disk(page: Any, condition: str, argument: Any = None, timeout: float = 60_000) -> None:
    """Wait until a condition in JavaScript holds, of ``shot`` (a snapshot) and ``argument``."""
    page.wait_for_function(
        f"""(argument) => {{
          const shot = document.querySelector(".hypdisk")?.snapshot?.();
          return Boolean(shot && ({condition}));
        }}""",
        arg=argument,
        timeout=timeout,
    )


def at_rest(page: Any) -> None:
    """Wait until the disk has its points, nothing moves, and it is known where each of them is."""
    wait_for_disk(page, "shot.resting")


def points(page: Any) -> np.ndarray:
    """Pixels of the stage ``[N, 2]`` of all points, at rest."""
    at_rest(page)
    return np.array(snapshot(page)["points"]).reshape(-1, 2)


def stage_origin(page: Any) -> np.ndarray:
    """The stage's upper left corner in pixels of the page."""
    box = page.locator(".hypdisk .stage").bounding_box()
    return np.array([box["x"], box["y"]])


def to_screen(page: Any, base: Any) -> np.ndarray:
    """Pixels of the page ``[..., 2]`` of base points ``[..., 2]``."""
    shot = snapshot(page)
    (a, b), frame, view = _move(shot), shot["frame"], shot["view"]
    z = np.asarray(base, float) @ [1, 1j]
    z = (a * z + b) / (np.conj(b) * z + np.conj(a))
    x = frame["cx"] + frame["radius"] * (view["zoom"] * z.real + view["pan"][0])
    y = frame["cy"] - frame["radius"] * (view["zoom"] * z.imag + view["pan"][1])
    return np.stack([x, y], axis=-1) + stage_origin(page)


def to_base(page: Any, px: Any) -> np.ndarray:
    """The base point ``[2]`` at a pixel of the page that lies on the disk."""
    shot = snapshot(page)
    (a, b), frame, view = _move(shot), shot["frame"], shot["view"]
    x, y = np.asarray(px, float) - stage_origin(page)
    right = ((x - frame["cx"]) / frame["radius"] - view["pan"][0]) / view["zoom"]
    up = ((frame["cy"] - y) / frame["radius"] - view["pan"][1]) / view["zoom"]
    w = right + 1j * up
    z = (np.conj(a) * w - b) / (a - np.conj(b) * w)
    return np.array([z.real, z.imag])


def _move(shot: dict[str, Any]) -> tuple[complex, complex]:
    move = shot["view"]["move"]
    return complex(*move["a"]), complex(*move["b"])
