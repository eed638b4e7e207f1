"""What all tests share: their own data folder, and no silent skips where it counts."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest

_skipped: list[str] = []


@pytest.fixture(autouse=True)
def own_data_folder(tmp_path_factory, monkeypatch):
    """No test reads or writes the developer's data folder."""
    monkeypatch.setenv("HYPUML_DATA", str(tmp_path_factory.getbasetemp() / "data"))


@pytest.fixture(scope="session", autouse=True)
def no_graphs() -> Iterator[None]:
    """Exporting takes seconds: models that tests save have no graph, unless that is their matter.

    Such tests ask for `graphs`, or call `hypuml.models.export.write_graph`.
    """
    # Not imported for this: whoever runs one light test need not wait for torch.
    module = sys.modules.get("hypuml.models.hypuml")
    with pytest.MonkeyPatch.context() as patch:
        if module is not None:
            patch.setattr(module, "write_graph", lambda model, folder: None)
        yield


@pytest.fixture(scope="module")
def graphs() -> Iterator[None]:
    """Saving a model exports it, as it does outside tests."""
    from hypuml.models import export, hypuml

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hypuml, "write_graph", export.write_graph)
        yield


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One Chromium for all browser tests, each with pages of its own."""
    from tests.support.browser_support import BrowserMissing, chromium

    try:
        with chromium() as started:
            yield started
    except BrowserMissing as error:
        pytest.skip(f"no browser: {error}")


def _note(report) -> None:
    # An expected failure is reported as "skipped" too, but it did run.
    if report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr
        _skipped.append(f"{report.nodeid}: {reason}")


def pytest_runtest_logreport(report) -> None:
    _note(report)


def pytest_collectreport(report) -> None:
    _note(report)


def pytest_sessionfinish(session) -> None:
    """On CI a skipped test is a test nobody runs: the session fails."""
    if os.environ.get("CI") and _skipped and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter) -> None:
    if os.environ.get("CI") and _skipped:
        terminalreporter.section("skipped on CI, which counts as failed", red=True)
        for line in _skipped:
            terminalreporter.line(line)
