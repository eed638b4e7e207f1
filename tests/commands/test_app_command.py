"""`hypuml app`: the gallery it opens, how Streamlit is started, what has to be installed."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

from hypuml.commands import app as command
from hypuml.commands import main
from hypuml.extras import EXTRAS, missing_message
from tests.support import ROOT


@pytest.fixture
def started(monkeypatch):
    """The arguments Streamlit would have been started with."""
    seen: list[list[str]] = []
    monkeypatch.setattr(sys, "argv", ["hypuml"])
    monkeypatch.setattr(runpy, "run_module", lambda name, run_name: seen.append(sys.argv[:]))
    return seen


def test_a_checkpoint_and_its_gallery_are_the_same_gallery(started):
    gallery = ROOT / "checkpoints" / "digits-2d" / "gallery"
    for given in (gallery, gallery.parent):
        assert main(["app", str(given), "--port", "8600", "--no-browser"]) == 0
        assert started.pop() == [
            *("streamlit", "run", str(ROOT / "app" / "main.py")),
            *("--server.port=8600", "--server.headless=true", "--", "--gallery", str(gallery)),
        ]
    assert main(["app"]) == 0
    assert started.pop() == ["streamlit", "run", str(ROOT / "app" / "main.py"), "--"]


def test_what_is_no_gallery_is_one_sentence_that_says_how_to_make_one(started, tmp_path, capsys):
    for given, expected in ((tmp_path, "hypuml gallery"), (tmp_path / "gone", "no folder")):
        with pytest.raises(SystemExit) as stop:
            main(["app", str(given)])
        assert stop.value.code == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert expected in error
    assert not started


def test_a_missing_optional_package_is_one_sentence_with_the_command(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "hypuml.commands.train", None)
    with pytest.raises(ModuleNotFoundError):  # a fault of our own is not explained away
        main(["train", "--help"])
    assert missing_message("geoopt.manifolds") == (
        "geoopt is not installed, and this needs it: pip install 'hypuml[train]'"
    )

    def without(name, *rest, **options):
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr("hypuml.commands.import_module", without)
    with pytest.raises(SystemExit) as stop:
        main(["train", "garden", "--out", "x"])
    assert stop.value.code == 2
    assert "pip install 'hypuml[train]'" in capsys.readouterr().err


def test_every_extra_brings_what_it_is_said_to_bring():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {"sklearn": "scikit-learn", "umap": "umap-learn"}
    for module, extra in EXTRAS.items():
        listed = " ".join(project["optional-dependencies"][extra]).replace("-", "_")
        assert names.get(module, module).replace("-", "_") in listed, module


def test_every_pin_is_inside_the_range_of_the_project():
    import tomllib

    from packaging.requirements import Requirement

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    listed = [*project["dependencies"], *(entry for extra in extras for entry in extra)]
    ranges = {r.name.lower().replace("_", "-"): r for r in map(Requirement, listed)}
    ranges.pop("hypuml")
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pins = [Requirement(text) for line in lines if (text := line.partition("#")[0].strip())]
    pinned = {pin.name.lower().replace("_", "-"): pin for pin in pins}
    assert set(ranges) == set(pinned)
    for name, pin in pinned.items():
        version = next(iter(pin.specifier)).version
        assert ranges[name].specifier.contains(version), name


def test_the_app_is_found_beside_an_installed_package(monkeypatch, tmp_path):
    package = tmp_path / "hypuml"
    monkeypatch.setattr(command, "_PACKAGE", package)
    with pytest.raises(ValueError, match="has no app"):
        command.main_script()
    script = package / "_explorer" / "app" / "main.py"
    script.parent.mkdir(parents=True)
    Path(script).touch()
    assert command.main_script() == script
