"""The Explore room where the photographs are not here, and getting them, without a browser."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from app import downloads, resources, whatif
from hypuml.data.registry import data_root
from tests.support.app_pages import components, markup, on_disk, page, scene, start_app, tiles  # noqa: F401
from tests.support.app_support import small_garden
from tests.support.prints import BYTES, COUNT, STEP, Shop, pictureless, shop_fixture, write  # noqa: F401

AWAY = "The photographs are not on this machine."


@pytest.fixture(autouse=True)
def no_downloads(monkeypatch):
    monkeypatch.setattr(downloads, "_downloads", {})


@pytest.fixture(name="visit")
def visit_fixture(start, shop, tmp_path):
    """Open the pictureless gallery."""
    folder = pictureless(tmp_path)
    return lambda **address: start(folder, **address)


class Gate:
    """Holds a download after its first photographs until the test says so."""

    def __init__(self, shop: Shop) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()
        shop.between = self

    def __call__(self, arrived: int) -> None:
        self.reached.set()
        assert self.opened.wait(30)


def until(wanted: str, seconds: float = 30) -> downloads.Progress:
    end = time.monotonic() + seconds
    while (now := downloads.download("prints").now).phase != wanted:
        assert time.monotonic() < end, now
        time.sleep(0.01)
    return now


def offers(at) -> list[str]:
    return [b.label for b in at.button if b.key in ("get_pictures", "stop_pictures")]


def click(at, key: str):
    at.button(key=key).click().run()
    assert not at.exception
    return at


def test_everything_but_the_pictures_is_there(visit):
    at = visit()
    assert AWAY in page(at)
    assert "HYPUML_DATA" in page(at)
    assert str(data_root()) in markup(at)
    assert offers(at) == ["Get the photographs"]
    assert len(tiles(at)) == 10
    for tile in (*tiles(at), *tiles(at, "query")):
        assert tile["src"].endswith("?away")
        assert not tile["sharp"]
    assert all(tile["caption"] and "class" in tile["alt"] for tile in tiles(at))
    labels = resources.shelf.entries()[0].gallery.labels
    assert [tile["instead"] for tile in tiles(at)] == [labels[t["row"]] for t in tiles(at)]
    assert scene(at)["cloud"]["tile"] == ""
    assert scene(at)["cloud"]["picture"].endswith("?away")
    on_disk(at, selection=(1, 2, 3), panel="selection")
    assert [tile["src"].endswith("?away") for tile in tiles(at, "selection")] == [True] * 3
    browse = next(b for b in at.button if b.label == "Browse")
    browse.click().run()
    assert all(tile["src"].endswith("?away") for tile in tiles(at, "gallery"))


def test_a_gallery_with_pictures_says_nothing(start):
    at = start(small_garden())
    assert AWAY not in page(at)
    assert not offers(at)
    assert "away" not in tiles(at)[0]["src"]
    assert scene(at)["cloud"]["tile"]


def test_they_are_only_offered_to_who_sits_at_the_machine(visit, monkeypatch):
    monkeypatch.setattr(resources, "is_local", lambda: False)
    at = visit()
    assert AWAY in page(at)
    assert not offers(at)
    assert str(data_root()) not in markup(at)


def test_what_nobody_can_fetch_is_not_offered(visit, monkeypatch):
    from dataclasses import replace

    from hypuml.data.registry import DATASETS

    monkeypatch.setitem(DATASETS, "prints", replace(DATASETS["prints"], download=None))
    at = visit()
    assert AWAY in page(at)
    assert not offers(at)


def test_getting_them(visit, shop):
    gate = Gate(shop)
    at = click(visit(), "get_pictures")
    assert gate.reached.wait(30)
    at.run()
    assert offers(at) == ["Cancel"]
    bar = at.get("progress")[0].proto
    assert bar.text == f"{STEP} of {COUNT} MB"
    assert bar.value == 100 * STEP // COUNT
    assert AWAY not in page(at)
    assert tiles(at)[0]["src"].endswith("?away")
    gate.opened.set()
    until("done")
    at.run()
    assert not at.exception
    assert not offers(at)
    assert "photographs" not in page(at)
    assert not any(tile["src"].endswith("?away") for tile in (*tiles(at), *tiles(at, "query")))
    assert tiles(at)[0]["sharp"]
    assert not tiles(at)[0]["instead"]
    assert scene(at)["cloud"]["tile"]
    assert shop.begun == [0]


def test_one_download_for_all_sessions(visit, shop):
    gate = Gate(shop)
    first, second = visit(), visit()
    click(first, "get_pictures")
    assert gate.reached.wait(30)
    click(second, "get_pictures")
    assert offers(second) == ["Cancel"]
    assert shop.begun == [0]
    gate.opened.set()
    until("done")
    assert shop.begun == [0]


def test_stopping_keeps_what_has_arrived(visit, shop):
    gate = Gate(shop)
    at = click(visit(), "get_pictures")
    assert gate.reached.wait(30)
    at.run()
    click(at, "stop_pictures")
    assert at.button(key="stop_pictures").disabled
    assert at.get("progress")[0].proto.text == "Stopping …"
    gate.opened.set()
    until("idle")
    at.run()
    assert AWAY in page(at)
    click(at, "get_pictures")
    until("done")
    assert shop.begun == [0, 2 * STEP]
    assert "photographs" not in page(at.run())


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError("no connection to <b>the</b> shop"), "no connection to <b>the</b> shop"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (ValueError("it is being downloaded already"), "it is being downloaded already"),
        (EOFError("too short"), "EOFError (too short)"),
    ],
)
def test_a_failure_is_said_and_the_next_try_goes_on(visit, shop, error, says):
    def fails(arrived: int) -> None:
        raise error

    shop.between = fails
    at = click(visit(), "get_pictures")
    until("failed")
    at.run()
    assert f"The photographs could not be fetched: {says}" in page(at)
    assert "<b>" not in markup(at).partition('class="away"')[2].partition("</div>")[0]
    assert offers(at) == ["Try again"]
    shop.between = lambda arrived: None
    click(at, "get_pictures")
    until("done")
    assert shop.begun == [0, STEP]
    assert "photographs" not in page(at.run())


def test_photographs_of_something_else_are_said_to_be_that(visit, shop, monkeypatch):
    at = visit()
    monkeypatch.setattr(resources.shelf.entries()[0].gallery, "ids", ["other"] * COUNT)
    monkeypatch.setattr(resources.shelf.entries()[0].gallery._originals, "_ids", ["other"] * COUNT)
    click(at, "get_pictures")
    until("done")
    assert "no photograph of this gallery" in page(at.run())
    assert offers(at) == ["Get the photographs"]


def test_degrading_needs_the_original_and_says_so(visit):
    at = visit()
    entry = resources.shelf.entries()[0]
    assert at.slider(key="level").disabled
    assert "original of this picture is not on this machine" in at.slider(key="level").help
    write(data_root())
    entry.gallery.refresh()
    at.run()
    assert not at.slider(key="level").disabled
    # A photograph is reduced like any other file: it is not drawn anew at the model's size.
    original = whatif._original(entry.version, 3)
    assert original.seen is original.shown
    assert original.seen.size == (200, 160)
    assert np.asarray(original.seen).std(axis=(0, 1)).max() == 0


def test_how_far_a_download_is_in_words():
    from app.parts.pictures_notice import _how_far as says

    running = downloads.Progress
    assert says(running("running")) == "Asking for the photographs …"
    assert says(running("running", 12_345_678, 344_862_509)) == "12 of 345 MB"
    assert says(running("running", BYTES * 7, 0)) == "7 MB"
    assert says(running("running", 5, 5)) == "Checking and unpacking …"
    assert says(running("stopping", 1, 5)) == "Stopping …"
