"""Putting a finished folder in place: all of it or nothing, and never over somebody's own files.

A gallery is built in a hidden folder beside its place, so that the last step is a rename on one
file system. Until then an older gallery stays as it is. Between the two renames of an exchange
there is a moment without a gallery; if the second fails, the first is undone.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hypuml.gallery.manifest import FORMAT, MANIFEST, GalleryError

# Left behind by file managers; not worth refusing for.
_LITTER = {".DS_Store", "Thumbs.db", "desktop.ini"}


@contextmanager
def staged(out: Path) -> Iterator[Path]:
    """Give an empty folder that becomes ``out`` when the block ends without an exception.

    Args:
        out: absolute path of the wanted gallery folder; a gallery there is replaced.

    Raises:
        GalleryError: something else is at ``out``, or the folder cannot be written.
    """
    check_target(out)
    missing = [folder for folder in out.parents if not folder.exists()]
    temporary = out.parent / f".building-{uuid.uuid4().hex[:12]}"
    try:
        temporary.mkdir(parents=True)
        yield temporary
        _sync_folders(temporary)
        check_target(out)
        _exchange(temporary, out)
    except OSError as error:
        raise GalleryError(
            f"cannot write the gallery {out} ({error.strerror or error}); "
            "choose a folder you may write to, on a disk with enough space"
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        if not out.exists():
            for folder in missing:
                with suppress(OSError):
                    folder.rmdir()


def check_target(out: Path) -> None:
    """Check that nothing is lost when ``out`` is replaced.

    Raises:
        GalleryError: ``out`` is neither absent, nor an empty folder, nor a gallery and nothing but
            a gallery.
    """
    advice = "choose another folder, or move it away first"
    if not out.exists() and not out.is_symlink():
        return
    if not out.is_dir():
        raise GalleryError(f"{out} exists and is not a gallery folder; {advice}")
    there = {p.relative_to(out).as_posix() for p in out.rglob("*") if not p.is_dir()}
    there = {name for name in there if name.rpartition("/")[2] not in _LITTER}
    if not there:
        return
    try:
        manifest = json.loads((out / MANIFEST).read_bytes())
        ours = {MANIFEST, *manifest["files"]} if manifest["format"] == FORMAT else set()
    except (OSError, ValueError, LookupError, TypeError):
        ours = set()
    if not ours:
        raise GalleryError(f"{out} exists and is not a gallery; {advice}")
    if others := sorted(there - ours):
        raise GalleryError(
            f"{out} holds files that do not belong to its gallery (such as {others[0]!r}), which "
            f"replacing it would delete; {advice}"
        )


def _exchange(new: Path, out: Path) -> None:
    old = new.with_name(new.name.replace("building", "old"))
    if out.exists():
        out.rename(old)
    try:
        new.rename(out)
    except BaseException:
        if old.exists():
            old.rename(out)
        raise
    _sync(out.parent)
    shutil.rmtree(old, ignore_errors=True)


def _sync_folders(folder: Path) -> None:
    for inner in [folder, *(p for p in folder.rglob("*") if p.is_dir())]:
        _sync(inner)


def _sync(folder: Path) -> None:
    """Write a folder's list of names through to the disk, where the system can (POSIX)."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
