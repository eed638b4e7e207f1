"""The disk's own JavaScript in a real browser, without Streamlit: a blank page and our modules.

The page and the modules come from a made-up host whose every request is answered from the
repository, so nothing is served and nothing leaves the machine.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.browser_support import ROOT

JS = ROOT / "app" / "disk" / "js"
HOST = "http://disk.test"
BLANK = "<!doctype html><meta charset=utf-8><link rel=icon href=data:,><body></body>"


@pytest.fixture
def disk_page(browser) -> Iterator[Callable[..., Any]]:
    """Open a page where `await import("/js/NAME.js")` works; errors on it fail the test.

    ``files`` maps further paths, such as ``/points.safetensors``, to bytes.
    """
    contexts: list[Any] = []
    errors: list[str] = []

    def open_page(files: dict[str, bytes] | None = None, **options: Any) -> Any:
        context = browser.new_context(
            **{"viewport": {"width": 800, "height": 700}, "locale": "en-GB", **options}
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: m.type == "error" and errors.append(m.text))
        page.on("pageerror", lambda error: errors.append(str(error)))

        def answer(route: Any) -> None:
            path = route.request.url.removeprefix(HOST).partition("?")[0]
            if path == "/":
                route.fulfill(body=BLANK, content_type="text/html")
            elif files and path in files:
                kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
                route.fulfill(body=files[path], content_type=kind)
            elif path.startswith("/js/") and (JS / path[4:]).is_file():
                route.fulfill(body=(JS / path[4:]).read_bytes(), content_type="text/javascript")
            else:
                route.fulfill(status=404, body="not here")

        page.route("**/*", answer)
        page.goto(HOST + "/")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not errors, f"errors on the page: {errors}"
