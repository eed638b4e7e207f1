"""A tiny Flowers-102 in both layouts, made by code, and a server that it is downloaded from."""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.io import savemat

from hypuml.data.flowers102.classes import flower_classes
from hypuml.data.flowers102.download import Source
from tests.support.pictures import encoded

# Official class numbers of the photographs 1, 2, 3 ...: not in order, as in the real set.
NUMBERS = (77, 77, 1, 102, 52, 51, 93, 1, 5, 60, 78, 51)


def photograph(number: int) -> bytes:
    """A JPEG of noise, another one for every number."""
    noise = np.random.default_rng(number).integers(0, 256, (56, 48, 3), dtype=np.uint8)
    return encoded(Image.fromarray(noise), "JPEG", quality=90)


def file_name(number: int) -> str:
    return f"image_{number:05d}.jpg"


def tables(numbers: tuple[int, ...] = NUMBERS) -> dict[str, bytes]:
    """The two MATLAB files, with rows of numbers as in the official ones."""
    ids = np.arange(1, len(numbers) + 1)
    contents = {
        "imagelabels.mat": {"labels": np.array([numbers], dtype=np.uint8)},
        "setid.mat": {"trnid": ids[None, :4], "valid": ids[None, 4:6], "tstid": ids[None, 6:]},
    }
    files = {}
    for name, content in contents.items():
        stream = io.BytesIO()
        savemat(stream, content)
        files[name] = stream.getvalue()
    return files


def write_official(root: Path) -> Path:
    folder = root / "flowers-102"
    (folder / "jpg").mkdir(parents=True)
    for name, content in tables().items():
        (folder / name).write_bytes(content)
    for i in range(1, len(NUMBERS) + 1):
        (folder / "jpg" / file_name(i)).write_bytes(photograph(i))
    return folder


def write_class_folders(root: Path) -> Path:
    """Every second photograph, in folders whose names are spelt carelessly."""
    for i, number in list(enumerate(NUMBERS, start=1))[::2]:
        name = flower_classes()[number].name.replace(" ", "_")
        folder = root / "flowers" / f"{number:03d}.{name}_{name}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / file_name(i)).write_bytes(photograph(i))
    return root / "flowers"


def archive(members: dict[str, bytes] | None = None) -> bytes:
    """The tar file with the folder ``jpg``, or with other members."""
    if members is None:
        members = {f"jpg/{file_name(i)}": photograph(i) for i in range(1, len(NUMBERS) + 1)}
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


class Site:
    """What a server offers and how it behaves.

    Attributes:
        files: contents by name.
        ranges: whether it answers Range with the rest, as the official one does.
        break_after: of the next archive, close the connection after so many bytes.
        at_break: called before that.
        asked: (name, Range header or None) of every request so far.
    """

    def __init__(self, prefix: str, tar: bytes) -> None:
        self.prefix = prefix
        self.files = {"102flowers.tgz": tar, **tables()}
        self.ranges = True
        self.break_after: int | None = None
        self.at_break: Callable[[], None] = lambda: None
        self.asked: list[tuple[str, str | None]] = []

    @property
    def source(self) -> Source:
        """Where the files are, with the sums they have now."""
        sums = {name: hashlib.md5(content).hexdigest() for name, content in self.files.items()}
        small = ("imagelabels.mat", "setid.mat")
        return Source(
            prefix=self.prefix,
            archive=("102flowers.tgz", sums["102flowers.tgz"]),
            tables=tuple((name, sums[name]) for name in small),
        )

    @property
    def ranges_of_the_archive(self) -> list[str | None]:
        """Range header of every request for the archive so far."""
        return [wanted for name, wanted in self.asked if name == "102flowers.tgz"]

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        name = handler.path.rpartition("/")[2]
        wanted = handler.headers["Range"]
        self.asked.append((name, wanted))
        if name not in self.files:
            handler.send_error(404)
            return
        content = self.files[name]
        start = int(wanted[len("bytes=") : -1]) if wanted and self.ranges else 0
        if start >= len(content):
            handler.send_error(416)
            return
        handler.send_response(206 if start else 200)
        if start:
            last = len(content) - 1
            handler.send_header("Content-Range", f"bytes {start}-{last}/{len(content)}")
        handler.send_header("Content-Length", str(len(content) - start))
        handler.end_headers()
        body = content[start:]
        if self.break_after is not None and name.endswith(".tgz"):
            body, self.break_after = body[: self.break_after], None
            handler.wfile.write(body)
            handler.wfile.flush()
            self.at_break()
        else:
            handler.wfile.write(body)


@contextmanager
def serving(tar: bytes | None = None) -> Iterator[Site]:
    """A real server on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.answer(self)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site = Site(f"http://127.0.0.1:{server.server_address[1]}/flowers/", tar or archive())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def pretend_official(site: Site, monkeypatch) -> None:
    """Let torchvision, and with it the command line, take the server for the official one."""
    from torchvision.datasets import Flowers102

    source = site.source
    files = {"image": source.archive, "label": source.tables[0], "setid": source.tables[1]}
    monkeypatch.setattr(Flowers102, "_file_dict", files)
    monkeypatch.setattr(Flowers102, "_download_url_prefix", source.prefix)
