"""``python -m hypuml data flowers102`` against a real server: once, stopped, and refused."""

from __future__ import annotations

import signal
import threading

import pytest

from hypuml.commands import main
from tests.support.flowers_support import archive, pretend_official, serving, write_class_folders

TAR = archive()
HALF = len(TAR) // 2


@pytest.fixture
def as_official(monkeypatch):
    # The server is on this machine, whatever proxy the machine uses for others.
    monkeypatch.setenv("no_proxy", "*")
    with serving(TAR) as site:
        pretend_official(site, monkeypatch)
        yield site


def test_the_command_downloads_once_and_describes(as_official, tmp_path, capsys):
    for _ in range(2):
        assert main(["data", "flowers102", "--root", str(tmp_path)]) == 0
        streams = capsys.readouterr()
        assert streams.out.splitlines()[:4] == [
            "flowers102: 12 images of 9 classes",
            "levels: order > family > genus > species",
            "seen: 5 images of 3 classes",
            "unseen: 7 images of 6 classes",
        ]
    assert streams.err == ""
    assert len(as_official.asked) == 3


def test_the_command_is_content_with_class_folders(as_official, tmp_path, capsys):
    write_class_folders(tmp_path)
    assert main(["data", "flowers102", "--root", str(tmp_path)]) == 0
    assert "flowers102: 6 images" in capsys.readouterr().out
    assert as_official.asked == []


def test_the_list_says_what_is_here(tmp_path, capsys):
    wanted = {"not here yet": False, "here": True}
    for text, there in wanted.items():
        if there:
            write_class_folders(tmp_path)
        assert main(["data", "--root", str(tmp_path)]) == 0
        lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
        row = next(i for i, line in enumerate(lines) if line.startswith("flowers102"))
        assert lines[row + 1].startswith(f"{text}; ")


def test_stopping_the_command_keeps_what_arrived(as_official, tmp_path, capsys):
    over = threading.Event()

    def stop() -> None:
        part = tmp_path / "flowers-102" / "102flowers.tgz.part"
        while not part.exists() or part.stat().st_size == 0:
            if over.wait(0.01):
                return
        # To the main thread itself: another one may take it while the main one waits for bytes.
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        over.wait(20)

    as_official.break_after, as_official.at_break = HALF, stop
    # Started in the background, Python has been told to ignore what Ctrl-C sends.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert main(["data", "flowers102", "--root", str(tmp_path)]) == 130
    finally:
        over.set()
        signal.signal(signal.SIGINT, before)
    streams = capsys.readouterr()
    assert streams.out == ""
    assert "the same command continues where this stopped" in streams.err
    here = (tmp_path / "flowers-102" / "102flowers.tgz.part").stat().st_size
    assert 0 < here <= HALF
    assert main(["data", "flowers102", "--root", str(tmp_path)]) == 0
    assert as_official.ranges_of_the_archive == [None, f"bytes={here}-"]


def test_the_command_fails_in_one_line(as_official, tmp_path, capsys):
    as_official.files.clear()
    with pytest.raises(SystemExit) as stop:
        main(["data", "flowers102", "--root", str(tmp_path)])
    assert stop.value.code == 2
    streams = capsys.readouterr()
    assert streams.out == ""
    errors = [line for line in streams.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert "404" in errors[0]
