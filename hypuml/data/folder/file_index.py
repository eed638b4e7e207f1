"""Finding an image by its name in a table: a path, the end of one, or a longer path."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence

Parts = tuple[str, ...]


class FileIndex:
    """Images by their names in tables: paths, ends of paths, or longer paths that end in theirs."""

    def __init__(self, files: Sequence[Parts]) -> None:
        self._whole: dict[str, int] = {}
        self._ends: dict[str, int] = {}
        for row, parts in enumerate(files):
            names = [_plain(part) for part in parts]
            # Without suffix: with a slash behind it, so that it never is another file's name.
            stem = os.path.splitext(names[-1])[0] + "/"
            for i in range(len(names)):
                for key in ("/".join(names[i:]), "/".join((*names[i:-1], stem))):
                    self._ends[key] = -1 if key in self._ends else row
            self._whole["/".join(names)] = row
            bare = "/".join((*names[:-1], stem))
            self._whole[bare] = -1 if bare in self._whole else row

    def row(self, name: str, folder: Parts = ()) -> int:
        """Row of the image called ``name`` in a table of ``folder``; -1 for none, or several."""
        parts = [p for p in _plain(name.replace("\\", "/")).split("/") if p not in ("", ".")]
        for key in ("/".join(parts), "/".join((*parts, ""))) if parts else ():
            here = "/".join((*map(_plain, folder), key))
            found = self._whole.get(here, self._ends.get(key, -1))
            for i in range(1, len(parts)):
                if found < 0:
                    found = self._whole.get(key.split("/", i)[-1], -1)
            if found >= 0:
                return found
        return -1


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).strip()
