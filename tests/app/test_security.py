"""Requests under foreign names, from foreign pages, and to foreign hosts."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect
from streamlit import config
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from app.security import HEADERS, Security
from tests.support.browser_support import running_app


@pytest.fixture(scope="module")
def client():
    async def page(request):
        return PlainTextResponse("hello", headers={"X-Frame-Options": "DENY"})

    async def stream(socket):
        await socket.accept()
        await socket.send_text("hello")
        await socket.close()

    routes = [Route("/", page), WebSocketRoute("/stream", stream)]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(Security)]))


@pytest.mark.parametrize(
    ("host", "answered"),
    [
        *((name, True) for name in ("127.0.0.1:8501", "localhost", "[::1]:8501", "192.168.1.5")),
        *((name, False) for name in ("evil.example", "evil.example:8501", "127.0.0.1.evil.io")),
        *((name, False) for name in ("", "[", "localhost.evil.io")),
    ],
)
def test_only_requests_that_name_this_server_are_answered(client, host, answered):
    answer = client.get("/", headers={"Host": host})
    assert answer.status_code == (200 if answered else 421)
    assert answer.headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]


def test_a_configured_name_names_this_server_too(client, monkeypatch):
    options = {"browser.serverAddress": "lab.example", "server.allowedHosts": ["*.uni.example"]}
    found = config.get_option
    monkeypatch.setattr(config, "get_option", lambda key: options.get(key, found(key)))
    assert client.get("/", headers={"Host": "lab.example:80"}).status_code == 200
    assert client.get("/", headers={"Host": "a.uni.example"}).status_code == 200
    assert client.get("/", headers={"Host": "b.example"}).status_code == 421


def test_what_a_route_says_itself_stays(client):
    answer = client.get("/", headers={"Host": "localhost"})
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("origin", "host", "open_"),
    [
        ("http://localhost:8501", "localhost:8501", True),
        (None, "localhost:8501", True),
        ("http://localhost:9999", "localhost:8501", False),
        ("https://evil.example", "localhost:8501", False),
        ("null", "localhost:8501", False),
        ("http://evil.example", "evil.example", False),
    ],
)
def test_only_a_page_of_this_server_opens_a_socket(client, origin, host, open_):
    headers = {"Host": host} | ({} if origin is None else {"Origin": origin})
    if open_:
        with client.websocket_connect("/stream", headers=headers) as socket:
            assert socket.receive_text() == "hello"
    else:
        with (
            pytest.raises(WebSocketDisconnect),
            client.websocket_connect("/stream", headers=headers),
        ):
            pass


# Notes every name looked up and every address connected to that is not this machine.
TRAP = """
import json, os, socket
_local = ("127.0.0.1", "::1", "localhost", "0.0.0.0", "", None)
def _note(what):
    with open(os.environ["TRAP"], "a") as file:
        file.write(json.dumps(what) + chr(10))
_look_up = socket.getaddrinfo
def getaddrinfo(host, *rest, **options):
    if host not in _local:
        _note(["look up", str(host)])
    return _look_up(host, *rest, **options)
socket.getaddrinfo = getaddrinfo
class Trapped(socket.socket):
    def connect(self, address):
        # UDP sends nothing when it connects: so Streamlit finds this machine's own address.
        if isinstance(address, tuple) and self.type == socket.SOCK_STREAM:
            if address[0] not in _local:
                _note(["connect", str(address[0])])
        return super().connect(address)
socket.socket = Trapped
"""


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_the_server_asks_no_foreign_host(tmp_path, monkeypatch, address):
    (tmp_path / "sitecustomize.py").write_text(TRAP)
    noted = tmp_path / "noted"
    noted.touch()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("TRAP", str(noted))
    with running_app(tmp_path, cwd=tmp_path, settings=("--server.address", address)) as server:
        stream = server.url.replace("http", "ws", 1) + "/_stcore/stream"
        with (
            pytest.raises(InvalidStatus, match="403"),
            connect(stream, origin="http://evil.example"),
        ):
            pass
        refused = urllib.request.Request(server.url, headers={"Host": "evil.example"})
        with pytest.raises(urllib.error.HTTPError, match="421"):
            urllib.request.urlopen(refused, timeout=10)
        with urllib.request.urlopen(server.url, timeout=10) as page:
            assert "frame-ancestors" in page.headers["Content-Security-Policy"]
        with connect(stream, origin=server.url):
            pass
    assert [json.loads(line) for line in noted.read_text().splitlines()] == []
