"""Starting the app as a newcomer would, and looking at it with a real browser.

Used by the browser tests and by `measure_startup.py`. The app gets a HOME of its own, so nothing
that a developer's machine has configured can help it.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.support import ROOT

DEBIAN_CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
OURS = {"127.0.0.1", "localhost", ""}  # "" is the host of data: and blob: addresses


@dataclass
class Server:
    """A running app."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def output(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_app(
    home: Path,
    *arguments: str,
    script: Path = ROOT / "app" / "main.py",
    cwd: Path = ROOT,
    installed: Path | None = None,
    settings: Sequence[str] = (),
) -> Iterator[Server]:
    """`streamlit run SCRIPT -- ARGUMENTS` in a fresh HOME, until the block ends.

    Or `hypuml app ARGUMENTS`, where ``installed`` is the folder of that program. ``settings`` are
    further options of Streamlit.
    """
    home.mkdir(parents=True, exist_ok=True)
    port = free_port()
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("STREAMLIT_", "XDG_"))}
    log = home / "app.log"
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port),
               "--server.headless", "true", *settings, "--"]  # fmt: skip
    if installed is not None:
        command = [str(installed / "hypuml"), "app", "--port", str(port), "--no-browser"]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, *arguments],
            cwd=cwd, env={**kept, "HOME": str(home)}, stdin=subprocess.DEVNULL, stdout=out,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        server = Server(f"http://127.0.0.1:{port}", process, log)
        try:
            _wait_until_healthy(server)
            yield server
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_healthy(server: Server, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if server.process.poll() is not None:
            raise RuntimeError(f"the app ended at once:\n{server.output()}")
        try:
            with urllib.request.urlopen(server.url + "/_stcore/health", timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"the app did not start within {seconds:.0f} s:\n{server.output()}")


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser: Debian's Chromium where it is installed, else Playwright's own.

    Raises:
        BrowserMissing: neither can be started; the message says why.
    """
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError as error:
        raise BrowserMissing("playwright is not installed") from error
    path = str(DEBIAN_CHROMIUM) if DEBIAN_CHROMIUM.exists() else None
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        except Error as error:
            raise BrowserMissing(str(error).splitlines()[0]) from error
        try:
            yield browser
        finally:
            browser.close()


class BrowserMissing(RuntimeError):
    """No browser could be started."""


@dataclass
class Watched:
    """A page, and everything about it that should not have happened.

    Attributes:
        page: the page.
        errors: what its console said.
        foreign: requests to other hosts.
        sent: messages to Python; every rerun begins with one (`explore_page` listens).
        asked: paths of all requests (`explore_page` listens).
    """

    page: Any
    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    sent: list[Any] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def attach(self) -> Watched:
        self.page.on("console", lambda m: m.type == "error" and self.errors.append(m.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._note)
        self.page.on("websocket", self._note)
        return self

    def _note(self, request: Any) -> None:
        if (urlsplit(request.url).hostname or "") not in OURS:
            self.foreign.append(request.url)

    def assert_clean(self, allowed: Sequence[str] = ()) -> None:
        unexpected = [e for e in self.errors if not any(text in e for text in allowed)]
        assert not unexpected, f"console errors: {unexpected}"
        assert not self.foreign, f"requests to foreign hosts: {self.foreign}"


def watched_page(
    browser: Any, width: int = 1280, height: int = 720, scheme: str = "light", **options: Any
) -> Any:
    """A fresh page (own cookies, own cache) whose errors and requests are kept."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, locale="en-GB", **options
    )
    return Watched(context.new_page()).attach()
