"""The disk's own modules over HTTP: these files, this version, and no others."""

from __future__ import annotations

import pytest

from app import routes
from app.disk import modules
from tests.support.routes_support import client_fixture  # noqa: F401


def test_modules_are_served_as_they_are(client):
    for path in sorted(modules.HERE.glob("js/*.js")):
        answer = client.get(routes.disk_url(path.name))
        assert answer.status_code == 200
        assert answer.content == modules.get(path.name)
        assert answer.headers["content-type"].partition(";")[0] == "text/javascript"
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.fixture
def folder(tmp_path):
    """A disk with two modules, and much that is not to be served."""
    (tmp_path / "js" / "deep").mkdir(parents=True)
    for name in ("js/a.js", "js/b.js", "disk.css", "component.py", "other.css", "js/readme.md",
                 "js/deep/c.js", "top.js"):  # fmt: skip
        (tmp_path / name).write_text(f"/* {name} */")
    return tmp_path


def test_only_modules_are_read(folder):
    files = modules.read(folder)
    assert files == {
        "a.js": b"/* js/a.js */",
        "b.js": b"/* js/b.js */",
    }


def test_the_version_follows_names_and_contents(folder):
    files = modules.read(folder)
    version = modules.version_of(files)
    assert len(version) == 16
    assert version == modules.version_of(dict(reversed(files.items())))
    assert version != modules.version_of({**files, "a.js": b"/* js/a.js*/ "})
    assert version != modules.version_of({**files, "c.js": b""})
    renamed = {name.replace("a.js", "z.js"): content for name, content in files.items()}
    assert version != modules.version_of(renamed)
    assert modules.version_of({"a": b"xb\0"}) != modules.version_of({"a": b"x", "b": b""})


@pytest.mark.parametrize(
    "name",
    ["modules.py", "component.py", "../modules.py", "..%2fmodules.py", "js/types.js", "", "types",
     "types.js/", "types.js%00", "TYPES.JS", "%2e%2e/%2e%2e/main.py", "//etc/passwd"],
)  # fmt: skip
def test_no_other_file_is_served(client, name):
    assert client.get(f"/disk/{modules.VERSION}/{name}", follow_redirects=False).status_code >= 300
    assert client.get(f"/disk/{modules.VERSION}/types.js").status_code == 200


@pytest.mark.parametrize(
    "version", ["0" * 16, "", "x", modules.VERSION[:-1], modules.VERSION + "0"]
)
def test_modules_of_another_version_are_not_there(client, version):
    assert client.get(f"/disk/{version}/types.js").status_code == 404


def test_modules_can_only_be_read(client):
    assert client.post(routes.disk_url("types.js")).status_code == 405
