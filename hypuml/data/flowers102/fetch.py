"""One file from the web: resumable, checked, never half there under its own name.

Bytes arrive in ``NAME.part`` beside the target. A download that stops leaves that file, and the
next one requests the rest (HTTP Range, RFC 9110 §14). Only a file with the right MD5 sum
gets the name it was fetched for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

# A server that is silent for so many seconds counts as gone.
TIMEOUT = 30.0
_CHUNK = 1 << 18
_RANGE_NOT_SATISFIABLE = 416
_PARTIAL_CONTENT = 206

Progress = Callable[[int, int], None]


class DownloadError(OSError):
    """A file could not be had from the web; the message names it and the reason, without advice."""


def fetch(url: str, target: Path, md5: str, progress: Progress | None = None) -> None:
    """Download ``url`` to ``target``; nothing is requested when it is there with the right sum.

    Args:
        url: where it is.
        target: where it shall be; its folder exists.
        md5: its MD5 sum, in lower-case hexadecimal.
        progress: called with (bytes that are here, bytes of the whole file) where the server gives
            how long the file is.

    Raises:
        DownloadError: no connection, the server refused, the connection broke (what has arrived is
            kept), or a wrong sum (what has arrived is removed).
        OSError: the disk is full or cannot be written.
    """
    if target.is_file() and _md5(target) == md5:
        return
    part = target.with_name(f"{target.name}.part")
    _receive(url, part, progress)
    if (found := _md5(part)) != md5:
        part.unlink()
        raise DownloadError(
            f"what arrived from {url} has the MD5 sum {found}, expected {md5}, and was removed"
        )
    part.replace(target)


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


def _receive(url: str, part: Path, progress: Progress | None) -> None:
    """Request what ``part`` lacks and append it; without Range on the server, for everything."""
    here = part.stat().st_size if part.exists() else 0
    headers = {"User-Agent": "hypuml"} | ({"Range": f"bytes={here}-"} if here else {})
    try:
        reply = urlopen(Request(url, headers=headers), timeout=TIMEOUT)
    except HTTPError as error:
        error.close()
        if error.code == _RANGE_NOT_SATISFIABLE and here:
            # Nothing lies beyond what is here: it is whole, or its sum will be wrong.
            return
        raise DownloadError(f"{url} answered {error.code} ({error.reason})") from None
    except (OSError, HTTPException) as error:
        raise DownloadError(f"{url} cannot be reached ({_reason(error)})") from None
    with reply:
        _append(reply, url, part, here if reply.status == _PARTIAL_CONTENT else 0, progress)


def _append(
    reply: HTTPResponse, url: str, part: Path, here: int, progress: Progress | None
) -> None:
    """Write the body behind the first ``here`` bytes of ``part``."""
    total = None if reply.length is None else here + reply.length
    with part.open("ab" if here else "wb") as file:
        while True:
            if progress is not None and total:
                progress(here, total)
            try:
                # What has come by now: on a slow line a whole chunk would be long in coming, and
                # would be lost with the connection.
                chunk = reply.read1(_CHUNK)
            except (OSError, HTTPException) as error:
                raise DownloadError(
                    f"the connection to {url} broke after {here:,} bytes ({_reason(error)})"
                ) from None
            if not chunk:
                break
            file.write(chunk)
            here += len(chunk)
    # A connection that is closed too early looks like the end of the file.
    if total is not None and here < total:
        raise DownloadError(f"the connection to {url} broke after {here:,} of {total:,} bytes")


def _reason(error: Exception) -> str:
    """What went wrong, in the words of the system where urllib wraps them."""
    inner = getattr(error, "reason", error)
    return str(getattr(inner, "strerror", None) or inner or type(error).__name__)
