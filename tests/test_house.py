"""The house rules themselves: pins, version, and that skipping is no way to pass on CI."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import hypuml

ROOT = Path(__file__).resolve().parents[1]


def requirements() -> dict[str, str]:
    """Name to version; fails on a line that is no exact pin."""
    pins = {}
    for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines():
        text = line.partition("#")[0].strip()
        if text:
            match = re.fullmatch(r"([A-Za-z0-9_.-]+)==([0-9][0-9A-Za-z.+!]*)", text)
            assert match, f"not an exact pin: {line!r}"
            pins[match[1].lower().replace("_", "-")] = match[2]
    return pins


def test_every_package_is_pinned_exactly():
    promised = {"streamlit", "torch", "torchvision", "geoopt", "plotly", "umap-learn", "faiss-cpu"}
    assert promised | {"pytest", "timm", "safetensors", "huggingface-hub"} <= set(requirements())


def test_the_changelog_knows_this_version():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## [{hypuml.__version__}]" in text


@pytest.mark.parametrize(
    ("body", "ci", "code"),
    [
        ("assert True", "true", 0),
        ("pytest.skip('no reason')", "", 0),
        ("pytest.skip('no reason')", "true", 1),
        ("pytest.xfail('known')", "true", 0),
        ("assert False", "true", 1),
    ],
)
def test_a_skipped_test_fails_on_ci(tmp_path, body, ci, code):
    (tmp_path / "conftest.py").write_bytes((ROOT / "tests" / "conftest.py").read_bytes())
    (tmp_path / "test_it.py").write_text(f"import pytest\n\ndef test_it():\n    {body}\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "CI": ci, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == code, run.stdout
    assert ("skipped on CI" in run.stdout) == (ci == "true" and "skip(" in body)


def test_a_module_skipped_as_a_whole_fails_on_ci_too(tmp_path):
    (tmp_path / "conftest.py").write_bytes((ROOT / "tests" / "conftest.py").read_bytes())
    gone = "import pytest\n\npytest.importorskip('no_such_module')\n"
    (tmp_path / "test_gone.py").write_text(gone)
    (tmp_path / "test_fine.py").write_text("def test_it():\n    assert True\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "CI": "true", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 1, run.stdout
    assert "test_gone.py" in run.stdout
