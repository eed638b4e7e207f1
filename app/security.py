"""What the server refuses and what it tells the browser to refuse.

* A request must name this server by address, as ``localhost``, or by a name of the configuration
  (``browser.serverAddress``, ``server.corsAllowedOrigins``, ``server.allowedHosts``): a page of
  another site whose name is made to point here (DNS rebinding) is told nothing.
* A WebSocket from a page of another site is refused here. Left to Streamlit, it would first ask a
  foreign host for this machine's public address.
* Every response carries a content security policy: the page loads nothing from other hosts, and
  no other site can frame it.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import config

# What Streamlit's page needs: its own inline scripts, workers and components from blob: addresses,
# charts that compile their expressions, pictures as data: addresses.
POLICY = "; ".join(
    (
        "default-src 'self' data: blob:",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "connect-src 'self' ws: wss: data: blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Frame-Options": "SAMEORIGIN",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
# WebSocket close code: the connection violates a policy (RFC 6455, 7.4.1).
_REFUSED = 1008


class Security:
    """ASGI middleware: checks ``Host`` and ``Origin``, adds the headers above."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap ``app``."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass it on."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        allowed = is_host_allowed(host)
        if scope["type"] == "websocket":
            if not allowed or not is_origin_allowed(headers.get("origin"), host):
                await receive()  # the handshake, which has to be taken before it is refused
                await send({"type": "websocket.close", "code": _REFUSED})
                return
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                found = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    found.setdefault(name, value)
            await send(message)

        if allowed:
            await self._app(scope, receive, send_with_headers)
        else:
            refusal = PlainTextResponse("This server is not called that.", status_code=421)
            await refusal(scope, receive, send_with_headers)


def is_host_allowed(host: str) -> bool:
    """Whether a ``Host`` header names this server."""
    name = _name(f"//{host}")
    if name is None:
        return False
    try:
        ip_address(name)
    except ValueError:
        if name == "localhost":
            return True
        known = _configured()
        # As Streamlit reads its list: "*" is any name, "*.a.b" any name below a.b.
        below = tuple(entry[1:] for entry in known if entry.startswith("*."))
        return name in known or "*" in known or name.endswith((".localhost", *below))
    return True


def is_origin_allowed(origin: str | None, host: str) -> bool:
    """Whether a page of ``origin`` may open a WebSocket to the server called ``host``.

    A client that sends no origin is no browser, and not what this is about.
    """
    if origin is None or not config.get_option("server.enableCORS"):
        return True
    if urlsplit(origin).netloc == host:
        return True
    return _name(origin) in _names(config.get_option("server.corsAllowedOrigins"))


def _configured() -> set[str]:
    names = _names(config.get_option("server.corsAllowedOrigins"))
    names |= _names(config.get_option("server.allowedHosts"))
    names |= _names([config.get_option("browser.serverAddress"), socket.gethostname()])
    return names


def _names(entries: Iterable[Any] | None) -> set[str]:
    """Host names of origins (``https://a.b``) or bare hosts (``a.b:80``)."""
    texts = [str(entry) for entry in entries or () if entry]
    found = (_name(text if "//" in text else f"//{text}") for text in texts)
    return {name for name in found if name}


def _name(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
