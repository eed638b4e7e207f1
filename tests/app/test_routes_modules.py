"""The disk's own modules over HTTP: these files, this version, and no others."""

from __future__ import annotations

import pytest

from app import routes
from app.disk import modules
from tests.support.routes_support import client_fixture  # noqa: F401


def test_modules_are_served_as_they_are(client):
    js = modules.HERE / "js"
    names = {path.relative_to(js).as_posix() for path in js.rglob("*.js")}
    assert {"main.js", "math/view.js"} <= names
    for name in sorted(names):
        answer = client.get(routes.disk_url(name))
        assert answer.status_code == 200
        assert answer.content == (js / name).read_bytes() == modules.get(name)
        assert answer.headers["content-type"].partition(";")[0] == "text/javascript"
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.fixture
def folder(tmp_path):
    """A disk with three modules, one of them in a folder, and much that is not to be served."""
    (tmp_path / "js" / "deep").mkdir(parents=True)
    for name in ("js/a.js", "js/b.js", "disk.css", "component.py", "other.css", "js/readme.md",
                 "js/deep/c.js", "top.js"):  # fmt: skip
        (tmp_path / name).write_text(f"/* {name} */")
    (tmp_path / "js" / "link.js").symlink_to(tmp_path / "component.py")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "d.js").write_text("secret")
    (tmp_path / "js" / "away").symlink_to(tmp_path / "outside")
    return tmp_path


def test_only_modules_are_read(folder):
    files = modules.read(folder)
    assert files == {
        "a.js": b"/* js/a.js */",
        "b.js": b"/* js/b.js */",
        "deep/c.js": b"/* js/deep/c.js */",
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
     "types.js/", "types.js%00", "TYPES.JS", "%2e%2e/%2e%2e/main.py", "//etc/passwd", "math",
     "math/", "math/types.js", "view.js", "math//view.js", "math%5cview.js",
     "math/..%2ftypes.js", "math/%2e%2e/types.js", "math/../../component.py",
     "math/%2e%2e/%2e%2e/component.py", "%2fetc%2fpasswd", "math/view.js/../../../modules.py"],
)  # fmt: skip
def test_no_other_file_is_served(client, name):
    assert client.get(f"/disk/{modules.VERSION}/{name}", follow_redirects=False).status_code >= 300
    assert client.get(f"/disk/{modules.VERSION}/math/view.js").status_code == 200


@pytest.mark.parametrize(
    "name",
    ["", ".", "math", "math/", "math/../main.js", "math/./view.js", "./main.js", "../modules.py",
     "math\\view.js", "/main.js", "main.js/", "main.js\0"],
)  # fmt: skip
def test_a_name_is_one_of_the_table_or_nothing(name):
    """What a client would tidy up before it sends it."""
    assert modules.get("math/view.js") is not None
    assert modules.get(name) is None


@pytest.mark.parametrize(
    "version", ["0" * 16, "", "x", modules.VERSION[:-1], modules.VERSION + "0"]
)
def test_modules_of_another_version_are_not_there(client, version):
    assert client.get(f"/disk/{version}/types.js").status_code == 404


def test_modules_can_only_be_read(client):
    assert client.post(routes.disk_url("types.js")).status_code == 405
