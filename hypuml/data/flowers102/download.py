"""Getting Flowers-102: the three official files, unpacked so that torchvision opens them too.

Addresses and MD5 sums are those of ``torchvision.datasets.Flowers102``, the layout is the one it
leaves: ``ROOT/flowers-102`` with ``jpg/``, ``imagelabels.mat``, ``setid.mat`` and the archive.
Whenever it is stopped, a second call continues; ``jpg`` appears whole.
"""

from __future__ import annotations

import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hypuml.data.flowers102.fetch import DownloadError, Progress, fetch
from hypuml.data.flowers102.layouts import IMAGES, OFFICIAL, official

try:
    import fcntl
except ImportError:  # Windows: there, nothing keeps two downloads apart but their user.
    fcntl = None  # type: ignore[assignment]

_UNPACKING = ".unpacking-"
_LOCK = ".lock"


@dataclass(frozen=True)
class Source:
    """Where the files are.

    Attributes:
        prefix: address in front of their names.
        archive: name and MD5 sum of the archive with the folder ``jpg``.
        tables: name and MD5 sum of each of the small files beside it.
    """

    prefix: str
    archive: tuple[str, str]
    tables: tuple[tuple[str, str], ...]


def official_source() -> Source:
    """The files as torchvision describes them."""
    # Imported here: torchvision takes seconds, and looking at what is there does not need it.
    from torchvision.datasets import Flowers102

    files = Flowers102._file_dict
    return Source(
        prefix=Flowers102._download_url_prefix,
        archive=files["image"],
        tables=(files["label"], files["setid"]),
    )


def download(root: Path, progress: Progress | None = None, source: Source | None = None) -> Path:
    """Get what is missing of the official layout below ``root``.

    Args:
        root: data root; made when it is not there.
        progress: called with (bytes that are here, bytes in all) of the archive, beside which the
            other two files are nothing.
        source: where the files are; the official place when omitted.

    Returns:
        The folder ``ROOT/flowers-102``.

    Raises:
        ValueError: another download is under way, or the archive does not hold the photographs.
        OSError: no connection, a wrong sum, a full or read-only disk. The message names what to do.
    """
    source = source or official_source()
    base = root / OFFICIAL
    name, md5 = source.archive
    try:
        base.mkdir(parents=True, exist_ok=True)
        with _alone(base):
            for table, table_md5 in source.tables:
                fetch(source.prefix + table, base / table, table_md5)
            if not _complete(root):
                fetch(source.prefix + name, base / name, md5, progress)
                _unpack(base / name, base)
                official(root)
    except DownloadError as error:
        files = ", ".join(f"{n} (MD5 {m})" for n, m in (source.archive, *source.tables))
        raise DownloadError(
            f"{error}; try again later, which continues where this stopped, or put these files "
            f"from {source.prefix} into {str(base)!r} by hand: {files}"
        ) from None
    except OSError as error:
        raise OSError(
            f"cannot write to {str(base)!r} ({error.strerror or error}); what has arrived is kept: "
            "free some space (about 700 MB) or choose another folder, and try again"
        ) from None
    return base


def _complete(root: Path) -> bool:
    """Whether all photographs are there; the small files are."""
    try:
        return official(root) is not None
    except ValueError:
        return False


@contextmanager
def _alone(base: Path) -> Iterator[None]:
    """Keep a second download of the same folder out, and sweep up after one that was killed."""
    with (base / _LOCK).open("w") as lock:
        if fcntl is not None:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ValueError(
                    f"flowers102 is being downloaded to {str(base)!r} already; wait for that "
                    "download, or stop it first"
                ) from None
        for left in base.glob(f"{_UNPACKING}*"):
            shutil.rmtree(left)
        yield


def _unpack(archive: Path, base: Path) -> None:
    """Unpack beside the place where the photographs belong, then move them there."""
    from torchvision.datasets.utils import extract_archive

    with tempfile.TemporaryDirectory(prefix=_UNPACKING, dir=base) as folder:
        try:
            # torchvision unpacks with tarfile's data filter: nothing lands outside the folder.
            extract_archive(str(archive), folder)
        except (tarfile.TarError, EOFError, zlib.error) as error:
            raise ValueError(
                f"{str(archive)!r} cannot be unpacked ({error}); expected the archive of "
                "flowers102: remove it and try again"
            ) from None
        unpacked, target = Path(folder) / IMAGES, base / IMAGES
        if not unpacked.is_dir():
            raise ValueError(
                f"{str(archive)!r} holds no folder {IMAGES!r}; expected the archive of flowers102: "
                "remove it and try again"
            )
        if not target.exists():
            unpacked.replace(target)
            return
        # Photographs of an earlier, incomplete unpacking are there: add to them, remove nothing.
        for image in unpacked.iterdir():
            image.replace(target / image.name)
